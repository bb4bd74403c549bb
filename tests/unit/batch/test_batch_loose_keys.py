"""Keys that their database compares by more than their signs: no row is given twice, or to another person."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed import postgres as pg
from testbed.mini import write_inventory
from testbed.running import installation
from tests.support import one_shop
from tests.support.crowd import FIRST, crowd, mini_crowd
from tests.support.key_shop import KeyShop, key_shop, mapped
from tests.support.nightly import nightly_after
from tests.unit.batch.conftest import each_as_alone, plan_of

from afschrift.batch import batch_session
from afschrift.batch.batch_statements import batch_statements
from afschrift.batch.members import explain
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.plan import ExtractPlan
from afschrift.services import Services
from afschrift.sources.duckdb import ordered_ranges
from afschrift.sources.duckdb.session import DuckSession
from afschrift.sources.sqlite.source import Sqlite

pytestmark = pytest.mark.slow

MADE = (
    "CREATE TABLE customer (customer_id INTEGER, code {type})",
    "CREATE TABLE visit (visit_id INTEGER, code {type})",
    "CREATE TABLE parcel (parcel_id INTEGER, customer_id INTEGER)",
    "INSERT INTO customer VALUES (1, {first}), (2, {second}), (3, {third})",
    "INSERT INTO visit VALUES (1, {found}), (2, {second}), (3, {third}), (4, {third})",
    "INSERT INTO parcel VALUES (1, 1), (2, 2), (3, 3), (4, 2)",
)

CODE = "code: {origin: provided}"
UNICODE = "ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
TEXTS = {"first": "'anné'", "second": "'bob'", "third": "'cleo'"}
FLOATS = {"first": "9007199254740992", "second": "2.5", "third": "7"}


def shop(
    made: KeyShop, type_: str, found: str, values: dict[str, str], code: str = "code", key: str = "parcel_id"
) -> Services:
    for statement in MADE:
        made.run(statement.format(type=type_, found=found, **values))
    parcel = "parcel_id: {origin: provided}"
    tables = (
        mapped("customer", f"subject: {{customer_id: customer_id, code: {code}}}", "customer_id", CODE),
        mapped("visit", f"subject: {{code: {code}}}", "visit_id", CODE),
        mapped("parcel", "subject: {customer_id: customer_id}", parcel, "customer_id", key=key),
    )
    return installation(made.folder / "home", made.write("".join(tables), ("customer_id", "code")))


def as_alone(services: Services, visits: int = 1) -> list[str]:
    """Everybody is read together and then alone, to the same; what the dry run said before."""
    requests = [plan_of(services, customer_id=number) for number in "123"]
    lines = [line.partition("shop: ")[2] for line in explain(services, requests)]
    assert each_as_alone(services, requests)[0] == {"customer": 1, "visit": visits, "parcel": 1}
    return lines


@pytest.mark.parametrize(
    ("type_", "found", "values", "but"),
    nightly_after(
        1,
        [
            ("VARCHAR COLLATE NOACCENT", "' anné'", TEXTS, ""),
            ("VARCHAR COLLATE NOCASE", "'anné'", TEXTS, ""),
            ("DOUBLE", "9007199254740992", FLOATS, ", but for customer, visit"),
        ],
    ),
)
def test_in_duckdb(tmp_path: Path, type_: str, found: str, values: dict[str, str], but: str) -> None:
    lines = as_alone(shop(KeyShop(tmp_path, "duckdb"), type_, found, values))
    assert lines == [f"together with 2 more{but}"] * 3


@pytest.mark.parametrize(
    ("collation", "other"), nightly_after(1, [("NOACCENT", "'anne'"), ("NOCASE", "'ANNÉ'")])
)
def test_a_row_that_only_the_database_takes_for_theirs_is_asked_about(
    tmp_path: Path, collation: str, other: str
) -> None:
    services = shop(KeyShop(tmp_path, "duckdb"), f"VARCHAR COLLATE {collation}", other, TEXTS)
    with pytest.raises(NeedsPersonError) as asked:
        plan_of(services, customer_id="1")
    assert asked.value.question == "foreign_rows"


@pytest.mark.parametrize(
    ("type_", "found", "first", "code", "visits"),
    [
        ("citext", "'anné '", "'anné'", "code", 1),
        # To PostgreSQL the small letter of `İ` is `i`; that of a key has none.
        ("text", "'annİ'", "'anni'", "{column: code, match: casefold}", 0),
    ],
    ids=["citext", "small letters that are not ours"],
)
def test_in_postgresql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_postgres: Callable[..., pg.Database],
    type_: str, found: str, first: str, code: str, visits: int,
) -> None:  # fmt: skip
    made = KeyShop(tmp_path, "postgres", database=new_postgres(UNICODE))
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", made.uri)
    made.run("CREATE EXTENSION citext")
    services = shop(made, type_, found, TEXTS | {"first": first}, code)
    assert as_alone(services, visits) == ["together with 2 more"] * 3


def test_a_float_of_mariadb_finds_no_neighbour(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """2^53 + 1 is no DOUBLE, and compared with one it would be 2^53: another person."""
    with key_shop(request, tmp_path, "mysql") as made:
        services = shop(made, "DOUBLE", "9007199254740992", FLOATS)
        as_alone(services)
        with pytest.raises(NeedsPersonError, match="No system holds anything"):
            plan_of(services, code="9007199254740993")


def test_an_order_by_places_behind_sqlalchemy(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A table without a key is in the order of its columns, by their places: the batch's own come after them."""
    with key_shop(request, tmp_path, "sqlalchemy", "postgresql+psycopg") as made:
        services = shop(made, "text", "'anné'", TEXTS, key="")
        made.run("INSERT INTO parcel VALUES (9, 2), (8, 2), (7, 2), (7, 2)")
        assert as_alone(services) == ["together with 2 more"] * 3


