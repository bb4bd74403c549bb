"""Record an answer that came over HTTP, and start the request's next run as the caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from afschrift.casework.answer import answer_question, goes_on, still_open
from afschrift.domain.errors import AfschriftError
from afschrift.questions.kind import Answered, GivenAnswer
from afschrift.register.register import Register
from afschrift.web.caller import Caller, Known

Start = Callable[[str, str], str]
"""Starts the next run of a request: its id, the caller's token -> the run's id."""


@dataclass(frozen=True)
class Starting:
    """Starts runs as the caller, each by the id of its request; returns the run's id.

    Attributes:
        run: the next run.
        look_up: the look-up of its keys.
    """

    run: Callable[[str], str]
    look_up: Callable[[str], str]


def _starting(request: Request, by: Known) -> Starting:
    run, look_up = request.app.state.start
    return Starting(lambda of: run(of, by.token), lambda of: look_up(of, by.token))


Starts = Annotated[Starting, Depends(_starting)]

OTHERS_OPEN = (
    "The answer is recorded. The next run starts with the answer to the last open question: {others}."
)
NO_RUN = "The answer is recorded, but no run was started."
NO_MATTER = "Where those no longer matter, trigger fulfil_request with this id."


@dataclass(frozen=True)
class RecordedAnswer:
    """An answer that was recorded, and what follows.

    Attributes:
        run: id of the run that it started; None: none started.
        next: what remains to be done, in words; empty: nothing.
    """

    done: Answered
    run: str | None
    next: str


def record(
    register: Register, by: Caller, question_id: str, given: GivenAnswer, starting: Starting
) -> RecordedAnswer:
    """Record an answer; where it was the last one due, start the request's next run as the caller.

    If no run starts, the answer remains recorded, and `next` says what to do.

    Raises:
        UnknownQuestionError, NotAllowedError, TooLateError, FormError, RefusedError: nothing was changed.
    """
    done = answer_question(
        by.officer(register),
        question_id,
        given.choice,
        detail=given.detail,
        texts=given.texts,
        text=given.text or None,
        files=given.files,
    )
    request = done.request
    if not goes_on(register, done):
        closed = "" if register.requests.get(request).state.open else "The request is closed by it. "
        return RecordedAnswer(done, None, f"{closed}{done.next_step}".strip())
    if others := still_open(register, request):
        return RecordedAnswer(
            done, None, f"{OTHERS_OPEN.format(others=', '.join(others))} {NO_MATTER} {done.next_step}".strip()
        )
    try:
        return RecordedAnswer(done, starting.run(request), done.next_step)
    except AfschriftError as error:
        words = f"{NO_RUN} {error.args[0]} The next run starts by itself later."
        hint = f"Trigger fulfil_request with this id, or `afschrift run {request}`."
        return RecordedAnswer(done, None, f"{words} {hint} {done.next_step}".strip())
