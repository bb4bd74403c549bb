"""The SQL that most databases share. Each dialect overrides what its database writes differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


STANDARD = {
    "among": "",
    "beginning": "substr({text}, 1, {most})",  # SQLite has no `left`
    "bound": "CASE WHEN {instant} BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59+00' "
    "THEN {instant} END",  # what Python can read
    "hexadecimal": "lower(hex({column}))",
    "index_on": "",
    "instant": "",
    "last_four": "CASE WHEN length({text}) >= 8 THEN right({text}, 4) ELSE '' END",  # less gives it away
    "matches": "",
    "mentions": "position({value} IN {text}) > 0",
    "normal_text": "",
    "order": "",
    "row_order": "",
    "sampled": "",
    "text": "CAST({expression} AS VARCHAR)",
    "token": "",
    "uuid_digits": "CASE WHEN octet_length({column}) = 16 THEN {digits} END",  # converts no long bytes
}
"""Method of `StandardDialect` -> its SQL. Empty: not all databases have it, and the method does without."""


class StandardDialect:
    """Standard SQL, and what a database writes otherwise.

    Attributes:
        templates: in place of those of `STANDARD`. What no template can say is a method of the subclass.
    """

    templates: Mapping[str, str] = {}

    name = ""
    keys = KEY_TABLE
    one_row = "LIMIT 1"
    hides_tables = False
    account = ""
    version_statement = "SELECT version()"
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

    def _sql(self, name: str, **parts: object) -> str:
        return self.templates.get(name, STANDARD.get(name, "")).format(**parts)

    def of_table(self, template: str, column: str) -> str:
        """Fill a template with a column of the table `t`."""
        return template.format(column=f"t.{self.quote(column)}")

    def text(self, expression: str) -> str:
        """Cast to text."""
        return self._sql("text", expression=expression)

    def last_four(self, text: str) -> str:
        """By the template."""
        return self._sql("last_four", text=text)

    def token(self, salt: str, text: str, digits: int = 8) -> str | None:
        """By the template; None: standard SQL has no function for SHA-256."""
        return self._sql("token", salt=salt, text=text, digits=digits) or None

    def hexadecimal(self, column: str) -> str:
        """By the template."""
        return self._sql("hexadecimal", column=column)

    def uuid_digits(self, column: str) -> str | None:
        """By the template, in which `digits` are the bytes as hex digits."""
        return self._sql("uuid_digits", column=column, digits=self.hexadecimal(column)) or None

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

    def text_bytes(self, column: str, native: str) -> str:
        """Each database writes this differently."""
        raise NotImplementedError

    def key_text(self, column: str, native: str) -> str:
        """Each database writes this differently."""
        raise NotImplementedError

    def index_on(self, relation: str, form: str) -> str | None:
        """By the template."""
        return self._sql("index_on", relation=relation, form=form) or None

    def normal_text(self, text: str, match: str, *, trimmed: bool = False) -> str:  # noqa: ARG002
        """The normal form of a text; `trimmed` if it already has the form of `exact`.

        Raises:
            ConfigurationError: there is no template.
        """
        if not (normal := self._sql("normal_text", text=text, match=match)):
            raise ConfigurationError(
                f"The normal form of {text}, a key as text, cannot be asked of a {self.name} database.",
                remedy="say `normal` at the key in the inventory, with who decided and without `match`, if "
                "each is stored in that form; else give the table a view with a number as the key.",
            )
        return normal

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

    def among(self, column: str) -> tuple[str, str] | None:
        """By the template, in two parts: before and after `select`."""
        opened, _, closed = self._sql("among", column=column, select="\0").partition("\0")
        return (opened, closed) if opened else None

    def mentions(self, text: str, value: str) -> str:
        """By the template; characters are compared unchanged."""
        return self._sql("mentions", text=text, value=value)

    def matches(self, text: str, pattern: str) -> str | None:
        """By the template; None: not all databases have regular expressions."""
        return self._sql("matches", text=text, pattern=pattern) or None

    def plain(self, text: str) -> str:
        """By the template; without one small letters alone: not all databases can replace so many signs."""
        if "plain" not in self.templates:
            return f"lower({text})"
        return self._sql("plain", text=text, odd=self.literal(ODD), usual=self.literal(USUAL))

    def replaced(self, text: str, pattern: str, by: str) -> str:
        """By the template; unchanged without one: not all databases have regular expressions."""
        if "replaced" not in self.templates:
            return text
        return self._sql("replaced", text=text, pattern=self.literal(pattern), by=self.literal(by))

    def without(self, text: str, signs: str) -> str:
        """By the template; without one, one character after the other."""
        if "without" in self.templates:
            return self._sql("without", text=text, signs=self.literal(signs))
        for sign in signs:
            text = f"replace({text}, {self.literal(sign)}, '')"
        return text

    def instant(self, column: str, native: str, zone: str | None) -> str:  # noqa: ARG002
        """By the template, for each type; without one times are instants already."""
        return self._sql("instant", column=column, zone=self.literal(zone or "UTC")) or column

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
        """By the template."""
        return self._sql("bound", instant=instant)

    def order(self, column: str, native: str) -> str:
        """By the template; without one, texts are ordered by their bytes."""
        plain = self.text_bytes(column, native) if self.is_text(native) else column
        return self._sql("order", column=column) or plain

    def row_order(self, expressions: Sequence[str]) -> str:
        """By the template, a digest, so that rows with the same digest are equal; else by all columns."""
        numbers = (str(number) for number in range(1, len(expressions) + 1))
        return self._sql("row_order", row=", ".join(expressions)) or ", ".join(numbers)

    def sampled(self, relation: str, share: float) -> str | None:
        """By the template; None: not all databases can sample rows."""
        return self._sql("sampled", relation=relation, percent=100 * share) or None

    def beginning(self, text: str, most: int) -> str:
        """By the template."""
        return self._sql("beginning", text=text, most=most)

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
