"""An installation over the one shop, with a crowd of customers and their requests."""

from collections.abc import Callable
from pathlib import Path

import pytest
from testbed.running import installation, store
from tests.support import one_shop
from tests.support.crowd import FIRST, crowd

from afschrift.batch.fulfil_batch import extract_batch
from afschrift.batch.source_pass import TOGETHER
from afschrift.extraction.staged_records import read_record
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import clear_extract, extract

Planned = Callable[[int], list[str]]


def plan_of(services: Services, **keys: str) -> str:
    """A request whose plan is frozen."""
    request = store(services, keys)
    assess(services, request)
    classify(services, request)
    return request


def batch(services: Services, requests: list[str]) -> dict[str, str]:
    return extract_batch(services, "shop", requests, "bat-1", lambda _request: services)


def each_as_alone(services: Services, requests: list[str]) -> list[dict[str, int]]:
    """All are read together and then alone, to the same; rows of each table of each."""
    assert batch(services, requests) == dict.fromkeys(requests, TOGETHER)
    found = []
    for request in requests:
        together = read_record(services.staging(request), "shop")
        clear_extract(services, request, "shop")
        extract(services, request, "shop")
        alone = read_record(services.staging(request), "shop")
        assert together.tables == alone.tables
        assert (together.facts, together.searched) == (alone.facts, alone.searched)
        found.append({table.table: table.rows for table in alone.tables})
    return found


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The database."""
    one_shop.in_sqlite(tmp_path / "shop.sqlite", crowd(6))
    return tmp_path / "shop.sqlite"


@pytest.fixture
def crowded(tmp_path: Path, shop: Path) -> Services:
    inventory = one_shop.write_inventory(tmp_path / "inventory", "sqlite", f"options: {{path: {shop}}}")
    return installation(tmp_path / "home", inventory)


@pytest.fixture
def planned(crowded: Services) -> Planned:
    """Requests of so many customers, whose plans are frozen."""

    return lambda customers: [
        plan_of(crowded, customer_id=str(customer)) for customer in range(FIRST, FIRST + customers)
    ]