@pytest.fixture
def mini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """An installation over the shop of 17 tables, with three customers more."""
    monkeypatch.setenv("MINI_SHOP", str(mini_crowd(tmp_path / "crowd.duckdb", 3)))
    return installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))


def parts(services: Services) -> dict[str, ExtractPlan]:
    """Table -> what of it is read for a request, as its plan froze it."""
    request = plan_of(services, customer_id=str(FIRST))
    [frozen] = [
        payload for header, payload in services.register.trail.events(request) if header.type == "plan_frozen"
    ]
    assert frozen
    return {
        part.table: part for part in services.register.plans.get(request, frozen["plan"]).of_source("shop")
    }


def test_joins_several_ways_periods_consents_and_row_rules(mini: Services) -> None:
    requests = [plan_of(mini, customer_id=str(customer)) for customer in (FIRST, FIRST + 1)]

    for rows in each_as_alone(mini, requests):
        assert (rows["message"], rows["beat"], rows["line_note"], rows["wishlist"]) == (5, 2, 2, 2)


def test_a_table_whose_statement_is_not_the_frozen_one_is_read_alone(mini: Services, tmp_path: Path) -> None:
    planned = parts(mini)
    with mini.open_source("shop") as session:
        statements = batch_statements(mini, "shop", session)
        assert all(statements.reads(part) for part in planned.values())
        for part in planned.values():
            less = replace(part, statement=part.statement.replace("ORDER BY", "AND 1 = 1\nORDER BY"))
            assert not statements.reads(less)
            assert not statements.reads(replace(part, masked_statement=f"{part.masked_statement}\n"))
    # Each person's own run finds a column missing; the pass decides on its tables before it.
    with duckdb.connect(str(tmp_path / "crowd.duckdb")) as changed:
        changed.execute("ALTER TABLE message ADD COLUMN afschrift_person INTEGER")
        changed.execute("ALTER TABLE message DROP COLUMN body")
    with mini.open_source("shop") as session:
        statements = batch_statements(mini, "shop", session)
        assert not statements.reads(planned["message"])
        assert statements.reads(planned["beat"])


def crowd_of_four(folder: Path, kind: str) -> list[dict[str, int]]:
    """Read four persons of the one shop together and alone."""
    file, threads = folder / f"shop.{kind}", ", threads: 1" if kind == "duckdb" else ""
    (one_shop.in_duckdb if kind == "duckdb" else one_shop.in_sqlite)(file, crowd(4))
    options = f"options: {{path: {file}{threads}}}"
    services = installation(folder / "home", one_shop.write_inventory(folder / "inventory", kind, options))
    return each_as_alone(
        services, [plan_of(services, customer_id=str(customer)) for customer in range(FIRST, FIRST + 4)]
    )


def noted(monkeypatch: pytest.MonkeyPatch, session: type, method: str) -> list[str]:
    """Statements that a session gets from now on."""
    found: list[str] = []
    read = getattr(session, method)

    def reading(self: Any, statement: str) -> Any:
        found.append(statement)
        return read(self, statement)

    monkeypatch.setattr(session, method, reading)
    return found


def test_duckdb_reads_ranges_of_persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their rows are not put in order at once where this process would hold them all."""
    ranges = noted(monkeypatch, DuckSession, "_read_range")
    monkeypatch.setattr(DuckSession, "_in_little", lambda self, statement: None)
    monkeypatch.setattr(ordered_ranges, "FEW_ROWS", 1)
    monkeypatch.setattr(ordered_ranges, "RANGE_BYTES", 200)
    crowd_of_four(tmp_path, "duckdb")
    assert sum("AND t.afschrift_person <= getvariable" in statement for statement in ranges) > 4


def test_sqlite_reads_spans_of_persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = noted(monkeypatch, Sqlite, "stream")
    monkeypatch.setattr(batch_session, "ROWS_AT_ONCE", 2)
    crowd_of_four(tmp_path, "sqlite")
    assert sum("t.afschrift_person BETWEEN 3 AND 3" in span for span in spans) >= 2
