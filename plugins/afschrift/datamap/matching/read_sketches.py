"""Read sketches from a source by bounded statements. The salt is random for each pass and is not kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afschrift.datamap.matching.sketch import HASHES, Sketch
from afschrift.datamap.reader import NotAnsweredError, StatementRunner
from afschrift.domain.sources import ColumnType, Dialect
from afschrift.domain.value_kind import ValueKind
from afschrift.selection.map_entries import column_sql

SAMPLE_ROWS = 20_000
KEY_VALUES = 1 << 21
HASHED_ROWS = 40_000_000
"""Rows of a key's column that are hashed; a longer one is sampled where its database can."""

_CELLS = 40_000  # of a sample: a table with many columns is sampled with fewer rows
_FEWEST_ROWS = 500
_COLUMNS = 50  # of one statement
_CHARACTERS = 128
_DIGITS = 15
_SIGNS = "-{}"
_UUID_DIGITS = 32
_FRACTION = re.compile(r"\(\s*\d+\s*,\s*[1-9]")
_KINDS = (ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.TEXT, ValueKind.UUID, ValueKind.BINARY)
_NUMBERS = (ValueKind.INTEGER, ValueKind.DECIMAL)
_Piece = tuple[NDArray[np.uint64], NDArray[np.uint8]]
_SHORT, _LONG, _SPACED, _RESPELLED, _BYTES = range(5)
"""Marks of a value: counting makes it too; it does not; it has a space; another spelling of a uuid; bytes."""


def could_be_key(found: ColumnType) -> bool:
    """Whether a column's type can hold keys: whole numbers, texts, uuids, bytes."""
    fraction = found.kind is ValueKind.DECIMAL and _FRACTION.search(found.native)
    return found.kind in _KINDS and not found.closed and not fraction


def new_salt() -> str:
    """Return the salt of a pass; it is kept nowhere."""
    return secrets.token_hex(16)


