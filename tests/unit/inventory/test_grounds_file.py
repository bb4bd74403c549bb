"""The table of grounds is checked when it is read; each fault has its line and place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.law_files import load_grounds
from afschrift.law.grounds import Outcome

FOLDER = Path(__file__).parents[3] / "include" / "grounds"


def with_(tmp_path: Path, old: str, new: str) -> Path:
    """A copy in which the first occurrence of a text is replaced."""
    shutil.copytree(FOLDER, tmp_path / "grounds")
    file = tmp_path / "grounds" / "grounds.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return tmp_path / "grounds"


def test_the_shipped_table_is_read_whole() -> None:
    grounds = load_grounds(FOLDER)
    assert {"own_costs", "effort", "count"} == set(grounds.never)
    assert "other" not in grounds.codes
    assert {outcome for g in grounds.grounds.values() for outcome in g.outcomes} == set(Outcome) - {
        Outcome.FULFIL
    }
    used = {name for ground in grounds.grounds.values() for name in ground.fields}
    assert used == set(grounds.fields)
    assert all(
        set(field.title) == {"nl", "en"} for field in (*grounds.fields.values(), *grounds.grounds.values())
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  overlap:\n", "  other:\n", "grounds.yml"),
        ("  overlap:\n", "  own_costs:\n", "grounds.yml"),
        ("four_eyes: always", "four_eyes: sometimes", "grounds.manifestly_unfounded.four_eyes"),
        ("signers: [officer]", "signers: [dpo]", "grounds.complexity.signers"),
        ("rules: [R55]", "rules: [55]", "grounds.overlap.rules"),
        ("[complexity, needed_until, reasons]", "[complexity, nowhere]", "the field nowhere is not declared"),
        ("when: {existence: open}", "when: {exists: open}", "`when` names exists"),
        ("outcomes: {merge: none}", "outcomes: {marry: none}", "grounds.overlap.outcomes"),
        ("example: hardly", "example: monthly", "fields.change_rate.example"),
        ("      overhead: {rule", "      overheads: {rule", "the line overhead must be turned down"),
        ("  count:\n    title: {nl: Aantal", "  counts:\n    title: {nl: Aantal", "count"),
        ("title: {nl: Kennelijk ongegrond, ", "title: {", "grounds.manifestly_unfounded.title"),
        ("grounds:\n", "grounds\n", "not readable as YAML"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path: Path, old: str, new: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_grounds(with_(tmp_path, old, new))
    message = str(error.value)
    assert expected in message
    assert "grounds.yml:" in message  # with a line
    assert "docs/grounds.md" in message


def test_missing_grounds_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the file is missing"):
        load_grounds(tmp_path)
