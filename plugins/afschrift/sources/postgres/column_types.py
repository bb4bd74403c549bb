"""How to select columns of each PostgreSQL type exactly: as Arrow carries them, or as the server's text.

It relies on the session's settings (`session_settings`): times in UTC and ISO format, intervals in ISO 8601,
floats in their shortest exact text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from afschrift.domain.sources import ColumnType, in_template
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.dialect import StandardDialect

_sql = StandardDialect()
_MARK = re.compile(r"/\* own text: (.*?) \*/")


class Leaf(msgspec.Struct, frozen=True, tag_field="is", tag="value"):
    """A plain value. `of` is a kind, or `padded`, `hstore` or `vector`."""

    of: str


class ListOf(msgspec.Struct, frozen=True, tag_field="is", tag="list", omit_defaults=True):
    """An array of any number of dimensions."""

    element: Shape
    delimiter: str = ","


class Record(msgspec.Struct, frozen=True, tag_field="is", tag="record"):
    """A composite value."""

    members: tuple[tuple[str, Shape], ...]


Shape = Leaf | ListOf | Record


class TextMark(msgspec.Struct, frozen=True):
    """A column of which a statement selects PostgreSQL's own text, to be turned into JSON here.

    Plans that were frozen earlier contain these marks, so their form does not change.
    """

    table: str
    column: str
    shape: Shape


def comment(mark: TextMark) -> str:
    """Write the mark as a comment in a template of SQL; no character in it can end the comment."""
    written = msgspec.json.encode(mark).decode().replace("*", "\\u002a")
    return in_template(f" /* own text: {written} */")


def marks(statement: str) -> dict[str, TextMark]:
    """Column -> its mark, from the comments in a statement."""
    found = (msgspec.json.decode(text, type=TextMark) for text in _MARK.findall(statement))
    return {mark.column: mark for mark in found}


_FOUND = re.compile(r"\[afschrift: (too large|bounds|null|twice)\](.*)\|([0-9]+)", re.DOTALL)

TOO_LARGE, BOUNDS, NULL = "too large", "bounds", "null"
"""`BOUNDS` and `NULL` come from `nested_texts`, and from plans frozen when SQL took arrays apart."""


def raise_sql(what: str, column_path: str, number: str) -> str:
    """SQL of type text that fails, with its place in the message.

    Args:
        what: `TOO_LARGE`, or `TWICE` of `json_parts`.
        column_path: `table.column`.
        number: SQL of an integer that depends on the row: a constant would fail before any row is read.

    Returns:
        A template with braces doubled, except those in `number`.
    """
    message = in_template(_sql.literal(f"[afschrift: {what}]{column_path}|"))
    return f"CAST(CAST({message} || {number} AS integer) AS text)"


def decode_message(message: str) -> tuple[str, str, str] | None:
    """Decode the message of such an error: what it is, `table.column`, and the number."""
    found = _FOUND.search(message)
    return None if found is None else (found[1], found[2], found[3])


_AS_IS = "{column}"
_AS_TEXT = "CAST({column} AS text)"
_BASE64 = "translate(encode({column}, 'base64'), E'\\n', '')"

_PLAIN: dict[str, tuple[ValueKind, str]] = {
    **dict.fromkeys(("int2", "int4", "int8"), (ValueKind.INTEGER, _AS_IS)),
    **dict.fromkeys(("oid", "xid", "xid8", "cid"), (ValueKind.INTEGER, _AS_TEXT)),
    **dict.fromkeys(("float4", "float8"), (ValueKind.NUMBER, _AS_IS)),
    "numeric": (ValueKind.DECIMAL, _AS_TEXT),
    "money": (ValueKind.DECIMAL, "CAST(CAST({column} AS numeric) AS text)"),  # its text depends on the locale
    "bool": (ValueKind.BOOLEAN, _AS_IS),
    **dict.fromkeys(("text", "varchar"), (ValueKind.TEXT, _AS_IS)),
    "bpchar": (ValueKind.TEXT, _AS_TEXT),  # padding is no part of the value
    "uuid": (ValueKind.UUID, _AS_TEXT),
    "bytea": (ValueKind.BINARY, _AS_IS),
    **dict.fromkeys(("json", "jsonb"), (ValueKind.JSON, _AS_TEXT)),
    "date": (ValueKind.DATE, _AS_TEXT),
    **dict.fromkeys(("time", "timetz"), (ValueKind.TIME, _AS_TEXT)),
    "timestamp": (ValueKind.DATETIME, _AS_TEXT),
    "timestamptz": (ValueKind.INSTANT, _AS_TEXT),
    "interval": (ValueKind.DURATION, _AS_TEXT),
    "inet": (ValueKind.TEXT, "textin(inet_out({column}))"),  # a cast adds /32
    **dict.fromkeys(
        (
            *("name", "char", "bit", "varbit", "xml", "tsvector", "tsquery", "jsonpath"),
            *("cidr", "macaddr", "macaddr8", "pg_lsn", "pg_snapshot", "txid_snapshot", "tid"),
            *("point", "line", "lseg", "box", "path", "polygon", "circle"),
            *("regclass", "regproc", "regprocedure", "regtype", "regrole", "regnamespace"),
        ),
        (ValueKind.TEXT, _AS_TEXT),
    ),
}
_OF_EXTENSIONS: dict[str, tuple[ValueKind, str]] = {
    "citext": (ValueKind.TEXT, _AS_TEXT),
    "hstore": (ValueKind.JSON, "CAST(CAST({column} AS json) AS text)"),
}
_SHORT = {"int2", "int4", "int8", "oid", "float4", "float8", "bool", "uuid", "date", "time", "timetz"}
_SHORT |= {"timestamp", "timestamptz", "interval", "inet", "cidr", "macaddr", "macaddr8", "money", "char"}
_SHORT |= {"name", "numeric"}
_OWN_TEXT = {"bytea", "inet"}
"""Types whose text by `kind: text` is not a cast: bytes stay base64."""
_BARE_TEXT = {"text", "varchar", "bpchar", "bytea", "citext"}
_INSIDE = {"bpchar": "padded", "hstore": "hstore"}
"""Types that are written differently in arrays and composite values."""
_VECTORS = {"int2vector", "oidvector"}
_RATIO = 256  # PostgreSQL's compressions make no value smaller than a 255th


@dataclass(frozen=True)
class PgType:
    """A row of `pg_type`.

    Attributes:
        spelled: as `format_type` writes it.
        kind: `typtype`: b base, c composite, d domain, e enum, m multirange, r range, p pseudo.
        base: underlying type of a domain.
        element: element type of an array; 0 for other types.
        delimiter: between the elements of an array of this type.
        relation: relation of a composite type; 0 for a table's row type and other types.
    """

    name: str
    spelled: str
    builtin: bool
    kind: str
    base: int
    element: int
    delimiter: str
    relation: int


class PgTypes:
    """The types of a database.

    Args:
        types: types by oid.
        members: relation of a composite type -> names and types of its members.
        cell_limit: bytes above which a cell raises an error instead of its value.
    """

    def __init__(
        self,
        types: Mapping[int, PgType],
        members: Mapping[int, Sequence[tuple[str, int]]],
        cell_limit: int,
    ) -> None:
        self._types = types
        self._members = members
        self._limit = cell_limit

    def column(self, table: str, name: str, oid: int, native: str) -> ColumnType:
        """How to select a column; the kind is None for an unknown type.

        Args:
            table: table in the inventory.
            name: name of the column.
            oid: oid of the column's type.
            native: the type with its modifiers, as the catalogue writes it.
        """
        base, column_path = self._base(oid), f"{table}.{name}"
        if base != oid:
            native = self._types[base].spelled
        kind, text = self._exact(base, table, name)
        form = _BASE64 if kind is ValueKind.BINARY else ""
        own = text if base_name(self._types[base]) in _OWN_TEXT else _AS_TEXT
        return ColumnType(
            native,
            kind,
            self._with_limit(column_path, base, text),
            form,
            self._with_limit(column_path, base, own),
        )

    def is_citext(self, oid: int) -> bool:
        """Whether a type is citext, or a domain over it, directly or by other domains."""
        return self._types[self._base(oid)].name == "citext"

    def _base(self, oid: int) -> int:
        while self._types[oid].kind == "d":
            oid = self._types[oid].base
        return oid

    def _exact(self, oid: int, table: str, name: str) -> tuple[ValueKind | None, str]:
        """Kind of a column of this type, and SQL of its exact text or Arrow value; None if unknown."""
        found = self._types[oid]
        if found.element or found.kind == "c":
            shape = self._shape(oid, money=True)
            if shape is None:
                return None, _AS_TEXT
            return ValueKind.JSON, self._own_text(found) + comment(TextMark(table, name, shape))
        if found.kind in "erm":
            return ValueKind.TEXT, _AS_TEXT
        return self._plain(found) or (None, _AS_TEXT)

    def _plain(self, found: PgType) -> tuple[ValueKind, str] | None:
        known = (_PLAIN if found.builtin else _OF_EXTENSIONS).get(found.name)
        return known if found.kind == "b" else None

    def _own_text(self, found: PgType) -> str:
        """SQL of the server's text; money is cast to numeric if one call can do so: its text has a locale."""
        if found.element:
            return "CAST(CAST({column} AS numeric[]) AS text)" if self._is_money(found.element) else _AS_TEXT
        members = self._members[found.relation]
        if not any(self._is_money(of) for _, of in members):
            return _AS_TEXT
        parts = (f"({{column}}).{in_template(_sql.quote(name))}" for name, _ in members)
        cast = (
            f"CAST({part} AS numeric)" if self._is_money(of) else part
            for part, (_, of) in zip(parts, members, strict=True)
        )
        return f"CASE WHEN {_AS_TEXT} IS NOT NULL THEN CAST(ROW({', '.join(cast)}) AS text) END"

    def _is_money(self, oid: int) -> bool:
        return base_name(self._types[self._base(oid)]) == "money"

    def _shape(self, oid: int, *, money: bool = False) -> Shape | None:
        """Structure of the server's text of a value; None if a type in it is unknown.

        Args:
            oid: oid of the type.
            money: whether money is cast, which is possible for direct parts of the value only.
        """
        found = self._types[self._base(oid)]
        if base_name(found) in _VECTORS:
            return Leaf("vector")
        if found.element:
            element = self._member(found.element, money=money)
            return None if element is None else ListOf(element, self._types[found.element].delimiter)
        if found.kind == "c":
            members = self._members.get(found.relation, ())
            shapes = [(name, self._member(of, money=money)) for name, of in members]
            known = tuple((name, shape) for name, shape in shapes if shape is not None)
            return Record(known) if known and len(known) == len(members) else None
        if found.kind in "erm":
            return Leaf("text")
        plain = self._plain(found)
        return None if plain is None else Leaf(_INSIDE.get(found.name, plain[0].value))

    def _member(self, oid: int, *, money: bool) -> Shape | None:
        return None if self._is_money(oid) and not money else self._shape(oid)

    def _with_limit(self, column_path: str, oid: int, text: str) -> str:
        """Let the server raise an error with the place of a cell above the limit, so it fills no memory."""
        found = self._types[oid]
        if found.kind in "er" or (found.builtin and found.name in _SHORT):
            return text
        if found.name in _BARE_TEXT:
            size = "octet_length({column})"
            large = f"{size} > {self._limit}"
        else:
            size = "octet_length(CAST({column} AS text))"
            large = f"pg_column_size({{column}}) > {self._limit // _RATIO} AND {size} > {self._limit}"
        ended = raise_sql(TOO_LARGE, column_path, size)
        if found.name == "bytea":
            ended = f"CAST({ended} AS bytea)"
        return f"CASE WHEN {large} THEN {ended} ELSE {text} END"


def base_name(found: PgType) -> str:
    """Name of a built-in type; empty for user-defined types."""
    return found.name if found.builtin else ""
