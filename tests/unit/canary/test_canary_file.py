"""Faults of `canary.yml` name the line and no value."""

from __future__ import annotations

from pathlib import Path

import pytest

from afschrift.canary.canary_file import CANARY, load_canary
from afschrift.domain.right import Right
from afschrift.inventory.document import InventoryError

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
    canary = load_canary(written(tmp_path, GOOD), ["customer_id"])
    assert canary is not None
    customer, login = canary.file.planted
    assert customer.given(Right.ACCESS).keys() == {"customer_id", "name", "id"}
    assert customer.given(Right.PORTABILITY).keys() == {"customer_id", "id"}
    assert customer.kept(Right.PORTABILITY) == {"name": "kwik7q3f9a"}
    assert login.given(Right.PORTABILITY) == {}
    assert login.kept(Right.PORTABILITY) == {"customer_id": "739182001"}
    assert "kwik7q3f9a" not in repr(canary)


def test_a_folder_without_one_has_none(tmp_path: Path) -> None:
    assert load_canary(tmp_path, ["customer_id"]) is None


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
