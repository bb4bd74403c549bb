"""Every second signer sees who decided what, when, and in which words, before they sign."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.support.days import local_today
from tests.support.deciding import Bureau
from tests.support.family import ADULT, CHILD, open_family
from tests.support.kept import Kept
from tests.support.reviewing import BALANCE, LINE, Reviewers

from afschrift.casework.answer import answer_question, look
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.not_received import propose
from afschrift.casework.intake.store_request import take_in
from afschrift.questions.view import Kept as From
from afschrift.questions.view import Section
from afschrift.register.records import QuestionRow

WHY = "It went to the cleaners' own address."


def seen(bureau: Bureau, question: QuestionRow) -> dict[str, Section]:
    found = look(bureau.officer("airflow:sam"), question.id)
    assert found is not None
    return {one.title: one for one in found.sections}


def told(section: Section) -> dict[str, str]:
    return {line.label: line.value for line in section.lines}


def test_of_a_message_that_counts_as_not_received(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = open_family(tmp_path, monkeypatch)
    content = {"message": "Graag.", "channel": "cleaners", "received_at": "2026-03-04T10:00:00+01:00"}
    content |= {"right": ["access", "portability"], "keys": ADULT}
    stored = take_in(bureau.services, Intake.model_validate(content), "cli:ivo")
    case = bureau.register.cases.get(stored.case)
    question = propose(bureau.officer("cli:anna"), case, date(2024, 1, 1), WHY)
    sections = seen(bureau, question)
    decided = told(sections["What was decided"])
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
    assert (told(decided)["Decided"], told(decided)["By"]) == ("Proven", "anna (cli:anna)")
    assert told(decided)["What gives the authority"] == "Guardianship register"
    assert told(decided)["Whether something must stay secret from the representative"] == "Care"
    assert told(decided)["In words"] == WHY


@pytest.mark.slow
def test_of_a_redaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Kept) -> None:
    reviewers = Reviewers.set_up(tmp_path, monkeypatch, kept=kept)
    request = reviewers.store(formats=["csv"])
    line = LINE.replace("rights_of_others", "trade_secret")
    texts = {"redactions": [line], **BALANCE}
    reviewers.answer(reviewers.asked(request), "redact", detail={"secret_owner": "of_another"}, texts=texts)
    sections = seen(reviewers.bureau, reviewers.open(request, "review_signed"))
    decided = sections["What was decided"]
    assert (told(decided)["Decided"], told(decided)["Lines"]) == ("Redact, then ask again", line)
    assert next(one.kept for one in decided.lines if one.label == "Lines") is From.ROLE
    [row] = sections["What would be masked"].rows
    assert (row[0], row[2]) == ("shop.ticket_message.body", 1)
    [ground] = [told(one) for title, one in sections.items() if title.startswith("Ground: ")]
    assert set(BALANCE.values()) <= set(ground.values())
