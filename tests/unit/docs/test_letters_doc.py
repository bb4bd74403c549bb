"""docs/letters.md lists the kinds as they are, and gives the figures that come out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.support.letter_samples import FOLDER

from afschrift.law.letter import LetterState
from afschrift.letters.element_values import ITEMS, LINE, TEXT
from afschrift.letters.kinds import KINDS, LetterKind
from afschrift.letters.languages import languages

DOC = (Path(__file__).parents[3] / "docs" / "letters.md").read_text(encoding="utf-8")
ROWS = {
    cells[0].strip("`"): cells[1:]
    for line in DOC.splitlines()
    if line.startswith("| `") and len(cells := [c.strip() for c in line.strip("| ").split(" | ")]) > 2
}


def described(kind: LetterKind) -> list[str]:
    filled = ", ".join(f"`{e.name}`" for e in kind.asked if e.name in kind.required)
    return [filled or "nothing", kind.source, "yes" if kind.before_identity else "no"]


def test_the_kinds_stand_there_as_they_are() -> None:
    assert {name: ROWS[name][:3] for name in KINDS} == {kind.name: described(kind) for kind in KINDS.values()}
    assert set(ROWS) == set(KINDS) | {state.value for state in LetterState}


def test_the_figures_are_those_that_come_out() -> None:
    pytest.importorskip("pyphen", reason="hyphenation counts the syllables")
    from tests.support.readability import figures

    shown = {name: tuple(int(cell) for cell in ROWS[name][3:]) for name in KINDS}
    assert shown == figures()


def test_limits_languages_and_the_form_of_the_options() -> None:
    assert f"{LINE} characters a line, {TEXT:,} a text and {ITEMS} lines a list" in DOC
    assert languages(FOLDER) == ("nl", "en")
    [options] = re.findall(r"```json\n(.*?)\n```", DOC)
    assert set(json.loads(options)) == {"server", "sender"}
