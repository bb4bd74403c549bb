"""The mini shop with dates of birth: a child, somebody of age, and somebody whose date nobody knows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from testbed import mini
from tests.support.days import leap_day_of_a_child
from tests.support.deciding import Bureau

from afschrift.app.settings import Settings
from afschrift.wiring.build_services import build

ADULT, CHILD, NOT_KNOWN = {"customer_id": "1"}, {"customer_id": "2"}, {"customer_id": "3"}
SHOP = mini.SHOP.replace(
    "      score: {origin: inferred",
    "      born: {origin: provided, category: user.demographic.date_of_birth}\n      score: {origin: inferred",
)
CONTROLLER = mini.CONTROLLER + (
    "channels: {portal: {published_on: 2024-01-01}, email: {published_on: 2024-01-01}}\n"
    "hand_over: {erasure: customer service}\n"
)


def dates_of_birth() -> dict[int, str]:
    """By customer."""
    return {1: "1980-05-05", 2: str(leap_day_of_a_child())}


def open_family(folder: Path, patch: pytest.MonkeyPatch, *, born: bool = True) -> Bureau:
    """An installation below a folder; without `born` the inventory names no date of birth."""
    bureau = Bureau.open(folder, patch)
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        con.execute("ALTER TABLE customer ADD COLUMN born DATE")
        for number, day in dates_of_birth().items():
            con.execute("UPDATE customer SET born = ? WHERE customer_id = ?", [day, number])
    inventory = folder / "inventory"
    (inventory / "shop.yml").write_text(SHOP, encoding="utf-8")
    (inventory / "controller.yml").write_text(CONTROLLER, encoding="utf-8")
    if born:
        identity = mini.IDENTITY + "birth_date: shop.customer.born\n"
        (inventory / "identity.yml").write_text(identity, encoding="utf-8")
    return Bureau(Settings.from_environment(), build(lambda _line: None, bureau.settings))
