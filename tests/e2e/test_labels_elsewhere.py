"""Chinook and Northwind, two public sample databases: what a scan proposes as `label`, and what the page then says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from playwright.sync_api import Browser
from testbed import postgres as pg
from testbed.running import installation, run, store
from tests.e2e.test_joined_again import CHINOOK, NORTHWIND, Known, described
from tests.support.linked_cells import ReadPage
from tests.support.nightly import nightly_after

from afschrift.datamap.scan.scan_source import Asked, scan_source

EMPLOYEE = ["first_name", "last_name"]


@dataclass(frozen=True)
class Names:
    """What a database's rows are called, by hand.

    Attributes:
        labels: table -> `label` of the map.
        proposed: what a scan proposes.
        joins: table and column -> the table that it points to, and SQL for number and name.
        people: three customers.
    """

    known: Known
    labels: dict[str, str]
    proposed: dict[str, str | list[str]]
    joins: dict[tuple[str, str], tuple[str, str]]
    people: tuple[str, ...]


CHINOOK_NAMES = Names(
    CHINOOK,
    {"track": "name", "album": "title", "artist": "name", "genre": "name"},
    {
        "track": "name",
        "album": "title",
        "artist": "name",
        "genre": "name",
        "media_type": "name",
        "employee": EMPLOYEE,
    },
    {
        ("invoice_line", "track_id"): ("track", "SELECT track_id, name FROM track"),
        ("track", "album_id"): ("album", "SELECT album_id, title FROM album"),
        ("track", "genre_id"): ("genre", "SELECT genre_id, name FROM genre"),
        ("album", "artist_id"): ("artist", "SELECT artist_id, name FROM artist"),
    },
    ("2", "46", "58"),
)
NORTHWIND_NAMES = Names(
    NORTHWIND,
    {
        "products": "product_name",
        "categories": "category_name",
        "suppliers": "company_name",
        "shippers": "company_name",
    },
    {
        "products": "product_name",
        "categories": "category_name",
        "suppliers": "company_name",
        "shippers": "company_name",
        "employees": EMPLOYEE,
        "region": "region_description",
        "territories": "territory_description",
        "customer_demographics": "customer_desc",
    },
    {
        ("order_details", "product_id"): ("products", "SELECT product_id, product_name FROM products"),
        ("products", "category_id"): ("categories", "SELECT category_id, category_name FROM categories"),
        ("products", "supplier_id"): ("suppliers", "SELECT supplier_id, company_name FROM suppliers"),
        ("orders", "ship_via"): ("shippers", "SELECT shipper_id, company_name FROM shippers"),
    },
    ("ALFKI", "BERGS", "SAVEA"),
)


@pytest.fixture(
    scope="module", params=nightly_after(1, [CHINOOK_NAMES, NORTHWIND_NAMES]), ids=["chinook", "northwind"]
)
def made(
    request: pytest.FixtureRequest,
    shared_data: Path,
    postgres_server: pg.Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Names, pg.Database]]:
    names: Names = request.param
    script = shared_data / names.known.script
    if not script.exists():
        pytest.skip(f"{script.name} is not at hand")
    _, create, rest = script.read_text("utf-8").partition("CREATE TABLE")
    database = postgres_server.create()
    database.execute(create + rest)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW_CONN_SHOP", database.libpq)
        yield names, database
    postgres_server.drop(database)


def test_a_scan_proposes_what_rows_are_called(made: tuple[Names, pg.Database], tmp_path: Path) -> None:
    names, _ = made
    for samples in (True, False):
        asked = Asked(connection="shop", out=tmp_path / "shop.yml", samples=samples, dry_run=True)
        tables = yaml.safe_load(scan_source(asked, lambda _: None).text)["tables"]
        assert {name: entry["label"] for name, entry in tables.items() if "label" in entry} == names.proposed


def test_each_name_is_that_of_a_join_by_hand(
    made: tuple[Names, pg.Database], project_root: Path, browser: Browser, tmp_path: Path
) -> None:
    names, database = made
    shutil.copytree(project_root / "examples/chinook/inventory", tmp_path / "inventory")
    entries = described(database, names.known)
    for table, label in names.labels.items():
        entries["tables"][table]["label"] = label
    (tmp_path / "inventory" / "chinook.yml").write_text(yaml.safe_dump(entries), "utf-8")
    services = installation(tmp_path / "home", tmp_path / "inventory")
    [key] = names.known.person
    known: dict[tuple[str, str], dict[Any, str]]
    with psycopg.connect(database.libpq) as con:
        known = {at: dict(con.execute(sql).fetchall()) for at, (_, sql) in names.joins.items()}
    for person in names.people:
        bundle = run(services, store(services, {key: person}, "access"))
        read, count = ReadPage(browser, bundle, tmp_path / person), 0
        for (table, column), (to, _) in names.joins.items():
            called = {str(number): name for number, name in known[table, column].items()}
            rows = read.rows(table)
            assert rows
            for row in rows:
                assert (row[column].name, row[column].to) == (called[row[column].number], to)
            count += len(rows)
        assert count == sum(1 for _ in read.named())
