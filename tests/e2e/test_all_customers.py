"""Over all customers: each row is in exactly the access extracts of the persons whom it names.

The product's side is its own identity expansion and the frozen plan's own statements, each customer's keys
bound in turn. The other side is `tests/sql`. Where two people have a device at the same time, a run asks a
person; here the answer is taken to be `include`, so the device's rows are both people's. `make test` takes every
sixth customer.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from demo.people import (
    HEAVY,
    NOTHING_PORTABLE,
    REISSUED,
    RENAMED,
    SECOND_HAND_NEW,
    SECOND_HAND_OLD,
    TABLET_A,
    TABLET_B,
)
from testbed.running import drive, event_types, installation, members, store
from tests.e2e import hand_sql
from tests.e2e.office import Office
from tests.support import crowd as warehouses
from tests.support import maps
from tests.support.crowd import FIRST, crowd
from tests.support.deciding import Bureau
from tests.support.nightly import nightly_after
from tests.support.one_shop import Tables
from tests.support.restricted import restrict, set_evasive

from afschrift.app.settings import Settings
from afschrift.batch.fulfil_batch import fulfil_batch
from afschrift.domain.errors import ConfigurationError, NeedsPersonError
from afschrift.domain.keys import Key
from afschrift.domain.plan import Plan
from afschrift.domain.request import BATCHED
from afschrift.questions.ask import Answers
from afschrift.selection.identity_graph import Expansion
from afschrift.services import Services
from afschrift.steps.draft import Drafter
from afschrift.steps.gates import begin

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


TOKEN = re.compile(rb"\[(masked|afgeschermd) [0-9a-f]{8}\]")
"""A mask, whose token is salted by request."""


def own_run(services: Services, request: str) -> Path:
    own = replace(services, run=f"{request}.1")
    begin(own, request, "tester")
    return drive(own, request)


def data(bundle: Path) -> dict[str, bytes]:
    """Files of tables, with each mask's token as one: it is salted by request."""
    named = members(bundle)
    found = {
        name: TOKEN.sub(b"[masked]", text) for name, text in named.items() if name.startswith("data/shop/")
    }
    if "data/information.json" in named:
        purposes = json.loads(named["data/information.json"])["purposes"]
        found["sheet"] = json.dumps(
            [[purpose["recipients"], purpose["storage"]] for purpose in purposes]
        ).encode()
    return found


WITHOUT_CONSENT, TOO_LONG = FIRST - 1, FIRST - 2

"""Customers beside the crowd: one who did not consent to coaching, one of whom a cell is beyond `cell_limit`."""


def tables(customers: int) -> Tables:
    """The crowd, the two customers beside it, and their rows of three tables more."""
    made = crowd(customers)
    everybody = [*range(FIRST, FIRST + customers), WITHOUT_CONSENT, TOO_LONG]
    for customer in (WITHOUT_CONSENT, TOO_LONG):
        who = (customer, f"who.{customer}@example.org", f"Customer {customer}")
        made["customer"][1].append((*who, None, None, None, None, customer, None))
    ids = "INTEGER"
    consents = [(person, "coaching", None) for person in everybody if person != WITHOUT_CONSENT]
    made["consent"] = ({"customer_id": ids, "purpose": "VARCHAR(20)", "withdrawn": "{datetime}"}, consents)
    several = [(person, n) for person in everybody for n in range(4)]
    sessions = [(p * 10 + n, p, f"wish {n} of {p}") for p, n in several if n <= p % 3]
    made["coaching"] = ({"session_no": ids, "customer_id": ids, "wish": "VARCHAR(40)"}, sessions)
    talks: list[tuple[Any, ...]] = [
        (p * 10 + n, p, None if n == 1 else f"Agent {n}", f'talk {n}; of "{p}"\n' + "é" * (p % 7))
        for p, n in several
        if n < p % 4
    ]
    talks.append((TOO_LONG * 10 + 9, TOO_LONG, None, "x" * 1_100_000))
    columns = {"contact_id": ids, "customer_id": ids, "agent": "VARCHAR(40)", "said": "{long}"}
    made["contact"] = (columns, talks)
    return made


