"""Everybody else's tools open a bundle and find what was put in."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import bagit
import duckdb
import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from frictionless import Package
from tests.unit.bundle.bundle_example import ROWS, SIGNER, Example

from afschrift.domain.right import Right


@pytest.fixture(params=list(Right))
def bag(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Example(request.param).unpacked(tmp_path)


def test_bagit_validates_it(bag: Path) -> None:
    opened = bagit.Bag(str(bag))
    opened.validate()
    assert opened.info["External-Identifier"] == "req-0123456789ab"
    assert opened.info["Bag-Software-Agent"] == "Afschrift 0.1.0"


@pytest.mark.parametrize(
    ("right", "language", "tasks"), [(Right.ACCESS, "nl", 9), (Right.PORTABILITY, "en", 6)]
)
def test_frictionless_validates_every_csv(right: Right, language: str, tasks: int, tmp_path: Path) -> None:
    bag = Example(right, language, formats=("csv",)).unpacked(tmp_path)
    report = Package(str(bag / "data/datapackage.json")).validate()
    assert report.valid, [task.errors for task in report.tasks if not task.valid]
    assert len(report.tasks) == tasks


def test_frictionless_finds_the_foreign_key_broken_when_it_is(tmp_path: Path) -> None:
    orders = [dict(ROWS["shop.orders"][0], customer_id="someone else")]
    bag = Example(formats=("csv",), rows={"shop.orders": orders}).unpacked(tmp_path)
    report = Package(str(bag / "data/datapackage.json")).validate()
    assert [e.type for task in report.tasks for e in task.errors] == ["foreign-key"]


def resource(bag: Path, name: str) -> dict[str, Any]:
    resources = json.loads((bag / "data/datapackage.json").read_bytes())["resources"]
    return next(resource for resource in resources if resource["name"] == name)


def test_pandas_and_duckdb_read_it_from_the_description_alone(tmp_path: Path) -> None:
    bag = Example().unpacked(tmp_path)
    messages = resource(bag, "shop.message.csv")
    frame = pd.read_csv(
        bag / "data" / messages["path"],
        sep=messages["dialect"]["delimiter"],
        dtype=str,
        na_values=messages["schema"]["missingValues"],
        keep_default_na=False,
    )
    assert frame["recipient_email"][0] == "", "null and empty are apart"
    assert frame["agent_name"].isna().tolist() == [False, True, False]
    orders = resource(bag, "shop.orders.csv")
    types = {"string": "VARCHAR", "number": "DECIMAL(18,2)", "datetime": "TIMESTAMPTZ"}
    relation = duckdb.connect().read_csv(
        str(bag / "data" / orders["path"]),
        header=True,
        columns={f["name"]: types[f["type"]] for f in orders["schema"]["fields"]},
        na_values=orders["schema"]["missingValues"],
    )
    assert relation.aggregate("count(*), sum(total)").fetchall()[0] == (7, pytest.approx(31.5))


def test_the_signature_is_plain_ed25519(tmp_path: Path) -> None:
    bag = Example().unpacked(tmp_path)
    public = Ed25519PublicKey.from_public_bytes(SIGNER.public_key)
    signature = (bag / "tagmanifest-sha256.txt.sig").read_bytes()
    assert len(signature) == 64
    public.verify(signature, (bag / "tagmanifest-sha256.txt").read_bytes())
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the program openssl is not there")
    (tmp_path / "public.pem").write_bytes(
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    command = f"pkeyutl -verify -rawin -pubin -inkey {tmp_path / 'public.pem'}"
    files = ["-in", bag / "tagmanifest-sha256.txt", "-sigfile", bag / "tagmanifest-sha256.txt.sig"]
    subprocess.run([openssl, *command.split(), *files], check=True, capture_output=True)
