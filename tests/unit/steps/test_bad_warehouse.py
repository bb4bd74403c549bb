"""A request on a warehouse in which something is wrong: it waits, or fails with a name, and leaves no half file."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from testbed import mini
from testbed.running import event_types, installation, members, run, store
from tests.support import help_desk, one_shop
from tests.support.driving import ANN, extracted, payloads, planned, stopped

from afschrift.domain.decision import Action, ConsentState
from afschrift.domain.errors import GateError, NeedsPersonError, RetriableError, ValidationFailedError
from afschrift.domain.keys import Key
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.finder.people import PeopleReader
from afschrift.extraction.staged_records import read_record, staged_record
from afschrift.inventory.sheet_gaps import gaps
from afschrift.selection.fact_plans import fact_plans
from afschrift.selection.statements import Statements
from afschrift.services import Services
from afschrift.sources.duckdb import column_types as types
from afschrift.steps.draft import read_consents
from afschrift.steps.extract import extract
from afschrift.steps.validate import validate

ACCOUNT = "clerk_of_tests"


@dataclass(frozen=True)
class World:
    """A shop in a database server, read by an account that may read all of it."""

    services: Services
    database: Any
    home: Path
    grantee: str

    def staged(self) -> list[str]:
        """Names of the staged files of tables, and of what was left half."""
        return sorted(p.name for p in self.home.rglob("*") if p.suffix == ".part" or p.parent.name == "shop")


@pytest.fixture(params=["mysql", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    server = request.getfixturevalue("mariadb_server" if request.param == "mysql" else "postgres_server")
    database = server.create()
    if request.param == "mysql":
        one_shop.in_mariadb(database)
        grantee, uri = f"{ACCOUNT}@localhost", database.uri(ACCOUNT)
        database.execute(f"CREATE OR REPLACE USER {grantee}")
        database.execute(f"GRANT CREATE TEMPORARY TABLES ON {database.name}.* TO {grantee}")
        gone = [f"DROP USER {grantee}"]
    else:
        one_shop.in_postgres(database)
        grantee, uri = ACCOUNT, database.libpq.replace("postgres:@", f"{ACCOUNT}:@")
        database.execute(f"DROP ROLE IF EXISTS {grantee}", f"CREATE ROLE {grantee} LOGIN")
        gone = [f"DROP OWNED BY {grantee}", f"DROP ROLE {grantee}"]
    database.execute(*(f"GRANT SELECT ON {table} TO {grantee}" for table in one_shop.TABLES))
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", uri)
    inventory = one_shop.write_inventory(
        tmp_path / "inventory", request.param, "connection: shop\nunlisted: ignore"
    )
    yield World(installation(tmp_path, inventory), database, tmp_path, grantee)
    database.execute(*gone)
    server.drop(database)


def test_no_right_on_one_table_waits_for_a_person(shop: World) -> None:
    shop.database.execute(f"REVOKE SELECT ON line FROM {shop.grantee}")
    request = store(shop.services, ANN)
    error = str(stopped(run, shop.services, request))
    assert re.search(r"no right to read .*line|sees no line", error)
    assert "afschrift answer" in error
    (question,) = shop.services.register.questions.all(request_id=request)
    assert (question.kind, question.options) == ("no_right", ("try_again",))
    assert question.detail["table"].startswith("shop.")
    assert question.detail["table"].endswith("line")
    assert shop.staged() == []
    shop.database.execute(f"GRANT SELECT ON line TO {shop.grantee}")
    shop.services.register.questions.answer(question.id, "try_again", "cli:anna")
    assert run(shop.services, request).exists()


def test_a_right_that_is_taken_while_the_request_goes(shop: World) -> None:
    request = planned(shop.services)
    shop.database.execute(f"REVOKE SELECT ON line FROM {shop.grantee}")
    with pytest.raises(NeedsPersonError, match=r"no right to read shop\.\S*line"):
        extract(shop.services, request, "shop")
    assert not [name for name in shop.staged() if name.startswith("line") or name.endswith(".part")]


@pytest.mark.parametrize("shop", ["postgres"], indirect=True)
def test_connection_lost_in_the_middle_of_a_table(shop: World) -> None:
    services, execute = shop.services, shop.database.execute
    whole = "CREATE VIEW line AS SELECT order_id, line_no, price FROM line_rows"
    lost = whole.replace("line_no", "line_no + pg_terminate_backend(pg_backend_pid())::int AS line_no")
    granted = f"GRANT SELECT ON line TO {shop.grantee}"
    execute("ALTER TABLE line RENAME TO line_rows", whole, granted)
    request = planned(services)
    execute("DROP VIEW line", lost, granted)
    with pytest.raises(RetriableError, match=r"shop\.public\.line"):
        extract(services, request, "shop")
    assert not [name for name in shop.staged() if name.startswith("line") or name.endswith(".part")]
    execute("DROP VIEW line", whole, granted)
    assert extract(services, request, "shop")["rows"] == 10
    lines = [name for name in shop.staged() if name.startswith("line")]
    assert lines == ["line.csv.enc", "line.json.enc"]


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """Over DuckDB, of which an expression is spoilt here."""
    return opened(tmp_path, monkeypatch, {})


@pytest.mark.parametrize(
    ("native", "expression", "expected"),
    [
        (
            "TIMESTAMP",
            "CAST({column} - INTERVAL 1 HOUR AS VARCHAR)",
            r"shop\.orders .* column ordered_at differ",
        ),
        ("VARCHAR", "left({column}, 2)", r"shop\.customer .* columns email, name differ"),
        (
            "INTEGER",
            "nullif({column}, 1)",
            r"shop\.customer .* number of values in column customer_id differs",
        ),
    ],
)
def test_a_wrong_expression_of_an_adapter_stops_the_request(
    services: Services, monkeypatch: pytest.MonkeyPatch, native: str, expression: str, expected: str
) -> None:
    kind: ValueKind = types._PLAIN[native][0]
    monkeypatch.setitem(types._PLAIN, native, (kind, expression))
    request = planned(services)

    with pytest.raises(ValidationFailedError, match=expected) as error:
        extract(services, request, "shop")

    assert "ann@" not in str(error.value)
    assert staged_record(services.staging(request), "shop") is None
    assert "extracted" not in event_types(services, request)
    with pytest.raises(GateError, match="not extracted"):
        validate(services, request)


def test_trail_has_what_was_compared(services: Services) -> None:
    request = extracted(services)

    [payload] = payloads(services, request, "extracted")
    tables = read_record(services.staging(request), "shop").tables
    compared = payload["compared"]
    assert {name: entry["rows"] for name, entry in compared.items()} == {t.table: t.rows for t in tables}
    assert compared["orders"] == {"rows": 2, "hashed_rows": 2, "hashed_columns": 3}
    assert all(entry["hashed_columns"] or entry["counted_columns"] for entry in compared.values())


@pytest.fixture
def consent_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """A shop that knows names for coaching alone, and not that of Ann, who consented to nothing."""
    name = "      name: {origin: provided"
    services = opened(tmp_path, monkeypatch, {f"{name}}}\n": f"{name}, purposes: [coaching]}}\n"})
    named(tmp_path, None)
    return services


def named(folder: Path, name: str | None) -> None:
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        con.execute("UPDATE customer SET name = ? WHERE customer_id = 1", [name])
        con.execute("DELETE FROM consent")
        con.execute("DELETE FROM beat")


def test_it_is_given_without_a_question(consent_services: Services) -> None:
    files = members(run(consent_services, store(consent_services, ANN, "portability")))
    assert b"ann@example.org" in files["data/shop/customer.csv"]


def test_a_value_that_comes_after_the_plan_stops_the_reading(
    consent_services: Services, tmp_path: Path
) -> None:
    request = planned(consent_services, ANN, "portability")
    named(tmp_path, "Ann")
    with pytest.raises(GateError, match=r"shop\.customer now holds values"):
        extract(consent_services, request, "shop")


AT = "2026-01-01T00:00:00.000000Z"

FACTS_ANN = [Key("customer_id", "1")]

PROPOSED = {
    "nothing": {},
    "the ways": {f"  {of}:\n": f"  {of}:\n    ways: guessed\n" for of in ("shipment", "consent", "orders")},
    "the columns": {
        f"{of}: {{origin": f"{of}: {{review: needed, origin" for of in ("carrier", "purpose", "ordered_at")
    },
}


def opened(folder: Path, monkeypatch: pytest.MonkeyPatch, changes: Mapping[str, str]) -> Services:
    text = mini.SHOP
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    monkeypatch.setenv("MINI_SHOP", str(mini.write_database(folder / "shop.duckdb")))
    return installation(folder / "home", mini.write_inventory(folder / "inventory", text))


@pytest.mark.parametrize("case", PROPOSED)
def test_a_proposal_is_no_consent_and_no_fact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    services = opened(tmp_path, monkeypatch, PROPOSED[case])
    inventory, sure = services.inventory, case == "nothing"
    consents = read_consents(inventory, services.open_source, services.sql, FACTS_ANN, AT)
    granted = ConsentState.GRANTED if sure else ConsentState.ABSENT
    assert consents.states == {"shop.coaching": granted}
    field = FieldPlan("name", None, Action.INCLUDE, (), "")
    part = ExtractPlan("shop", "customer", (field,), "")
    source = inventory.sources["shop"]
    with services.open_source("shop") as session:
        statements = Statements(
            services.sql, source, inventory.identity, session.dialect, session.catalogue()
        )
        planned = {plan.place for plan in fact_plans(source, [part], statements)}
    places = {"purposes.account.retention", "purposes.account.recipients.0"}
    assert planned == (places if sure else set())
    lacking = {gap.where for gap in gaps(inventory, [("shop", "customer", field)])}
    assert {f"{place}.from" for place in places} & lacking == (
        set() if sure else {f"{place}.from" for place in places}
    )


OWN = {
    "the way": {"  customer:\n": "  customer:\n    ways: guessed\n"},
    "its column": {
        "customer_id: {origin: assigned}\n      first": "customer_id: {review: needed}\n      first"
    },
    "the name": {
        "first: {origin": "first: {review: needed, origin",
        "last: {origin": "last: {review: needed, origin",
    },
}


@pytest.mark.parametrize("case", OWN)
def test_a_name_by_a_proposal_is_looked_for_and_is_not_the_persons_own(tmp_path: Path, case: str) -> None:
    people = [read_people(tmp_path / str(number), changes) for number, changes in enumerate(({}, OWN[case]))]
    assert [bool(person.own.names) for person in people] == [True, False]
    assert all(list(person.names.spans("with Carla Bakker")) for person in people)


def read_people(folder: Path, changes: Mapping[str, str]) -> Any:
    services = installation(folder / "home", help_desk.write(folder / "desk", changes))
    plan: Any = SimpleNamespace(request="req-a", received_at=AT, opening=lambda _source: {})
    return PeopleReader(services, plan, FACTS_ANN).read()
