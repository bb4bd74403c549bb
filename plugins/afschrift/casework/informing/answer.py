"""Inform the person: by a letter to a verified address, or as an officer enters that it was done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from afschrift.casework.clock import ClockService
from afschrift.casework.delivery.view import seen_deliveries
from afschrift.casework.identity.breach import require_no_breach
from afschrift.casework.identity.confirmed import identity_decision, mandate_decision
from afschrift.casework.identity.question import MANDATE
from afschrift.casework.informing.question import MAKE_LETTER, WITH
from afschrift.casework.intake.parties import party_lines
from afschrift.casework.letters.letter_form import help_of
from afschrift.casework.letters.make import make
from afschrift.casework.letters.send import send
from afschrift.casework.officer import Officer
from afschrift.casework.same_message import answered_together
from afschrift.domain.errors import AfschriftError, FormError, RefusedError
from afschrift.domain.instants import on_the_wall
from afschrift.domain.language import gettext
from afschrift.law.clock.facts import FactRow, Timeline
from afschrift.law.clock.sending import Sending, record_notification
from afschrift.law.letter import LetterState
from afschrift.letters.elements import ELEMENTS
from afschrift.letters.kinds import kind_named
from afschrift.letters.mail_message import checked_address
from afschrift.questions.kind import Answered, GivenAnswer
from afschrift.questions.view import NOTHING_KEPT, Kept, Line, Section, in_words
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

_WORDS = {"delivery": "where", "supplement": "where", "nothing_portable": "reasons"}
"""Kind of letter -> the element that the words of the answer fill in."""


def answer_inform(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer.

    Raises:
        TooLateError: the person was informed, or another answer is ready by now.
        FormError: the letter lacks something.
        RefusedError: the day cannot be.
    """
    officer.still_asked(question)
    if given.choice == MAKE_LETTER:
        return _make_letter(officer, question, given)
    clocks = ClockService(officer, officer.jurisdiction)
    sending = Sending(date.fromisoformat(given.detail["on"]), given.detail["channel"], given.detail["proof"])
    others = [other.request for other, _ in _together(officer.register, question)]
    for request in (question.request, *others):
        require_no_breach(officer.register, request, sending.on)
    done = officer.record_answer(
        question,
        given,
        facts=lambda t: clocks.with_lifting(t, record_notification(t, clocks.today(t), sending)),
    )
    for other in others:
        clocks.inform(other, sending)
    return replace(done, next_step="The person was informed: the request is closed.")


def _together(register: Register, question: QuestionRow) -> tuple[tuple[Timeline, FactRow], ...]:
    """The requests of the same message, with their answers, that the question is about too."""
    found = answered_together(register, register.facts.timeline(question.request))
    return tuple(pair for pair in found if pair[0].request in question.detail.get(WITH, ()))


