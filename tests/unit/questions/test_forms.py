"""Forms take codes, numbers and dates only, say which field is wrong, and repeat nothing."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.casework.identity.question import IDENTITY_FORM
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.errors import FormError
from afschrift.questions.forms import check, expected, fields, form, needed, typed
from afschrift.questions.kind import OpenQuestion

OPTIONS = ("yes", "no")
FORM = form(
    OPTIONS,
    {
        "count": {"title": "How many", "type": "integer", "minimum": 0, "maximum": 9},
        "on": {"title": "When", "type": "string", "format": "date"},
        "sure": {"title": "Sure", "type": "boolean"},
        "code": {"title": "Code", "enum": ["a", "b"]},
    },
    {"yes": ("count", "on")},
)


@pytest.mark.parametrize("kind", [k for k, v in KINDS.items() if v.form is not None])
def test_forms_are_schemas_without_free_text(kind: str) -> None:
    schema = KINDS[kind].form
    assert schema is not None
    assert jsonschema_rs.meta.is_valid(dict(schema))
    assert schema["properties"]["choice"]["enum"] == list(KINDS[kind].options)
    for name, field in fields(schema).items():
        assert field["title"]
        coded = {"enum", "format"} & set(field) or field["type"] in ("integer", "number", "boolean")
        assert coded or (name == "proof" and " " not in field["pattern"])  # a reference, and no sentence
    for choice in KINDS[kind].options:
        assert set(needed(schema, choice)) <= set(fields(schema))


def test_what_fits() -> None:
    check(FORM, OPTIONS, "yes", {"count": 3, "on": "2026-11-25", "sure": True, "code": "a"})
    check(FORM, OPTIONS, "no", {})
    check(None, OPTIONS, "no", {})


@pytest.mark.parametrize(
    ("choice", "detail", "wrong"),
    [
        ("yes", {}, {"count", "on"}),
        ("maybe", {}, {"choice"}),
        ("no", {"count": 10}, {"count"}),
        ("no", {"count": "3"}, {"count"}),
        ("no", {"count": True}, {"count"}),
        ("no", {"on": "2026-02-30"}, {"on"}),
        ("no", {"code": "c", "sure": "yes"}, {"code", "sure"}),
        ("no", {"choice": "yes"}, {"detail"}),
        ("no", {"name": "Jan"}, {"detail"}),
    ],
)
def test_a_value_that_does_not_fit_is_named_by_field(
    choice: str, detail: dict[str, Any], wrong: set[str]
) -> None:
    with pytest.raises(FormError) as caught:
        check(FORM, OPTIONS, choice, detail)
    assert set(caught.value.fields) == wrong
    assert "Jan" not in str(caught.value)


def test_a_question_without_a_form_has_no_fields() -> None:
    with pytest.raises(FormError, match="there are none"):
        check(None, OPTIONS, "yes", {"count": 1})


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(sorted(fields(IDENTITY_FORM))), st.text()),
        st.one_of(st.text(), st.integers(), st.none(), st.booleans(), st.floats(allow_nan=False)),
        max_size=5,
    )
)
def test_whatever_passes_is_a_code_or_a_date(detail: dict[str, Any]) -> None:
    try:
        check(IDENTITY_FORM, ("confirmed", "not_confirmed"), "confirmed", detail)
    except FormError as error:
        repeated = [v for v in detail.values() if isinstance(v, str) and len(v) > 3 and v in str(error)]
        assert all(any(v in expected(f) for f in fields(IDENTITY_FORM).values()) for v in repeated)
    else:
        assert {"method", "level"} <= detail.keys() <= fields(IDENTITY_FORM).keys()
        assert all(v.isascii() and len(v) < 20 for v in detail.values())


def test_texts_of_a_command_line_become_values() -> None:
    texts = {"count": "3", "on": "2026-11-25", "sure": "true", "code": "a", "other": "7"}
    assert typed(FORM, texts) == {"count": 3, "on": "2026-11-25", "sure": True, "code": "a", "other": "7"}
    assert typed(FORM, {"count": "three", "sure": "perhaps"}) == {"count": "three", "sure": "perhaps"}
    assert typed(None, {"count": "3"}) == {"count": "3"}


def test_a_question_offers_nothing_that_its_kind_does_not_have() -> None:
    with pytest.raises(ValueError, match="does not have"):
        OpenQuestion(KINDS["unlisted_tables"], ("include",), "words")
