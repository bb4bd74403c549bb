"""What officers ticked on the pages of a review, kept encrypted until the review is answered.

It decides nothing. It belongs to one bundle, so another bundle begins without it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from afschrift.casework.review.look import Look
from afschrift.domain.event import digest
from afschrift.domain.instants import utc_now


class JudgedTable(msgspec.Struct, frozen=True):
    """What was judged in one table.

    Attributes:
        places: a line without its ground -> the ground on which it is masked; empty: it goes as it is.
        by, at: who kept it last, and when.
    """

    places: dict[str, str] = {}
    by: str = ""
    at: str = ""

    @property
    def masked(self) -> dict[str, str]:
        """The places that are masked, with their grounds."""
        return {line: ground for line, ground in self.places.items() if ground}

    @property
    def version(self) -> str:
        """The same as long as it was not kept anew; empty: nothing is kept."""
        return digest([self.places, self.by, self.at])[:16] if self.at else ""


Draft = dict[str, JudgedTable]
"""`source.table` -> what was judged in it."""


def read_draft(look: Look) -> Draft:
    """What was kept of the review of this bundle; empty: nothing."""
    if look.question is None or not look.values:
        return {}
    path = _path(look)
    if not look.staging.exists(path):
        return {}
    with look.staging.reader(path) as stream:
        return msgspec.json.decode(stream.read(), type=Draft)


def lines(draft: Draft) -> Iterator[str]:
    """The lines of an answer that masks what was ticked."""
    for judged in draft.values():
        yield from (f"{line} {ground}" for line, ground in judged.masked.items())


def write_draft(look: Look, table: str, places: dict[str, str]) -> None:
    """Keep what was judged in a table, as of now by who looks."""
    new = JudgedTable(places, look.officer.by, utc_now().isoformat())
    with look.staging.writer(_path(look)) as sink:
        sink.write(msgspec.json.encode(read_draft(look) | {table: new}))


def _path(look: Look) -> str:
    return f"reviews/{look.bundle}.json"
