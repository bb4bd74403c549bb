"""What the inventory says about free text and names is checked, and what it may have forgotten is hinted at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.support import help_desk

from afschrift.inventory.check_columns import finder_hints
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory


def inventory(folder: Path, amend: Mapping[str, str] | None = None) -> Inventory:
    return load(help_desk.write(folder, amend))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("columns: [first, last]", "columns: [first, surname]", "the table has no column surname"),
        ("columns: [first, last]", "columns: []", "may not be empty"),
        ("columns: [first, last]", "columns: [first], most: 0", "at least 1 is expected"),
        ("free_text: true", "free_text: maybe", "choose true or false"),
        ("free_text: true", "free_text: true, protect: secret", "a secret is never given"),
        ("third_party: mask", "third_party: mask, mask: hash", "choose one of token, label"),
    ],
)
def test_a_fault_is_named(old: str, new: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as caught:
        inventory(tmp_path, {old: new})
    assert words in str(caught.value)


def test_what_is_declared_needs_no_hint(tmp_path: Path) -> None:
    assert list(finder_hints(inventory(tmp_path))) == []


def test_a_column_that_looks_like_free_text_is_hinted_at(tmp_path: Path) -> None:
    found = list(finder_hints(inventory(tmp_path, {", free_text: true": ""})))
    assert [hint.partition(" ")[0] for hint in found] == ["calls.call.note", "shop.ticket.body"]


def test_free_text_without_any_names_is_hinted_at(tmp_path: Path) -> None:
    without = {"    names: {columns: [first, last]}\n": "", "    names: {columns: [name]}\n": ""}
    (hint,) = finder_hints(inventory(tmp_path, without))
    assert hint.startswith("No table says `names`")
