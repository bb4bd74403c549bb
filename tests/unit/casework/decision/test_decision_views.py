"""Who decides or signs sees earlier requests, the form in words, the letter, and who decided what and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.support.days import days_away, local_today
from tests.support.deciding import Bureau
from tests.support.family import ADULT, CHILD, open_family
from tests.support.kept import Kept as KeptInstallations
from tests.support.restricted import open_bureau
from tests.support.reviewing import BALANCE, LINE, Reviewers

from afschrift.casework.answer import answer_question, look
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.not_received import propose
from afschrift.casework.intake.store_request import take_in
from afschrift.law.roles import Role
from afschrift.questions.view import NOT_FOR_ROLE, Kept, Section
from afschrift.register.records import QuestionRow


def seen(bureau: Bureau, question: QuestionRow, by: str = "airflow:sam") -> dict[str, Section]:
    found = look(bureau.officer(by), question.id)
    assert found is not None
    return {section.title: section for section in found.sections}


def values_of(section: Section) -> dict[str, str]:
    return {line.label: line.value for line in section.lines}


def to_sign(bureau: Bureau, request: str, kind: str = "decision_signed") -> QuestionRow:
    return next(q for q in bureau.register.questions.all(request_id=request) if q.kind == kind)


def test_a_flag_is_put_in_words_with_the_earlier_requests(bureau: Bureau) -> None:
    first, second = bureau.answered(2)
    question = bureau.asked(bureau.store())
    [flag] = [
        section for title, section in seen(bureau, question, "cli:anna").items() if title == "Repetition"
    ]
    assert (
        values_of(flag)["What was seen"] == "This person asked for the same 2 times before within 365 days."
    )
    earlier = [line for line in flag.lines if line.label == "Earlier request"]
    assert [line.request for line in earlier] == [first, second]
    received = bureau.register.facts.timeline(first).received
    today = local_today()
    assert earlier[0].value.startswith(f"{first}: access, received on {received}, ended as delivered on ")
    assert earlier[0].value[-10:] in {str(today - timedelta(1)), str(today), str(today + timedelta(1))}
    assert values_of(flag)["Rules"].startswith("R26")


def test_an_earlier_request_that_is_open_has_no_end(bureau: Bureau) -> None:
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
    decided = values_of(sections["What was decided"])
    assert decided["Decided"] == "Refuse"
    assert decided["By"] == "anna (cli:anna)"
    assert decided["Ground"] == "Manifestly unfounded"
    assert decided["What happened"] == objective
    assert len(decided["When"]) == len("2026-11-27 19:00")
    letter = values_of(sections["The letter that would go out"])
    assert letter["Letter"] == "Refusal"
    assert objective in letter["Text"] or "Voorbeeld B.V." in letter["Text"]
    assert bureau.register.letters.all() == ()  # it was only shown
    assert "Repetition" in sections
    assert not any(
        len(value) == 64 and value.isalnum()
        for section in sections.values()
        for value in values_of(section).values()
    )


def test_an_auditor_sees_codes_and_no_words(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    bureau.answer(question, "refuse", "manifestly_unfounded", objective="Not for the dpo.")
    asked = to_sign(bureau, request)
    officer = bureau.officer("cli:anna")
    people = tuple(
        replace(person, roles=frozenset({Role.AUDITOR})) if person.name == "anna" else person
        for person in officer.roles.people
    )
    found = look(replace(officer, roles=replace(officer.roles, people=people)), asked.id)
    assert found is not None
    by_label = {line.label: line for section in found.sections for line in section.lines}
    assert by_label["Decided"].value == "Refuse"
    assert (by_label["What happened"].value, by_label["Text"].value) == (NOT_FOR_ROLE, NOT_FOR_ROLE)
    assert by_label["What happened"].kept is Kept.ROLE


def test_a_hidden_restriction_shows_that_no_letter_goes_out(
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
    assert values_of(letter) == {"Letter": "No letter: the restriction stays hidden from the person."}


WHY = "It went to the cleaners' own address."


def test_of_a_message_that_counts_as_not_received(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = open_family(tmp_path, monkeypatch)
    content = {"message": "Graag.", "channel": "cleaners", "received_at": "2026-03-04T10:00:00+01:00"}
    content |= {"right": ["access", "portability"], "keys": ADULT}
    stored = take_in(bureau.services, Intake.model_validate(content), "cli:ivo")
    case = bureau.register.cases.get(stored.case)
    question = propose(bureau.officer("cli:anna"), case, date(2024, 1, 1), WHY)
    sections = seen(bureau, question)
    decided = values_of(sections["What was decided"])
    assert decided["By"] == "anna (cli:anna)"
    assert decided["When"].startswith(str(local_today().year))
    assert (decided["Published on"], decided["Channel"], decided["In words"]) == (
        "2024-01-01",
        "Cleaners",
        WHY,
    )
    ends = sections["What would end with it"].lines
    assert [line.request for line in ends] == list(stored.requests)
    assert "access, received on 2026-03-04, needs person" in ends[0].value


def test_of_a_mandate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = open_family(tmp_path, monkeypatch)
    question = bureau.asked(bureau.store(keys=CHILD, made_by="guardian"))
    form = {"kind": "guardianship_register", "checked_on": str(local_today()), "scope": "both"}
    form |= {"identity_checked": "eid", "answer_to": "representative", "answer_by": "post", "secrecy": "care"}
    officer = bureau.officer("cli:anna")
    done = answer_question(officer, question.id, "proven", detail=form, text=WHY)
    assert done.signer is not None
    [decided] = seen(bureau, bureau.register.questions.get(done.signer)).values()
    assert (values_of(decided)["Decided"], values_of(decided)["By"]) == ("Proven", "anna (cli:anna)")
    assert values_of(decided)["What gives the authority"] == "Guardianship register"
    assert values_of(decided)["Whether something must stay secret from the representative"] == "Care"
    assert values_of(decided)["In words"] == WHY


@pytest.mark.slow
def test_of_a_redaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: KeptInstallations) -> None:
    reviewers = Reviewers.set_up(tmp_path, monkeypatch, kept=kept)
    request = reviewers.store(formats=["csv"])
    line = LINE.replace("rights_of_others", "trade_secret")
    texts = {"redactions": [line], **BALANCE}
    reviewers.answer(reviewers.asked(request), "redact", detail={"secret_owner": "of_another"}, texts=texts)
    sections = seen(reviewers.bureau, reviewers.open(request, "review_signed"))
    decided = sections["What was decided"]
    assert (values_of(decided)["Decided"], values_of(decided)["Lines"]) == ("Redact, then ask again", line)
    assert next(line.kept for line in decided.lines if line.label == "Lines") is Kept.ROLE
    [row] = sections["What would be masked"].rows
    assert (row[0], row[2]) == ("shop.ticket_message.body", 1)
    [ground] = [values_of(section) for title, section in sections.items() if title.startswith("Ground: ")]
    assert set(BALANCE.values()) <= set(ground.values())