def _make_letter(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    kind = kind_named(str(question.detail["letter"]))
    asked = {element.name for element in kind.asked}
    elements = {name: value for name, value in given.detail.items() if name in asked}
    if given.text and kind.name in _WORDS:
        elements[_WORDS[kind.name]] = given.text
    if (to := verified_address(officer.register, question.request)) is not None:
        elements["to"] = to
    make(officer, question.request, kind.name, elements, keep=False)
    done = officer.record_answer(question, given)
    letter = make(officer, question.request, kind.name, elements, authority=given.authority).letter
    assert letter is not None  # `make` keeps it
    how = f"`afschrift letter send {letter.id}`, or enter with `afschrift letter sent` that you sent it"
    return replace(done, letter=letter.id, next_step=f"Letter {letter.id} ({kind.name}) is made: {how}.")


_NEEDS_WORDS = ("nothing_portable",)
"""Letters whose reasons a person writes (R56)."""


def inform_by_mail(officer: Officer, request_id: str, log: Callable[[str], None]) -> str | None:
    """Make the letter about the answer that is ready and send it; its id, or None: an officer must inform.

    What prevents it is logged without the letter's text; the letter may then lie in the outbox.
    """
    answers = officer.register.facts.timeline(request_id).unsent_answers
    if not answers or answers[-1].detail["letter"] in _NEEDS_WORDS:
        return None
    to = verified_address(officer.register, request_id)
    if to is None:
        return None
    try:
        letter = make(officer, request_id, answers[-1].detail["letter"], {"to": to}).letter
        assert letter is not None  # `make` keeps it
        sent = send(officer.settings, officer.register, letter.id, officer.by)
    except AfschriftError as error:
        log(f"The person was not informed by mail. {error}")
        return None
    if sent.state is not LetterState.SENT:
        log(f"The person was not informed by mail: letter {letter.id} is {sent.state} ({sent.bounce}).")
        return None
    return letter.id


def verified_address(register: Register, request_id: str) -> str | None:
    """The one e-mail address of the person that a channel had authenticated; None: none is verified.

    An address that was merely typed does not count. Nor does one of a request that a representative made, or
    of a child that is answered through a representative: who receives the answer is then for an officer to
    decide (R15, R16, R69).
    """
    if identity_decision(register, request_id) is None:
        return None
    if register.requests.made_by(request_id) != "self" or mandate_decision(register, request_id) is not None:
        return None
    found = {_address(key.value) for key in register.identities.verified(request_id)} - {None}
    return found.pop() if len(found) == 1 else None


def _address(value: str) -> str | None:
    try:
        return checked_address(value.strip())
    except RefusedError:
        return None


def inform_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The answer, who receives it, and the letter as far as it can be made."""
    timeline = officer.register.facts.timeline(question.request)
    ready = next((fact for fact in timeline.facts if fact.id == question.detail["answer"]), None)
    if ready is None:
        return (NOTHING_KEPT,)
    answer = []
    for of, fact in ((timeline, ready), *_together(officer.register, question)):
        answer.append(
            Line(
                "Ready since", f"{on_the_wall(fact.at, of.zone)} ({of.request}, {in_words(of.right).lower()})"
            )
        )
        for seen in seen_deliveries(officer, of.request):
            if seen.row.sha256 == fact.detail.get("bundle"):
                lines = (
                    (gettext("Where it is"), seen.place),
                    ("Words", seen.words),
                    *(("Note", r) for r in seen.remarks),
                )
                answer += [
                    Line(name, value) for name, value in (("Bytes", str(seen.row.bytes)), *lines) if value
                ]
    letter = str(question.detail["letter"])
    return (
        Section("The answer", tuple(answer)),
        Section("Whom to inform", tuple(_recipient_lines(officer, timeline))),
        Section("The letter", tuple(_letter_lines(officer, question.request, letter))),
    )


def _recipient_lines(officer: Officer, timeline: Timeline) -> Iterator[Line]:
    register, request = officer.register, timeline.request
    made_by = register.requests.made_by(request)
    if made_by != "self":
        yield Line("Who asked", in_words(made_by))
        mandates = [row.detail for row in register.decisions.of(request) if row.kind == MANDATE]
        for name in ("answer_to", "answer_by"):
            if mandates and name in mandates[-1]:
                yield Line(in_words(name), in_words(str(mandates[-1][name])))
        yield from party_lines(register, request)
        return
    address = verified_address(register, request)
    if address is None:
        yield Line("E-mail address", "none that is sure: it was not authenticated, or there are several")
    else:
        yield Line("E-mail address", address, Kept.MASKED)


def _letter_lines(officer: Officer, request: str, kind: str) -> Iterator[Line]:
    yield Line("Letter", in_words(kind))
    try:
        made = make(officer, request, kind, {}, keep=False)
    except FormError as error:
        lacking = [gettext(help_of(name)) for name in error.fields if name in ELEMENTS]
        yield Line("What you add", "; ".join(lacking) or str(error))
        return
    except AfschriftError as error:
        yield Line("What hinders it", str(error))
        return
    yield Line("Subject", made.text.subject, Kept.ROLE)
    yield Line("Text", made.text.text, Kept.ROLE)
