"""Reconciliation with DuckDB: its texts of plain values, and of the leaves of nested values.

DuckDB's quotes in the text of a nested value differ by version, so such texts are composed here, by SQL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.reconciliation import Sample
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.reconcile import plain_texts
from afschrift.sources.reconcile.nested_texts import (
    LeafText,
    ListText,
    MapOf,
    Node,
    Parts,
    RecordText,
    Translate,
    translate_nested,
)
from afschrift.sources.reconcile.sql_reconciliation import SourceText, SqlReconciliation
from afschrift.values.checksum import NOTHING, SEPARATOR

_TEXT = "CAST({c} AS VARCHAR)"
_BITS = "CASE WHEN isnan({c}) THEN 'NaN' ELSE CAST(CAST({c} AS BIT) AS VARCHAR) END"  # one NaN of the many
_EQUALS = "\x1d"  # between a key of a map and its value
_SEPARATOR, _NOTHING, _PAIR = (f"chr({ord(sign)})" for sign in (SEPARATOR, NOTHING, _EQUALS))
DURATION = re.compile(
    r"P(?:(-?[0-9]+)Y)?(?:(-?[0-9]+)M)?(?:(-?[0-9]+)D)?"
    r"(?:T(?:(-?[0-9]+)H)?(?:(-?[0-9]+)M)?(?:(-?[0-9]+(?:\.[0-9]+)?)S)?)?"
)


def _before_christ(forms: pa.Array) -> pa.Array:
    """Write `0044-03-15 12:00:00+00 BC` as DuckDB does, with `(BC)` after the day."""
    return pc.replace_substring_regex(forms, r"^([0-9-]+)(.*) BC$", r"\1 (BC)\2")


def _moments(forms: pa.Array) -> pa.Array:
    return _before_christ(plain_texts.moments(forms))


def _binary_digits(forms: pa.Array, translate: Translate) -> pa.Array:
    texts = translate(forms).to_pylist()
    bits = [t if t in (None, plain_texts.NAN) else f"{int(t, 16):0{len(t) * 4}b}" for t in texts]
    return pa.array(bits, pa.string())


def _interval(form: str) -> str:
    """Write `P1Y2M3DT4H5M6.789S` as `1 year 2 months 3 days 04:05:06.789`."""
    found = DURATION.fullmatch(form)
    if found is None:
        return form
    years, months, days, hours, minutes = (int(part or 0) for part in found.groups()[:5])
    counts = zip((years, months, days), ("year", "month", "day"), strict=True)
    words = [f"{count} {unit}{'' if abs(count) == 1 else 's'}" for count, unit in counts if count]
    whole, _, fraction = (found[6] or "0").partition(".")
    negative = any((part or "").startswith("-") for part in found.groups()[3:])
    clock = f"{abs(hours):02d}:{abs(minutes):02d}:{abs(int(whole)):02d}"
    tail = f".{fraction.rstrip('0')}" if fraction.strip("0") else ""
    if clock != "00:00:00" or tail or not words:
        words.append(f"{'-' if negative else ''}{clock}{tail}")
    return " ".join(words)


_DOUBLES = partial(_binary_digits, translate=plain_texts.double_bits)
_SINGLES = partial(_binary_digits, translate=plain_texts.single_bits)
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_SAME = (*_INTEGERS, "HUGEINT", "UHUGEINT", "BIGNUM", "BOOLEAN", "VARCHAR", "BIT", "UUID")
_BARE = (*_INTEGERS, "HUGEINT", "UHUGEINT", "UUID")
_NUMBER = "CAST({c} AS BIGINT)"
_LARGE_NUMBER = "CAST({c} AS HUGEINT)"  # arithmetic on it takes ten times as long
_ONE_LINE = "trim(translate({c}, chr(13) || chr(10), '  '), ' ' || chr(9))"
_PLAIN: dict[str, SourceText] = {
    **dict.fromkeys(_SAME, SourceText(_TEXT, plain_texts.same)),
    **dict.fromkeys(_INTEGERS, SourceText(_TEXT, plain_texts.same, number=_NUMBER)),
    "UBIGINT": SourceText(_TEXT, plain_texts.same, number=_LARGE_NUMBER),
    **dict.fromkeys(
        ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), SourceText(_TEXT, _moments)
    ),
    **dict.fromkeys(("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"), SourceText(_TEXT, _moments)),
    "DATE": SourceText(_TEXT, _before_christ),
    **dict.fromkeys(("TIME", "TIME_NS", "TIME WITH TIME ZONE"), SourceText(_TEXT, plain_texts.clocks)),
    "DOUBLE": SourceText(_BITS, _DOUBLES),
    "FLOAT": SourceText(_BITS, _SINGLES),
    "BLOB": SourceText("lower(hex({c}))", plain_texts.hexadecimal),
    "INTERVAL": SourceText(_TEXT, plain_texts.each(_interval)),
    "JSON": SourceText(_TEXT, plain_texts.same),
}


def own(native: str, kind: ValueKind | None) -> SourceText | None:
    """How DuckDB writes a column's values; None if it is not known for the type."""
    if kind is ValueKind.TEXT and native != "BLOB":  # `kind: text` gives DuckDB's own text
        return SourceText(_TEXT, plain_texts.same)
    plain = _plain(native)
    if plain is not None:
        return plain.planned(kind, _ONE_LINE)
    if not native.endswith("]") and not native.startswith(("STRUCT(", "MAP(")):
        return None
    found = _nested(duckdb.dtype(native), "{c}", 1)
    if found is None:
        return None
    node, expression = found
    return SourceText(expression, partial(translate_nested, node=node, writer=DuckWriter()), nested=True)


