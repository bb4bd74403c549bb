"""The small shop with dates of birth: a child, an adult, and a person of unknown age."""

from pathlib import Path

import pytest
from testbed import mini, small
from tests.support.days import leap_day_of_a_child
from tests.support.deciding import Bureau

from afschrift.app.settings import Settings
from afschrift.wiring.build_services import build

ADULT, CHILD, NOT_KNOWN = {"customer_id": "1"}, {"customer_id": "2"}, {"customer_id": "3"}
BORN_COLUMN = "      born: {origin: provided, category: user.demographic.date_of_birth}\n"
SHOP = small.SHOP.replace("      score: {origin", f"{BORN_COLUMN}      score: {{origin")
CONTROLLER = mini.CONTROLLER + (
    "channels: {portal: {published_on: 2024-01-01}, email: {published_on: 2024-01-01}}\n"
    "hand_over: {erasure: customer service}\n"
)


def dates_of_birth() -> dict[int, str]:
    return {1: "1980-05-05", 2: str(leap_day_of_a_child())}


def open_family(
    folder: Path, patch: pytest.MonkeyPatch, *, born: bool = True, all_tables: bool = False
) -> Bureau:
    """An installation below a folder; without `born` the inventory names no date of birth."""
    bureau = Bureau.open(folder, patch, all_tables=all_tables)
    bureau.execute("ALTER TABLE customer ADD COLUMN born DATE")
    for number, day in dates_of_birth().items():
        bureau.execute(f"UPDATE customer SET born = '{day}' WHERE customer_id = {number}")
    inventory = folder / "inventory"
    shop = (inventory / "shop.yml").read_text(encoding="utf-8")
    shop = shop.replace("      score: {origin", f"{BORN_COLUMN}      score: {{origin")
    (inventory / "shop.yml").write_text(shop, encoding="utf-8")
    (inventory / "controller.yml").write_text(CONTROLLER, encoding="utf-8")
    if born:
        with (inventory / "identity.yml").open("a", encoding="utf-8") as file:
            file.write("birth_date: shop.customer.born\n")
    return Bureau(Settings.from_environment(), build(lambda _line: None, bureau.settings))