class SketchReader:
    """Makes sketches that can be compared with each other, also those of different sources.

    Args:
        salt: of the pass, the same for all its sources.
    """

    def __init__(self, reader: StatementRunner, salt: str) -> None:
        self._reader = reader
        self.salt = salt

    def sample(
        self, relation: str, columns: Mapping[str, ColumnType], rows: int | None = None
    ) -> dict[str, Sketch]:
        """Return sketches of columns of some rows of a table; those of a small table are whole.

        Args:
            relation: SQL expression of the table in a FROM clause.
            columns: of it, each with a type that could be a key.
            rows: of the table, by the database's statistics; None: not known.

        Raises:
            NotAnsweredError, NotReachedError: the source gave no result.
        """
        most = min(SAMPLE_ROWS, max(_FEWEST_ROWS, _CELLS // max(len(columns), 1)))
        some = None
        if (rows or 0) > 2 * most:
            some = self._reader.dialect.sampled(relation, min(1.0, 1.5 * most / (rows or 1)))
        part = f"(SELECT * FROM {some or relation} LIMIT {most})"  # noqa: S608 - quoted
        names, found = list(columns), dict[str, Sketch]()
        for at in range(0, len(names), _COLUMNS):
            found |= self._sample(
                part, {name: columns[name] for name in names[at : at + _COLUMNS]}, most, rows
            )
        return found

    def _sample(
        self, relation: str, columns: Mapping[str, ColumnType], most: int, rows: int | None
    ) -> dict[str, Sketch]:
        rows_read = self._reader.rows(self._statement(relation, columns))
        total = len(rows_read) if len(rows_read) < most else max(rows or 0, most + 1)
        values = zip(*rows_read, strict=True) if rows_read else ([] for _ in columns)
        spans = self._spans(relation, columns) if rows_read else {}
        return {
            name: _sketch([self._parsed(column)], len(rows_read), total, spans.get(name))
            for name, column in zip(columns, values, strict=True)
        }

    def key(self, relation: str, name: str, found: ColumnType, rows: int | None = None) -> Sketch:
        """Return the sketch of a whole column, up to a number of values: above it by their hashes.

        Args:
            relation: SQL expression of the table in a FROM clause.
            name: of the column.
            found: its type.
            rows: of the table, by the database's statistics; None: they are counted.

        Raises:
            NotAnsweredError, NotReachedError: the source gave no result.
        """
        if rows is None:
            limited = f"(SELECT 1 AS n FROM {relation} AS r LIMIT {HASHED_ROWS + 1})"  # noqa: S608 - quoted
            rows = int(self._reader.rows(f"SELECT count(*) FROM {limited} AS t")[0][0])  # noqa: S608 - quoted
        part, hashed = 1.0, min(rows, HASHED_ROWS)
        if rows > hashed:
            some = self._reader.dialect.sampled(relation, hashed / rows)
            part = hashed / rows if some else 1.0
            relation = f"(SELECT * FROM {some or f'{relation} LIMIT {hashed}'})"  # noqa: S608 - quoted
        ceiling = min(HASHES, HASHES * KEY_VALUES // max(1, hashed))
        statement = self._statement(relation, {name: found}, ceiling)
        read = self._reader.ask(
            lambda session: [
                (batch.num_rows, *self._parsed(batch.column(0).to_pylist(), ceiling))
                for batch in session.stream(statement)
            ]
        )
        span = self._spans(relation, {name: found}).get(name)
        if ceiling == HASHES:  # statistics may be old
            hashed = sum(count for count, _, _ in read)
            rows = rows if part < 1.0 or rows > HASHED_ROWS else hashed
        return _sketch([(hashes, long) for _, hashes, long in read], hashed, rows, span, ceiling, part)

    def _statement(self, relation: str, columns: Mapping[str, ColumnType], ceiling: int = HASHES) -> str:
        dialect = self._reader.dialect
        hashes = self._hashes(dialect)
        made = [
            _hash_sql(dialect, self.salt, name, found) if hashes else _value_sql(dialect, name, found)
            for name, found in columns.items()
        ]
        selected = ", ".join(f"{sql} AS c{number}" for number, sql in enumerate(made))
        statement = f"SELECT {selected}\nFROM {relation} AS t\nWHERE 1 = 1"
        below = dialect.literal(f"{ceiling:0{_DIGITS}x}0")
        return f"{statement} AND {made[0]} < {below}" if hashes and ceiling < HASHES else statement

    def _parsed(self, values: Iterable[Any], ceiling: int = HASHES) -> _Piece:
        """Hashes of the values that are not NULL, and the mark of each."""
        there = (value for value in values if value is not None)
        made = there if self._hashes(self._reader.dialect) else (_hashed(self.salt, value) for value in there)
        numbers = np.frombuffer(bytes.fromhex("".join(filter(None, made))), dtype=">u8").astype(np.uint64)
        numbers = numbers[numbers < np.uint64(ceiling << 4)] if ceiling < HASHES else numbers
        return numbers >> np.uint64(4), (numbers & np.uint64(15)).astype(np.uint8)

    @staticmethod
    def _hashes(dialect: Dialect) -> bool:
        """Whether the warehouse makes the hashes."""
        return dialect.token("''", "''", _DIGITS) is not None

    def _spans(self, relation: str, columns: Mapping[str, ColumnType]) -> dict[str, int]:
        numbers = {name: found for name, found in columns.items() if found.kind in _NUMBERS}
        quoted = [self._reader.dialect.quote(name) for name in numbers]
        if not numbers:
            return {}
        selected = ", ".join(f"max(t.{name}) - min(t.{name})" for name in quoted)
        try:
            [spans] = self._reader.rows(f"SELECT {selected} FROM {relation} AS t")  # noqa: S608 - quoted
        except NotAnsweredError:  # such as a difference that no number of 64 bits holds
            return dict.fromkeys(numbers, HASHES)
        return {name: _whole(span) for name, span in zip(numbers, spans, strict=True)}


def _whole(span: Any) -> int:
    """Return a span as a whole number: a numeric of a view may have fractions, or be NaN."""
    try:
        return int(Decimal(str(span or 0)))
    except (ArithmeticError, ValueError):
        return HASHES


def _sketch(
    pieces: Sequence[_Piece],
    rows: int,
    total: int,
    span: int | None,
    ceiling: int = HASHES,
    part: float = 1.0,
) -> Sketch:
    every = np.concatenate([hashes for hashes, _ in pieces]) if pieces else np.empty(0, dtype=np.uint64)
    hashes, first, counts = np.unique(every, return_index=True, return_counts=True)
    marks = np.concatenate([marks for _, marks in pieces])[first] if pieces else np.empty(0, dtype=np.uint8)
    shares = np.bincount(marks, minlength=_BYTES + 1) / max(len(marks), 1)
    long, form = float(shares[[_LONG, _RESPELLED, _BYTES]].sum()), int(shares[_RESPELLED:].argmax())
    spelling = ("another spelling", "bytes")[form] if shares[_RESPELLED:].any() else ""
    spaced = float(shares[_SPACED])
    once = counts.size == 0 or counts.max() == 1  # of a key, which takes no memory for them
    counts = np.broadcast_to(np.int32(1), counts.shape) if once else counts.astype(np.int32)
    return Sketch(hashes, counts, rows, long, spaced, spelling, total, ceiling, part, span)


def _value_sql(dialect: Dialect, name: str, found: ColumnType) -> str:
    column = column_sql(dialect, name, found)
    return column if found.kind is ValueKind.BINARY else dialect.key_text(column, found.native)


def _hash_sql(dialect: Dialect, salt: str, name: str, found: ColumnType) -> str:
    """SQL of the hash of a value in its normal form, 15 hex digits, and its mark.

    A uuid is 32 hex digits in small letters, whatever its type and spelling. Other texts stay as they are.
    """
    column = column_sql(dialect, name, found)
    binary = found.kind is ValueKind.BINARY
    text = dialect.hexadecimal(column) if binary else dialect.key_text(column, found.native)
    plain, mark = text, f"'{_BYTES if binary else _SHORT}'"
    if found.kind not in (*_NUMBERS, ValueKind.BINARY):
        bare = dialect.without(text, _SIGNS)
        plain = f"CASE WHEN length({bare}) = {_UUID_DIGITS} THEN lower({bare}) ELSE {text} END"
        letters = f"length({text}) >= 4 AND length({dialect.without(text, '0123456789')}) > 0"
        spaced = f"WHEN length({dialect.without(text, ' ')}) < length({text}) THEN '{_SPACED}'"
        usual = f"length({text}) = {_UUID_DIGITS + 4} AND lower({text}) = {text}"
        other = f"WHEN length({bare}) = {_UUID_DIGITS} AND NOT ({usual}) THEN '{_RESPELLED}'"
        mark = (
            f"CASE {spaced} {other} WHEN length({text}) >= 8 OR {letters} THEN '{_LONG}' ELSE '{_SHORT}' END"
        )
    token = dialect.token(dialect.literal(salt), plain, _DIGITS)
    held = f"length({text}) = {_UUID_DIGITS}" if binary else f"length({text}) BETWEEN 1 AND {_CHARACTERS}"
    return f"CASE WHEN {held} THEN {token} || {mark} END"


def _hashed(salt: str, value: Any) -> str | None:
    """The same of a value that was read, as the database cannot hash."""
    if isinstance(value, bytes) and len(value) * 2 != _UUID_DIGITS:
        return None
    text = value.hex() if isinstance(value, bytes) else str(value)
    if not 0 < len(text) <= _CHARACTERS:
        return None
    bare = text.translate(dict.fromkeys(map(ord, _SIGNS)))
    plain = bare.lower() if len(bare) == _UUID_DIGITS else text
    long = len(text) >= 8 or (len(text) >= 4 and bool(text.strip("0123456789")))
    usual = len(text) == _UUID_DIGITS + 4 and text.islower()
    mark = _LONG if long and not isinstance(value, int) else _SHORT
    mark = _RESPELLED if len(bare) == _UUID_DIGITS and not usual else mark
    mark = _BYTES if isinstance(value, bytes) else _SPACED if " " in text else mark
    return f"{hashlib.sha256(f'{salt}{plain}'.encode()).hexdigest()[:_DIGITS]}{mark}"
