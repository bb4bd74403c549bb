"""A row of awkward values from every kind of source, in every format: Frictionless holds the bundle valid."""

import shutil
import zipfile
from pathlib import Path

import pytest
import yaml
from frictionless import Package
from testbed.running import installation, run, store
from tests.support.nightly import nightly_after
from tests.support.warehouses import FORMS, LACKS, MAKERS, database_of

from afschrift.formats.registry import FORMATS
from afschrift.sources.registry import SOURCES


@pytest.mark.parametrize(
    "kind", nightly_after(2, sorted(SOURCES, key=lambda kind: kind not in ("duckdb", "postgres")))
)
def test_frictionless(
    kind: str,
    request: pytest.FixtureRequest,
    project_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inventory = shutil.copytree(project_root / "examples/chinook/inventory", tmp_path / "inventory")
    columns = {name: {"origin": "observed"} for name in FORMS if name not in LACKS.get(kind, ())}
    table = {"subject": {"customer_id": "n"}, "key": ["n"], "purposes": ["sale"], "columns": columns}
    text = {"nl": "x", "en": "x"}
    source = {"source": "w", "kind": kind, "unlisted": "ignore", "tables": {"awkward": table}}
    source["purposes"] = {"sale": {"basis": "A6-1-b", "title": text}}
    with database_of(kind, request) as database:
        warehouse = MAKERS[kind](tmp_path, database)
        if database is not None:
            monkeypatch.setenv("AIRFLOW_CONN_W", database.uri() if kind == "mysql" else database.libpq)
        map_text = yaml.safe_dump(source) + warehouse.place
        (inventory / "chinook.yml").write_text(map_text, encoding="utf-8")
        services = installation(tmp_path / "home", inventory)
        person = {"customer_id": "9007199254740993"}
        delivered = run(services, store(services, person, "portability", formats=list(FORMATS)))
    with zipfile.ZipFile(delivered) as archive:
        archive.extractall(tmp_path / "bundle")
    (bag,) = (tmp_path / "bundle").iterdir()
    report = Package(str(bag / "data/datapackage.json")).validate()
    assert report.valid, [(task.name, task.errors) for task in report.tasks if not task.valid]
    assert {task.place.rpartition(".")[2] for task in report.tasks} >= set(FORMATS) - {"xml"}
