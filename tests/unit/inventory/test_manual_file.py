"""The file of a system that people search: what is read, and every fault with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from testbed.mini import write_inventory
from tests.support.manual import add_systems, system

from afschrift.domain.plan import Medium
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.law.roles import Role

MAIL = system("mail", "mailbox", "provided, derived", "Bea")


def faults(tmp_path: Path, *files: str) -> str:
    with pytest.raises(InventoryError) as wrong:
        load(add_systems(write_inventory(tmp_path / "inventory"), *files))
    return str(wrong.value)


def test_manual_system_is_listed_with_the_sources(tmp_path: Path) -> None:
    inventory = load(add_systems(write_inventory(tmp_path / "inventory"), MAIL, system("tape", "backup")))
    assert list(inventory.sources) == ["shop"]
    mail, tape = inventory.manual.values()
    assert (mail.medium, mail.holds) == (Medium.MAILBOX, (Origin.PROVIDED, Origin.DERIVED))
    assert (mail.role, mail.person) == (Role.SOURCE_OWNER, "Bea")
    assert (tape.role, tape.person) == (Role.SOURCE_OWNER, None)


def test_a_change_of_it_is_drift(tmp_path: Path) -> None:
    folder = add_systems(write_inventory(tmp_path / "inventory"), MAIL)
    before = load(folder).digest
    add_systems(folder, MAIL.replace("Bea", "Cas"))
    assert load(folder).digest != before


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("mailbox", "fax", r"system0.yml:4: medium"),
        ("[provided, derived]", "[]", r"holds"),
        ("[provided, derived]", "[not_personal]", r"system0.yml:8: holds: name the origins"),
        ("owner: Bea", "owner: dpo", r"system0.yml:6: owner: a dpo answers no questions"),
        ("owner: Bea", "owner: intake", r"answers no questions"),
        ("owner: Bea\n", "", r"`owner` is missing"),
        ("source: mail", "source: files", r"folder of uploaded files"),
        ("source: mail", "source: Mail Box", r"name a source with small letters"),
        ("source: mail", "source: shop", r"another file describes this source too"),
        ("owner: Bea", "owner: Bea\ntables: {}", r"this word is not known here"),
    ],
)
def test_faults(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in MAIL
    assert expected in faults(tmp_path, MAIL.replace(old, new))
