"""Forms take codes, numbers and dates only; a question may be assigned to one person."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.days import days_away
from tests.support.deciding import ROLES, Bureau
from tests.support.ground_forms import needed

from afschrift.casework.identity.question import IDENTITY_FORM
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.errors import FormError, NotAllowedError, RefusedError, TooLateError
from afschrift.law.ground_check import takes
from afschrift.questions.ask import assign, assigned_to
from afschrift.questions.form_fields import fields_of, read_fields
from afschrift.questions.forms import check, fields, form
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
    with pytest.raises(FormError, match="there are none"):
        check(None, OPTIONS, "yes", {"count": 1})


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
        faults = " ".join(error.fields.values())  # of the message alone, whose other words are ours
        repeated = [v for v in detail.values() if isinstance(v, str) and len(v) > 3 and v in faults]
        assert all(any(v in takes(f) for f in fields(IDENTITY_FORM).values()) for v in repeated)
    else:
        assert {"method", "level"} <= detail.keys() <= fields(IDENTITY_FORM).keys()
        assert all(v.isascii() and len(v) < 20 for v in detail.values())


def test_texts_of_a_command_line_become_values() -> None:
    for texts, values in (
        ({"count": "3", "on": "2026-11-25", "sure": "true"}, {"count": 3, "on": "2026-11-25", "sure": True}),
        ({"count": "three", "sure": "perhaps"}, {"count": "three", "sure": "perhaps"}),
    ):
        read, _ = read_fields(fields_of(FORM, OPTIONS), lambda name, texts=texts: [texts.get(name, "")])
        assert read == values
    with pytest.raises(ValueError, match="does not have"):
        OpenQuestion(KINDS["unlisted_tables"], ("include",), "words")


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return Bureau.open(tmp_path, monkeypatch)


def test_assigned_deputy_reassigned_and_back(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    register = bureau.register
    assert assign(register, ROLES, question.id, "anna", "cli:otto") == "anna"
    with pytest.raises(NotAllowedError, match="another person"):
        bureau.answer(question, "fulfil", by="cli:otto")
    refused = [
        p for h, p in register.trail.events(request) if h.type == "answer_refused" and h.actor == "cli:otto"
    ]
    assert refused == [{"kind": "decision", "role": "officer"}]
    assert register.questions.get(question.id).answered_at is None
    until = days_away(50).date().isoformat()
    bureau.answer(question, "extend", "complexity", by="airflow:vera", needed_until=until)  # a deputy
    again = bureau.asked(request)
    assign(register, ROLES, again.id, "otto", "cli:vera")
    assign(register, ROLES, again.id, None, "cli:otto")
    assert assigned_to(register.facts.timeline(request), again.id) is None
    bureau.answer(again, "fulfil", by="cli:vera")
    recorded = [
        p["fact"]["detail"]
        for h, p in register.trail.events(request)
        if h.type == "fact_question_assigned" and p
    ]
    assert [detail["to"] for detail in recorded] == ["anna", "otto", None]


def test_who_cannot_be_given_it(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    register = bureau.register
    before = register.facts.timeline(request)
    for name in ("sam", "dirk", "unknown", "cli:root"):
        with pytest.raises(RefusedError, match="holds the role officer"):
            assign(register, ROLES, question.id, name, "cli:anna")
    for account in ("cli:dirk", "cli:ivo", "cli:root"):
        with pytest.raises(NotAllowedError):
            assign(register, ROLES, question.id, "vera", account)
    assert register.facts.timeline(request) == before
    bureau.answer(question, "refuse", "manifestly_excessive")
    [signing] = register.questions.all(request_id=request)
    with pytest.raises(NotAllowedError, match="four eyes"):
        assign(register, ROLES, signing.id, "anna", "cli:otto")
    assert assign(register, ROLES, signing.id, "sam", "cli:otto") == "sam"
    with pytest.raises(TooLateError):
        assign(register, ROLES, question.id, "vera", "cli:anna")
    bureau.sign(request)
