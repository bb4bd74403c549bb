"""Everybody else's tools open a delivered bundle and read the same rows, with `datapackage.json` alone."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import bagit
import duckdb
import pandas as pd
import pytest
from demo.people import AWKWARD, HEAVY
from frictionless import Package
from tests.e2e.office import Office
from tests.e2e.opened import Opened

BUNDLES = [
    (AWKWARD.number, "access"),
    pytest.param((HEAVY.number, "access"), marks=pytest.mark.nightly),
    pytest.param((AWKWARD.number, "portability"), marks=pytest.mark.nightly),
]
IDS = ["awkward-access", "heavy-access", "awkward-portability"]


class Unpacked:
    """A bundle on disk, beside its rows as the standard library reads them."""

    def __init__(self, path: Path, folder: Path, customer: int) -> None:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        (self.bag,) = folder.iterdir()
        self.customer = customer
        self.opened = Opened(path)
        self.package = self.bag / "data" / "datapackage.json"

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Descriptors of the tables of a format."""
        found = json.loads(self.package.read_bytes())["resources"]
        return [r for r in found if r.get("type") == "table" and r["format"] == kind]

    def file(self, resource: dict[str, Any]) -> Path:
        """The file of a resource."""
        return self.package.parent / resource["path"]


@pytest.fixture(scope="module", params=BUNDLES, ids=IDS)
def bundle(
    request: pytest.FixtureRequest, office: Office, tmp_path_factory: pytest.TempPathFactory
) -> Unpacked:
    customer, right = request.param
    path = office.bundle(right, {"customer_id": str(customer)})
    return Unpacked(path, tmp_path_factory.mktemp("bundle"), customer)


def test_bagit(bundle: Unpacked) -> None:
    assert bagit.Bag(str(bundle.bag)).validate()


def test_frictionless(bundle: Unpacked) -> None:
    report = Package(str(bundle.package)).validate()
    assert report.valid, [(task.name, task.errors) for task in report.tasks if not task.valid]
    # a CSV and a JSON file a table, with the schema of the latter, uploaded files, and documents
    assert {task.place for task in report.tasks} == {
        path.removeprefix("data/")
        for path in bundle.opened.files
        if path.startswith("data/") and path != "data/datapackage.json"
    }


def test_pandas(bundle: Unpacked) -> None:
    for resource in bundle.resources("csv"):
        frame = pd.read_csv(
            bundle.file(resource),
            sep=resource["dialect"]["delimiter"],
            dtype=str,
            keep_default_na=False,
            na_values=resource["schema"]["missingValues"],
            encoding=resource["encoding"],
        )
        rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
        assert rows == list(bundle.opened.csv(resource["afschrift:table"])), resource["name"]


def test_duckdb(bundle: Unpacked) -> None:
    with duckdb.connect() as con:
        for resource in bundle.resources("csv"):
            (marker,) = resource["schema"]["missingValues"]
            read = con.read_csv(
                str(bundle.file(resource)), header=True, all_varchar=True, na_values=marker, parallel=False
            )
            rows = [dict(zip(read.columns, row, strict=True)) for row in read.fetchall()]
            assert rows == list(bundle.opened.csv(resource["afschrift:table"])), resource["name"]
        for resource in bundle.resources("json"):
            read = con.read_json(str(bundle.file(resource)), format="array", maximum_object_size=1 << 28)
            assert read.count("*").fetchall() == [(resource["afschrift:rows"],)], resource["name"]


@pytest.mark.needs_program("jq")
def test_jq(bundle: Unpacked) -> None:
    for resource in bundle.resources("json"):
        names = [f["name"] for f in resource["schema"]["fields"] if f["type"] == "string"]
        texts = f".[] | [{', '.join(f'.[{json.dumps(name)}]' for name in names)}]"
        command = ["jq", "--compact-output", texts, str(bundle.file(resource))]
        output = subprocess.run(command, check=True, capture_output=True).stdout.decode()
        rows = [json.loads(line) for line in output.split("\n") if line]
        there = bundle.opened.json(resource["afschrift:table"])
        assert rows == [[row[name] for name in names] for row in there], resource["name"]
