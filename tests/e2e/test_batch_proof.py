"""A batch over four kinds of warehouse: everybody's bundle is the one made alone, and what stops one stops one.

A few persons here; `make test-batch` takes 400 (AFSCHRIFT_BATCH_PERSONS).
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from testbed.running import drive, event_types, installation, members, store
from tests.support import crowd as warehouses
from tests.support import maps
from tests.support.crowd import FIRST, crowd
from tests.support.deciding import Bureau
from tests.support.nightly import nightly_after
from tests.support.one_shop import Tables
from tests.support.restricted import restrict

from afschrift.app.settings import Settings
from afschrift.batch.fulfil_batch import fulfil_batch
from afschrift.domain.errors import ConfigurationError, NeedsPersonError
from afschrift.domain.request import BATCHED
from afschrift.services import Services
from afschrift.steps.gates import begin

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
