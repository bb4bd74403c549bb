"""Sketches of columns: salted hashes of their distinct values, and what two of them have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from afschrift.domain.notation import count
from afschrift.inventory.table import PROVES_LITTLE

HASHES = 1 << 60
"""Number of possible hashes."""

ALIKE = 0.9
"""Least share of a pointer's rows whose values are in the key."""

_SPARSE = 0.1
_LONG_SPAN = 10_000
_FEW = 3


@dataclass(frozen=True)
class Sketch:
    """Hashes of the distinct values of a column. Two sketches can be compared if their salt is the same.

    Attributes:
        hashes: distinct, in order, and below `ceiling`.
        counts: rows of each.
        rows: that were looked at, also those with NULL.
        long: share of the distinct values that no counting makes: texts with letters from four characters
            on, and any from eight; none with a space.
        spaced: share of them that are texts with a space.
        spelling: of uuids that are not written in small letters with dashes; empty: they are.
        total: rows of the table, as far as known; at least `rows`.
        ceiling: hashes from here on are left out, so that a large key fits into memory.
        part: share of the table's rows that a random sample has; 1: all, or the first ones.
        span: of numbers, the largest minus the smallest; None: they are no numbers, or it is not known.
        dropped: distinct values that `among` left out.
    """

    hashes: NDArray[np.uint64] = field(repr=False)
    counts: NDArray[np.int32] = field(repr=False)
    rows: int
    long: float = 0.0
    spaced: float = 0.0
    spelling: str = ""
    total: int = 0
    ceiling: int = HASHES
    part: float = 1.0
    span: int | None = None
    dropped: int = 0

    @property
    def whole(self) -> bool:
        """Whether every row of the table was looked at."""
        return self.rows >= self.total

    @property
    def distinct(self) -> int:
        """Number of distinct values in the rows that were read, estimated if hashes were left out."""
        return round(self.read * (HASHES / self.ceiling))

    @property
    def read(self) -> int:
        """Number of distinct values whose hashes were read."""
        return len(self.hashes) + self.dropped

    @property
    def unique(self) -> bool:
        """Whether each row that was read has a value, which no other row has."""
        everything = int(self.counts.sum()) + self.dropped == self.rows or self.ceiling < HASHES
        return self.read > 0 and everything and int(self.counts.max(initial=1)) == 1

    def among(self, others: Iterable[Sketch]) -> Sketch:
        """Return the sketch of a unique column with only the values that others have."""
        both = (other.hashes[_contains(self.hashes, other.hashes)] for other in others)
        inside = np.unique(np.concatenate([self.hashes[:0], *both]))
        ones = np.broadcast_to(np.int32(1), inside.shape)
        return replace(self, hashes=inside, counts=ones, dropped=self.read - len(inside))

    @cached_property
    def distinctive(self) -> bool:
        """Whether values prove something alone: they are uuids, codes or sparse numbers, and not 1 to n."""
        if self.span is None:
            return self.long >= ALIKE
        values = self.total if self.unique else self.distinct
        return self.span >= _LONG_SPAN and values <= _SPARSE * self.span


@dataclass(frozen=True)
class ColumnMatch:
    """How far the values of a column, the pointer, are those of another one, the key.

    Attributes:
        values, found: rows of the pointer with a value that could be compared, and those whose value is in
            the key.
        distinct: values of the pointer that are in the key.
        used, of: how many of the key's values the pointer has, and how many the key has.
        sampled: counts are of a sample.
        distinctive: the values prove something alone; False: they are small counting numbers, or very few.
        part: share of the key's rows that was read.
        joins: the source finds the values equal too; False: they are spelled in two ways.
        least, most: rows of one value that is in the key.
    """

    values: int
    found: int
    distinct: int
    of: int
    sampled: bool
    distinctive: bool
    part: float = 1.0
    joins: bool = True
    least: int = 1
    most: int = 1

    @property
    def share(self) -> float:
        """Share of the pointer's rows whose value is in the key."""
        return min(1.0, self.found / self.values / self.part) if self.values else 0.0

    @property
    def alike(self) -> bool:
        """Whether nearly all values of the pointer are in the key."""
        return self.found > 0 and self.share >= ALIKE

    @property
    def proven(self) -> bool:
        """Whether the values alone say that it is a pointer."""
        return self.alike and self.distinctive

    def words(self, key: str, *, alone: bool = True) -> str:
        """Such as `438 of 438 values are in patients.id; 22 of its 27 values, each in 1 to 46 rows`.

        Args:
            key: name of the key.
            alone: nothing but the values speaks for it, so that it is said if they prove little.
        """
        of_sample = " of a sample" if self.sampled else ""
        rows = f"{self.least:,} to {self.most:,}" if self.least < self.most else f"{self.most:,}"
        each = f", each in {rows} rows" if self.most > 1 else ""
        small = PROVES_LITTLE if alone and not self.distinctive else ""
        spelling = (
            "" if self.joins else "; they are spelled in two ways, so give the table a view that has one"
        )
        return (
            f"{self.found:,} of {count(self.values, 'value')}{of_sample} are in {key}; "
            f"{self.distinct:,} of its {count(self.of, 'value')}{each}{small}{spelling}"
        )


def compare(pointer: Sketch, key: Sketch) -> ColumnMatch:
    """Compare two columns, also of different sources.

    Args:
        pointer: of which some rows are enough.
        key: of which every row was read, or a random sample.
    """
    below = int(np.searchsorted(pointer.hashes, np.uint64(key.ceiling)))
    hashes, counts = pointer.hashes[:below], pointer.counts[:below]
    inside = _contains(key.hashes, hashes)
    distinct = int(inside.sum())
    return ColumnMatch(
        values=int(counts.sum()),
        found=int(counts[inside].sum()),
        distinct=distinct,
        of=key.read,
        sampled=not pointer.whole or key.ceiling < HASHES or not key.whole,
        distinctive=key.distinctive and (distinct >= _FEW or distinct == key.read),
        part=key.part,
        joins=pointer.spelling == key.spelling,
        least=int(counts[inside].min()) if distinct else 1,
        most=int(counts[inside].max()) if distinct else 1,
    )


def _contains(some: NDArray[np.uint64], hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which hashes are among others, which are in order."""
    if not len(some):
        return np.zeros(len(hashes), dtype=bool)
    at = np.searchsorted(some, hashes)
    at[at == len(some)] = 0
    inside: NDArray[np.bool_] = some[at] == hashes
    return inside