def write_inventory(folder: Path, kind: str, more: str) -> Path:
    """The inventory; a cell may have 1 MB."""
    if "options:" in more:
        more = more.replace("}", ", cell_limit: 1}")
    else:
        more += "\noptions: {cell_limit: 1}"
    shop = maps.text("one_shop.yml", kind=kind, more=more)
    purposes, tables, entries = maps.text("batch_shop.yml").removeprefix("purposes:\n").partition("tables:\n")
    shop = shop.replace(tables, purposes + tables) + entries
    return maps.write(folder, shop=shop)


PERSONS = int(os.environ.get("AFSCHRIFT_BATCH_PERSONS", "6"))
KINDS = ["postgres", "mysql", "duckdb", "parquet"]


@dataclass
class Proof:
    """One warehouse, and what came of one batch over it.

    Attributes:
        persons: request -> customer; who waits, or is stopped, is none of them.
        outcomes: of the batch.
    """

    folder: Path
    services: Services
    persons: dict[str, int]
    too_long: str
    without_consent: str
    restricted: str
    outcomes: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module", params=nightly_after(1, KINDS))
def proof(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    """Requests of the crowd, half of them for access and half for portability, extracted by one batch."""
    kind, folder = request.param, tmp_path_factory.mktemp("proof")
    for more, uri in warehouses.where(kind, folder, tables(PERSONS), request):
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AIRFLOW_CONN_SHOP", uri)
            inventory = write_inventory(folder / "inventory", kind, more)
            services = installation(folder / "home", inventory)
            yield _batch(folder, services)


def _right(customer: int) -> str:
    return ("access", "portability")[customer // 2 % 2]


def _request(services: Services, customer: int, right: str) -> str:
    return store(services, {"customer_id": str(customer)}, right, formats=["csv", "json"])


def _batch(folder: Path, services: Services) -> Proof:
    persons = {
        _request(services, customer, _right(customer)): customer for customer in range(FIRST, FIRST + PERSONS)
    }
    env = {"AFSCHRIFT_HOME": str(folder / "home"), "AFSCHRIFT_INVENTORY": str(folder / "inventory")}
    bureau = Bureau(Settings.from_environment(env), services)
    set_evasive(bureau, "shop")
    restricted, question = bureau.flagged()
    restrict(bureau, restricted, question, ["shop.contact"])
    proof = Proof(
        folder,
        services,
        persons,
        too_long=_request(services, TOO_LONG, "access"),
        without_consent=_request(services, WITHOUT_CONSENT, "portability"),
        restricted=restricted,
    )
    everybody = [*persons, proof.too_long, proof.without_consent, restricted]
    proof.outcomes = fulfil_batch(services, everybody, "proof", "tester")
    return proof


def test_bundles_equal_single_ones(proof: Proof) -> None:
    """Which are what SQL by hand finds: see `test_every_warehouse.py`."""
    services, read_alone = proof.services, 0
    assert {proof.outcomes[request] for request in proof.persons} == {BATCHED}
    by_itself = installation(proof.folder / "alone", proof.folder / "inventory")
    for request, customer in proof.persons.items():
        alone = drive(by_itself, _request(by_itself, customer, _right(customer)))
        assert data(own_run(services, request)) == data(alone)
        events = services.register.trail.events(request)
        [extracted] = [payload for header, payload in events if header.type == "extracted"]
        read_alone += "batch" not in (extracted or {})
    assert read_alone <= 2  # who stayed with the cell that is too large to the end of the search for it


def test_a_request_that_stops_leaves_the_others(proof: Proof) -> None:
    services, outcomes = proof.services, proof.outcomes
    assert outcomes[proof.too_long] == BATCHED  # its own run tells what is the matter
    with pytest.raises(ConfigurationError, match=r"shop\.contact.*limit"):
        own_run(services, proof.too_long)

    assert outcomes[proof.without_consent] == "NeedsPersonError"
    [asked] = services.register.questions.all(request_id=proof.without_consent)
    assert "consent" in json.dumps([asked.kind, asked.detail])

    assert outcomes[proof.restricted] == BATCHED  # what is kept back is in its own statements alone
    with pytest.raises(NeedsPersonError):
        own_run(services, proof.restricted)
    for request in (proof.too_long, proof.without_consent):
        assert "extracted" not in event_types(services, request)
    extracted = [p for h, p in services.register.trail.events(proof.restricted) if h.type == "extracted"]
    assert [payload for payload in extracted if "batch" in payload] == []
