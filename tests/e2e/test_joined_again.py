"""Public sample databases: a person can join her exported tables again by `datapackage.json` alone.

Each has its own map, which names how a row leads to the person and no foreign key: look-ups are reached from
the rows that point to them, and every other foreign key is the database's own.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from frictionless import Package
from testbed import postgres as pg
from testbed.running import installation, run, store
from tests.support.nightly import nightly_after

Key = tuple[str, tuple[str, ...], str, tuple[str, ...]]

_KEYS = """
SELECT c.relname, (SELECT array_agg(a.attname ORDER BY k.n) FROM unnest(f.conkey) WITH ORDINALITY k (no, n)
    JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.no), p.relname,
  (SELECT array_agg(a.attname ORDER BY k.n) FROM unnest(f.confkey) WITH ORDINALITY k (no, n)
    JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.no)
FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid
WHERE f.contype = 'f'
"""
_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'
ORDER BY table_name, ordinal_position
"""
_PRIMARY = """
SELECT c.relname, a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
CROSS JOIN unnest(k.conkey) WITH ORDINALITY o (no, n)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.no
WHERE k.contype = 'p' AND k.connamespace = 'public'::regnamespace ORDER BY c.relname, o.n
"""


@dataclass(frozen=True)
class Known:
    """A database and how its rows lead to a person: table -> `subject` or `join`; the rest is not personal."""

    script: str
    person: dict[str, str]
    ways: dict[str, dict[str, dict[str, str]]]
    staff: frozenset[str]


CHINOOK = Known(
    "chinook/Chinook_PostgreSql.sql",
    {"customer_id": "2"},
    {
        "customer": {"subject": {"customer_id": "customer_id"}},
        "employee": {"subject": {"employee_id": "employee_id"}},
        "invoice": {"subject": {"customer_id": "customer_id"}},
        "invoice_line": {"join": {"invoice_id": "invoice.invoice_id"}},
        "track": {"join": {"track_id": "invoice_line.track_id"}},
        "album": {"join": {"album_id": "track.album_id"}},
        "artist": {"join": {"artist_id": "album.artist_id"}},
        "genre": {"join": {"genre_id": "track.genre_id"}},
        "media_type": {"join": {"media_type_id": "track.media_type_id"}},
    },
    frozenset({"support_rep_id"}),
)
NORTHWIND = Known(
    "northwind/northwind.sql",
    {"customer_id": "ALFKI"},
    {
        "customers": {"subject": {"customer_id": "customer_id"}},
        "employees": {"subject": {"employee_id": "employee_id"}},
        "orders": {"subject": {"customer_id": "customer_id"}},
        "order_details": {"join": {"order_id": "orders.order_id"}},
        "products": {"join": {"product_id": "order_details.product_id"}},
        "categories": {"join": {"category_id": "products.category_id"}},
        "suppliers": {"join": {"supplier_id": "products.supplier_id"}},
        "shippers": {"join": {"shipper_id": "orders.ship_via"}},
    },
    frozenset({"employee_id"}),
)


def described(database: pg.Database, known: Known) -> dict[str, Any]:
    """The map: numbers are assigned by the organisation, all else is observed."""
    with psycopg.connect(database.libpq) as con:
        columns = con.execute(_COLUMNS).fetchall()
        keys = con.execute(_PRIMARY).fetchall()
    tables: dict[str, Any] = {}
    for table, column in columns:
        way = known.ways.get(table)
        entry = tables.setdefault(table, {"columns": {}, **(way or {"personal": False})})
        number = column.endswith("_id") or column in ("ship_via", "reports_to")
        origin = ("assigned" if number else "observed") if way else "not_personal"
        entry["columns"][column] = {"origin": origin}
        if way:
            entry["purposes"] = ["sale"]
    for table, column in keys:
        tables[table].setdefault("key", []).append(column)
    for entry in tables.values():
        for column in known.staff & entry["columns"].keys():
            if "employee_id" not in entry.get("subject", {}) and entry.get("personal", True):
                people = "employee" if "employee" in tables else "employees"
                entry["references"] = {column: f"{people}.employee_id"}
    both = dict.fromkeys(("nl", "en"), "Sale")
    sale = {
        "basis": "A6-1-b",
        "title": both,
        "recipients": [],
        "retention": {"period": "P2Y", "trigger": {"nl": "na aankoop", "en": "after a purchase"}},
    }
    return {
        "source": "shop",
        "kind": "postgres",
        "connection": "shop",
        "purposes": {"sale": sale},
        "tables": tables,
    }


@pytest.fixture(scope="module", params=nightly_after(1, [CHINOOK, NORTHWIND]), ids=["chinook", "northwind"])
def made(
    request: pytest.FixtureRequest,
    shared_data: Path,
    postgres_server: pg.Server,
    project_root: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Known, pg.Database, Path]]:
    known = request.param
    _, create, rest = (shared_data / known.script).read_text("utf-8").partition("CREATE TABLE")
    database = postgres_server.create()
    database.execute(create + rest)
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(project_root / "examples/chinook/inventory", home / "inventory")
    (home / "inventory" / "chinook.yml").write_text(yaml.safe_dump(described(database, known)), "utf-8")
    yield known, database, home
    postgres_server.drop(database)


def test_data_package_lists_every_foreign_key(
    made: tuple[Known, pg.Database, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known, database, home = made
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", database.libpq)
    with psycopg.connect(database.libpq) as con:
        declared = {(t, tuple(c), p, tuple(pc)) for t, c, p, pc in con.execute(_KEYS).fetchall()}
    services = installation(home, home / "inventory")
    for right in ("access", "portability"):
        delivered = run(services, store(services, known.person, right, formats=["csv", "json"]))
        with zipfile.ZipFile(delivered) as archive:
            archive.extractall(tmp_path / right)
        (bag,) = (tmp_path / right).iterdir()
        package = json.loads((bag / "data/datapackage.json").read_bytes())
        tables = {r["afschrift:table"]: r for r in package["resources"] if r["path"].endswith(".csv")}
        columns = {(t, f["name"]) for t, r in tables.items() for f in r["schema"]["fields"]}
        joinable = {
            key
            for key in declared
            if {*((key[0], c) for c in key[1]), *((key[2], c) for c in key[3])} <= columns
        }
        named = set(_foreign_keys(tables))
        assert joinable <= named, sorted(joinable - named)
        ways = known.ways.keys() - {"employee", "employees"}
        assert joinable == {key for key in declared if key[0] in ways and key[2] in ways}
        if right == "portability":
            assert not {c for _, c in columns} & known.staff
        report = Package(str(bag / "data/datapackage.json")).validate()
        assert report.valid, [(task.name, task.errors) for task in report.tasks if not task.valid][:3]


def _foreign_keys(tables: dict[str, Any]) -> Iterator[Key]:
    for table, resource in tables.items():
        for key in resource["schema"].get("foreignKeys", []):
            reference = key["reference"]
            parent = re.sub(r"^shop\.(.*)\.csv$", r"\1", reference.get("resource", f"shop.{table}.csv"))
            yield table, tuple(key["fields"]), parent, tuple(reference["fields"])
