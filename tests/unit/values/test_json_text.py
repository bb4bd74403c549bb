"""Lists, structs and maps against a plain encoder over Python values."""

import base64
import datetime as dt
import json
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.value_kind import ValueKind
from afschrift.values.forms import nested_documents
from afschrift.values.json_text import are_documents, documents, escape, fragments, indented
from afschrift.values.written import ValueFormError


@given(st.lists(st.text(st.characters(codec="utf-8") | st.characters(max_codepoint=0x20))))
def test_strings_escape_what_rfc_8259_asks_and_nothing_else(texts: list[str]) -> None:
    for text, escaped in zip(texts, escape(pa.array(texts, pa.string())).to_pylist(), strict=True):
        assert json.loads(f'"{escaped}"') == text
        assert escaped == json.dumps(text, ensure_ascii=False)[1:-1]


@given(st.lists(st.integers(2**53 - 3, 2**53 + 3) | st.integers()))
def test_integers_beyond_what_a_double_holds_are_strings(values: list[int]) -> None:
    texts = [str(sign * value) for value in values for sign in (1, -1)]
    for text, fragment in zip(texts, fragments(pa.array(texts, pa.string()), ValueKind.INTEGER), strict=True):
        expected = text if abs(int(text)) <= 2**53 - 1 else f'"{text}"'
        assert fragment.as_py() == expected


@pytest.mark.parametrize("kind", list(ValueKind))
def test_null_is_null_in_every_kind(kind: ValueKind) -> None:
    assert fragments(pa.array([None], pa.string()), kind).to_pylist() == ["null"]
    assert fragments(pa.array([], pa.string()), kind).to_pylist() == []


@pytest.mark.parametrize("text", ['{"a":1,"a":1.10}', "1e400", "[]", '"\\u0000"', "-0", '{"é": [1.10, {}]}'])
def test_documents(text: str) -> None:
    assert are_documents(pa.array([text]))
    assert are_documents(pa.array(["{}", text, None, text]))
    assert documents(pa.array(["1", f" \t{text}\r\n", None])).to_pylist() == ["1", text, None]


def test_the_document_null_is_no_value() -> None:
    assert documents(pa.array(["null", " null ", '"null"', None])).to_pylist() == [None, None, '"null"', None]


def test_line_breaks_between_tokens_become_blanks() -> None:
    assert documents(pa.array(['{\n"a":\r\n1}'])).to_pylist() == ['{ "a":  1}']


@pytest.mark.parametrize(
    "text", ["", " ", "{", "1 2", "[1][2]", "NaN", "'a'", "01", '"\t"', "[1,]", "\ufeff{}"]
)
def test_no_documents(text: str) -> None:
    assert not are_documents(pa.array([text]))
    with pytest.raises(ValueFormError) as caught:
        documents(pa.array(["{}", text, "[]"]))
    assert text not in caught.value.reason or not text.strip()


@pytest.mark.parametrize(
    "texts",
    [
        ["1 2", "[3,", "4]"],  # as many documents as texts
        ['1"', '"2 3'],
        ["[1", "2]", "3,4"],
        ["1 2", "", "3"],
        ["{}{}", " ", "{}"],
        ['"a', 'b"', '1 "c"'],
    ],
)
def test_texts_that_make_documents_only_together(texts: list[str]) -> None:
    assert not are_documents(pa.array(texts))
    with pytest.raises(ValueFormError):
        documents(pa.array(texts))


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(DOCUMENTS)
def test_indented_text_equals_that_of_the_json_module(document: Any) -> None:
    assert indented(document).decode() == json.dumps(document, ensure_ascii=False, indent=2) + "\n"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_json_are_refused(value: float) -> None:
    with pytest.raises(msgspec.DecodeError):
        indented({"a": value})


