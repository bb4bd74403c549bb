"""Reconciliation with PostgreSQL: types from its catalogue, MD5 over the texts of each row.

It shares no code with `column_types`, by which the extract reads, so that a fault there is noticed. It relies
on the session's settings: UTC, ISO dates and intervals, shortest exact floats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.reconciliation import Extract
from afschrift.domain.value_kind import DocumentPart, ValueKind
from afschrift.sources.catalogue import Rows
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.postgres.document_parts import value_of
from afschrift.sources.reconcile import plain_texts
from afschrift.sources.reconcile.nested_texts import (
    LeafText,
    ListText,
    MapOf,
    Node,
    Parts,
    RecordText,
    translate_nested,
)
from afschrift.sources.reconcile.sql_reconciliation import SourceText
from afschrift.sources.table_errors import relation_of

_sql = StandardDialect()
_ARGUMENTS = 50  # a function takes at most 100
_OF_TABLE = """
SELECT CAST(a.attname AS text), CAST(a.atttypid AS bigint) FROM pg_attribute a
WHERE a.attrelid = CAST({table} AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
"""
_TYPES = """
SELECT CAST(t.oid AS bigint), CAST(t.typname AS text), CAST(t.typtype AS text), CAST(t.typbasetype AS bigint),
  CASE WHEN t.typcategory = 'A' THEN CAST(t.typelem AS bigint) ELSE 0 END, CAST(t.typdelim AS text),
  CASE WHEN c.relkind = 'c' THEN CAST(c.oid AS bigint) ELSE 0 END
FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE t.oid IN ({oids})
"""
_MEMBERS = """
SELECT CAST(attname AS text), CAST(atttypid AS bigint) FROM pg_attribute
WHERE attrelid = {relation} AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""

_TEXT = "CAST({c} AS text)"
ONE_LINE = r"btrim(translate({c}, E'\r\n', '  '), E' \t')"
"""A document without line breaks and without space around it."""

_BITS = "CASE WHEN {{c}} = 'NaN' THEN 'NaN' ELSE encode({}({{c}}), 'hex') END"  # one NaN of the many
_INTEGER = "CAST({c} AS bigint)"
_INFINITE = ("numeric",)
_BARE = ("int2", "int4", "int8", "oid", "uuid")
_MOMENTS = ("timestamp", "timestamptz")
_CLOCKS = ("time", "timetz")
_DOCUMENTS = ("json", "jsonb")
_VECTORS, _SPACE = ("int2vector", "oidvector"), " "
_SAME = {
    *("int2", "int4", "int8", "oid", "xid", "xid8", "cid", "text", "varchar", "uuid", "date"),
    *("interval", "name", "char", "bit", "varbit", "xml", "tsvector", "tsquery", "jsonpath", "cidr"),
    *("macaddr", "macaddr8", "pg_lsn", "pg_snapshot", "txid_snapshot", "tid", "point", "line", "lseg"),
    *("box", "path", "polygon", "circle", "regclass", "regproc", "regprocedure", "regtype", "regrole"),
    *("regnamespace", "citext"),
}


@dataclass(frozen=True)
class CatalogueType:
    """A row of `pg_type`.

    Attributes:
        kind: `typtype`: b base, c composite, d domain, e enum, m multirange, r range.
        base: underlying type of a domain.
        element: element type of an array; 0 for other types.
        delimiter: between the elements of an array of this type.
        relation: relation of a composite type; 0 for other types.
    """

    name: str
    kind: str
    base: int
    element: int
    delimiter: str
    relation: int


class CatalogueTypes:
    """The types of columns, from the catalogue; each type is read once a session."""

    def __init__(self) -> None:
        self._types: dict[int, CatalogueType] = {}
        self._members: dict[int, list[tuple[str, int]]] = {}  # of a composite type's relation

    def texts(self, rows: Rows, extract: Extract) -> tuple[dict[str, SourceText | None], dict[str, str]]:
        """Column -> how PostgreSQL writes its values; and the SQL of each column that is part of a document.

        Args:
            rows: runs a statement in the session.
            extract: the extract of the table.
        """
        table = _sql.literal(relation_of(extract.statement))
        found: dict[str, int] = dict(rows(_OF_TABLE.format(table=table)))
        kinds, whole, parts = extract.kinds, extract.whole, extract.parts
        oids = {name: found[parts[name].column if name in parts else name] for name in kinds}
        self._learn(rows, {*(oids[name] for name in whole), *(oids[name] for name in parts)})
        own = {name: self._own(oids[name], kinds[name]) if name in whole else None for name in kinds}
        values = {name: _value(self._document(oids[name]), part) for name, part in parts.items()}
        return {name: text and text.planned(kinds[name], ONE_LINE) for name, text in own.items()}, values

    def _learn(self, rows: Rows, oids: Collection[int]) -> None:
        wanted = {int(oid) for oid in oids} - self._types.keys() - {0}
        if not wanted:
            return
        listed = ", ".join(map(str, sorted(wanted)))
        new = {oid: CatalogueType(*row) for oid, *row in rows(_TYPES.format(oids=listed))}
        self._types |= new
        for relation in {found.relation for found in new.values()} - {0}:
            self._members[relation] = list(rows(_MEMBERS.format(relation=int(relation))))
        parts = {of for found in new.values() for of in (found.base, found.element)}
        self._learn(rows, parts | {oid for some in self._members.values() for _, oid in some})

    def _own(self, oid: int, kind: ValueKind | None) -> SourceText | None:
        """How PostgreSQL writes values of this type; None if it is not known."""
        found = self._bare(oid)
        if kind is ValueKind.TEXT and found.name not in ("bytea", "inet"):  # `kind: text` gives its own text
            return SourceText(_TEXT, plain_texts.same)
        if found.element or found.kind == "c" or found.name == "hstore":
            return self._nested(oid)
        if found.kind in "erm":
            return SourceText(_TEXT, plain_texts.same)
        if found.kind != "b":
            return None
        return _PLAIN.get(found.name)

    def _document(self, oid: int) -> str:
        """The SQL name of a document's type."""
        name = self._bare(oid).name
        return {"varchar": "character varying", "bpchar": "character"}.get(name, name)

    def _nested(self, oid: int) -> SourceText | None:
        node, element, text = self._node(oid), self._bare(oid).element, _TEXT
        if element and self._bare(element).name == "bpchar":  # padding is no part of the value
            node, text = ListText(LeafText(plain_texts.same), deep=True), "CAST(CAST({c} AS text[]) AS text)"
        change = node and partial(translate_nested, node=node, writer=PgWriter())
        return SourceText(text, change, nested=True, valid=_is_plain_list(node)) if change else None

    def _bare(self, oid: int) -> CatalogueType:
        found = self._types[oid]
        return self._bare(found.base) if found.kind == "d" else found

    def _node(self, oid: int) -> Node | None:
        found = self._bare(oid)
        if found.element:
            element = self._node(found.element)
            inner = self._bare(found.element)
            if found.name in _VECTORS:
                return ListText(LeafText(plain_texts.same), delimiter=_SPACE)
            deep = inner.name not in (*_DOCUMENTS, *_VECTORS)  # which may be lists themselves
            return None if element is None else ListText(element, deep, inner.delimiter)
        if found.kind == "c":
            members = [(name, self._node(member)) for name, member in self._members[found.relation]]
            known = tuple((name, node) for name, node in members if node is not None)
            return RecordText(known) if len(known) == len(members) else None
        if found.name == "hstore":
            return MapOf(LeafText(plain_texts.same), LeafText(plain_texts.same))
        if found.name in _DOCUMENTS:
            return LeafText(plain_texts.same, raw=True)
        if found.kind in "erm":
            return LeafText(plain_texts.same)
        translate = _INSIDE.get(found.name)
        return None if translate is None else LeafText(translate, bare=found.name in _BARE)


def _is_plain_list(node: Node | None) -> bool:
    """Whether it is a list of plain values, whose JSON we write: no element is a stored document."""
    while isinstance(node, ListText):
        node = node.element
        if isinstance(node, LeafText):
            return not node.raw
    return False


class PgWriter:
    """How PostgreSQL writes arrays, composite values and `hstore`."""

    signs = (("null", "NULL"), ('"', ""), ("[", "{"), ("]", "}"))

    def list(self, node: ListText, parts: Parts, nested: Sequence[bool]) -> str:
        """Write as `array_out` does, for arrays with first index 1; others differ and so stop the request."""
        if node.delimiter == _SPACE:  # `int2vectorout`
            return _SPACE.join(map(str, parts))
        texts = [
            part if inner and part is not None else _element(part, node.delimiter)
            for part, inner in zip(parts, nested, strict=True)
        ]
        if texts and all(text == "{}" and inner for text, inner in zip(texts, nested, strict=True)):
            return "{}"
        return "{" + node.delimiter.join(texts) + "}"

    def flat(self, node: ListText, texts: pa.Array) -> tuple[pa.Array, tuple[str, str, str]]:
        """Write many flat lists at once."""
        if node.delimiter == _SPACE:
            return texts, ("", _SPACE, "")
        odd = pc.match_substring_regex(texts, f"{_ODD}|{re.escape(node.delimiter)}")
        escaped = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
        quoted = pc.binary_join_element_wise('"', escaped, '"', "")
        return pc.fill_null(pc.if_else(odd, quoted, texts), "NULL"), ("{", node.delimiter, "}")

    def record(self, parts: Parts) -> str:
        """Write as `record_out` does."""
        return "(" + ",".join(map(_member, parts)) + ")"

    def map(self, keys: Parts, values: Parts) -> str:
        """Write as `hstore_out` does."""
        pairs = zip(keys, values, strict=True)
        return ", ".join(f"{_quoted(key)}=>{_quoted(value)}" for key, value in pairs)


_IN_ARRAY = re.compile(r'^$|^null$|["\\{}\s]', re.IGNORECASE | re.ASCII)
_ODD = r'^$|^(?i:null)$|["\\{} \t\n\v\f\r]'  # the same for RE2
_IN_RECORD = re.compile(r'^$|["\\(),\s]', re.ASCII)


def _element(text: str | None, delimiter: str) -> str:
    if text is None:
        return "NULL"
    return _quoted(text) if _IN_ARRAY.search(text) or delimiter in text else text


def _member(text: str | None) -> str:
    if text is None:
        return ""
    if not _IN_RECORD.search(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'


def _quoted(text: str | None) -> str:
    return "NULL" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _with_bits(forms: pa.Array) -> pa.Array:
    """Append the network: a cast of `inet` always has one, /32 or for IPv6 /128."""
    bits = pc.if_else(pc.match_substring(forms, ":"), "/128", "/32")
    whole = pc.binary_join_element_wise(forms, bits, "")
    return pc.if_else(pc.match_substring(forms, "/"), forms, whole)


def _money_bits(form: str) -> str:
    return f"{int(form.replace('.', '')) & 0xFFFFFFFFFFFFFFFF:016x}"


_PLAIN: dict[str, SourceText] = {
    "bpchar": SourceText(_TEXT, plain_texts.same),
    **dict.fromkeys(_SAME, SourceText(_TEXT, plain_texts.same)),
    **dict.fromkeys(("int2", "int4", "int8"), SourceText(_TEXT, plain_texts.same, number=_INTEGER)),
    **dict.fromkeys(_INFINITE, SourceText(_TEXT, plain_texts.specials)),
    **dict.fromkeys(_MOMENTS, SourceText(_TEXT, plain_texts.moments)),
    **dict.fromkeys(_CLOCKS, SourceText(_TEXT, plain_texts.clocks)),
    "bool": SourceText(_TEXT, plain_texts.same),
    "bytea": SourceText("encode({c}, 'hex')", plain_texts.hexadecimal),
    "float8": SourceText(_BITS.format("float8send"), plain_texts.double_bits),
    "float4": SourceText(_BITS.format("float4send"), plain_texts.single_bits),
    "money": SourceText("encode(cash_send({c}), 'hex')", plain_texts.each(_money_bits)),
    "inet": SourceText(_TEXT, _with_bits),
    "json": SourceText(_TEXT, plain_texts.same),
    # `valid` for jsonb only: json stores what was typed in, even half a surrogate pair
    "jsonb": SourceText(_TEXT, plain_texts.same, valid=True, known="nullif(jsonb_typeof({c}), 'null')"),
}
_INSIDE: dict[str, Callable[[pa.Array], pa.Array]] = {
    **dict.fromkeys(_SAME, plain_texts.same),
    **dict.fromkeys(_INFINITE, plain_texts.specials),
    **dict.fromkeys(_MOMENTS, plain_texts.moments),
    **dict.fromkeys(_CLOCKS, plain_texts.clocks),
    # 15 and 6 are the numbers of digits from which PostgreSQL writes an exponent
    "float8": plain_texts.each(partial(plain_texts.float_text, digits=15)),
    "float4": plain_texts.each(partial(plain_texts.float_text, digits=6)),
    "bool": plain_texts.each(lambda form: form[:1]),
    "inet": plain_texts.same,
    "bytea": lambda forms: pc.binary_join_element_wise("\\x", plain_texts.hexadecimal(forms), ""),
}
"""Translations inside arrays and composite values, except of `money`, written by locale, and `bpchar`."""


def _value(native: str, part: DocumentPart) -> str:
    """SQL of a part of a document in the table `t`."""
    value = value_of(native, part, part.column)
    assert value is not None  # it was planned
    return _sql.of_table(value, part.column)


def digest_in(encoding: str) -> Callable[[Sequence[str]], str]:
    """SQL of a row's hash (see `values.checksum`), in a database with this encoding."""

    def digest(texts: Sequence[str]) -> str:
        row = _concat([f"coalesce({text}, E'\\x1e')" for text in texts])
        if encoding not in ("UTF8", "SQL_ASCII"):
            row = f"convert_to({row}, 'UTF8')"
        return f"CAST(CAST('x' || left(md5({row}), 15) AS bit(60)) AS bigint)"

    return digest


def _concat(texts: Sequence[str]) -> str:
    if len(texts) <= _ARGUMENTS:
        return f"concat_ws(E'\\x1f', {', '.join(texts)})"
    return _concat([_concat(texts[at : at + _ARGUMENTS]) for at in range(0, len(texts), _ARGUMENTS)])
