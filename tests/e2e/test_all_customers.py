"""Over all customers: each row is in exactly the access extracts of the persons whom it names.

The product's side is its own identity expansion and the frozen plan's own statements, each customer's keys
bound in turn. The other side is `tests/sql`. Where two people have a device at the same time, a run asks a
person; here the answer is taken to be `include`, so the device's rows are both people's. `make test` takes every
sixth customer.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from typing import Any

import duckdb
import pytest
from demo.people import (
    EMAIL_ONLY,
    GUEST_DEVICE,
    HEAVY,
    NOTHING_PORTABLE,
    REISSUED,
    RENAMED,
    SECOND_HAND_NEW,
    SECOND_HAND_OLD,
    TABLET_A,
    TABLET_B,
)
from tests.e2e import hand_sql
from tests.e2e.office import Office
from tests.support.nightly import nightly_after

from afschrift.domain.keys import Key
from afschrift.domain.plan import Plan
from afschrift.questions.ask import Answers
from afschrift.selection.identity_graph import Expansion
from afschrift.steps.draft import Drafter

Extracts = dict[str, dict[int, tuple[int, str]]]
"""Table -> person -> number of rows and digest of their identities; persons without rows are left out."""


class Product:
    """The product's extracts, person after person, on sessions that stay open."""

    def __init__(self, office: Office, plan: Plan, at: str, stack: ExitStack) -> None:
        services = office.services
        self._plan, self._at = plan, at
        self._sessions = {s: stack.enter_context(services.open_source(s)) for s in services.inventory.sources}
        for table in hand_sql.KEYS.keys() - hand_sql.ENTRIES.keys():
            # Read for every customer: a copy in memory replaces the files, under the same name.
            order = "device_id" if table in hand_sql.APP else "ALL"
            copy = f"CREATE TEMP TABLE {table} AS FROM {table} ORDER BY {order}"
            self._sessions[hand_sql.source_of(table)].rows(copy)
        opener: Callable[[str], Any] = lambda name: nullcontext(self._sessions[name])  # noqa: E731
        self._expansion = Expansion(services.inventory, opener, services.sql, at)
        self.shared: set[int] = set()

    def extracts(self, key: Key, identity: dict[str, str]) -> dict[str, tuple[int, str]]:
        """Number and digest of the rows of one person by table; keys shared with others are included."""
        found = self._expansion.run([key])
        if found.shared:
            self.shared.add(int(key.value))
        for session in self._sessions.values():
            session.bind(found.keys, self._at)
        answer = {}
        for part in self._plan.extracts:
            texts = identity[part.table]
            statement = f"SELECT {hand_sql.multiset(texts)} FROM ({part.statement})"
            (answer[part.table],) = self._sessions[part.source].rows(statement)
        return {table: (rows, digest) for table, (rows, digest) in answer.items() if rows}


