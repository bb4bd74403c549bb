"""A row of awkward values from every kind of source, in every format: Frictionless holds the bundle valid."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from frictionless import Package
from testbed.running import installation, run, store
from tests.support.warehouses import FORMS, LACKS, MAKERS, SERVERS

from afschrift.formats.registry import FORMATS
from afschrift.sources.registry import SOURCES


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_frictionless(
    kind: str,
    request: pytest.FixtureRequest,
    project_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = request.getfixturevalue(SERVERS[kind]) if kind in SERVERS else None
    database = server.create() if server else None
    warehouse = MAKERS[kind](tmp_path, database)
    shutil.copytree(project_root / "examples/chinook/inventory", tmp_path / "inventory")
    place: dict[str, Any] = {"kind": kind, "options": warehouse.options}
    if database is not None:
        monkeypatch.setenv("AIRFLOW_CONN_W", database.uri() if kind == "mysql" else database.libpq)
        place["connection"] = "w"
    names = [name for name in FORMS if name not in LACKS.get(kind, ())]
    text = {"nl": "x", "en": "x"}
    purpose = {"basis": "A6-1-b", "title": text}
    table = {
        "subject": {"customer_id": "n"},
        "key": ["n"],
        "purposes": ["sale"],
        "columns": {name: {"origin": "observed"} for name in names},
    }
    source = {"source": "w", **place, "unlisted": "ignore", "purposes": {"sale": purpose}}
    (tmp_path / "inventory" / "chinook.yml").write_text(
        yaml.safe_dump(source | {"tables": {"awkward": table}}), "utf-8"
    )
    services = installation(tmp_path / "home", tmp_path / "inventory")
    person = {"customer_id": "9007199254740993"}
    delivered = run(services, store(services, person, "portability", formats=list(FORMATS)))
    with zipfile.ZipFile(delivered) as archive:
        archive.extractall(tmp_path / "bundle")
    (bag,) = (tmp_path / "bundle").iterdir()
    report = Package(str(bag / "data/datapackage.json")).validate()
    assert report.valid, [(task.name, task.errors) for task in report.tasks if not task.valid]
    assert {task.place.rpartition(".")[2] for task in report.tasks} >= set(FORMATS) - {"xml"}
    if server:
        server.drop(database)
