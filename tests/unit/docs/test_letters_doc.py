"""The pages on letters have each kind and state, the limits and the options of the mail server."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.support.letter_samples import FOLDER
from tools import letters_page

from afschrift.law.letter import LetterState
from afschrift.letters.element_values import ITEMS, LINE, TEXT
from afschrift.letters.kinds import KINDS
from afschrift.letters.languages import languages

DOC = (Path(__file__).parents[3] / "docs" / "letters.md").read_text(encoding="utf-8")


def rows(page: str) -> dict[str, list[str]]:
    return {
        cells[0].strip("`"): cells[1:]
        for line in page.splitlines()
        if line.startswith("| `") and len(cells := [c.strip() for c in line.strip("| ").split(" | ")]) > 2
    }


def test_each_kind_and_state_has_a_row() -> None:
    kinds = rows(letters_page.page())
    assert list(kinds) == list(KINDS)
    assert kinds["refusal"] == ["`ground`, `reasons`", "R45, R56", "yes"]
    assert kinds["merged"] == ["nothing", "R55", "no"]
    assert rows(DOC).keys() == {state.value for state in LetterState}


def test_limits_languages_and_the_form_of_the_options() -> None:
    assert f"{LINE} characters a line, {TEXT:,} a text and {ITEMS} lines a list" in DOC
    assert languages(FOLDER) == ("nl", "en")
    [options] = re.findall(r"```json\n(.*?)\n```", DOC)
    assert set(json.loads(options)) == {"server", "sender"}
