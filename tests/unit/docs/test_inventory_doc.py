"""docs/datamap/inventory.md explains every value of the choices, and its examples are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from testbed.mini import CONTROLLER, IDENTITY, POLICY

from afschrift.domain.decision import About, Protect, ThirdParty
from afschrift.domain.keys import Unique
from afschrift.domain.plan import Medium
from afschrift.domain.vocabulary import BASES, Origin
from afschrift.inventory.load import load
from afschrift.law.manual_search import NOT_SEARCHED_BECAUSE

PAGE = Path(__file__).parents[3] / "docs" / "datamap" / "inventory.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
CHOICES = (*Origin, *About, *ThirdParty, *Protect, *Unique, *Medium, *NOT_SEARCHED_BECAUSE, *BASES)


@pytest.mark.parametrize("word", sorted(set(CHOICES)))
def test_every_choice_is_explained(word: str) -> None:
    assert re.search(rf"`[^`\n]*(?<![\w-]){re.escape(word)}(?![\w-])[^`\n]*`", TEXT)


def test_examples_are_well_formed() -> None:
    assert BLOCKS
    for block in BLOCKS:
        assert isinstance(YAML(typ="safe").load(block), dict)


def test_the_small_inventory_loads(tmp_path: Path) -> None:
    files = {"shop": BLOCKS[0], "identity": IDENTITY, "controller": CONTROLLER, "policy": POLICY}
    for name, text in files.items():
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
    assert list(load(tmp_path).sources["shop"].tables) == ["customer", "orders"]


def test_the_system_that_people_search_loads(tmp_path: Path) -> None:
    files = {"shop": BLOCKS[0], "identity": IDENTITY, "controller": CONTROLLER, "policy": POLICY}
    files["mail"] = next(block for block in BLOCKS if "kind: manual" in block)
    for name, text in files.items():
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
    assert list(load(tmp_path).manual) == ["service_mail"]