def _plain(native: str) -> SourceText | None:
    if native.endswith("]"):
        return None
    if native.startswith(("DECIMAL(", "ENUM(")):
        return SourceText(_TEXT, plain_texts.same)
    return _PLAIN.get(native)


def _nested(kind: Any, column: str, depth: int) -> tuple[Node, str] | None:
    """The structure of a value, and the SQL of its text: leaves between separators."""
    if kind.id in ("list", "array"):
        each = f"x{depth}"
        element = _nested(kind.children[0][1], each, depth + 1)
        if element is None:
            return None
        texts = f"list_transform({column}, lambda {each}: coalesce({element[1]}, {_NOTHING}))"
        joined = f"coalesce(array_to_string({texts}, {_SEPARATOR}), '')"
        return ListText(element[0]), f"CASE WHEN {column} IS NOT NULL THEN '[' || {joined} || ']' END"
    if kind.id == "struct":
        return _record(kind, column, depth)
    if kind.id == "map":
        return _map(kind, column, depth)
    plain = _plain(str(kind))
    if plain is None:
        return None
    return LeafText(plain.translate, bare=str(kind) in _BARE), plain.expression.replace("{c}", column)


def _record(kind: Any, column: str, depth: int) -> tuple[Node, str] | None:
    members = []
    texts = []
    for name, of in kind.children:
        literal = name.replace("'", "''")
        found = _nested(of, f"struct_extract({column}, '{literal}')", depth)
        if found is None:
            return None
        members.append((name, found[0]))
        texts.append(f"coalesce({found[1]}, {_NOTHING})")
    joined = f"concat_ws({_SEPARATOR}, {', '.join(texts)})"
    return RecordText(tuple(members)), f"CASE WHEN {column} IS NOT NULL THEN '{{' || {joined} || '}}' END"


def _map(kind: Any, column: str, depth: int) -> tuple[Node, str] | None:
    each = f"x{depth}"
    key = _nested(kind.children[0][1], f"{each}.key", depth + 1)
    value = _nested(kind.children[1][1], f"{each}.value", depth + 1)
    if key is None or value is None or not isinstance(key[0], LeafText):
        return None
    pair = f"{key[1]} || {_PAIR} || coalesce({value[1]}, {_NOTHING})"
    texts = f"list_transform(map_entries({column}), lambda {each}: {pair})"
    joined = f"coalesce(array_to_string({texts}, {_SEPARATOR}), '')"
    return MapOf(key[0], value[0]), f"CASE WHEN {column} IS NOT NULL THEN '<' || {joined} || '>' END"


class DuckWriter:
    """Composes the same texts from value forms."""

    signs = (("null", NOTHING), ('"', ""), (",", SEPARATOR))

    def list(self, node: ListText, parts: Parts, nested: Sequence[bool]) -> str:  # noqa: ARG002
        """Write a list, or an array of a fixed size."""
        return f"[{_join(parts)}]"

    def flat(self, node: ListText, texts: pa.Array) -> tuple[pa.Array, tuple[str, str, str]]:  # noqa: ARG002
        """Write many flat lists at once."""
        return pc.fill_null(texts, NOTHING), ("[", SEPARATOR, "]")

    def record(self, parts: Parts) -> str:
        """Write a struct."""
        return f"{{{_join(parts)}}}"

    def map(self, keys: Parts, values: Parts) -> str:
        """Write a map."""
        pairs = zip(keys, values, strict=True)
        return f"<{_join([f'{key}{_EQUALS}{NOTHING if value is None else value}' for key, value in pairs])}>"


def _join(parts: Parts) -> str:
    return SEPARATOR.join(NOTHING if part is None else part for part in parts)


class DuckReconciliation(SqlReconciliation):
    """Counts all rows and hashes the sampled ones separately: a CASE would make texts of all rows."""

    def _sums_statement(self, columns: Sequence[str], sample: Sample | None) -> str:
        if sample is None or not columns:
            return super()._sums_statement(columns, sample)
        counted = self._select(self._sums_of((), None)) + self._same_rows
        digest = self._digest([self._own[name].of(self._quoted(name)) for name in columns])
        hashed = self._select(["count(*)", f"sum({digest})"]) + self._same_rows
        hashed += f"\nAND {self._in_sample(sample)}"
        return f"SELECT * FROM ({counted}) AS counted, ({hashed}) AS hashed"  # noqa: S608 - both are made here


def digest(texts: Sequence[str]) -> str:
    """SQL of a row's hash (see `values.checksum`)."""
    row = ", ".join(f"coalesce({text}, {_NOTHING})" for text in texts)
    return f"CAST('0x' || left(md5(concat_ws({_SEPARATOR}, {row})), 15) AS BIGINT)"
