"""SQLite's SQL. Instants are RFC 3339 texts in UTC, whose order is that of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from afschrift.domain.keys import KeyMatch
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import DocumentPart, ValueKind
from afschrift.sources.dialect import NO_DOCUMENT, StandardDialect, unread
from afschrift.sources.json_parts import call
from afschrift.sources.sqlite.column_types import declared

_ARGUMENTS = 100  # a function of SQLite takes at most 127, and a table may have 2,000 columns
_NUMBERS = (ValueKind.INTEGER, ValueKind.NUMBER, ValueKind.DECIMAL, ValueKind.BOOLEAN)


class SqliteDialect(StandardDialect):
    """The dialect of SQLite. Functions that begin with `afschrift_` are defined in the session."""

    name = "sqlite"
    sorts_in_our_memory = True
    asks_each_row = True

    def relation(self, table: str) -> str:
        """Quote a table; a file has one schema, so a dot is part of the name."""
        return self.quote(table)

    def text(self, expression: str) -> str:
        """Cast to text."""
        return f"CAST({expression} AS TEXT)"

    def last_four(self, text: str) -> str:
        """Use `substr`: SQLite has no `right`."""
        return f"CASE WHEN length({text}) >= 8 THEN substr({text}, -4) ELSE '' END"

    def token(self, salt: str, text: str, digits: int = 8) -> str:
        """Use our function: SQLite has no SHA-256."""
        return f"substr(afschrift_token({salt}, {text}), 1, {digits})"

    def uuid_digits(self, column: str) -> str:
        """Use `length`: SQLite has no `octet_length` before 3.43."""
        return f"CASE WHEN length({column}) = 16 THEN {self.hexadecimal(column)} END"

    def is_text(self, native: str) -> bool:
        """Texts, and unknown declared types, which may hold texts."""
        kind, _ = declared(native)
        return kind is None or kind is ValueKind.TEXT

    def is_bytes(self, native: str) -> bool:
        """Columns declared as bytes."""
        return declared(native)[0] is ValueKind.BINARY

    def text_bytes(self, column: str, native: str) -> str:
        """The text with collation BINARY, whatever the column's collation."""
        return f"{self._as_text(column, native)} COLLATE BINARY"

    def key_form(self, column: str, native: str, match: str = KeyMatch.EXACT) -> str:
        """Normalise the bytes, because a text that is no UTF-8 cannot be passed to a function."""
        return self.normal_text(f"CAST({self._as_text(column, native)} AS BLOB)", match)

    def _as_text(self, column: str, native: str) -> str:
        """Cast to text; numbers, which columns of other declared types may hold, in their plain form."""
        plain = declared(native)[0] in (ValueKind.TEXT, ValueKind.BINARY)
        return self.text(column) if plain else f"({self.key_text(column, native)})"

    def normal_text(self, text: str, match: str, *, trimmed: bool = False) -> str:  # noqa: ARG002
        """Use our function, which calls `domain.keys`."""
        return f"afschrift_key_form({text}, '{match}')"

    def holds_value(self, column: str, native: str) -> str:
        """Compare numbers by value, and UUIDs in either case."""
        kind, _ = declared(native)
        if kind in _NUMBERS:
            return f"{column} = k.number COLLATE BINARY"
        if kind is ValueKind.UUID:
            return f"lower({column}) = lower(k.value)"
        if kind is ValueKind.BINARY:  # bytes are never equal to a text
            return f"{self.text_bytes(column, native)} = k.value"
        return f"{column} = k.value AND {column} = k.value COLLATE BINARY"

    def near_key(
        self, column: str, native: str, match: str = KeyMatch.EXACT, *, normal: bool = False
    ) -> tuple[str, str] | None:
        """Compare by the column's own collation, for its index; none can be made on a function of ours."""
        kind, _ = declared(native)
        if self.is_text(native):
            return (column, self.bound_form(match)) if normal else None
        if match == KeyMatch.DIGITS or kind in (ValueKind.UUID, ValueKind.BINARY):
            return None
        return column, "k.number" if kind in _NUMBERS else "k.value"

    def among(self, column: str) -> tuple[str, str]:
        """Use a list that does not depend on the row."""
        return f"{column} IN (", ")"

    def mentions(self, text: str, value: str) -> str:
        """Use `instr`: SQLite has no `position`."""
        return f"instr({text}, {value}) > 0"

    def matches(self, text: str, pattern: str) -> str:
        """Use our function: SQLite has no regular expressions. Text other than UTF-8 is searched too."""
        return f"afschrift_matches(CAST({text} AS BLOB), {pattern})"

    def plain(self, text: str) -> str:
        """Use our function, which reads text other than UTF-8 too."""
        return f"afschrift_plain(CAST({text} AS BLOB))"

    def replaced(self, text: str, pattern: str, by: str) -> str:
        """Use our function: SQLite has no regular expressions."""
        return f"afschrift_replaced({text}, {self.literal(pattern)}, {self.literal(by)})"

    def key_text(self, column: str, native: str) -> str:
        """Write a whole number without fraction: a customer number stored as 46.0 is 46 in other tables."""
        text = self.text(column)
        kind, _ = declared(native)
        if kind is ValueKind.UUID:
            return f"lower({text})"
        whole = f"CAST({column} AS INTEGER)"
        is_whole = f"typeof({column}) = 'real' AND {column} = {whole}"
        return f"CASE WHEN {is_whole} THEN {self.text(whole)} ELSE {text} END"

    def instant(self, column: str, native: str, zone: str | None) -> str:  # noqa: ARG002
        """Read times without an offset as times in the source's zone."""
        return f"afschrift_utc({column}, {self.literal(zone or 'UTC')})"

    def bound(self, instant: str) -> str:
        """Return the expression unchanged: `afschrift_utc` gives NULL outside the years 1 to 9999."""
        return instant

    def order(self, column: str, native: str) -> str:  # noqa: ARG002
        """Order texts by their bytes."""
        return f"{column} COLLATE BINARY"

    def row_order(self, expressions: Sequence[str]) -> str:
        """Order by a digest of the row, so that rows with the same digest are equal."""
        parts = [_digest(expressions[at : at + _ARGUMENTS]) for at in range(0, len(expressions), _ARGUMENTS)]
        return parts[0] if len(parts) == 1 else _digest(parts)

    def part_of(self, document: ColumnType, part: DocumentPart, place: str) -> ColumnType:
        """Use our functions: SQLite's own choose silently between two members with the same name."""
        if document.kind is not ValueKind.JSON:
            return unread(document, NO_DOCUMENT)
        return replace(document, value=call(self.literal, "{column}", part, place))


def _digest(expressions: Sequence[str]) -> str:
    return f"afschrift_digest({', '.join(expressions)})"
