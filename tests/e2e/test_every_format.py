"""One request with every format: everybody else's tools read the same values from each file of a table."""

import base64
import csv
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import bagit
import duckdb
import pytest
from demo.people import AWKWARD, HEAVY
from frictionless import Package
from testbed.running import installation, members, run, store
from tests.e2e.office import Office
from tests.e2e.opened import Opened
from tests.e2e.rebuild import packed
from tests.support import one_shop
from tests.support.crowd import where
from tests.support.nightly import nightly_after

from afschrift.app.settings import Settings
from afschrift.bundle.container.verify import verify
from afschrift.formats.registry import FORMATS
from afschrift.register.open import initialise
from afschrift.sources.registry import SOURCES
from afschrift.wiring.build_services import build


class Bundle:
    """The delivered ZIP file, and the same on disk."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self.opened = Opened(path)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        (self.bag,) = folder.iterdir()
        self.data = self.bag / "data"

    def files(self, kind: str) -> Iterator[tuple[dict[str, Any], Path]]:
        """Descriptor and path of each table's file in a format."""
        for resource in self.opened.package["resources"]:
            if "afschrift:table" in resource and resource["format"] == kind:
                yield resource, self.data / resource["path"]

    def csv(self, resource: dict[str, Any]) -> list[dict[str, str | None]]:
        """The rows of a table as the standard library reads them from its CSV file."""
        return list(self.opened.csv(resource["afschrift:table"]))


@pytest.fixture(scope="module", params=nightly_after(1, [AWKWARD, HEAVY]), ids=["awkward", "heavy"])
def bundle(
    request: pytest.FixtureRequest, office: Office, tmp_path_factory: pytest.TempPathFactory
) -> Bundle:
    asked = office.submit("access", {"customer_id": str(request.param.number)}, formats=sorted(FORMATS))
    return Bundle(office.run_answering(asked), tmp_path_factory.mktemp("bundle"))


def test_each_table_has_a_file_in_each_format(bundle: Bundle) -> None:
    assert {p.code for p in verify(bundle.path, {}).problems} <= {"untrusted"}
    tables = {name: {r["afschrift:table"] for r, _ in bundle.files(name)} for name in FORMATS}
    assert tables["csv"]
    assert all(found == tables["csv"] for found in tables.values())


@pytest.mark.needs_program("xmllint")
def test_xmllint_with_the_schema_in_the_bundle(bundle: Bundle) -> None:
    for resource, path in bundle.files("xml"):
        schema = bundle.data / resource["afschrift:schema"]
        subprocess.run(["xmllint", "--noout", "--schema", schema, path], check=True, capture_output=True)


def test_frictionless_and_bagit(bundle: Bundle) -> None:
    report = Package(str(bundle.data / "datapackage.json")).validate()
    assert report.valid, [(task.name, task.errors) for task in report.tasks if not task.valid]
    files = {path.removeprefix("data/") for path in bundle.opened.files if path.startswith("data/")}
    assert {task.place for task in report.tasks} == files - {"datapackage.json"}
    assert bagit.Bag(str(bundle.bag)).validate()


@pytest.mark.parametrize(
    ("name", "schema"),
    nightly_after(0, [("json", ".schema.json"), ("csv", None), ("xml", ".xsd"), ("parquet", None)]),
)
def test_one_format_alone(office: Office, name: str, schema: str | None, tmp_path: Path) -> None:
    request = office.submit("access", {"customer_id": str(AWKWARD.number)}, formats=[name])
    bundle = Bundle(office.run_answering(request), tmp_path)
    assert {p.code for p in verify(bundle.path, {}).problems} <= {"untrusted"}
    files = [path.relative_to(bundle.data) for path in bundle.data.glob("*/*") if path.is_file()]
    tables = [path for path in files if path.name.endswith(f".{name}") and path.name.count(".") == 1]
    schemas = [path.with_suffix(schema) for path in tables] if schema else []
    assert tables
    assert sorted(files) == sorted({*tables, *schemas})


ROOT = Path(__file__).parents[2]


def environment(folder: Path, warehouse: Path, hash_seed: str, zone: str, locale: str) -> dict[str, str]:
    (folder / "tmp").mkdir(parents=True)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'plugins'}",
        "PYTHONHASHSEED": hash_seed,
        "TZ": zone,
        "LC_ALL": locale,
        "TMPDIR": str(folder / "tmp"),
        "AFSCHRIFT_HOME": str(folder / "home"),
        "AFSCHRIFT_DEMO_DATA": str(warehouse),
    }


def pack(env: dict[str, str], day: str, threads: int, requests: list[str]) -> list[list[str]]:
    """SHA-256 of each bundle as the register has it, and of the one in staging."""
    command = [sys.executable, "-m", "tests.e2e.rebuild", day, str(threads), *requests]
    folder = Path(env["AFSCHRIFT_HOME"]).parent
    ended = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return [line.split() for line in ended.stdout.splitlines()]


