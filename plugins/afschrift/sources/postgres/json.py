"""Arrays and composite values as JSON documents, written by PostgreSQL by the rules of `values.json_text`.

`to_json` would lose what the value forms keep: it writes decimals as numbers and times with an offset.
Braces are doubled: the results are templates with `{column}`.
"""

from __future__ import annotations

from collections.abc import Sequence

from afschrift.domain.value_kind import ValueKind

_SAFE = 9007199254740991  # 2^53 - 1 (I-JSON, RFC 7493)


def fragment(value: str, text: str, kind: ValueKind) -> str:
    """An expression's value as a JSON value; NULL stays NULL.

    Args:
        value: the expression itself.
        text: its exact text, or itself where Arrow carries it exactly.
        kind: of the value.
    """
    if kind in (ValueKind.JSON, ValueKind.BOOLEAN):
        return f"CAST({text} AS text)"
    if kind is ValueKind.INTEGER:
        plain = f"CAST({text} AS text)"
        large = f"abs(CAST({plain} AS numeric)) > {_SAFE}"
        return f"CASE WHEN {large} THEN '\"' || {plain} || '\"' ELSE {plain} END"
    if kind is ValueKind.NUMBER:
        plain = f"CAST({value} AS text)"
        return (
            f"CASE {plain} WHEN 'NaN' THEN '\"NaN\"' WHEN 'Infinity' THEN '\"INF\"' "
            f"WHEN '-Infinity' THEN '\"-INF\"' WHEN '-0' THEN '-0.0' ELSE {plain} END"
        )
    if kind is ValueKind.DECIMAL:
        text = f"replace({text}, 'Infinity', 'INF')"
    if kind is ValueKind.BINARY:
        text = base64(value)
    if kind is ValueKind.TIME:
        text = _clock(text)
    if kind in (ValueKind.DATETIME, ValueKind.INSTANT):
        text = _moment(value, text, "Z" if kind is ValueKind.INSTANT else "")
    return f"CAST(to_json(CAST({text} AS text)) AS text)"


def base64(value: str) -> str:
    """Bytes as base64 on one line."""
    return f"translate(encode({value}, 'base64'), E'\\n', '')"


def _moment(value: str, text: str, suffix: str) -> str:
    """RFC 3339; infinite times and those before Christ keep their words."""
    written = f"replace(to_char({value}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '.000000', '') || '{suffix}'"
    return f"CASE WHEN isfinite({value}) AND {value} >= '0001-01-01' THEN {written} ELSE {text} END"


def _clock(text: str) -> str:
    """A time of day: six digits of a fraction or none, `Z`, minutes of the offset."""
    fraction = f"substring({text} from '[.]([0-9]+)')"
    zone = f"substring({text} from '[+-][0-9:]+$')"
    offset = f"CASE {zone} WHEN '+00' THEN 'Z' ELSE rpad({zone}, greatest(length({zone}), 6), ':00') END"
    return f"left({text}, 8) || coalesce('.' || rpad({fraction}, 6, '0'), '') || coalesce({offset}, '')"


def array_text(column: str, element: str, alias: str, at_once: str | None = None) -> str:
    """An array of any number of dimensions as nested JSON lists.

    Args:
        column: the array.
        element: JSON value of one element, `<alias>.e`.
        alias: name that no enclosing array uses.
        at_once: the same in one call (`whole_array`); NULL where an element needs a look of its own.
    """
    if at_once is not None:
        return f"coalesce({at_once}, {array_text(column, element, alias)})"
    value = f"coalesce({element}, 'null')"
    # in FROM, `unnest` would take composite elements apart
    rows = f"FROM (SELECT unnest({column}) AS e, generate_series(1, cardinality({column})) AS i) AS {alias}"
    flat = f"(SELECT '[' || string_agg({value}, ',' ORDER BY {alias}.i) || ']' {rows})"
    opening = f"repeat('[', {_edges(column, f'{alias}.i - 1')})"
    closing = f"repeat(']', {_edges(column, f'{alias}.i')})"
    deep = f"(SELECT string_agg({opening} || {value} || {closing}, ',' ORDER BY {alias}.i) {rows})"
    return (
        f"CASE WHEN array_ndims({column}) = 1 THEN {flat} WHEN array_ndims({column}) > 1 THEN {deep} "
        f"WHEN {column} IS NOT NULL THEN '[]' END"
    )


def whole_array(column: str, kind: ValueKind, *, bare: bool, cast: bool, short: bool = False) -> str | None:
    """An array written by `to_json` in one call, a sixth of the time that element by element takes.

    Args:
        column: the array.
        kind: of the elements.
        bare: Arrow carries an element as it is.
        cast: the text of an element is what a cast to text gives.
        short: whole numbers of at most 32 bits: a look at each would cost as much again.

    Returns:
        NULL for arrays that `to_json` would write otherwise; None for elements of which it writes none as
        `fragment` does.
    """
    plain = f"CAST(to_json({column}) AS text)"
    if bare and (kind is ValueKind.BOOLEAN or short):
        return plain
    if kind is ValueKind.INTEGER and bare:
        return f"CASE WHEN {_SAFE} >= ALL ({column}) AND -{_SAFE} <= ALL ({column}) THEN {plain} END"
    if kind is ValueKind.NUMBER and bare:
        return f"CASE WHEN CAST({column} AS text) !~ 'N|I|-0[,}}}}]' THEN {plain} END"
    if kind in (ValueKind.TEXT, ValueKind.UUID, ValueKind.DATE, ValueKind.DURATION) and (bare or cast):
        return f"CAST(to_json(CAST({column} AS text[])) AS text)"
    return None


def _edges(column: str, position: str) -> str:
    """How many lists begin (or end) at a position of the flat array, which is in row-major order.

    The size of a list is the product of the lengths from its dimension on; there is no such aggregate,
    and the rounded logarithm is exact far beyond the largest array (2^27 elements).
    """
    dimensions = f"array_ndims({column})"
    length = f"CAST(array_length({column}, j) AS numeric)"
    size = f"(SELECT round(exp(sum(ln({length})))) FROM generate_series(d, {dimensions}) AS j)"  # noqa: S608 - quoted
    starts = f"FROM generate_series(1, {dimensions}) AS d WHERE ({position}) % {size} = 0"
    return f"(SELECT CAST(count(*) AS integer) {starts})"


def composite_text(column: str, members: Sequence[tuple[str, str]]) -> str:
    """A composite value as a JSON object, its members in their order."""
    parts = []
    for name, text in members:
        label = name.replace("'", "''").replace("{", "{{").replace("}", "}}")
        parts.append(f"CAST(to_json(CAST('{label}' AS text)) AS text) || ':' || coalesce({text}, 'null')")
    inside = " || ',' || ".join(parts)
    return f"CASE WHEN CAST({column} AS text) IS NOT NULL THEN '{{{{' || {inside} || '}}}}' END"
