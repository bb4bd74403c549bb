"""The page of the sentences that are marked as saying nothing, for a reader to doubt."""

from pathlib import Path

from testbed.claims.marks import COURTESY, Mark

PAGE = Path(__file__).parent / "courtesies.txt"
_HEAD = """Sentences that say nothing: headings, questions, thanks and names of lists in letters, page, sheet and README.
All others make a claim (include/letters/claims.tsv). A sentence here that says what we have, did, will or may do,
what the person can do, a day, a number or the law needs a claim. Made by `python -m testbed.claims courtesies`.
"""


def page(found: tuple[Mark, ...]) -> str:
    """The sentences in both languages, by place."""
    lines, place = [_HEAD], ""
    for mark in found:
        if mark.claim == COURTESY:
            lines += [] if mark.place == place else ["", mark.place]
            place = mark.place
            lines.append(f"  {mark.nl} / {mark.en}" if mark.en else "  (names of a list)")
    return "\n".join(lines) + "\n"
