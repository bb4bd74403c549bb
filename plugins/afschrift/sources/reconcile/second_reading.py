"""Reconciliation by reading the rows a second time in another way, for sources that cannot hash rows.

The texts are not those of a single database, so both sides use a common spelling: numbers are compared as
numbers, times as points in time, everything else by its text.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from afschrift.domain.reconciliation import SameRows, Sample, Sums
from afschrift.domain.sources import Dialect
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.catalogue import Rows
from afschrift.sources.reconcile.sql_reconciliation import OF_PERSON, SourceText, SqlReconciliation
from afschrift.values.checksum import Hashes, row_hashes, total

ReadRows = Callable[[str], Iterator[Sequence[Sequence[Any]]]]


@dataclass(frozen=True)
class Again:
    """How to read a column a second time.

    Attributes:
        own: counts its values, and turns value forms into the spelling of `text`.
        reads: SQL of what is read, with `{c}` for the quoted column.
        text: turns what was read into a text; None for NULL.
    """

    own: SourceText
    reads: tuple[str, ...]
    text: Callable[..., str | None]


class HashedHere(SqlReconciliation):
    """Lets the database count rows and values, reads the rows again and hashes them here."""

    @abstractmethod
    def read_again(self, columns: Sequence[str], condition: str) -> Iterator[Hashes]:
        """Read the rows and hash them.

        Args:
            columns: columns to hash.
            condition: further condition on the rows, beginning with AND; may be empty.
        """

    @abstractmethod
    def read_by_person(self, columns: Sequence[str], same_rows: SameRows) -> Iterator[tuple[int, Hashes]]:
        """Read and hash the rows of each person; a person may come several times."""

    def sums(self, columns: Sequence[str], sample: Sample | None) -> Sums:
        """Count in the database, read the rows again and hash them."""
        counted = super().sums((), None)
        if not columns:
            return counted
        hashed = summed = 0
        for hashes in self.read_again(columns, f"\nAND {self._in_sample(sample)}" if sample else ""):
            hashed += len(hashes)
            summed += total(hashes)
        return Sums(counted.rows, counted.present, hashed, summed % 2**64)

    def together(self, same_rows: SameRows) -> dict[int, Sums]:
        """Count each person's rows in the database, read all rows again in one pass and hash them."""
        counted = self._sums_by_person(same_rows, ())
        if not self.hashed:
            return counted
        found = dict.fromkeys(counted, (0, 0))
        for person, hashes in self.read_by_person(self.hashed, same_rows):
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
        dialect: dialect of the session.
        statement: statement of the extract.
        columns: each written column -> how to read it; None if its values are only counted.
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

    def read_again(self, columns: Sequence[str], condition: str) -> Iterator[Hashes]:
        """Read by one statement."""
        statement = f"SELECT {', '.join(self._selected(columns))}\n{self._same_rows}{condition}"
        for rows in self._read(statement):
            yield row_hashes(self._texts(columns, rows))

    def read_by_person(self, columns: Sequence[str], same_rows: SameRows) -> Iterator[tuple[int, Hashes]]:
        """Read by one statement for all persons."""
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
    """Replace the SQL of a row's hash, which is never needed here."""
    raise AssertionError(f"{len(texts)} columns are hashed by no SQL")


_EXACT = Context(prec=2_000)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MOMENT = re.compile(
    r"(?:([0-9]{4,}-[0-9]{2}-[0-9]{2})[ T])?([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_UTC = ("Z", "+00", "+0000", "+00:00")


def canonical(kind: ValueKind | None, text: str) -> str:
    """Write a value form, or a database's text of a value of this kind, in the common spelling.

    Other texts are returned unchanged.
    """
    change = _CHANGES.get(kind) if kind else None
    try:
        return text if change is None else change(text)
    except (ValueError, ArithmeticError, InvalidOperation):
        return text


def canonical_text(kind: ValueKind | None, text: str) -> str | None:
    """Write a database's text of a value in the common spelling; None for the document `null`."""
    if kind is ValueKind.JSON:
        text = text.strip(" \t\r\n").replace("\r", " ").replace("\n", " ")
        if text == "null":
            return None
    return canonical(kind, text)


def canonical_forms(kind: ValueKind | None, forms: pa.Array) -> pa.Array:
    """Write value forms of a column in the common spelling; bytes as hexadecimal digits."""
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


def again(kind: ValueKind | None, reads: str, number: str = "") -> Again:
    """Read a column a second time by the database's own text of a value.

    Args:
        kind: as the column is planned.
        reads: SQL of that text, of bytes as hex digits, with `{c}` for the quoted column.
        number: see `SourceText`.
    """
    own = SourceText("{c}", partial(_forms, kind), number=number)
    if kind is ValueKind.JSON:
        own = SourceText(_trimmed(reads), own.translate, document=True)
    return Again(own, (reads,), partial(_again_text, kind))


def _trimmed(text: str) -> str:
    """SQL of a document without JSON white space around it; `trim` only removes spaces."""
    for space in "\t\r\n":
        text = f"replace({text}, '{space}', ' ')"
    return f"trim({text})"


def _forms(kind: ValueKind | None, forms: pa.Array) -> pa.Array:
    texts = canonical_forms(kind, forms)
    if kind is not ValueKind.TEXT:
        return texts
    return pa.array([text and text.rstrip(" ") for text in texts.to_pylist()], pa.string())


def _again_text(kind: ValueKind | None, value: str | bytes | None) -> str | None:
    if value is None:
        return None
    text = value.decode() if isinstance(value, bytes) else str(value)
    if kind is ValueKind.TEXT:
        return text.rstrip(" ")
    return canonical_text(kind, text)
