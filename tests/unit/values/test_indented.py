from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.values.json_text import indented

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
