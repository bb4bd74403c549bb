"""Whoever decides or signs sees what it rests on: earlier requests, the form in words, and the letter."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.days import days_away, local_today
from tests.support.deciding import Bureau
from tests.support.restricted import open_bureau

from afschrift.casework.answer import look
from afschrift.law.roles import Role
from afschrift.questions.view import NOT_FOR_ROLE, Kept, Section
from afschrift.register.records import QuestionRow


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return Bureau.open(tmp_path, monkeypatch)


def seen(bureau: Bureau, question: QuestionRow, by: str) -> dict[str, Section]:
    found = look(bureau.officer(by), question.id)
    assert found is not None
    return {one.title: one for one in found.sections}


def told(section: Section) -> dict[str, str]:
    return {line.label: line.value for line in section.lines}


def to_sign(bureau: Bureau, request: str, kind: str = "decision_signed") -> QuestionRow:
    return next(q for q in bureau.register.questions.all(request_id=request) if q.kind == kind)


def test_a_flag_is_said_in_words_with_the_earlier_requests(bureau: Bureau) -> None:
    first, second = bureau.answered(2)
    question = bureau.asked(bureau.store())
    [flag] = [one for title, one in seen(bureau, question, "cli:anna").items() if title == "Repetition"]
    assert told(flag)["What was seen"] == "This person asked for the same 2 times before within 365 days."
    earlier = [line for line in flag.lines if line.label == "Earlier request"]
    assert [line.request for line in earlier] == [first, second]
    received = bureau.register.facts.timeline(first).received
    today = local_today()
    assert earlier[0].value.startswith(f"{first}: access, received on {received}, ended as delivered on ")
    assert earlier[0].value[-10:] in {str(today - timedelta(1)), str(today), str(today + timedelta(1))}
    assert told(flag)["Rules"].startswith("R26")


def test_an_earlier_request_that_is_open_is_said_to_be(bureau: Bureau) -> None:
    open_one = bureau.store(days=3)
    question = bureau.asked(bureau.store())
    overlap = seen(bureau, question, "cli:anna")["Overlap"]
    [line] = [line for line in overlap.lines if line.request]
    assert (line.request, "received on" in line.value, "ended" in line.value) == (open_one, True, False)


def test_a_second_signer_sees_the_form_the_words_and_the_letter(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    objective = "He wrote that he wants to keep us busy."
    bureau.answer(question, "refuse", "manifestly_unfounded", objective=objective)
    asked = to_sign(bureau, request)
    sections = seen(bureau, asked, "airflow:sam")
    decided = told(sections["What was decided"])
    assert decided["Decided"] == "Refuse"
    assert decided["By"] == "anna (cli:anna)"
    assert decided["Ground"] == "Manifestly unfounded"
    assert decided["What happened"] == objective
    assert len(decided["When"]) == len("2026-11-27 19:00")
    letter = told(sections["The letter that would go out"])
    assert letter["Letter"] == "Refusal"
    assert objective in letter["Text"] or "Voorbeeld B.V." in letter["Text"]
    assert bureau.register.letters.all() == ()  # it was only shown
    assert "Repetition" in sections
    assert not any(
        len(value) == 64 and value.isalnum() for one in sections.values() for value in told(one).values()
    )


def test_who_oversees_sees_codes_and_no_words(bureau: Bureau) -> None:
    from dataclasses import replace

    request, question = bureau.flagged()
    bureau.answer(question, "refuse", "manifestly_unfounded", objective="Not for the dpo.")
    asked = to_sign(bureau, request)
    officer = bureau.officer("cli:anna")
    people = tuple(
        replace(one, roles=frozenset({Role.AUDITOR})) if one.name == "anna" else one
        for one in officer.roles.people
    )
    found = look(replace(officer, roles=replace(officer.roles, people=people)), asked.id)
    assert found is not None
    by_label = {line.label: line for one in found.sections for line in one.lines}
    assert by_label["Decided"].value == "Refuse"
    assert (by_label["What happened"].value, by_label["Text"].value) == (NOT_FOR_ROLE, NOT_FOR_ROLE)
    assert by_label["What happened"].kept is Kept.ROLE


def test_of_a_hidden_restriction_no_letter_is_said_to_go_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau = open_bureau(tmp_path, monkeypatch)
    request, question = bureau.flagged()
    on = days_away(50).date().isoformat()
    bureau.answer(
        question, "restrict", "restriction", places=["shop.ticket"], existence="hidden", review_on=on,
        refused=None, given=None, reasons=None,
    )  # fmt: skip
    letter = seen(bureau, to_sign(bureau, request), "airflow:sam")["The letter that would go out"]
    assert told(letter) == {"Letter": "No letter: the restriction stays hidden from the person."}