@pytest.mark.nightly
def test_same_bytes(demo_warehouse: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(demo_warehouse, other / "warehouse")
    here = environment(tmp_path / "here", demo_warehouse, "1", "UTC", "C.UTF-8")
    there = environment(other / "there", other / "warehouse", "4711", "Pacific/Chatham", "C")
    settings = Settings.from_environment(here)
    initialise(settings)
    services = build(lambda _line: None, settings)
    asked = ((HEAVY, "access"), (AWKWARD, "portability"))
    requests = [store(services, {"customer_id": str(who.number)}, right) for who, right in asked]
    first = pack(here, "2026-12-01", 1, requests)
    assert all(recorded == staged for recorded, staged in first)
    shutil.copytree(here["AFSCHRIFT_HOME"], there["AFSCHRIFT_HOME"])
    shutil.rmtree(Path(there["AFSCHRIFT_HOME"]) / "staging")
    assert pack(there, "2027-03-28", 2, requests) == first


@pytest.mark.nightly
def test_trail_records_data_that_changed_between_reads(demo_warehouse: Path, tmp_path: Path) -> None:
    """The evidence names the snapshot and the files that the bundle was made of."""
    shutil.copytree(demo_warehouse, tmp_path / "warehouse")
    (tmp_path / "home").mkdir()
    office = Office.open(tmp_path / "home", tmp_path / "warehouse")
    request = office.submit("access", {"customer_id": str(AWKWARD.number)})
    packed(office.services, request)
    office.services.staging(request).wipe()
    with duckdb.connect(str(tmp_path / "warehouse" / "shop.duckdb")) as con:
        con.execute("UPDATE customer SET first_name = 'Zoë' WHERE customer_id = ?", [AWKWARD.number])
    files = Opened(office.run_answering(request)).files
    held = {path for path in files if path.startswith("data/shop/") and not path.endswith(".schema.json")}
    extracted = [
        payload
        for header, payload in office.register.trail.events(request)
        if header.type == "extracted" and payload and payload["source"] == "shop"
    ]
    last = extracted[-1]["files"]
    plain = {path.removeprefix("data/"): hashlib.sha256(files[path]).hexdigest() for path in held}
    keyed = office.register.evidence.file_codes(plain)
    assert keyed.items() <= last.items()
    assert len(extracted) == 2


ENGINES = ["duckdb", "mysql", "postgres", "sqlite"]
FOUR_FORMATS = ["csv", "json", "parquet", "xml"]


# What one who knows SQL asks for customer 1: the own rows, and those of a log-in with no number but the address.
BY_HAND = {
    "customer": "SELECT customer_id, email, name, born, joined, printf('%.2f', balance) AS balance, ratio, points, photo "
    "FROM customer WHERE customer_id = 1",
    "login": "SELECT customer_id, email, seen, page FROM login WHERE customer_id = 1 "
    "OR (customer_id IS NULL AND lower(email) = 'ann@example.org') ORDER BY CAST(page AS BLOB)",
    "orders": "SELECT order_id, customer_id FROM orders WHERE customer_id = 1 ORDER BY CAST(order_id AS BLOB)",
    "line": "SELECT l.order_id, line_no, CASE WHEN price IS NOT NULL THEN printf('%.2f', price) END AS price FROM line l JOIN orders o ON o.order_id = l.order_id "
    "WHERE o.customer_id = 1 ORDER BY CAST(l.order_id AS BLOB), line_no",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shops")
    one_shop.in_duckdb(made / "shop.duckdb")
    one_shop.in_sqlite(made / "shop.sqlite")
    return made


@pytest.fixture(
    scope="module", params=nightly_after(4, [*ENGINES, *sorted(SOURCES.keys() - {*ENGINES, "files"})])
)  # a file has texts, and no types
def payload(request: pytest.FixtureRequest, folder: Path) -> Iterator[dict[str, bytes]]:
    kind = request.param
    for more, uri in where(kind, folder / f"of {kind}", one_shop.TABLES, request):
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AIRFLOW_CONN_SHOP", uri)
            yield files(folder / kind, kind, more)


@pytest.fixture(scope="module")
def of_duckdb(folder: Path) -> dict[str, bytes]:
    return files(folder / "reference", "duckdb", f"options: {{path: {folder / 'shop.duckdb'}}}")


def files(home: Path, kind: str, more: str) -> dict[str, bytes]:
    services = installation(home, one_shop.write_inventory(home / "inventory", kind, more))
    request = store(services, {"customer_id": "1"}, formats=FOUR_FORMATS)
    named = members(run(services, request))
    found = {name: content for name, content in named.items() if name.startswith("data/shop/")}
    (purpose,) = json.loads(named["data/information.json"])["purposes"]
    return found | {"sheet.json": json.dumps([purpose["recipients"], purpose["storage"]]).encode()}


def test_the_same_bytes(payload: dict[str, bytes], of_duckdb: dict[str, bytes]) -> None:
    assert sorted(payload) == sorted(of_duckdb)
    assert {name.rpartition(".")[2] for name in payload} >= set(FOUR_FORMATS)
    for name, content in payload.items():
        assert content == of_duckdb[name], name


def test_rows_equal_sql_written_by_hand(of_duckdb: dict[str, bytes], folder: Path) -> None:
    with closing(sqlite3.connect(folder / "shop.sqlite")) as con:
        for table, statement in BY_HAND.items():
            cursor = con.execute(statement)
            names = [column[0] for column in cursor.description]
            rows = list(csv.reader(io.StringIO(of_duckdb[f"data/shop/{table}.csv"].decode(), newline="")))
            assert rows == [names, *([as_csv(value) for value in row] for row in cursor)], table


def test_the_sheet_names_what_the_rows_name(of_duckdb: dict[str, bytes]) -> None:
    recipients, storage = json.loads(of_duckdb["sheet.json"])
    assert recipients == ["1", "10", "2", 'Änn "A" 😀']
    assert storage["until"] == "2064-10-27"  # 00:30 in UTC is 02:30 in Amsterdam


def as_csv(value: Any) -> str:
    """SQLite's value as the file spells it: times with a `T`, bytes in base64."""
    if value is None:
        return r"\N"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return re.sub(r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) ", r"\1T", str(value))
