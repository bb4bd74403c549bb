"""Read sketches from a source by bounded statements. The salt is random for each pass and is not kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64decode
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from afschrift.datamap.matching.sketch import HASHES, Sketch
from afschrift.datamap.reader import NotAnsweredError, StatementRunner
from afschrift.domain.sources import ColumnType, Dialect, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.selection.map_entries import column_sql

SAMPLE_ROWS = 20_000
KEY_VALUES = 1 << 21
HASHED_ROWS = 40_000_000
"""Rows of a key's column that are hashed; a longer one is sampled where its database can."""

_CELLS = 20_000  # of a sample: a table with many columns is sampled with fewer rows
_FEWEST_ROWS = 500
_COLUMNS = 50  # of one statement
_CHARACTERS = 128
_DIGITS = 15
_SIGNS = "-{}"
_UUID_DIGITS = 32
_FRACTION = re.compile(r"\(\s*\d+\s*,\s*[1-9]")
_KINDS = (ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.TEXT, ValueKind.UUID, ValueKind.BINARY)
_NUMBERS = (ValueKind.INTEGER, ValueKind.DECIMAL)
_MARK, _MARKS = np.uint64(4), np.uint8(15)
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
        most: rows of a sample; None: `SAMPLE_ROWS`.
    """

    def __init__(self, reader: StatementRunner, salt: str, most: int | None = None) -> None:
        self._reader, self.salt, self._most = reader, salt, most

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
        most = min(self._most or SAMPLE_ROWS, max(_FEWEST_ROWS, _CELLS // max(len(columns), 1)))
        some = None
        if (rows or 0) > 2 * most:
            some = self._reader.dialect.sampled(relation, min(1.0, 1.5 * most / (rows or 1)))
        part = f"(SELECT * FROM {some or relation} LIMIT {most})"  # noqa: S608 - quoted
        names, found = list(columns), dict[str, Sketch]()
        for at in range(0, len(names), _COLUMNS):
            some_columns = {name: columns[name] for name in names[at : at + _COLUMNS]}
            read, pieces = self._read(part, some_columns)
            total = read if read < most else max(rows or 0, most + 1)
            spans = self._spans(part, some_columns) if read else {}
            for name, hashes in zip(some_columns, pieces, strict=True):
                found[name] = _sketch(hashes, read, total, spans.get(name))
        return found

    def _read(
        self, relation: str, columns: Mapping[str, ColumnType], ceiling: int = HASHES
    ) -> tuple[int, list[NDArray[np.uint64]]]:
        """The number of rows, and of each column the hashes of its values with their marks."""
        statement = self._statement(relation, columns, ceiling)

        def read(session: Source) -> tuple[int, list[bytearray]]:
            rows, found = 0, [bytearray() for _ in columns]
            for batch in session.stream(statement):
                rows += batch.num_rows
                for hashes, values, of in zip(found, batch, columns.values(), strict=True):
                    hashes += bytes.fromhex("".join(self._hashed(values, of.kind, ceiling)))
            return rows, found

        rows, found = self._reader.ask(read)
        # In place: a key has millions.
        return rows, [np.frombuffer(hashes, dtype=np.uint64).byteswap(inplace=True) for hashes in found]

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
        read, [hashes] = self._read(relation, {name: found}, ceiling)
        span = self._spans(relation, {name: found}).get(name)
        if ceiling == HASHES:  # statistics may be old
            hashed = read
            rows = rows if part < 1.0 or rows > HASHED_ROWS else hashed
        return _sketch(hashes, hashed, rows, span, ceiling, part)

    def _statement(self, relation: str, columns: Mapping[str, ColumnType], ceiling: int = HASHES) -> str:
        dialect, hashes = self._reader.dialect, self._hashes
        made = [_hash_sql(dialect, self.salt if hashes else None, *column) for column in columns.items()]
        selected = ", ".join(f"{sql} AS c{number}" for number, sql in enumerate(made))
        statement = f"SELECT {selected}\nFROM {relation} AS t\nWHERE 1 = 1"
        below = f"{made[0]} < {dialect.literal(_below(ceiling))}"
        return f"{statement} AND {below}" if hashes and ceiling < HASHES else statement

    def _hashed(self, values: pa.Array, kind: ValueKind | None, ceiling: int) -> list[str]:
        """Hashes of the values that are not NULL, and their marks, in hex digits."""
        there: list[str] = values.drop_null().to_pylist()
        if self._hashes:
            return there
        below = _below(ceiling)
        made = (_hashed(self.salt, str(value), kind) for value in there)
        return [hashed for hashed in made if hashed and (ceiling == HASHES or hashed < below)]

    @cached_property
    def _hashes(self) -> bool:
        """Whether the warehouse makes the hashes."""
        return self._reader.dialect.token("''", "''", _DIGITS) is not None

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


def _below(ceiling: int) -> str:
    return f"{ceiling:0{_DIGITS}x}0"


def _whole(span: Any) -> int:
    """Return a span as a whole number: a numeric of a view may have fractions, or be NaN."""
    try:
        return int(Decimal(str(span or 0)))
    except (ArithmeticError, ValueError):
        return HASHES


def _sketch(
    marked: NDArray[np.uint64],
    rows: int,
    total: int,
    span: int | None,
    ceiling: int = HASHES,
    part: float = 1.0,
) -> Sketch:
    """Make a sketch of hashes with marks, in place: a key has millions."""
    marked.sort()
    marks = marked.astype(np.uint8) & _MARKS
    marked >>= _MARK
    new = np.append(True, marked[1:] != marked[:-1])[: len(marked)]
    counts = np.broadcast_to(np.int32(1), marked.shape)
    if not new.all():
        counts = np.diff(np.flatnonzero(new), append=len(marked)).astype(np.int32)
        marked, marks = marked[new], marks[new]
    shares = np.array([np.count_nonzero(marks == mark) for mark in range(_BYTES + 1)]) / max(len(marks), 1)
    long, form = float(shares[[_LONG, _RESPELLED, _BYTES]].sum()), int(shares[_RESPELLED:].argmax())
    spelling = ("another spelling", "bytes")[form] if shares[_RESPELLED:].any() else ""
    spaced = float(shares[_SPACED])
    return Sketch(marked, counts, rows, long, spaced, spelling, total, ceiling, part, span)


def _hash_sql(dialect: Dialect, salt: str | None, name: str, found: ColumnType) -> str:
    """SQL of the hash of a value in its normal form, 15 hex digits, and its mark; without salt, of the value.

    A uuid is 32 hex digits in small letters, whatever its type and spelling. Other texts stay as they are.
    What costs much is computed for the few texts of a length that needs it.
    """
    column = column_sql(dialect, name, found)
    binary = found.kind is ValueKind.BINARY
    if salt is None:
        return column if binary else dialect.key_text(column, found.native)
    text = dialect.hexadecimal(column) if binary else dialect.key_text(column, found.native)
    length, plain, mark = f"length({text})", text, f"'{_BYTES if binary else _SHORT}'"
    if found.kind not in (*_NUMBERS, ValueKind.BINARY):
        bare = dialect.without(text, _SIGNS)
        is_uuid = f"{length} >= {_UUID_DIGITS} AND length({bare}) = {_UUID_DIGITS}"
        plain = f"CASE WHEN {is_uuid} THEN lower({bare}) ELSE {text} END"
        letters = f"length({dialect.without(text, '0123456789')}) > 0"
        usual = f"{length} = {_UUID_DIGITS + 4} AND lower({text}) = {text}"
        spaced = dialect.mentions(f"({text})", "' '")
        mark = (
            f"CASE WHEN {spaced} THEN '{_SPACED}' WHEN {length} < 4 THEN '{_SHORT}' "
            f"WHEN {length} < 8 THEN CASE WHEN {letters} THEN '{_LONG}' ELSE '{_SHORT}' END "
            f"WHEN {usual} THEN '{_LONG}' WHEN {is_uuid} THEN '{_RESPELLED}' ELSE '{_LONG}' END"
        )
    token = dialect.token(dialect.literal(salt), plain, _DIGITS)
    held = f"{length} = {_UUID_DIGITS}" if binary else f"{length} BETWEEN 1 AND {_CHARACTERS}"
    return f"CASE WHEN {held} THEN {token} || {mark} END"


def _hashed(salt: str, text: str, kind: ValueKind | None) -> str | None:
    """The same of a value that was read, as the database cannot hash."""
    if kind is ValueKind.BINARY:
        text = b64decode(text).hex()
    if not 0 < len(text) <= _CHARACTERS or (kind is ValueKind.BINARY and len(text) != _UUID_DIGITS):
        return None
    bare = text.translate(dict.fromkeys(map(ord, _SIGNS)))
    plain = bare.lower() if len(bare) == _UUID_DIGITS else text
    long = len(text) >= 8 or (len(text) >= 4 and bool(text.strip("0123456789")))
    usual = len(text) == _UUID_DIGITS + 4 and text.islower()
    mark = _LONG if long and kind not in _NUMBERS else _SHORT
    mark = _RESPELLED if len(bare) == _UUID_DIGITS and not usual else mark
    mark = _BYTES if kind is ValueKind.BINARY else _SPACED if " " in text else mark
    return f"{hashlib.sha256(f'{salt}{plain}'.encode()).hexdigest()[:_DIGITS]}{mark}"
