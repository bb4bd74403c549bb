"""A second reading by another way, for sources that have no hash of their own.

Its texts are not all of one database, so both sides have one spelling: numbers are compared as numbers and
times as moments, everything else by its text.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa

from afschrift.domain.reconciliation import SameRows, Sample, Sums
from afschrift.domain.sources import Dialect
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.catalogue import Rows
from afschrift.sources.reconcile.own_texts import OF_PERSON, Own, SqlReconciliation
from afschrift.values.checksum import Hashes, row_hashes, total

ReadRows = Callable[[str], Iterator[Sequence[Sequence[Any]]]]


@dataclass(frozen=True)
class Again:
    """How a column is read a second time.

    Attributes:
        own: to count its values, and value forms in the spelling of `text`.
        reads: SQL of what is read, with `{c}` for the quoted column.
        text: what was read as a text; None for NULL.
    """

    own: Own
    reads: tuple[str, ...]
    text: Callable[..., str | None]


class HashedHere(SqlReconciliation):
    """Rows and values are counted by the database; the rows are read again and hashed here."""

    @abstractmethod
    def read_again(self, columns: Sequence[str], drawn: str) -> Iterator[Hashes]:
        """Hashes of the rows.

        Args:
            columns: of each row.
            drawn: further condition on the rows, beginning with AND; may be empty.
        """

    @abstractmethod
    def read_together(self, columns: Sequence[str], same_rows: SameRows) -> Iterator[tuple[int, Hashes]]:
        """Hashes of the rows of each person, who may come several times."""

    def sums(self, columns: Sequence[str], sample: Sample | None) -> Sums:
        """Count in the database, read again and hash."""
        counted = super().sums((), None)
        if not columns:
            return counted
        hashed = summed = 0
        for hashes in self.read_again(columns, f"\nAND {self._drawn(sample)}" if sample else ""):
            hashed += len(hashes)
            summed += total(hashes)
        return Sums(counted.rows, counted.present, hashed, summed % 2**64)

    def together(self, same_rows: SameRows) -> dict[int, Sums]:
        """Count each person's in the database, read all again in one pass and hash."""
        counted = self._together(same_rows, ())
        if not self.hashed:
            return counted
        found = dict.fromkeys(counted, (0, 0))
        for person, hashes in self.read_together(self.hashed, same_rows):
            hashed, summed = found.get(person, (0, 0))
            found[person] = (hashed + len(hashes), summed + total(hashes))
        return {
            person: Sums(sums.rows, sums.present, found[person][0], found[person][1] % 2**64)
            for person, sums in counted.items()
        }


class SecondReading(HashedHere):
    """Reads the rows a second time by SQL.

    Args:
        rows: runs a statement with a small result.
        read: runs one with a large result, in batches of rows.
        dialect: of the session.
        statement: of the extract.
        columns: all that leave; None where a value is only counted.
        values: SQL of the columns that are parts of documents.
    """

    def __init__(
        self,
        rows: Rows,
        read: ReadRows,
        dialect: Dialect,
        statement: str,
        columns: Mapping[str, Again | None],
        values: Mapping[str, str] | None = None,
    ) -> None:
        own = {name: again.own if again else None for name, again in columns.items()}
        super().__init__(rows, dialect, statement, own, no_digest, values)
        self._read = read
        self._again = {name: again for name, again in columns.items() if again is not None}

    def read_again(self, columns: Sequence[str], drawn: str) -> Iterator[Hashes]:
        """By one statement."""
        statement = f"SELECT {', '.join(self._selected(columns))}\n{self._same_rows}{drawn}"
        for rows in self._read(statement):
            yield row_hashes(self._texts(columns, rows))

    def read_together(self, columns: Sequence[str], same_rows: SameRows) -> Iterator[tuple[int, Hashes]]:
        """By one statement for all persons."""
        whose = self._dialect.text(OF_PERSON)
        for rows in self._read(f"SELECT {', '.join((whose, *self._selected(columns)))}\n{same_rows()}"):
            hashes = row_hashes(self._texts(columns, [row[1:] for row in rows]))
            persons = np.array([int(row[0]) for row in rows])
            for person in np.unique(persons).tolist():
                yield person, hashes[persons == person]

    def _selected(self, columns: Sequence[str]) -> list[str]:
        return [
            reads.replace("{c}", self._quoted(name)) for name in columns for reads in self._again[name].reads
        ]

    def _texts(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[pa.Array]:
        cells = list(zip(*rows, strict=True))
        found, at = [], 0
        for name in columns:
            again = self._again[name]
            width = len(again.reads)
            found.append(pa.array(list(map(again.text, *cells[at : at + width])), pa.string()))
            at += width
        return found


def no_digest(texts: Sequence[str]) -> str:
    """In place of a row's hash by SQL, which is not asked for."""
    raise AssertionError(f"{len(texts)} columns are hashed by no SQL")


_EXACT = Context(prec=2_000)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MOMENT = re.compile(
    r"(?:([0-9]{4,}-[0-9]{2}-[0-9]{2})[ T])?([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_UTC = ("Z", "+00", "+0000", "+00:00")


def canonical(kind: ValueKind | None, text: str) -> str:
    """A value form, or a database's text of a value of this kind; a text that is none stays as it is."""
    change = _CHANGES.get(kind) if kind else None
    try:
        return text if change is None else change(text)
    except (ValueError, ArithmeticError, InvalidOperation):
        return text


def canonical_text(kind: ValueKind | None, text: str) -> str | None:
    """A database's text of a value; None for the document `null`."""
    if kind is ValueKind.JSON:
        text = text.strip(" \t\r\n").replace("\r", " ").replace("\n", " ")
        if text == "null":
            return None
    return canonical(kind, text)


def canonical_forms(kind: ValueKind | None, forms: pa.Array) -> pa.Array:
    """Value forms of a column, each in this spelling; bytes are hexadecimal."""
    change = _hexadecimal if kind is ValueKind.BINARY else lambda form: canonical(kind, form)
    return pa.array([None if form is None else change(form) for form in forms.to_pylist()], pa.string())


def _hexadecimal(form: str) -> str:
    return b64decode(form).hex()


def _decimal(text: str) -> str:
    number = Decimal(text)
    return format(number.normalize(_EXACT), "f") if number.is_finite() else str(float(number))


def _moment(text: str) -> str:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return text
    day, clock, fraction, zone = found.groups()
    fraction = (fraction or "").rstrip("0")
    if zone and zone not in _UTC and day:
        moment = datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(UTC)
        day, clock = moment.date().isoformat(), moment.time().isoformat()
        zone = "Z"
    zone = "Z" if zone in _UTC else (zone or "").replace(":", "").ljust(5, "0") if zone else ""
    return f"{day or ''}T{clock}.{fraction}{zone}"


def _document(text: str) -> str:
    return repr(float(text)) if _NUMBER.fullmatch(text) and not text.lstrip("-").isdigit() else text


_CHANGES: dict[ValueKind, Callable[[str], str]] = {
    ValueKind.NUMBER: lambda text: repr(float(text)),
    ValueKind.DECIMAL: _decimal,
    ValueKind.BOOLEAN: lambda text: {"1": "true", "t": "true", "0": "false", "f": "false"}.get(text, text),
    ValueKind.TIME: _moment,
    ValueKind.DATETIME: _moment,
    ValueKind.INSTANT: _moment,
    ValueKind.UUID: lambda text: text.lower().replace("-", ""),
    ValueKind.JSON: _document,
}
