"""Random columns, drawn for whole tables at once."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR


def us(instant: str) -> int:
    """Microseconds since 1970 of an RFC 3339 instant."""
    moment = datetime.fromisoformat(instant) - datetime(1970, 1, 1, tzinfo=UTC)
    return moment.days * DAY + moment.seconds * SECOND + moment.microseconds


def instants(values: np.ndarray, null: np.ndarray | None = None) -> pa.Array:
    """Microseconds since 1970 as instants; null where the mask is true."""
    return pa.array(values.astype(np.int64), mask=null).cast(pa.timestamp("us", tz="UTC"))


def dates(values: np.ndarray) -> pa.Array:
    """Days since 1970 as dates."""
    return pa.array(values.astype(np.int32)).cast(pa.date32())


def decimals(units: np.ndarray, precision: int, places: int) -> pa.Array:
    """Whole units of the last place as DECIMAL(precision, places), exactly."""
    whole = pa.array(units.astype(np.int64)).cast(pa.decimal128(19, 0))
    unit = pa.scalar(Decimal(1).scaleb(-places))
    return pc.multiply(whole, unit).cast(pa.decimal128(precision, places))


def money(cents: np.ndarray) -> pa.Array:
    """Cents as DECIMAL(18, 2), exactly."""
    return decimals(cents, 18, 2)


def gaps(column: pa.Array, null: np.ndarray) -> pa.Array:
    """The column with nulls where the mask is true."""
    return pc.if_else(pa.array(null), pa.scalar(None, column.type), column)


def numbered(prefix: str, numbers: np.ndarray) -> pa.Array:
    """Texts such as `P-17`."""
    return pc.binary_join_element_wise(pa.scalar(prefix), pa.array(numbers).cast(pa.string()), "")


class Draw:
    """A stream of random columns that depends on the seed and a name alone.

    So a change to one table leaves the rows of the others as they are.
    """

    def __init__(self, seed: int, name: str) -> None:
        self.rng = np.random.default_rng([seed, zlib.crc32(name.encode())])

    def pick(self, words: Sequence[str], n: int) -> pa.Array:
        """One of the words for each row."""
        places = pa.array(self.rng.integers(0, len(words), n, dtype=np.int32))
        return pa.array(words, pa.string()).take(places)

    def phrase(self, n: int, *lists: Sequence[str]) -> pa.Array:
        """A word of each list, with spaces between."""
        return pc.binary_join_element_wise(*(self.pick(words, n) for words in lists), " ")

    def chance(self, n: int, share: float) -> np.ndarray:
        """True for about this share of the rows."""
        return self.rng.random(n) < share

    def between(self, low: np.ndarray | int, high: np.ndarray | int, n: int) -> np.ndarray:
        """Whole numbers in [low, high), evenly; bounds may differ by row."""
        span = np.asarray(high) - np.asarray(low)
        return np.asarray(low + self.rng.random(n) * span).astype(np.int64)

    def skewed(self, size: int, n: int) -> np.ndarray:
        """Places in [0, size), the first ones far more often."""
        return (size * self.rng.random(n) ** 2.5).astype(np.int64)

    def lists(self, words: Sequence[str], n: int, most: int) -> pa.Array:
        """Lists of up to `most` words for each row; some are empty and some are null."""
        lengths = self.rng.integers(0, most + 1, n)
        ends = np.concatenate([[0], np.cumsum(lengths)])
        made = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), self.pick(words, int(ends[-1])))
        return gaps(made, self.chance(n, 0.1))
