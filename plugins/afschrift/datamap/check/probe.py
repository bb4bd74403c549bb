"""Questions about whole tables: bounded in rows and time, read-only, and none of them ends the check."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from afschrift.datamap.scan.reader import NotReachedError, StatementRunner
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source

NOBODY = Key("", "nobody")
"""What stands in the session's key table: no key of the inventory has this name, so no row is anybody's."""


class OutOfTimeError(NotReachedError):
    """The time of the whole check is over, so nothing more is asked."""


@dataclass(frozen=True)
class ProbeLimits:
    """How much is looked at.

    Attributes:
        exact: rows up to which a table is counted whole; of a larger one a sample is.
        sample: rows of that sample.
        values: rows of which the texts are looked at.
        seconds: that one statement may take.
        total: seconds that the whole check may take; None: as long as it takes.
    """

    exact: int = 200_000
    sample: int = 20_000
    values: int = 2_000
    seconds: int = 60
    total: int | None = None

    @classmethod
    def up_to(cls, rows: int, seconds: int, total: int | None = None) -> ProbeLimits:
        """With a sample of at most a tenth of the rows that would be counted whole."""
        plain = cls()
        return cls(rows, max(1, min(plain.sample, rows // 10)), plain.values, seconds, total)


class ProbeDeadline:
    """When a check ends, from when this was made; what is begun before may not take longer than that."""

    def __init__(self, limits: ProbeLimits) -> None:
        self._limits = limits
        self._began = time.monotonic()

    @property
    def statement(self) -> float:
        """Seconds that a statement may take which begins now; 0: none begins any more."""
        if self._limits.total is None:
            return self._limits.seconds
        left = self._limits.total - (time.monotonic() - self._began)
        return max(0.0, min(self._limits.seconds, left))


class SampleKind(StrEnum):
    """How rows were chosen."""

    EXACT = "exact"
    SAMPLE = "sample"
    FIRST = "first"

    def words(self, rows: int) -> str:
        """Such as `of a sample of 20,000 rows`."""
        return {
            SampleKind.EXACT: f"of {rows:,} rows",
            SampleKind.SAMPLE: f"of a sample of {rows:,} rows",
            SampleKind.FIRST: f"of the first {rows:,} rows",
        }[self]


class Probe(StatementRunner):
    """A read-only session on a source, with a key table of which no row is anybody's.

    A session whose statements might take longer than is left of the check is followed by another.

    Args:
        opens: makes a session that is not opened yet; its statements take no longer than the deadline says.
        deadline: of the whole check.
    """

    def __init__(self, opens: Callable[[], Source], deadline: ProbeDeadline | None = None) -> None:
        super().__init__(opens)
        self._deadline = deadline or ProbeDeadline(ProbeLimits())
        self._may_take = 0.0

    def __enter__(self) -> Self:
        return self

    @property
    def session(self) -> Source:
        """An open session.

        Raises:
            NotReachedError: it cannot be opened.
            OutOfTimeError: the time of the check is over.
        """
        left = self._deadline.statement
        if left <= 0:
            raise OutOfTimeError("the time of the check is over.", remedy="give it more time.")
        if self._session is not None and self._may_take >= left + 1:
            self.close()
        if self._session is None:
            self._may_take = left
        return super().session

    def prepare(self, session: Source) -> None:
        """Fill the key table."""
        session.bind([NOBODY], rfc3339(utc_now()))

    def numbers(self, statement: str) -> tuple[int, ...]:
        """The first row of a statement of counts; errors as of `ask`."""
        return tuple(int(number or 0) for number in self.rows(statement)[0])
