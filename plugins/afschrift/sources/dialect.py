"""What most databases spell alike. Each dialect overrides what its own spells otherwise."""

from __future__ import annotations

from dataclasses import replace

from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import DocumentPart
from afschrift.sources.key_table import KEY_TABLE


class StandardDialect:
    """Standard SQL; the other methods of `domain.sources.Dialect` differ everywhere."""

    keys = KEY_TABLE
    one_row = "LIMIT 1"
    hides_tables = False
    names_collations = False
    sorts_in_our_memory = False
    gathers_keys = False
    asks_each_row = False

    def quote(self, identifier: str) -> str:
        """Double quotes, doubled inside."""
        return '"' + identifier.replace('"', '""') + '"'

    def relation(self, table: str) -> str:
        """`schema.table` is quoted by its parts."""
        return ".".join(self.quote(part) for part in table.split("."))

    def literal(self, text: str) -> str:
        """Single quotes, doubled inside; there is no other escape."""
        return "'" + text.replace("'", "''") + "'"

    def text(self, expression: str) -> str:
        """A value as text."""
        return f"CAST({expression} AS VARCHAR)"

    def last_four(self, text: str) -> str:
        """Nothing of a text of fewer than eight characters: it would be given away whole."""
        return f"CASE WHEN length({text}) >= 8 THEN right({text}, 4) ELSE '' END"

    def token(self, salt: str, text: str) -> str | None:  # noqa: ARG002
        """No function for SHA-256 is in the standard."""
        return None

    def typed_key(self, value: str, native: str) -> str:  # noqa: ARG002
        """A key's text as a column's type; NULL where it is none of its values."""
        return value

    def holds_key(self, column: str, native: str, *, casefold: bool) -> str:
        """The column equals the key `k`."""
        if casefold:
            return f"lower({column}) = lower(k.value)"
        return f"{column} = {self.typed_key('k.value', native)}"

    def key_sides(self, column: str, native: str, *, casefold: bool) -> tuple[str, str] | None:  # noqa: ARG002
        """Most databases ask the keys row by row."""
        return None

    def near_key(self, native: str, *, casefold: bool) -> str | None:  # noqa: ARG002
        """Not asked for."""
        return None

    def among(self, column: str) -> tuple[str, str] | None:  # noqa: ARG002
        """Not all databases use an index then."""
        return None

    def mentions(self, text: str, value: str) -> str:
        """By the signs themselves."""
        return f"position({value} IN {text}) > 0"

    def matches(self, text: str, pattern: str) -> str | None:  # noqa: ARG002
        """No regular expressions are in all databases."""
        return None

    def without(self, text: str, signs: str) -> str:
        """One sign after the other: not all databases know `translate`."""
        for sign in signs:
            text = f"replace({text}, {self.literal(sign)}, '')"
        return text

    def joins(self, own: tuple[str, str], theirs: tuple[str, str]) -> str:
        """By the database's own equality, as its foreign keys."""
        return f"{own[0]} = {theirs[0]}"

    def sampled(self, relation: str, share: float) -> str | None:  # noqa: ARG002
        """Not all databases draw rows."""
        return None

    def beginning(self, text: str, most: int) -> str:
        """Not `left`, which SQLite has not."""
        return f"substr({text}, 1, {most})"

    def part_of(self, document: ColumnType, part: DocumentPart, place: str) -> ColumnType:  # noqa: ARG002
        """Not all databases take a document apart without changing a digit."""
        return unread(document, "give the person a view that has each member as a column of its own.")


NO_DOCUMENT = "let `path` lead into a document: JSON (`kind: json` at a column of text) or a struct."
NO_FIELD = "let `path` name fields that the type has, spelt as there; none leads into a list or a map."


def unread(document: ColumnType, remedy: str) -> ColumnType:
    """A part of a document that cannot be read; of the whole it is not known either what is the rest."""
    return replace(document, kind=None, remedy=remedy)
