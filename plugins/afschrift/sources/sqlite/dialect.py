"""SQLite's SQL. Instants are RFC 3339 texts in UTC, whose order is that of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    templates: Mapping[str, str] = {
        "among": "{column} IN ({select})",  # a list that does not depend on the row
        "bound": "{instant}",  # `afschrift_utc` gives NULL outside the years 1 to 9999
        "instant": "afschrift_utc({column}, {zone})",
        "last_four": "CASE WHEN length({text}) >= 8 THEN substr({text}, -4) ELSE '' END",
        "matches": "afschrift_matches(CAST({text} AS BLOB), {pattern})",  # text other than UTF-8 too
        "mentions": "instr({text}, {value}) > 0",
        "normal_text": "afschrift_key_form({text}, '{match}')",
        "order": "{column} COLLATE BINARY",
        "plain": "afschrift_plain(CAST({text} AS BLOB))",
        "replaced": "afschrift_replaced({text}, {pattern}, {by})",
        "text": "CAST({expression} AS TEXT)",
        "token": "substr(afschrift_token({salt}, {text}), 1, {digits})",
        "uuid_digits": "CASE WHEN length({column}) = 16 THEN {digits} END",
    }
    version_statement = "SELECT 'SQLite ' || sqlite_version()"
    sorts_in_our_memory = True
    asks_each_row = True

    def relation(self, table: str) -> str:
        """Quote a table; a file has one schema, so a dot is part of the name."""
        return self.quote(table)

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

    def key_text(self, column: str, native: str) -> str:
        """Write a whole number without fraction: a customer number stored as 46.0 is 46 in other tables."""
        text = self.text(column)
        kind, _ = declared(native)
        if kind is ValueKind.UUID:
            return f"lower({text})"
        whole = f"CAST({column} AS INTEGER)"
        is_whole = f"typeof({column}) = 'real' AND {column} = {whole}"
        return f"CASE WHEN {is_whole} THEN {self.text(whole)} ELSE {text} END"

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
