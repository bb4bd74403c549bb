"""What most databases spell alike. Each dialect overrides what its own spells otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import KeyMatch
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import DocumentPart
from afschrift.sources.key_table import KEY_TABLE

CAPITALS, SMALL = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
BLANK = r"[\x09-\x0d\x1c-\x20\x85\p{Z}]"
"""A sign of `domain.keys.BLANKS`, in the regular expressions of RE2, PCRE and ICU."""
AT_ENDS = rf"^{BLANK}+|{BLANK}+\z"
DOTTED, KEPT = "\u0130", "\uf8ff"
"""`İ`, which databases make an `i`; and a sign of no alphabet, in its place meanwhile."""


DOUBLE = 2**53
"""Up to here a float of 64 bits holds every integer."""


class StandardDialect:
    """Standard SQL; the other methods of `domain.sources.Dialect` differ everywhere."""

    keys = KEY_TABLE
    one_row = "LIMIT 1"
    hides_tables = False
    compares_bytes = True
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

    def of_table(self, template: str, column: str) -> str:
        """A template of an expression over a column of the table `t`."""
        return template.format(column=f"t.{self.quote(column)}")

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

    def is_text(self, native: str) -> bool:
        """As each database names its types."""
        raise NotImplementedError

    def is_bytes(self, native: str) -> bool:  # noqa: ARG002
        """Most databases compare bytes with nothing else."""
        return False

    def exact_below(self, native: str) -> int | None:  # noqa: ARG002
        """Up to where a type of floats holds every integer; None: it is none, or is compared without loss."""
        return None

    def text_bytes(self, column: str, native: str) -> str:
        """As each database spells it."""
        raise NotImplementedError

    def key_text(self, column: str, native: str) -> str:
        """As each database spells it."""
        raise NotImplementedError

    def normal_text(self, text: str, match: str, *, trimmed: bool = False) -> str:
        """The normal form of a text; `trimmed`: it is in that of `exact` already."""
        raise NotImplementedError

    def key_form(self, column: str, native: str, match: str = KeyMatch.EXACT) -> str:
        """Of the column's bytes as text."""
        return self.normal_text(self.text_bytes(column, native), match)

    def bound_form(self, match: str) -> str:
        """The normal form of the bound key, of which `value` is the one of `exact`."""
        return "k.value" if match == KeyMatch.EXACT else self.normal_text("k.value", match, trimmed=True)

    def holds_key(
        self, column: str, native: str, match: str = KeyMatch.EXACT, *, normal: bool = False
    ) -> str:
        """What is no text by its value; a text by its normal form, or by the column's index and its bytes."""
        if not self.is_text(native) and match != KeyMatch.DIGITS:
            return self.holds_value(column, native)
        if not normal or not self.is_text(native):
            return f"{self.key_form(column, native, match)} = {self.bound_form(match)}"
        same = f"{self.text_bytes(column, native)} = {self.bound_form(match)}"
        return f"{self.likens_key(column, native, match)} AND {same}"

    def holds_value(self, column: str, native: str) -> str:
        """A column of anything but texts holds the key."""
        return f"{column} = {self.typed_key('k.value', native)}"

    def likens_key(self, column: str, native: str, match: str = KeyMatch.EXACT) -> str:
        """By the equality that is the column's own, and so by its index."""
        return f"{column} = {self.typed_key(self.bound_form(match), native)}"

    def key_sides(self, *_: Any, **__: Any) -> tuple[str, str] | None:
        """Most databases ask the keys row by row."""
        return None

    def near_key(self, *_: Any, **__: Any) -> tuple[str, str] | None:
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

    def joins(self, own: tuple[str, str], theirs: tuple[str, str], *, loose: bool = True) -> str:
        """By the database's own equality, for its index; where that is not one of bytes, by those too.

        A text or bytes beside a number would be taken for one: `01` for 1. An integer beside a float would be
        rounded to one.
        """
        sides = own, theirs
        texts = [self.is_text(native) for _, native in sides]
        in_bytes = [self.is_bytes(native) for _, native in sides]
        limits = [self.exact_below(native) for _, native in sides]
        same = f"{self.text_bytes(*own)} = {self.text_bytes(*theirs)}"
        if any(texts) or in_bytes[0] != in_bytes[1]:
            return same if not all(texts) else self.likens(own, theirs) + (f" AND {same}" if loose else "")
        if limits.count(None) != 1:
            return self.likens(own, theirs)
        (whole, _), most = sides[limits.index(None)], max(filter(None, limits)) - 1
        return f"{self.likens(own, theirs)} AND {whole} BETWEEN -{most} AND {most}"

    def likens(self, own: tuple[str, str], theirs: tuple[str, str]) -> str:
        """As its foreign keys do."""
        return f"{own[0]} = {theirs[0]}"

    def bound(self, instant: str) -> str:
        """Python, which reads it, knows the years 1 to 9999."""
        within = "BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59+00'"
        return f"CASE WHEN {instant} {within} THEN {instant} END"

    def order(self, column: str, native: str) -> str:
        """Texts by their bytes, whatever their collation."""
        return self.text_bytes(column, native) if self.is_text(native) else column

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


def bytes_refused(column: str) -> ConfigurationError:
    """Of a database that cannot be asked for the text of some bytes, or not without an error."""
    return ConfigurationError(
        f"{column} holds a key as bytes, which are not compared with texts here.",
        remedy="give the table a view that decodes the column, such as PostgreSQL's "
        "`convert_from(column, 'UTF8') AS column`, and name the view in the inventory.",
    )


def unread(document: ColumnType, remedy: str) -> ColumnType:
    """A part of a document that cannot be read; of the whole it is not known either what is the rest."""
    return replace(document, kind=None, remedy=remedy)
