"""Taking the answer to `tell_person`: a letter is made, or somebody told the person already."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from afschrift.casework.clock.record import ClockService
from afschrift.casework.letters.make import make
from afschrift.casework.officer import Officer
from afschrift.casework.telling.by_mail import verified_address
from afschrift.casework.telling.question import MAKE_LETTER
from afschrift.law.clock.sending import Sending, told
from afschrift.letters.kinds import kind_named
from afschrift.questions.kind import Answered, GivenAnswer
from afschrift.register.records import QuestionRow

_WORDS = {"delivery": "where", "supplement": "where", "nothing_portable": "reasons"}
"""Kind of letter -> the element that the words of the answer are."""


def answer_tell(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer.

    Raises:
        TooLateError: the person was told, or another answer is ready by now.
        FormError: the letter lacks something.
        RefusedError: the day cannot be.
    """
    officer.still_asked(question)
    if given.choice == MAKE_LETTER:
        return _make_letter(officer, question, given)
    clocks = ClockService(officer, officer.jurisdiction)
    sending = Sending(date.fromisoformat(given.detail["on"]), given.detail["channel"], given.detail["proof"])
    done = officer.record_answer(
        question, given, facts=lambda t: clocks.with_lifting(t, told(t, clocks.today(t), sending))
    )
    return replace(done, said="The person was told: the request is closed.")


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
    return replace(done, letter=letter.id, said=f"Letter {letter.id} ({kind.name}) is made: {how}.")
