"""An installation over the one shop, with a crowd of customers and their requests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from testbed.running import installation, store
from tests.support import one_shop
from tests.support.crowd import FIRST, crowd

from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify

Planned = Callable[[int], list[str]]


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

    def plan(customers: int) -> list[str]:
        requests = []
        for customer in range(FIRST, FIRST + customers):
            requests.append(store(crowded, {"customer_id": str(customer)}))
            assess(crowded, requests[-1])
            classify(crowded, requests[-1])
        return requests

    return plan