@pytest.fixture(scope="module")
def identity(by_hand: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return {table: hand_sql.identity(by_hand, table) for table in hand_sql.KEYS}


@pytest.fixture(scope="module")
def product(office: Office) -> Iterator[Product]:
    request = office.services.register.requests.get(
        office.submit("access", {"customer_id": str(HEAVY.number)})
    )
    plan = _plan(office, str(HEAVY.number))
    with ExitStack() as stack:
        yield Product(office, plan, request.received_at, stack)


@pytest.fixture(scope="module")
def expected(by_hand: duckdb.DuckDBPyConnection, identity: dict[str, str]) -> Extracts:
    found: Extracts = {}
    for table, texts in identity.items():
        answer = f"coalesce(person, 0), {hand_sql.multiset(texts)}"
        statement = f"SELECT {answer} FROM ({hand_sql.statement(table)}) GROUP BY 1"
        grouped = by_hand.execute(statement).fetchall()
        found[table] = {person: (rows, digest) for person, rows, digest in grouped}
    return found


@pytest.fixture(scope="module")
def customers(by_hand: duckdb.DuckDBPyConnection) -> list[int]:
    return [c for (c,) in by_hand.execute("SELECT customer_id FROM customer ORDER BY 1").fetchall()]


def _plan(office: Office, customer: str) -> Plan:
    services = office.services
    request = services.register.requests.get(office.submit("access", {"customer_id": customer}))
    draft = Drafter(services, request, Answers([])).draft([Key("customer_id", customer)], services.now())
    assert not draft.questions
    return draft.plan


def test_statements_are_the_same_for_all_customers(office: Office) -> None:
    plans = [_plan(office, str(p.number)) for p in (HEAVY, NOTHING_PORTABLE)]
    texts = [{(e.source, e.table): e.statement for e in plan.extracts} for plan in plans]
    assert texts[0] == texts[1]
    assert set(texts[0]) == {(hand_sql.source_of(table), table) for table in hand_sql.KEYS}
    assert not any(plan.withheld for plan in plans)


@pytest.mark.parametrize("every", nightly_after(1, [6, 1]))
def test_each_row_is_given_to_the_persons_it_names(
    every: int, product: Product, expected: Extracts, identity: dict[str, str], customers: list[int]
) -> None:
    sharing = {TABLET_A.number, TABLET_B.number}
    # a watch that was sold and an address that changed hands count by their times
    changed = {person.number for person in (SECOND_HAND_OLD, SECOND_HAND_NEW, RENAMED, REISSUED)}
    chosen = sorted({*customers[::every], *sharing, *changed})
    by_product: Extracts = {table: {} for table in identity}
    for customer in chosen:
        found = product.extracts(Key("customer_id", str(customer)), identity)
        for table, rows in found.items():
            by_product[table][customer] = rows
    wrong = {
        table: sorted(
            person for person in chosen if by_product[table].get(person) != expected[table].get(person)
        )
        for table in identity
    }
    assert {table: people for table, people in wrong.items() if people} == {}
    assert product.shared == sharing


def test_every_personal_table_has_a_statement(by_hand: duckdb.DuckDBPyConnection) -> None:
    there = [t for (t,) in by_hand.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    own = set(hand_sql.SHOP) - hand_sql.ENTRIES.keys()
    assert sorted(there) == sorted([*own, *hand_sql.NOT_PERSONAL])
    assert {path.stem for path in hand_sql.SQL.glob("*.sql")} == hand_sql.KEYS.keys()


def test_every_row_is_accounted_for(by_hand: duckdb.DuckDBPyConnection) -> None:
    for table in hand_sql.KEYS:
        place = "app." + table if table in hand_sql.APP else table
        key = hand_sql.identity(by_hand, table)
        sql = hand_sql.statement(table)
        lost = f"SELECT {key} FROM {place} EXCEPT ALL SELECT {key} FROM ({sql})"
        more = f"SELECT {key} FROM ({sql}) EXCEPT SELECT {key} FROM {place}"
        strange = f"SELECT person FROM ({sql}) WHERE person NOT IN (SELECT customer_id FROM customer)"
        for statement in (lost, more, strange):
            assert by_hand.execute(statement).fetchall() == [], table


def test_unpaired_devices_belong_to_no_one(by_hand: duckdb.DuckDBPyConnection) -> None:
    events = hand_sql.statement("app_event")
    guest = f"SELECT DISTINCT person FROM ({events}) WHERE device_id = ?"
    assert by_hand.execute(guest, [GUEST_DEVICE]).fetchall() == [(None,)]
    between = f"""SELECT count(*) FROM ({events}) WHERE person IS NULL
                  AND device_id IN (SELECT device_id FROM device)"""
    assert by_hand.execute(between).fetchall()[0][0] > 0


def test_person_known_by_email_gets_rows_without_customer(
    product: Product, identity: dict[str, str], by_hand: duckdb.DuckDBPyConnection
) -> None:
    found = product.extracts(Key("email", str(EMAIL_ONLY.email)), identity)
    mine = {
        "newsletter": "email = $e",
        "ticket": "contact_email = $e",
        "ticket_message": "ticket_id IN (SELECT ticket_id FROM ticket WHERE contact_email = $e)",
    }
    assert found.keys() == mine.keys()
    for table, where in mine.items():
        texts = hand_sql.multiset(identity[table])
        statement = f"SELECT {texts} FROM ({hand_sql.statement(table)}) WHERE person IS NULL AND {where}"
        assert by_hand.execute(statement, {"e": EMAIL_ONLY.email}).fetchall() == [found[table]]
