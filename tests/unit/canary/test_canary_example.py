"""The example of `canary.yml` names tables and columns of the data map, and counts once it is filled in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError
from testbed.mini import SHOP, write_inventory
from typer.testing import CliRunner

from afschrift.canary.canary_file import ROWS, CanaryFile, example
from afschrift.cli.main import app
from afschrift.inventory.model import Inventory
from afschrift.outside.read_yaml import read_yaml
from afschrift.wiring.build_services import load_inventory


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    return load_inventory(write_inventory(tmp_path / "inventory", SHOP))


def test_it_names_some_tables_of_people_with_their_columns(inventory: Inventory) -> None:
    found = read_yaml(example(inventory, date(2026, 11, 28)))

    assert list(found["keys"]) == ["customer_id"]
    assert len(found["planted"]) == ROWS
    shop = inventory.sources["shop"].tables
    for planted in found["planted"]:
        table = shop[planted["table"].removeprefix("shop.")]
        assert table.personal
        assert "customer_id" in table.subject, "those with the person's own key come first"
        assert planted["row"].keys() >= table.columns.keys()


def test_it_says_what_is_not_filled_in_yet(inventory: Inventory) -> None:
    with pytest.raises(ValidationError) as error:
        CanaryFile.model_validate(read_yaml(example(inventory, date(2026, 11, 28))))

    places = {".".join(map(str, fault["loc"])) for fault in error.value.errors()}
    assert {"keys.customer_id", "decided.by"} <= places


def test_it_counts_once_it_is_filled_in(inventory: Inventory) -> None:
    text = example(inventory, date(2026, 11, 28))
    lines = [
        f'{line.partition("  # ")[0]} "kwik7q3f9a"' if _empty(line) else line for line in text.split("\n")
    ]

    file = CanaryFile.model_validate(read_yaml("\n".join(lines)))

    assert file.keys == {"customer_id": "kwik7q3f9a"}
    assert set(file.values) == {"kwik7q3f9a"}


def _empty(line: str) -> bool:
    words = line.partition("  # ")[0]
    return words.startswith("  ") and words.endswith(":") and words.strip() != "row:"


def test_the_command_prints_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory", SHOP)))

    done = CliRunner().invoke(app, ["canary", "plan"])

    assert done.exit_code == 0, done.output
    assert read_yaml(done.stdout)["planted"][0]["table"] == "shop.customer"
