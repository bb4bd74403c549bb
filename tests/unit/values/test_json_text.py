from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.value_kind import ValueKind
from afschrift.values.json_text import are_documents, documents, escape, fragments
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
