"""The SQL that most databases share. Each dialect overrides what its database writes differently."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import KeyMatch
from afschrift.domain.plain_text import DASHES, INVISIBLE, NARROW, SPACES, WIDE
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import DocumentPart
from afschrift.sources.person_keys import KEY_TABLE

CAPITALS, SMALL = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
BLANK = r"[\x09-\x0d\x1c-\x20\x85\p{Z}]"
"""A character of `domain.keys.BLANKS`, as a regular expression of RE2, PCRE and ICU."""
AT_ENDS = rf"^{BLANK}+|{BLANK}+\z"
DOTTED, KEPT = "\u0130", "\uf8ff"
"""`İ`, which databases lower to `i`; and the private-use character that takes its place while they lower."""


ODD = f"{SPACES}{DASHES}{WIDE}{INVISIBLE}"
USUAL = f"{' ' * len(SPACES)}{'-' * len(DASHES)}{NARROW}"
"""Signs that `translate` makes plain, and those that replace them; the rest is left out."""

DOUBLE = 2**53
"""A float of 64 bits holds every integer up to this one."""


class StandardDialect:
    """Standard SQL. Methods of `domain.sources.Dialect` that are not here differ in every database."""

    keys = KEY_TABLE
    one_row = "LIMIT 1"
    hides_tables = False
    account = ""
    compares_bytes = True
    sorts_in_our_memory = False
    gathers_keys = False
    asks_each_row = False

    def quote(self, identifier: str) -> str:
        """Put in double quotes, and double those inside."""
        return '"' + identifier.replace('"', '""') + '"'

    def relation(self, table: str) -> str:
        """Quote the parts of `schema.table` separately."""
        return ".".join(self.quote(part) for part in table.split("."))

    def literal(self, text: str) -> str:
        """Put in single quotes, and double those inside; there is no other escape."""
        return "'" + text.replace("'", "''") + "'"

    def of_table(self, template: str, column: str) -> str:
        """Fill a template with a column of the table `t`."""
        return template.format(column=f"t.{self.quote(column)}")

    def text(self, expression: str) -> str:
        """Cast to text."""
        return f"CAST({expression} AS VARCHAR)"

    def last_four(self, text: str) -> str:
        """Return nothing of a text of fewer than eight characters: the last four would give it away."""
        return f"CASE WHEN length({text}) >= 8 THEN right({text}, 4) ELSE '' END"

    def token(self, salt: str, text: str, digits: int = 8) -> str | None:  # noqa: ARG002
        """Return None: standard SQL has no function for SHA-256."""
        return None

    def hexadecimal(self, column: str) -> str:
        """Use `hex`, as most databases have it."""
        return f"lower(hex({column}))"

    def uuid_digits(self, column: str) -> str | None:
        """Use `octet_length`, so that long bytes are not converted."""
        return f"CASE WHEN octet_length({column}) = 16 THEN {self.hexadecimal(column)} END"

    def typed_key(self, value: str, native: str) -> str:  # noqa: ARG002
        """Cast a key's text to a column's type; NULL if it is no value of that type."""
        return value

    def is_text(self, native: str) -> bool:
        """Each database names its types differently."""
        raise NotImplementedError

    def is_bytes(self, native: str) -> bool:  # noqa: ARG002
        """Return False: most databases compare bytes only with bytes."""
        return False

    def exact_below(self, native: str) -> int | None:  # noqa: ARG002
        """The integer up to which a float type is exact; None if it is no float, or is compared exactly."""
        return None

    def index_on(self, relation: str, form: str) -> str | None:  # noqa: ARG002
        """Return None: not all databases have an index on an expression, or functions that one may have."""
        return None

    def text_bytes(self, column: str, native: str) -> str:
        """Each database writes this differently."""
        raise NotImplementedError

    def key_text(self, column: str, native: str) -> str:
        """Each database writes this differently."""
        raise NotImplementedError

    def normal_text(self, text: str, match: str, *, trimmed: bool = False) -> str:
        """The normal form of a text; `trimmed` if it already has the form of `exact`."""
        raise NotImplementedError

    def key_form(self, column: str, native: str, match: str = KeyMatch.EXACT) -> str:
        """The normal form of the column's text."""
        return self.normal_text(self.text_bytes(column, native), match)

    def bound_form(self, match: str) -> str:
        """The normal form of the bound key; the key table's `value` has the form of `exact`."""
        return "k.value" if match == KeyMatch.EXACT else self.normal_text("k.value", match, trimmed=True)

    def holds_key(
        self, column: str, native: str, match: str = KeyMatch.EXACT, *, normal: bool = False
    ) -> str:
        """Compare texts by their normal form, and other types by value.

        If the column stores normal forms, compare by its own equality, for its index, and by bytes.
        """
        if not self.is_text(native) and match != KeyMatch.DIGITS:
            return self.holds_value(column, native)
        if not normal or not self.is_text(native):
            return f"{self.key_form(column, native, match)} = {self.bound_form(match)}"
        same = f"{self.text_bytes(column, native)} = {self.bound_form(match)}"
        return f"{self.likens_key(column, native, match)} AND {same}"

    def holds_value(self, column: str, native: str) -> str:
        """Condition that a column of a type other than text holds the key."""
        return f"{column} = {self.typed_key('k.value', native)}"

    def likens_key(self, column: str, native: str, match: str = KeyMatch.EXACT) -> str:
        """Compare by the column's own equality, so that its index can be used."""
        return f"{column} = {self.typed_key(self.bound_form(match), native)}"

    def key_sides(self, *_: Any, **__: Any) -> tuple[str, str] | None:
        """Return None: most databases look up the keys row by row."""
        return None

    def near_key(self, *_: Any, **__: Any) -> tuple[str, str] | None:
        """Return None: not used in most databases."""
        return None

    def among(self, column: str) -> tuple[str, str] | None:  # noqa: ARG002
        """Return None: not all databases use an index then."""
        return None

    def mentions(self, text: str, value: str) -> str:
        """Search for the characters unchanged."""
        return f"position({value} IN {text}) > 0"

    def matches(self, text: str, pattern: str) -> str | None:  # noqa: ARG002
        """Return None: not all databases have regular expressions."""
        return None

    def plain(self, text: str) -> str:
        """Use small letters alone: not all databases can replace so many signs."""
        return f"lower({text})"

    def replaced(self, text: str, pattern: str, by: str) -> str:  # noqa: ARG002
        """Return the text unchanged: not all databases have regular expressions."""
        return text

    def without(self, text: str, signs: str) -> str:
        """Remove one character after the other: not all databases have `translate`."""
        for sign in signs:
            text = f"replace({text}, {self.literal(sign)}, '')"
        return text

    def joins(self, own: tuple[str, str], theirs: tuple[str, str], *, loose: bool = True) -> str:
        """Compare by the database's own equality, for its index, and by bytes if that equality is loose.

        A database that compares a text or bytes with a number converts it: `01` would equal 1. It would round
        an integer that it compares with a float, so such integers must be in the exact range.
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
        """Compare as the database's foreign keys do."""
        return f"{own[0]} = {theirs[0]}"

    def bound(self, instant: str) -> str:
        """Restrict to the years 1 to 9999, which Python can read."""
        within = "BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59+00'"
        return f"CASE WHEN {instant} {within} THEN {instant} END"

    def order(self, column: str, native: str) -> str:
        """Order texts by their bytes, whatever their collation, so that the order is the same everywhere."""
        return self.text_bytes(column, native) if self.is_text(native) else column

    def sampled(self, relation: str, share: float) -> str | None:  # noqa: ARG002
        """Return None: not all databases can sample rows."""
        return None

    def beginning(self, text: str, most: int) -> str:
        """Use `substr`, since SQLite has no `left`."""
        return f"substr({text}, 1, {most})"

    def part_of(self, document: ColumnType, part: DocumentPart, place: str) -> ColumnType:  # noqa: ARG002
        """Refuse: not all databases can take a document apart without changing a digit."""
        return unread(document, "give the person a view that has each member as a column of its own.")


NO_DOCUMENT = "let `path` lead into a document: JSON (`kind: json` at a column of text) or a struct."
NO_FIELD = "let `path` name fields that the type has, spelt as there; none leads into a list or a map."


def bytes_refused(column: str) -> ConfigurationError:
    """The error of a database that cannot decode bytes to text, or only with an error for some of them."""
    return ConfigurationError(
        f"{column} holds a key as bytes, which are not compared with texts here.",
        remedy="give the table a view that decodes the column, such as PostgreSQL's "
        "`convert_from(column, 'UTF8') AS column`, and name the view in the inventory.",
    )


def unread(document: ColumnType, remedy: str) -> ColumnType:
    """Mark a part of a document as unreadable; then the rest of the document cannot be read either."""
    return replace(document, kind=None, remedy=remedy)
