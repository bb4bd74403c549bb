"""Parts of an answer: what goes now, what is left for later, what an earlier part told (R44, R54)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Portion(StrEnum):
    """Which part of an answer a bundle is; the kind of its delivery."""

    FULL = "full"
    PARTIAL = "partial"
    SUPPLEMENT = "supplement"


@dataclass(frozen=True)
class Later:
    """A source that a person left for later.

    Attributes:
        since: RFC 3339 instant since which it was not reached, as far as known.
        rest_by: date by which the rest is promised.
        about: digest that was decided on (`about`).
    """

    source: str
    since: str
    rest_by: str
    about: str


@dataclass(frozen=True)
class Gone:
    """A source of which an earlier part promised more than there is to give, as an officer said.

    Attributes:
        tables: the ones that are missing, by name; empty: all that it had.
        rest_by: date by which they were promised.
        said_at: RFC 3339 instant of the decision.
    """

    source: str
    tables: tuple[str, ...]
    rest_by: str
    said_at: str


@dataclass(frozen=True)
class Before:
    """What an earlier part told of a table, or of a system that a person searched.

    Attributes:
        table: empty for such a system.
        status: as in the coverage of that part.
        rows: where it was read.
        delivered_at: RFC 3339 instant at which that part was delivered.
        bundle: SHA-256 of its ZIP file.
    """

    source: str
    table: str
    status: str
    rows: int | None
    delivered_at: str
    bundle: str
