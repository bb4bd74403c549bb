"""Rights asked in one message are acknowledged once, and answered in one letter where their days allow."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from testbed.running import drive, members
from tests.support.days import local_today
from tests.support.deciding import Bureau
from tests.support.mail_server import Server, mailed

from afschrift.casework import same_message
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.informing.question import ask_again
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.receive import receive
from afschrift.casework.letters import answer_elements
from afschrift.casework.letters.due_letters import letters_due
from afschrift.casework.letters.make import make
from afschrift.casework.letters.send import send
from afschrift.domain.errors import NeedsPersonError, RefusedError
from afschrift.domain.instants import utc_now
from afschrift.domain.state import State
from afschrift.law.clock.facts import SuspensionGround
from afschrift.law.clock.sending import Sending
from afschrift.law.letter import Bounce, Discard
from afschrift.letters.mail_message import parts
from afschrift.steps.assess import assess

ANN = {"customer_id": "1", "email": "ann@example.org"}


def where() -> dict[str, Any]:
    return {"where": "our counter", "available_until": local_today() + timedelta(days=9)}


BOTH = State.DELIVERED, State.DELIVERED


def received(bureau: Bureau, language: str = "en", **more: Any) -> tuple[str, str]:
    """The requests for access and portability of one message, acknowledged where there is a mail server."""
    at = (utc_now() - timedelta(days=1)).isoformat()
    content = {"message": "All my data please, also to take with me.", "channel": "portal", "received_at": at}
    content |= {"right": ["access", "portability"], "keys": ANN, "language": language}
    content |= {"authenticated": {"by": "log-in", "level": "high", "at": at}, **more}
    intake = Intake.model_validate(content)
    access, portability = receive(bureau.settings, bureau.services, intake, "tester", lambda _: None).requests
    return access, portability


def states(bureau: Bureau, requests: tuple[str, str]) -> tuple[State, ...]:
    return tuple(bureau.state(request) for request in requests)


def text(bureau: Bureau, request: str, kind: str = "delivery") -> str:
    return bureau.text(request, kind, **where() if kind == "delivery" else {})


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", (
            *("You want to see your data", "You want to take your data", "to see what we have"),
            *("to take with you", "Each file has six words of its own."),
        )),
        ("nl", (
            *("U wilt uw gegevens inzien", "U wilt uw gegevens meenemen", "om te zien wat"),
            *("om mee te nemen", "Elk bestand heeft zijn eigen zes woorden."),
        )),
    ],
)  # fmt: skip
def test_both_rights_take_one_acknowledgement_and_one_letter_with_both_files(
    bureau: Bureau, tmp_path: Path, post: tuple[Server, str], language: str, sentence: tuple[str, ...]
) -> None:
    server, url = post
    bureau = mailed(bureau, tmp_path, url)
    requests = received(bureau, language)
    names = [drive(bureau.services, requests[0]).name]
    assert states(bureau, requests)[0] is State.READY, "it waits for the other right"
    assert len(server.messages) == 1
    assert ask_again(bureau.register, bureau.officer().jurisdiction) == ()
    names.append(drive(bureau.services, requests[1]).name)

    assert states(bureau, requests) == BOTH
    acknowledgement, delivery = (" ".join(parts(content)[1].split()) for _, _, content in server.messages)
    assert all(words in acknowledgement for words in sentence[:2])
    assert delivery.count("- In the file to see: - author in") == delivery.count("Your data are ready now")
    assert all(words in delivery for words in (*sentence[2:], *names, ", ".join(reversed(requests))))
    for request in requests:
        timeline = bureau.register.facts.timeline(request)
        assert letters_due(bureau.register, timeline, bureau.officer().jurisdiction, local_today()) == ()
        assert bureau.questions(request) == ()


def test_without_mail_one_question_asks_to_inform_of_both(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = received(bureau)
    for request in requests:
        drive(bureau.services, request)
    with monkeypatch.context() as apart:  # two destinations
        ways = {requests[0]: "phone", requests[1]: "sms"}
        apart.setattr(answer_elements, "opened_by", lambda _, row: {"secret_by": ways[row.request]})
        written = text(bureau, requests[1])
    assert "explanation. You get its six words on the phone." in written
    assert "another company. You get its six words by text message." in written
    assert "the six words that open a file as it says at each file." in written
    asked = [question for request in requests for question in bureau.questions(request)]
    assert [(q.request, q.detail["with"]) for q in asked] == [(requests[1], [requests[0]])]
    jurisdiction = bureau.officer().jurisdiction
    assert ask_again(bureau.register, jurisdiction) == (requests[1],)

    letter = make(bureau.officer(), requests[0], "delivery", where()).letter
    assert letter is not None
    assert ask_again(bureau.register, jurisdiction) == ()
    bureau.send(letter.id)
    assert states(bureau, requests) == BOTH
    bureau.register.outbox.enter_bounce(letter.id, local_today(), Bounce.NOT_COLLECTED, "cli:anna")
    assert states(bureau, requests) == (State.READY, State.READY)

    bureau.reply(asked[0], "told", on=local_today().isoformat(), channel="by_hand", proof="receipt-1")
    assert states(bureau, requests) == BOTH


def _extend(bureau: Bureau, request: str) -> None:
    bureau.clocks().extend(request, ["amount_of_data"], text="Many systems.")


def _withdraw(bureau: Bureau, request: str) -> None:
    bureau.clocks().withdraw(request, "email")


def _refuse(bureau: Bureau, request: str) -> None:
    asked = open_decision(bureau.services.grounds, bureau.register, request)
    bureau.answer(asked, "refuse", "manifestly_unfounded")
    bureau.sign(request)


def _fail(bureau: Bureau, request: str) -> None:
    assess(bureau.services, request)
    bureau.register.runs.begin(request, f"{request}.1", timedelta(hours=1))
    bureau.register.runs.end(request, f"{request}.1", bureau.state(request))


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (_extend, "your request to take your data with you. You will get the answer to that later"),
        (_fail, "You will get the answer to that later"),
        (_refuse, "We do not carry out that request. A separate letter says why."),
        (_withdraw, None),
    ],
)
def test_one_right_goes_alone_where_the_other_takes_longer_or_falls_away(
    bureau: Bureau, act: Callable[[Bureau, str], None], sentence: str | None
) -> None:
    access, portability = received(bureau)
    act(bureau, portability)
    drive(bureau.services, access)
    [question] = bureau.questions(access)
    assert question.kind == "tell_person"
    assert "with" not in question.detail
    letter = text(bureau, access)
    assert (sentence or "") in letter
    assert ("We also received" in letter, "Which files" in letter) == (bool(sentence), False)


def test_a_letter_about_both_is_not_sent_once_one_was_withdrawn(
    bureau: Bureau, tmp_path: Path, post: tuple[Server, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = received(bureau)
    for request in requests:
        drive(bureau.services, request)
    letter = make(bureau.officer(), requests[0], "delivery", where() | {"to": ANN["email"]}).letter
    assert letter is not None
    assert letter.also.keys() == {requests[1]}
    _withdraw(bureau, requests[1])
    with pytest.raises(RefusedError, match="is withdrawn"):
        send(mailed(bureau, tmp_path, post[1]).settings, bureau.register, letter.id, "cli:anna")
    bureau.register.outbox.discard(letter.id, Discard.REPLACED, "cli:anna")
    assert "Which files" not in text(bureau, requests[0])


def test_an_answer_waits_two_days_at_most(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    access, portability = received(bureau)
    drive(bureau.services, access)
    jurisdiction = bureau.officer().jurisdiction
    assert ask_again(bureau.register, jurisdiction) == ()
    monkeypatch.setattr(same_message, "PATIENCE", timedelta(0))
    assert ask_again(bureau.register, jurisdiction) == (access,)
    assert "You will get the answer to that later" in text(bureau, access)
    bureau.send(make(bureau.officer(), access, "delivery", where()).letter.id)
    drive(bureau.services, portability)
    assert "We answered that on" in text(bureau, portability)


def test_portability_does_not_offer_the_access_that_was_asked(bureau: Bureau) -> None:
    offer = b"write: \xe2\x80\x98I want"
    _, portability = received(bureau)
    page = members(drive(bureau.services, portability))["index.html"]
    assert b"The same message also asks to see data." in page
    assert offer not in page
    alone = bureau.store("portability", {"customer_id": "2"}, language="en")
    with pytest.raises(NeedsPersonError):
        drive(bureau.services, alone)
    bureau.reply(bureau.questions(alone)[-1], "leave_out")
    page = members(drive(bureau.services, alone))["index.html"]
    assert b"also asks" not in page
    assert offer in page
    _, portability = received(bureau, message="Again.", keys={"customer_id": "4"})
    with pytest.raises(NeedsPersonError):
        drive(bureau.services, portability)
    [question] = bureau.questions(portability)
    made = make(
        bureau.officer(), portability, "nothing_portable", {"reasons": "We hold it for tax."}, keep=False
    )
    assert question.kind == "tell_person"
    assert "There is also a request to see data" in made.text.text
    assert "I want to see" not in made.text.text


def test_a_letter_says_that_the_other_right_waits_for_a_reply(bureau: Bureau) -> None:
    access, portability = received(bureau)
    sending = Sending(local_today(), "email", "mail-1")
    bureau.clocks().suspend(access, SuspensionGround.SPECIFICATION, overview=True, sending=sending)
    drive(bureau.services, portability)
    sentence = "We asked a question about that. Do we have the reply? Then we go on."
    assert sentence in text(bureau, portability)
