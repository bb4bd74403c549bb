"""Random tables of value forms, and helpers that write them as a run does."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from dataclasses import dataclass, replace

import pyarrow as pa
from hypothesis import strategies as st
from tests.support.data import document

from afschrift.domain.decision import Action
from afschrift.domain.errors import RewriteError
from afschrift.domain.extracted import FileEntry
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.registry import FORMATS
from afschrift.values.checksum import ColumnChecksums
from afschrift.values.written import text_schema

_TEXTS = document(__file__, "awkward.json")
AWKWARD: list[str] = [*_TEXTS["awkward"], "".join(map(chr, range(0x20))), "long " * 5_000]
SYNTAX: list[str] = _TEXTS["syntax"]
"""Texts made of what the formats themselves are written with."""
DOCUMENTS: list[str] = _TEXTS["documents"]


def field(name: str, kind: ValueKind, action: Action = Action.INCLUDE) -> FieldPlan:
    return FieldPlan(name, kind, action, ("R18",), "test")


def _float_text(value: float) -> str:
    text = pa.array([value]).cast(pa.string())[0].as_py()
    return {"nan": "NaN", "inf": "INF", "-inf": "-INF"}.get(text, text)


_text = st.sampled_from(AWKWARD) | st.text()
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)
)
_days = st.dates().map(str)
_moment = st.datetimes().map(lambda moment: moment.isoformat())
VALUES: dict[ValueKind, st.SearchStrategy[str]] = {
    ValueKind.TEXT: _text,
    ValueKind.INTEGER: st.one_of(
        st.integers(), st.integers(2**53 - 3, 2**53 + 3), st.integers(-(2**53) - 3, -(2**53) + 3)
    ).map(str),
    ValueKind.DECIMAL: st.decimals(allow_infinity=False, allow_nan=False).map(lambda d: format(d, "f"))
    | st.sampled_from(["NaN", "1.10", "0." + "0" * 19 + "1", "9" * 38]),
    ValueKind.NUMBER: (st.floats() | st.floats(width=32)).map(_float_text),
    ValueKind.BOOLEAN: st.sampled_from(["true", "false"]),
    ValueKind.DATE: _days | st.sampled_from(["infinity", "-infinity", "0044-03-15 (BC)", "0044-03-15 BC"]),
    ValueKind.TIME: st.times().map(lambda time: time.isoformat()),
    ValueKind.DATETIME: _moment | st.sampled_from(["infinity", "0044-03-15 (BC) 10:00:00"]),
    ValueKind.INSTANT: _moment.map(lambda text: text + "Z")
    | st.sampled_from(["-infinity", "0044-03-15 (BC) 10:00:00.5+00", "0044-03-15 10:00:00+00 BC"]),
    ValueKind.DURATION: st.sampled_from(["1 month 03:00:00", "P1D"]),
    ValueKind.BINARY: st.binary().map(lambda data: base64.b64encode(data).decode()),
    ValueKind.UUID: st.uuids().map(str),
    ValueKind.JSON: st.sampled_from(DOCUMENTS) | _json.map(json.dumps).filter(lambda text: text != "null"),
}
_names = st.sampled_from(
    ["id", "Id", "a b", "naïve", "x,y", 'with "quotes"', "back\\slash", "tab\t", "=f", "𝕏"]
)


@st.composite
def tables(draw: st.DrawFn, min_rows: int = 0) -> tuple[list[FieldPlan], pa.RecordBatch]:
    names = draw(st.lists(_names, min_size=1, max_size=5, unique=True))
    fields = [field(name, draw(st.sampled_from(list(ValueKind)))) for name in names]
    rows = draw(st.integers(min_rows, 8))
    texts = (st.none() | VALUES[f.kind or ValueKind.TEXT] for f in fields)
    columns = [pa.array(draw(st.lists(t, min_size=rows, max_size=rows)), pa.string()) for t in texts]
    return fields, pa.RecordBatch.from_arrays(columns, schema=text_schema(fields))


_syntax = st.sampled_from(SYNTAX) | st.text('":{}[],\\\r\na:', max_size=5)
_arrow_types = st.recursive(
    st.just(pa.string()),
    lambda inner: st.one_of(
        inner.map(pa.list_),
        inner.map(lambda kind: pa.map_(pa.string(), kind)),
        st.dictionaries(_syntax, inner, min_size=1, max_size=3).map(lambda names: pa.struct(names.items())),
    ),
    max_leaves=4,
)


def _syntax_values(kind: pa.DataType) -> st.SearchStrategy[object]:
    if pa.types.is_struct(kind):
        members = {member.name: _syntax_values(member.type) for member in kind}
        return st.none() | st.fixed_dictionaries(members)
    if pa.types.is_map(kind):
        pairs = st.tuples(_syntax, _syntax_values(kind.item_type))
        return st.none() | st.lists(pairs, max_size=3, unique_by=lambda pair: pair[0])
    if pa.types.is_list(kind):
        return st.none() | st.lists(_syntax_values(kind.value_type), max_size=3)
    return st.none() | _syntax


@st.composite
def syntax_tables(draw: st.DrawFn) -> tuple[list[FieldPlan], pa.RecordBatch]:
    """Columns as a source gives them, texts and nested ones, with such texts as names and values."""
    names = draw(st.lists(_syntax.filter(bool), min_size=1, max_size=4, unique=True))
    rows = draw(st.integers(1, 4))
    fields, columns = [], []
    for name in names:
        kind = draw(_arrow_types)
        fields.append(field(name, ValueKind.TEXT if kind == pa.string() else ValueKind.JSON))
        values = draw(st.lists(_syntax_values(kind), min_size=rows, max_size=rows))
        columns.append(pa.array(values, kind))
    return fields, pa.RecordBatch.from_arrays(columns, names=names)


@dataclass(frozen=True)
class Written:
    """A file with its entry and the checksums that extraction would have kept."""

    data: bytes
    entry: FileEntry
    rows: int
    checksums: dict[str, str]

    def with_data(self, data: bytes) -> Written:
        """The same expectations about other bytes, whose size and digest are right."""
        entry = replace(self.entry, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        return replace(self, data=data, entry=entry)


def write(name: str, fields: list[FieldPlan], *batches: pa.RecordBatch) -> Written:
    """Write batches in a format, again with another marker where a text collides."""
    options: dict[str, str] = {}
    while True:
        sink = io.BytesIO()
        checksums = ColumnChecksums(fields)
        try:
            writer = FORMATS[name].writer(sink, fields, options)
            for batch in batches:
                checksums.update(batch)
                writer.write(batch)
            writer.close()
            options = dict(writer.options)
        except RewriteError as collision:
            options = collision.options
            continue
        data = sink.getvalue()
        path = f"shop/orders.{FORMATS[name].extension}"
        entry = FileEntry(path, name, len(data), hashlib.sha256(data).hexdigest(), options)
        return Written(data, entry, sum(batch.num_rows for batch in batches), checksums.digests())


def text_rows(fields: list[FieldPlan], *rows: tuple[str | None, ...]) -> pa.RecordBatch:
    columns = [pa.array([row[place] for row in rows], pa.string()) for place in range(len(fields))]
    return pa.RecordBatch.from_arrays(columns, schema=text_schema(fields))
