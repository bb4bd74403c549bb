"""`docs/morning.md`: the morning's table and transcript, written by its test and held by it.

Ids are numbered in the order in which they come, long outputs are cut, and nothing of this machine is named.
What must hold is the table and what was typed: days and last days differ with the day on which it is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "morning.md"
SHOWN, WIDE = 9, 170
_ID = re.compile(r"\b(req|case|q|let|fact|look|plan|doc|txt)-[0-9a-z]{12}\b")
_INTRO = """# An officer's morning

Thirty-six requests in all states, brought to their ends at a terminal and on the pages. `make scenario-morning` does it in one installation over a small shop, with a mail server that goes down and comes back; `tests/e2e/scenarios/test_scenario_morning.py` holds this page, and writes it with `AFSCHRIFT_DRAW=1`. Anna is the officer; Sam signs on the pages; Kim keeps the paper archive.

## How each one ended

"""
_TRANSCRIPT = """
No request is open at the end, each passed only states of [states.md](states.md), all of which occur, and the trail verifies.

## What was typed, and what came of it

Ids are numbered, long outputs cut.

```console
"""


def page(table: Iterable[str], transcript: Iterable[str]) -> str:
    """The page."""
    return _INTRO + "\n".join(table) + "\n" + _TRANSCRIPT + "\n".join(_plain(transcript)) + "\n```\n"


def typed(text: str) -> list[str]:
    """What was typed and who did what on the pages, by which a page and a morning are compared."""
    lines = (re.sub(r"\d{4}-\d\d-\d\d", "DAY", line.strip()) for line in text.splitlines())
    return [
        line for line in lines if re.match(r"\$ afschrift|== |-- |the run goes|\w+ (opens|answers) ", line)
    ]


def _plain(transcript: Iterable[str]) -> Iterator[str]:
    numbers: dict[str, str] = {}
    kinds: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        whole, kind = found[0], found[1]
        if whole not in numbers:
            kinds[kind] = kinds.get(kind, 0) + 1
            numbers[whole] = f"{kind}-{kinds[kind]}"
        return numbers[whole]

    outputs = 0
    for block in transcript:
        for line in block.splitlines() or [""]:
            text = _ID.sub(numbered, line)
            text = re.sub(r"\bcli:[\w-]+", "cli:anna", text)
            text = re.sub(r"(/[\w.-]+)+/home/", "/srv/afschrift/", text)
            text = re.sub(r"(/[\w.-]+)+/receipt\.txt", "receipt.txt", text)
            text = re.sub(r"\b([0-9a-f]{8})[0-9a-f]{56}\b", r"\1...", text)
            text = text.replace("```", "'''").rstrip()
            outputs = outputs + 1 if line.startswith("     ") else 0
            if outputs == SHOWN + 1:
                yield "     ..."
            if outputs <= SHOWN:
                yield text if len(text) <= WIDE else f"{text[:WIDE]}..."
