"""Faults of `canary.yml` name the line and no value; its example names tables and columns of the data map."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError
from testbed.mini import SHOP, write_inventory
from typer.testing import CliRunner

from afschrift.canary.canary_file import CANARY, ROWS, CanaryFile, example, load_canary
from afschrift.cli.main import app
from afschrift.domain.right import Right
from afschrift.inventory.document import InventoryError
from afschrift.inventory.model import Inventory
from afschrift.outside.read_yaml import read_yaml
from afschrift.wiring.build_services import load_inventory

DAY = date(2026, 11, 28)
GOOD = """\
keys: {customer_id: "739182001"}
decided: {by: Data office, on: 2026-11-28, why: To see that answers are whole.}
planted:
  - table: shop.customer
    row: {customer_id: "739182001", name: kwik7q3f9a, id: {matches: "[0-9]+"}, gone: null}
    kept_back: {portability: [name]}
  - table: shop.login
    row: {customer_id: "739182001"}
    kept_back: {portability: all}
"""


def written(folder: Path, text: str) -> Path:
    (folder / CANARY).write_text(text, encoding="utf-8")
    return folder


def test_what_an_answer_must_hold_and_must_not(tmp_path: Path) -> None:
    assert load_canary(tmp_path, ["customer_id"]) is None
    canary = load_canary(written(tmp_path, GOOD), ["customer_id"])
    assert canary is not None
    customer, login = canary.file.planted
    assert customer.given(Right.ACCESS).keys() == {"customer_id", "name", "id"}
    assert customer.given(Right.PORTABILITY).keys() == {"customer_id", "id"}
    assert customer.kept(Right.PORTABILITY) == {"name": "kwik7q3f9a"}
    assert login.given(Right.PORTABILITY) == {}
    assert login.kept(Right.PORTABILITY) == {"customer_id": "739182001"}
    assert "kwik7q3f9a" not in repr(canary)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("customer_id:", "klant:", "canary.yml:1: keys.klant: no identity key of this name is declared"),
        ("[name]", "[nome]", "the row has no column nome"),
        ('{customer_id: "739182001"}\n    kept_back: {portability: all}', "{}", "planted.1.row"),
        ("decided:", "decide:", "decide"),
        ('"739182001", name', "739182001, name", "put values in quotes"),
        ("shop.login", "login", "planted.1.table"),
    ],
)
def test_faults_name_the_line_and_no_value(before: str, after: str, fault: str, tmp_path: Path) -> None:
    assert before in GOOD
    with pytest.raises(InventoryError) as error:
        load_canary(written(tmp_path, GOOD.replace(before, after)), ["customer_id"])
    assert fault in str(error.value)
    assert "kwik7q3f9a" not in str(error.value)
    assert "739182001" not in str(error.value)


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    return load_inventory(write_inventory(tmp_path / "inventory", SHOP))


def test_the_example_names_some_tables_of_people_with_their_columns(inventory: Inventory) -> None:
    found = read_yaml(example(inventory, DAY))

    assert list(found["keys"]) == ["customer_id"]
    assert len(found["planted"]) == ROWS
    shop = inventory.sources["shop"].tables
    for planted in found["planted"]:
        table = shop[planted["table"].removeprefix("shop.")]
        assert table.personal
        assert "customer_id" in table.subject, "those with the person's own key come first"
        assert planted["row"].keys() >= table.columns.keys()


def test_the_example_counts_once_it_is_filled_in(inventory: Inventory) -> None:
    text = example(inventory, DAY)
    with pytest.raises(ValidationError) as error:
        CanaryFile.model_validate(read_yaml(text))
    places = {".".join(map(str, fault["loc"])) for fault in error.value.errors()}
    assert {"keys.customer_id", "decided.by"} <= places

    lines = [
        f'{line.partition("  # ")[0]} "kwik7q3f9a"' if _empty(line) else line for line in text.split("\n")
    ]
    file = CanaryFile.model_validate(read_yaml("\n".join(lines)))

    assert file.keys == {"customer_id": "kwik7q3f9a"}
    assert set(file.values) == {"kwik7q3f9a"}


def _empty(line: str) -> bool:
    words = line.partition("  # ")[0]
    return words.startswith("  ") and words.endswith(":") and words.strip() != "row:"


def test_the_command_prints_the_example(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(tmp_path / "inventory"))

    done = CliRunner().invoke(app, ["canary", "plan"])

    assert done.exit_code == 0, done.output
    assert read_yaml(done.stdout)["planted"][0]["table"] == "shop.customer"
