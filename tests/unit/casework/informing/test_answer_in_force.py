"""Only informing the right person of the answer in force ends a request."""

import contextlib
from datetime import timedelta
from pathlib import Path

import pytest
from testbed.running import drive
from tests.support.days import local_today
from tests.support.deciding import Bureau, mandate
from tests.support.family import open_family
from tests.support.mail_server import Server, mailed
from tests.support.restricted import dispute_service
from tests.unit.casework.informing.conftest import Ready

from afschrift.casework.answer import answer_question
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.identity.breach import take_back
from afschrift.casework.identity.correct_keys import change_keys
from afschrift.casework.letters.make import make
from afschrift.casework.letters.send import send
from afschrift.domain.errors import NeedsPersonError, RefusedError
from afschrift.domain.instants import utc_now
from afschrift.domain.state import State
from afschrift.law.clock.sending import Sending
from afschrift.law.letter import Bounce, LetterState

ANN = {"customer_id": "1", "email": "ann@example.org"}
BOB = {"customer_id": "2", "email": "bob@example.org"}
PROVEN = mandate(secrecy="none")


def letter(bureau: Bureau, request: str, where: str = "our counter") -> str:
    form = {"available_until": local_today() + timedelta(days=9), "where": where, "to": "ann@example.org"}
    made = make(bureau.officer(), request, "delivery", form).letter
    return made.id


def came_back(bureau: Bureau, letter_id: str) -> None:
    bureau.register.outbox.enter_bounce(letter_id, local_today(), Bounce.NOT_COLLECTED, "cli:anna")


def answer(
    bureau: Bureau, asked_for: str, request: str, choice: str, text: str | None = None, **form: str
) -> None:
    [question] = [q for q in bureau.questions(request) if q.kind == asked_for]
    officer = bureau.officer()
    answer_question(officer, question.id, choice, detail=form, text=text)


def upheld(bureau: Bureau, request: str) -> None:
    disputes = dispute_service(bureau)
    disputes.complain(request, "authority", "z1", local_today())
    with pytest.raises(RefusedError, match="takes no end back"):
        disputes.end_complaint(request, "z1", "rejected", reopen=True)
    disputes.end_complaint(request, "z1", "upheld", reopen=True)


def test_of_a_request_reopened_by_a_complaint_the_last_letter_counts(bureau: Bureau, ready: Ready) -> None:
    request = ready(keys=ANN)
    first = letter(bureau, request)
    bureau.send(first)
    upheld(bureau, request)
    assert bureau.state(request) is State.NEEDS_PERSON
    drive(bureau.services, request)
    assert [question.kind for question in bureau.questions(request)] == ["tell_person"]
    second = letter(bureau, request)
    bureau.send(second)
    assert bureau.state(request) is State.DELIVERED

    came_back(bureau, first)  # late
    assert bureau.state(request) is State.DELIVERED
    came_back(bureau, second)
    assert bureau.state(request) is State.READY


def test_a_letter_about_an_overruled_answer_keeps_nothing_closed(bureau: Bureau, ready: Ready) -> None:
    request = ready(keys=ANN)
    first = letter(bureau, request)
    question = open_decision(bureau.services.grounds, bureau.register, request)
    bureau.answer(question, "refuse_part", "trade_secret", places=["shop.ticket"])
    bureau.sign(request)
    drive(bureau.services, request)
    bureau.send(first)  # it was in the post already
    assert bureau.state(request) is State.READY
    second = letter(bureau, request)
    bureau.send(second)
    assert bureau.state(request) is State.DELIVERED

    came_back(bureau, second)

    assert bureau.state(request) is State.READY


def test_what_was_handed_over_stays_so_though_a_letter_comes_back(bureau: Bureau, ready: Ready) -> None:
    request = ready(keys=ANN)
    sent = letter(bureau, request)
    bureau.clocks().inform(request, Sending(local_today(), "by_hand", "r-1"))
    bureau.send(sent)

    came_back(bureau, sent)

    assert bureau.register.letters.get(sent).state is LetterState.BOUNCED
    assert bureau.state(request) is State.DELIVERED


def test_an_answer_by_keys_that_were_corrected_ends_nothing(bureau: Bureau, ready: Ready) -> None:
    request = ready(keys=ANN)
    sent_letter = letter(bureau, request)
    change_keys(bureau.officer(), request, {"customer_id": "3"})
    with pytest.raises(RefusedError, match="No answer"):
        bureau.clocks().inform(request, Sending(local_today(), "by_hand", "r-1"))

    bureau.send(sent_letter)  # it was in the post already

    assert bureau.state(request) is State.NEEDS_PERSON


def test_no_person_is_informed_before_the_answer_is_ready(bureau: Bureau, ready: Ready) -> None:
    request = ready(days=5)
    before = Sending(local_today() - timedelta(days=1), "registered_post", "r-1")
    for enter in (bureau.clocks().sent, bureau.clocks().inform):
        with pytest.raises(RefusedError, match="has been ready since"):
            enter(request, before)
    assert bureau.state(request) is State.READY


def test_a_child_answered_through_a_parent_gets_no_automatic_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, post: tuple[Server, str]
) -> None:
    bureau = mailed(open_family(tmp_path, monkeypatch), tmp_path, post[1])
    request = bureau.store(keys=BOB)
    bureau.reply(bureau.asked(request), "with_representative")
    parent = PROVEN | {"kind": "parental_authority"}
    bureau.reply(bureau.asked(request), "proven", "Best for the child.", **parent)
    answers = {"shared_key": "exclude", "unknown_origin": "leave_out", "review": "approved"}
    for _ in answers:
        with contextlib.suppress(NeedsPersonError):
            drive(bureau.services, request)
        for question in bureau.questions(request):
            if question.kind in answers:
                bureau.reply(question, answers[question.kind])

    assert bureau.state(request) is State.READY
    assert post[0].messages == []


@pytest.mark.parametrize("over", ["taken back", "ran out"])
def test_no_letter_goes_on_a_mandate_that_is_over(
    bureau: Bureau, tmp_path: Path, post: tuple[Server, str], monkeypatch: pytest.MonkeyPatch, over: str
) -> None:
    request = bureau.store(keys=ANN, made_by="proxy", authenticated=None)
    register = bureau.register
    bureau.reply(bureau.asked(request), "confirmed", method="eid", level="high")
    bureau.reply(bureau.asked(request), "proven", valid_until=str(local_today()), **PROVEN)
    drive(bureau.services, request)
    sent_letter = letter(bureau, request)
    sending = mailed(bureau, tmp_path, post[1]).settings
    if over == "taken back":
        take_back(bureau.officer(), request)
    else:
        later = utc_now() + timedelta(days=2)
        monkeypatch.setattr("afschrift.casework.letters.send.utc_now", lambda: later)

    with pytest.raises(RefusedError, match="mandate"):
        send(sending, register, sent_letter, "cli:anna")

    assert post[0].messages == []
    assert bureau.state(request) is State.READY
