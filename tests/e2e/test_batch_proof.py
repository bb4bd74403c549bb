"""A batch over four kinds of warehouse: everybody's bundle is the one made alone, and what stops one stops one.

A few persons here; `make test-batch` takes 400 (AFSCHRIFT_BATCH_PERSONS) and prints what it measured.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from testbed.running import drive, event_types, installation, store
from tests.e2e.opened import Opened
from tests.support import batch_shop
from tests.support import crowd as warehouses
from tests.support.batch_shop import TOO_LONG, WITHOUT_CONSENT
from tests.support.crowd import FIRST
from tests.support.deciding import Bureau
from tests.support.nightly import nightly_after
from tests.support.own_run import TOKEN, data, own_run
from tests.support.restricted import restrict

from afschrift.app.settings import Settings
from afschrift.batch.fulfil_batch import fulfil_batch
from afschrift.domain.errors import ConfigurationError, NeedsPersonError
from afschrift.domain.request import BATCHED
from afschrift.services import Services

PERSONS = int(os.environ.get("AFSCHRIFT_BATCH_PERSONS", "6"))
ALONE = PERSONS if PERSONS > 50 else 3
"""Of so many the bundle is made alone too, and compared by its bytes; of all it is compared with SQL."""
KINDS = ["postgres", "mysql", "duckdb", "parquet"]


@dataclass
class Proof:
    """One warehouse, and what came of one batch over it.

    Attributes:
        persons: request -> customer; who waits, or is stopped, is none of them.
        outcomes: of the batch.
        seconds: what it took: wall-clock and CPU of this process.
    """

    kind: str
    folder: Path
    place: str
    services: Services
    persons: dict[str, int]
    too_long: str
    without_consent: str
    restricted: str
    outcomes: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)

    def measured(self, what: str, since: tuple[float, float]) -> None:
        self.seconds[what] = (time.perf_counter() - since[0], time.process_time() - since[1])


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


@pytest.fixture(scope="module", params=nightly_after(1, KINDS))
def proof(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    """Requests of the crowd, half of them for access and half for portability, extracted by one batch."""
    kind, folder = request.param, tmp_path_factory.mktemp("proof")
    for more, uri in warehouses.where(kind, folder, batch_shop.tables(PERSONS), request):
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AIRFLOW_CONN_SHOP", uri)
            inventory = batch_shop.write_inventory(folder / "inventory", kind, more)
            services = installation(folder / "home", inventory)
            place = uri or str(folder / ("lake" if kind == "parquet" else "shop.duckdb"))
            yield _batch(kind, folder, place, services)


def _right(customer: int) -> str:
    return ("access", "portability")[customer // 2 % 2]


def _request(services: Services, customer: int, right: str) -> str:
    return store(services, {"customer_id": str(customer)}, right, formats=["csv", "json"])


def _batch(kind: str, folder: Path, place: str, services: Services) -> Proof:
    persons = {
        _request(services, customer, _right(customer)): customer for customer in range(FIRST, FIRST + PERSONS)
    }
    env = {"AFSCHRIFT_HOME": str(folder / "home"), "AFSCHRIFT_INVENTORY": str(folder / "inventory")}
    bureau = Bureau(Settings.from_environment(env), services)
    restricted, question = bureau.flagged()
    restrict(bureau, restricted, question, ["shop.contact"])
    proof = Proof(
        kind,
        folder,
        place,
        services,
        persons,
        too_long=_request(services, TOO_LONG, "access"),
        without_consent=_request(services, WITHOUT_CONSENT, "portability"),
        restricted=restricted,
    )
    everybody = [*persons, proof.too_long, proof.without_consent, restricted]
    since = now()
    proof.outcomes = fulfil_batch(services, everybody, "proof", "tester")
    proof.measured("batch: assess, classify, extract", since)
    return proof


def test_bundles_equal_single_ones_and_sql_by_hand(proof: Proof, capsys: pytest.CaptureFixture[str]) -> None:
    services = proof.services
    assert {proof.outcomes[request] for request in proof.persons} == {BATCHED}
    since = now()
    bundles = {request: own_run(services, request) for request in proof.persons}
    proof.measured("batch: own runs, to the bundle", since)
    by_itself = installation(proof.folder / "alone", proof.folder / "inventory")
    since = now()
    alone = {
        request: drive(by_itself, _request(by_itself, customer, _right(customer)))
        for request, customer in list(proof.persons.items())[:ALONE]
    }
    proof.measured("alone: all steps", since)

    compared = read_alone = 0
    with closing(batch_shop.by_hand(proof.kind, proof.place)) as asked:
        ask = next(asked)
        for request, customer in proof.persons.items():
            assert request not in alone or data(bundles[request]) == data(alone[request])
            events = services.register.trail.events(request)
            [extracted] = [payload for header, payload in events if header.type == "extracted"]
            read_alone += "batch" not in (extracted or {})
            opened = Opened(bundles[request])
            for table in batch_shop.BY_HAND:
                expected = ask(table, customer)
                if table in opened.tables:
                    compared += 1
                    columns = opened.tables[table]
                    assert given(opened, table) == masked(table, expected, columns), (
                        table,
                        customer,
                    )
                else:
                    # an order has nothing but numbers that the shop assigned
                    portable = _right(customer) == "access" or table != "orders"
                    assert not (expected and portable), (table, customer)
    assert read_alone <= 2  # who stayed with the cell that is too large to the end of the search for it
    if PERSONS > 50:
        with capsys.disabled():
            print(f"\n{proof.kind}: {len(alone)} bundles equal, {compared} tables as SQL says")
            for what, (wall, cpu) in proof.seconds.items():
                print(f"  {what}: {wall:.1f} s, CPU of this process {cpu / PERSONS * 1000:.0f} ms a person")


def given(opened: Opened, table: str) -> list[dict[str, str | None]]:
    """Rows of a CSV file, with each mask's token as one."""
    return [
        {name: cell and TOKEN.sub(b"[masked]", cell.encode()).decode() for name, cell in row.items()}
        for row in opened.csv(table)
    ]


def masked(table: str, rows: list[dict[str, str | None]], columns: list[str]) -> list[dict[str, str | None]]:
    """Of what SQL says the columns that the right gives, with masks."""
    hidden = {"agent"} if table == "contact" else set()
    return [
        {name: "[masked]" if name in hidden and row[name] else row[name] for name in columns} for row in rows
    ]


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