NESTED_SCALARS: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.int8(), st.integers(-128, 127)),
    (pa.float64(), st.floats()),
    (pa.bool_(), st.booleans()),
    (pa.string(), st.text()),
    (pa.binary(), st.binary()),
    (pa.date32(), st.dates()),
    (pa.timestamp("us"), st.datetimes()),
    (pa.timestamp("us", "UTC"), st.datetimes(timezones=st.just(dt.UTC))),
    (pa.decimal128(20, 4), st.decimals(-(10**12), 10**12, places=4)),
]


def plain(value: Any) -> Any:
    """What a JSON reader must find for a value."""
    match value:
        case bool() | str() | None:
            return value
        case int():
            return value if abs(value) < 2**53 else str(value)
        case float():
            if value != value:
                return "NaN"
            return value if abs(value) != float("inf") else ("INF" if value > 0 else "-INF")
        case bytes():
            return base64.b64encode(value).decode()
        case dt.datetime():
            return value.isoformat().replace("+00:00", "Z")
        case dt.date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case dict():
            return {name: plain(member) for name, member in value.items()}
        case list():
            return [plain(member) for member in value]
    raise AssertionError(type(value))


Typed = tuple[pa.DataType, st.SearchStrategy[Any]]


def struct_of(members: list[Typed]) -> Typed:
    names = [f'm"{position}' for position in range(len(members))]
    kind = pa.struct([(name, member[0]) for name, member in zip(names, members, strict=True)])
    values = st.fixed_dictionaries(
        {name: st.none() | member[1] for name, member in zip(names, members, strict=True)}
    )
    return kind, values


def list_of(member: Typed) -> Typed:
    return pa.list_(member[0]), st.lists(st.none() | member[1], max_size=3)


def pair_of(member: Typed) -> Typed:
    return pa.list_(member[0], 2), st.lists(st.none() | member[1], min_size=2, max_size=2)


typed = st.recursive(
    st.sampled_from(NESTED_SCALARS),
    lambda inner: (
        inner.map(list_of) | inner.map(pair_of) | st.lists(inner, min_size=1, max_size=3).map(struct_of)
    ),
    max_leaves=5,
)


@given(st.data())
def test_any_nested_value(data: st.DataObject) -> None:
    kind, values = data.draw(
        typed.map(list_of) | typed.map(pair_of) | st.lists(typed, min_size=1, max_size=3).map(struct_of)
    )
    rows = data.draw(st.lists(st.none() | values, max_size=5))
    start = data.draw(st.integers(0, len(rows)))
    texts = nested_documents(pa.array(rows, kind)[start:]).to_pylist()
    expected = [None if row is None else plain(row) for row in rows[start:]]
    assert [None if text is None else json.loads(text) for text in texts] == expected


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([[1, None], [], None]), ["[1,null]", "[]", None]),
        (pa.array([[1, 2]], pa.list_(pa.int32(), 2)), ["[1,2]"]),
        (pa.array([[0.1]], pa.list_(pa.float32())), ["[0.1]"]),
        (pa.array([[1]], pa.large_list(pa.int8())), ["[1]"]),
        (pa.array([{"é": "ü", "a": -0.0}]), ['{"é":"ü","a":-0.0}']),
        (pa.array([{}], pa.struct([])), ["{}"]),
        (pa.array([[("b", 1), ("a", None)]], pa.map_(pa.string(), pa.int8())), ['{"b":1,"a":null}']),
        (pa.array([[(1, "x")]], pa.map_(pa.int8(), pa.string())), ['{"1":"x"}']),
        (pa.array([[([1], True)]], pa.map_(pa.list_(pa.int8()), pa.bool_())), ['{"[1]":true}']),
        (pa.array([[{"k": [{"k": None}]}, None]]), ['[{"k":[{"k":null}]},null]']),
    ],
)
def test_text_of_nested_values(array: pa.Array, expected: list[str | None]) -> None:
    assert nested_documents(array).to_pylist() == expected


def test_a_slice_of_a_map() -> None:
    array = pa.array([[("a", 1)], None, [("b", 2), ("c", 3)]], pa.map_(pa.string(), pa.int8()))
    assert nested_documents(array[1:]).to_pylist() == [None, '{"b":2,"c":3}']
