"""A difference between the register and its trail, and the error that shuts a gate because of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from afschrift.domain.errors import RefusedError


@dataclass(frozen=True)
class Difference:
    """A place where the register differs from its trail; docs/trail.md lists the codes.

    Attributes:
        code: kind of difference.
        seq: the event; 0 where it belongs to none.
        table, row, field: the place; never a value.
        request: the request that it concerns, where that is known.
    """

    code: str
    seq: int = 0
    table: str = ""
    row: str = ""
    field: str = ""
    request: str | None = None

    def __str__(self) -> str:
        place = " ".join(part for part in (self.table, self.row, self.field) if part)
        return f"{self.code} {self.seq}" + (f" {place}" if place else "")


class ForgedError(RefusedError):
    """Something in the register was not written by the service.

    Attributes:
        found: the differences.
    """

    def __init__(self, words: str, found: Sequence[Difference]) -> None:
        first = found[0]
        self.found = tuple(found)
        if first.code == "register_set_back":
            RefusedError.__init__(
                self,
                f"The register lacks event {first.seq}, which its trail had reached: it was set back.",
                remedy="where a back-up was restored, enter that (`afschrift register restored`), and "
                "another person signs it (`--sign`). Else change nothing: copy the database and inform "
                "the data protection officer (docs/trail.md).",
            )
            return
        place = " ".join(p for p in (first.table, first.row, first.field) if p) or f"event {first.seq}"
        more = f", and {len(found) - 1} more" if found[1:] else ""
        super().__init__(
            f"{words} does not follow from its trail ({first.code}, {place}{more}): it was changed "
            "without the service.",
            remedy="change nothing more: copy the database and inform the data protection officer; "
            "`afschrift audit verify` lists all of it, and `afschrift audit set-aside` takes out what no "
            "event attests "
            "(docs/trail.md).",
        )
