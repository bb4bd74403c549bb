"""The page of the sentences that are marked as saying nothing, for a reader to doubt."""

from pathlib import Path

from testbed.claims.marks import COURTESY, Mark

PAGE = Path(__file__).parent / "courtesies.md"
_HEAD = """# Sentences that say nothing

Headings, questions, thanks and names of lists in letters, page, sheet and README. Everything else makes a claim
(`include/letters/claims.tsv`). A sentence here that says what we have, did, will or may do, what
the person can do, a day, a number or the law needs a claim. Made by `python -m testbed.claims courtesies`.

| Place | Nederlands | English |
|---|---|---|
"""


def page(found: tuple[Mark, ...]) -> str:
    lines = (f"| {m.place} | {_cell(m.nl)} | {_cell(m.en)} |" for m in found if m.claim == COURTESY)
    return _HEAD + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace(" | ", " ").replace("|", "\\|") or "names of the list"
