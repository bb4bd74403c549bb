"""A request ends when the person was informed: by mail where that is certain, else by an officer's entry."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from testbed.running import drive, event_types
from tests.support.days import days_away, local_today
from tests.support.deciding import Bureau, mandate
from tests.support.mail_server import LINK, Manner, Server, mailed, serving
from tests.support.restricted import dispute_service, open_bureau
from tests.unit.casework.informing.conftest import Ready

from afschrift.casework.answer import answer_question, look
from afschrift.casework.columns.question import RESIDUAL_ROWS
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.informing.question import ask_again
from afschrift.casework.letters.make import make
from afschrift.casework.letters.send import send
from afschrift.domain.errors import FormError, NeedsPersonError, RefusedError, TooLateError
from afschrift.domain.instants import utc_now
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind
from afschrift.law.clock.sending import Sending
from afschrift.law.letter import Bounce, LetterState
from afschrift.questions.ask import put
from afschrift.questions.kind import OpenQuestion
from afschrift.register.records import QuestionRow

ANN = {"customer_id": "1", "email": "ann@example.org"}


def handed() -> dict[str, Any]:
    return {"on": local_today().isoformat(), "channel": "by_hand", "proof": "receipt-1"}


def inform_question(bureau: Bureau, request: str) -> QuestionRow:
    [question] = bureau.questions(request)
    assert question.kind == "tell_person"
    return question


def closed_on(bureau: Bureau, request: str) -> Any:
    return bureau.clocks().clock(bureau.register.facts.timeline(request)).closed_on


def test_a_bundle_at_its_destination_is_no_answer_before_its_handover(bureau: Bureau, ready: Ready) -> None:
    request = ready(days=5)
    assert bureau.state(request) is State.READY
    question = inform_question(bureau, request)
    assert question.detail["letter"] == "delivery"

    later = utc_now() + timedelta(days=2)  # it is entered two days later
    done = answer_question(bureau.officer(now=later), question.id, "told", detail=handed())

    assert "closed" in done.next_step
    assert bureau.state(request) is State.DELIVERED
    assert closed_on(bureau, request) == local_today()
    assert "fact_handed_over" in event_types(bureau.services, request)


def test_a_question_of_a_plan_before_the_map_was_corrected_closes_with_the_answer(bureau: Bureau) -> None:
    request = bureau.store(days=5)
    detail = {"column": "shop.ticket.email", "rows": 1}
    put(bureau.register, request, OpenQuestion(RESIDUAL_ROWS, RESIDUAL_ROWS.options, "", detail))
    drive(bureau.services, request)
    assert [question.kind for question in bureau.questions(request)] == ["tell_person"]
    assert "question_overtaken" in event_types(bureau.services, request)


@pytest.mark.parametrize("on", [days_away(2), days_away(-30)])
def test_a_day_that_cannot_be_ends_nothing(bureau: Bureau, ready: Ready, on: Any) -> None:
    request = ready(days=5)
    with pytest.raises(RefusedError, match="A letter of"):
        bureau.reply(inform_question(bureau, request), "told", **{**handed(), "on": str(on.date())})
    with pytest.raises(FormError, match="proof"):
        bureau.reply(inform_question(bureau, request), "told", **{**handed(), "proof": "by Ann Jansen"})
    assert bureau.state(request) is State.READY


def test_the_informing_officer_sees_answer_addressee_and_letter(bureau: Bureau) -> None:
    request = bureau.store(keys=ANN)
    bundle = drive(bureau.services, request)
    question = inform_question(bureau, request)

    masked, whole = (look(bureau.officer(), question.id, unmask=unmask) for unmask in (False, True))
    shown = {line.label: line.value for section in whole.sections for line in section.lines}
    assert "ann@example.org" not in str([line.value for section in masked.sections for line in section.lines])
    assert bundle.name not in str(whole)
    assert shown["E-mail address"] == "ann@example.org"
    assert shown["What you add"] == "Where the files are; Last day for fetching them"


def test_a_run_more_reads_nothing_and_asks_nothing_twice(bureau: Bureau, ready: Ready) -> None:
    request = ready()
    with pytest.raises(NeedsPersonError, match="nothing changed since"):
        drive(bureau.services, request)
    assert bureau.state(request) is State.READY
    assert event_types(bureau.services, request).count("question_asked") == 1


def test_the_letter_goes_by_itself_to_an_authenticated_address(
    bureau: Bureau, tmp_path: Path, post: tuple[Server, str]
) -> None:
    server, url = post
    bureau = mailed(bureau, tmp_path, url)
    request = bureau.store(keys=ANN)
    bundle = drive(bureau.services, request)

    assert bureau.state(request) is State.DELIVERED
    assert bureau.questions(request) == ()
    [(_, to, content)] = server.messages
    assert to == "ann@example.org"
    assert f"https://portal.example.org/answers/{bundle.name}".encode() in content.replace(b"=\r\n", b"")


@pytest.mark.parametrize(
    ("keys", "more", "link"),
    [
        (ANN, {"authenticated": None}, LINK),  # merely typed
        (ANN, {"made_by": "proxy"}, LINK),  # who receives it is for a person to say
        ({"customer_id": "1"}, {}, LINK),  # no address
        (ANN, {}, None),  # no place that is theirs to open
    ],
)
def test_where_anything_is_unsure_an_officer_informs_the_person(
    bureau: Bureau, tmp_path: Path, post: tuple[Server, str], keys: Any, more: Any, link: str | None
) -> None:
    server, url = post
    bureau = mailed(bureau, tmp_path, url, link)
    request = bureau.store(keys=keys, **more)
    sure = {"method": "call_back", "level": "high"}
    proven = mandate(answer_to="person", secrecy="none")
    answers = {"identity": ("confirmed", sure), "mandate": ("proven", proven)}
    for _ in range(4):
        try:
            drive(bureau.services, request)
            break
        except NeedsPersonError:
            for question in bureau.questions(request):
                choice, form = answers.get(question.kind, ("fulfil", {}))
                bureau.reply(question, choice, **form)

    assert bureau.state(request) is State.READY
    assert inform_question(bureau, request)
    assert server.messages == []


@pytest.mark.parametrize("manner", [Manner.LATER, Manner.NO_SUCH_MAILBOX, Manner.DROPS_ANSWER])
def test_a_letter_that_was_not_sent_informs_no_person(bureau: Bureau, tmp_path: Path, manner: Manner) -> None:
    with serving(manner) as (_, url):
        bureau = mailed(bureau, tmp_path, url)
        request = bureau.store(keys=ANN)
        drive(bureau.services, request)
    assert bureau.state(request) is State.READY
    assert inform_question(bureau, request)


def test_a_letter_that_came_back_opens_it_again_and_it_is_asked_anew(
    bureau: Bureau, tmp_path: Path, post: tuple[Server, str]
) -> None:
    bureau = mailed(bureau, tmp_path, post[1])
    request = bureau.store(keys=ANN)
    drive(bureau.services, request)
    [letter] = bureau.register.letters.all(request_id=request)
    bureau.register.outbox.enter_bounce(letter.id, local_today(), Bounce.MAILBOX_FULL, "cli:anna")

    assert bureau.state(request) is State.READY
    assert ask_again(bureau.register) == (request,)
    assert ask_again(bureau.register) == (request,)
    assert inform_question(bureau, request).detail["letter"] == "delivery"
    assert closed_on(bureau, request) is None

    bureau.reply(inform_question(bureau, request), "told", **handed())
    assert bureau.state(request) is State.DELIVERED


def test_a_letter_of_an_answer_is_not_sent_once_something_else_was_decided(
    bureau: Bureau, tmp_path: Path, post: tuple[Server, str]
) -> None:
    request = bureau.store(keys=ANN)
    first = drive(bureau.services, request)
    form = {"available_until": local_today() + timedelta(days=9), "where": "our counter"}
    letter = make(bureau.officer(), request, "delivery", form | {"to": "ann@example.org"}).letter
    sending = mailed(bureau, tmp_path, post[1]).settings
    register = bureau.register

    about = register.decisions.of(request)[-1].about
    register.decisions.take(request, "identity", "not_confirmed", "cli:anna", about=about)
    with pytest.raises(RefusedError, match="no officer has confirmed"):
        send(sending, register, letter.id, "cli:anna")
    register.decisions.take(request, "identity", "confirmed", "cli:anna", about=about)

    asked = open_decision(bureau.services.grounds, register, request)
    assert [q.kind for q in register.questions.all(request_id=request)] == ["decision"]
    with pytest.raises(RefusedError, match="is needs_person"):
        send(sending, register, letter.id, "cli:anna")
    bureau.answer(asked, "refuse_part", "trade_secret", places=["shop.ticket"])
    bureau.sign(request)
    bundle = drive(bureau.services, request)
    assert bundle.name != first.name, "the earlier bundle is not replaced"
    with pytest.raises(RefusedError, match="answer replaced"):
        send(sending, register, letter.id, "cli:anna")
    assert post[0].messages == []


def test_two_ends_at_once(bureau: Bureau, ready: Ready) -> None:
    request = ready()
    form = {"available_until": local_today() + timedelta(days=9), "where": "our counter"}
    letter = make(bureau.officer(), request, "delivery", form).letter
    bureau.clocks().withdraw(request, "email")

    bureau.send(letter.id)

    assert bureau.state(request) is State.WITHDRAWN
    assert bureau.register.letters.get(letter.id).state is LetterState.SENT
    assert bureau.register.facts.timeline(request).of(FactKind.LETTER_SENT)
    with pytest.raises(TooLateError, match="closed"):
        bureau.clocks().inform(request, Sending(local_today(), "by_hand", "r-1"))


def test_nothing_held_ends_by_its_letter_that_names_what_was_searched(bureau: Bureau) -> None:
    request = bureau.store(keys={"customer_id": "99"})
    for _ in range(2):
        with pytest.raises(NeedsPersonError):
            drive(bureau.services, request)
        if bureau.state(request) is State.NEEDS_PERSON:
            bureau.reply(bureau.questions(request)[-1], "confirm_none")
    assert bureau.state(request) is State.NOTHING_HELD

    done = bureau.reply(inform_question(bureau, request), "make_letter")
    assert bureau.state(request) is State.NOTHING_HELD
    bureau.send(done.letter)

    assert bureau.state(request) is State.ANSWERED_NOTHING_HELD
    bureau.register.outbox.enter_bounce(done.letter, local_today(), Bounce.NOT_COLLECTED, "cli:anna")
    assert bureau.state(request) is State.NOTHING_HELD


def test_that_their_own_limits_leave_nothing_ends_by_its_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau = open_bureau(tmp_path, monkeypatch, all_tables=True)
    quote = "Only your price list."
    request = bureau.store(message=quote, limits={"tables": ["shop.sku"], "quote": quote})
    with pytest.raises(NeedsPersonError):
        drive(bureau.services, request)
    [question] = bureau.questions(request)
    view = look(bureau.officer(), question.id)
    assert quote in [line.value for section in view.sections for line in section.lines]
    bureau.reply(question, "answer_none")
    with pytest.raises(NeedsPersonError):
        drive(bureau.services, request)

    done = bureau.reply(inform_question(bureau, request), "make_letter")
    assert bureau.register.letters.get(done.letter).kind == "nothing_in_limits"
    bureau.send(done.letter)

    assert bureau.state(request) is State.ANSWERED_NOTHING_HELD


def test_that_nothing_can_be_taken_along_needs_a_persons_reasons(bureau: Bureau) -> None:
    request = bureau.store("portability", keys={"customer_id": "4"})
    with pytest.raises(NeedsPersonError, match="but nothing that"):
        drive(bureau.services, request)
    assert bureau.state(request) is State.NOTHING_PORTABLE
    with pytest.raises(FormError, match="reasons"):
        bureau.reply(inform_question(bureau, request), "make_letter")

    done = bureau.reply(inform_question(bureau, request), "make_letter", text="We made it ourselves.")
    bureau.send(done.letter)

    assert bureau.state(request) is State.ANSWERED_NOTHING_PORTABLE


def test_an_answer_whose_key_is_destroyed_is_not_reopened(bureau: Bureau, ready: Ready) -> None:
    request = ready()
    bureau.reply(inform_question(bureau, request), "told", **handed())
    bureau.register.data_keys.shred(request, "retention_identity")
    disputes = dispute_service(bureau)
    disputes.complain(request, "authority", "z1", local_today())
    with pytest.raises(RefusedError, match="destroyed"):
        disputes.end_complaint(request, "z1", "upheld", reopen=True)
    assert bureau.state(request) is State.DELIVERED
