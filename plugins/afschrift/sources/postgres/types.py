"""PostgreSQL's types: which Arrow carries exactly, and how the others become exact text in the warehouse.

The session's settings belong to it (`postgres.py`): times in UTC and ISO order, intervals in ISO 8601,
floats in their shortest exact text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.postgres.json import array_text, base64, composite_text, fragment, whole_array
from afschrift.sources.postgres.raised import BOUNDS, NULL, TOO_LARGE, is_json_null, raised, with_own_bounds

_AS_IS = "{c}"
_AS_TEXT = "CAST({c} AS text)"

_PLAIN: dict[str, tuple[ValueKind, str]] = {
    **dict.fromkeys(("int2", "int4", "int8"), (ValueKind.INTEGER, _AS_IS)),
    **dict.fromkeys(("oid", "xid", "xid8", "cid"), (ValueKind.INTEGER, _AS_TEXT)),
    **dict.fromkeys(("float4", "float8"), (ValueKind.NUMBER, _AS_IS)),
    "numeric": (ValueKind.DECIMAL, _AS_TEXT),
    "money": (ValueKind.DECIMAL, "CAST(CAST({c} AS numeric) AS text)"),  # its text depends on the locale
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
    "inet": (ValueKind.TEXT, "textin(inet_out({c}))"),  # a cast adds /32
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
    "hstore": (ValueKind.JSON, "CAST(CAST({c} AS json) AS text)"),
}
_SHORT = {"int2", "int4", "int8", "oid", "float4", "float8", "bool", "uuid", "date", "time", "timetz"}
_SHORT |= {"timestamp", "timestamptz", "interval", "inet", "cidr", "macaddr", "macaddr8", "money", "char"}
_SHORT |= {"name", "numeric"}
_SHORT_NUMBERS = ("int2", "int4")
_OWN_TEXT = {"bytea", "inet"}
"""Types whose text by `kind: text` is no cast: bytes stay base64."""
_BARE_TEXT = {"text", "varchar", "bpchar", "bytea", "citext"}
_FROM_ZERO = {"int2vector", "oidvector"}
_RATIO = 256  # no compression that PostgreSQL has makes a value smaller than a 255th


@dataclass(frozen=True)
class PgType:
    """A row of `pg_type`.

    Attributes:
        spelled: as `format_type` writes it.
        kind: `typtype`: b base, c composite, d domain, e enum, m multirange, r range, p pseudo.
        base: of a domain.
        element: of an array; 0 for all others.
        relation: of a composite type; 0 for a table's row type and all others.
    """

    name: str
    spelled: str
    builtin: bool
    kind: str
    base: int
    element: int
    relation: int


class PgTypes:
    """The types of one database.

    Args:
        types: by oid.
        members: composite type's relation -> names and types of its members.
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

    def column(self, column_path: str, oid: int, native: str) -> ColumnType:
        """How a column is selected; the kind is None for a type that is not known.

        Args:
            column_path: `table.column`, for errors.
            oid: of the column's type.
            native: the type with its modifiers, as the catalogue spells it.
        """
        base = self._base(oid)
        if base != oid:
            native = self._types[base].spelled
        found = self._text(base, "{column}", column_path)
        kind, text = found or (None, "CAST({column} AS text)")
        form = base64("{column}") if kind is ValueKind.BINARY else ""
        own = text if base_name(self._types[base]) in _OWN_TEXT else "CAST({column} AS text)"
        return ColumnType(
            native,
            kind,
            self._guarded(column_path, base, text),
            form,
            self._guarded(column_path, base, own),
        )

    def is_citext(self, oid: int) -> bool:
        """Whether a type is citext, or a domain over it, however many others lie between."""
        return self._types[self._base(oid)].name == "citext"

    def _base(self, oid: int) -> int:
        while self._types[oid].kind == "d":
            oid = self._types[oid].base
        return oid

    def _text(self, oid: int, column: str, path: str, depth: int = 1) -> tuple[ValueKind, str] | None:
        """Kind and exact text (or Arrow value) of an expression; None where the type is not known."""
        oid = self._base(oid)
        found = self._types[oid]
        if found.element:
            alias = f"u{depth}"
            element = self._text(found.element, f"{alias}.e", path, depth + 1)
            if element is None:
                return None
            text = self._array(column, alias, element, found.element, path)
            if base_name(found) not in _FROM_ZERO:
                own = raised(BOUNDS, path, f"array_ndims({column})")
                text = f"CASE WHEN {with_own_bounds(column)} THEN {own} ELSE {text} END"
            return ValueKind.JSON, text
        if found.kind == "c":
            members = [
                (name, self._fragment(member, f"({column}).{_quoted(name)}", path, depth))
                for name, member in self._members.get(found.relation, ())
            ]
            known = [(name, text) for name, text in members if text]
            return (ValueKind.JSON, composite_text(column, known)) if known and known == members else None
        if found.kind in "erm":
            return ValueKind.TEXT, _AS_TEXT.replace("{c}", column)
        plain = (_PLAIN if found.builtin else _OF_EXTENSIONS).get(found.name)
        return (plain[0], plain[1].replace("{c}", column)) if plain and found.kind == "b" else None

    def _fragment(self, oid: int, column: str, path: str, depth: int) -> str | None:
        found = self._text(oid, column, path, depth)
        if found is None:
            return None
        kind, text = found
        return fragment(column, _told(text, path) if self._is_json(oid) else text, kind)

    def _is_json(self, oid: int) -> bool:
        return base_name(self._types[self._base(oid)]) in ("json", "jsonb")

    def _array(self, column: str, alias: str, element: tuple[ValueKind, str], oid: int, path: str) -> str:
        value, (kind, text) = f"{alias}.e", element
        if self._is_json(oid):
            text = _told(text, path)
        cast, short = (
            _AS_TEXT.replace("{c}", value),
            base_name(self._types[self._base(oid)]) in _SHORT_NUMBERS,
        )
        at_once = whole_array(column, kind, bare=text == value, cast=text == cast, short=short)
        return array_text(column, fragment(value, text, kind), alias, at_once)

    def _guarded(self, column_path: str, oid: int, text: str) -> str:
        """A cell above the limit raises an error that names its place: nobody's memory has to hold it."""
        found = self._types[oid]
        if found.kind in "er" or (found.builtin and found.name in _SHORT):
            return text
        if found.name in _BARE_TEXT:
            size = "octet_length({column})"
            large = f"{size} > {self._limit}"
        else:
            size = "octet_length(CAST({column} AS text))"
            large = f"pg_column_size({{column}}) > {self._limit // _RATIO} AND {size} > {self._limit}"
        ended = raised(TOO_LARGE, column_path, size)
        if found.name == "bytea":
            ended = f"CAST({ended} AS bytea)"
        return f"CASE WHEN {large} THEN {ended} ELSE {text} END"


def base_name(found: PgType) -> str:
    """Name of a type of PostgreSQL itself; empty for one that somebody made."""
    return found.name if found.builtin else ""


def _told(document: str, path: str) -> str:
    """A JSON document inside another value, which may not be the document `null`."""
    ended = raised(NULL, path, f"length({document})")
    return f"CASE WHEN {is_json_null(document)} THEN {ended} ELSE {document} END"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("{", "{{").replace("}", "}}") + '"'
