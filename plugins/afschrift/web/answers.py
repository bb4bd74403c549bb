"""One answer, however it came over HTTP: recorded, and the request's next run started as whoever answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from afschrift.casework.answer import answer_question, still_open
from afschrift.casework.question_kinds import kind_named
from afschrift.domain.errors import AfschriftError
from afschrift.law.manual_search import NewFile
from afschrift.questions.kind import Answered
from afschrift.register.register import Register
from afschrift.web.caller import Caller

Start = Callable[[str, str], str]
"""Starts the next run of a request: its id, the caller's token -> the run's id."""

OTHERS_OPEN = (
    "The answer is recorded. The next run starts with the answer to the last open question: {others}."
)
NO_MATTER = "Where those no longer matter, trigger fulfil_request with this id."


@dataclass(frozen=True)
class SubmittedAnswer:
    """An answer as somebody gives it.

    Attributes:
        detail: codes, which the trail keeps.
        texts: words by field, kept encrypted.
        text: a reason in words, kept encrypted.
        files: what was found in a system that no query reaches.
    """

    choice: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    text: str | None = field(default=None, repr=False)
    files: Sequence[NewFile] = field(default=(), repr=False)


@dataclass(frozen=True)
class RecordedAnswer:
    """What came of an answer.

    Attributes:
        run: id of the run that it started; None: none started.
        next: what is left to do, in words; empty: nothing.
    """

    done: Answered
    run: str | None
    next: str


def record(
    register: Register, by: Caller, question_id: str, submitted: SubmittedAnswer, start: Start
) -> RecordedAnswer:
    """Record an answer; where it was the last one due, start the request's next run as the caller.

    Where no run starts, the answer stands all the same, and `next` says what to do.

    Raises:
        UnknownQuestionError, NotAllowedError, TooLateError, FormError, RefusedError: nothing was changed.
    """
    done = answer_question(
        by.officer(register),
        question_id,
        submitted.choice,
        detail=submitted.detail,
        texts=submitted.texts,
        text=submitted.text or None,
        files=submitted.files,
    )
    request = done.request
    if not register.requests.get(request).state.open:
        return RecordedAnswer(done, None, f"The request is closed by it. {done.said}".strip())
    if done.signer or not kind_named(done.decision.kind).runs:
        return RecordedAnswer(done, None, done.said)
    if others := still_open(register, request):
        return RecordedAnswer(
            done, None, f"{OTHERS_OPEN.format(others=', '.join(others))} {NO_MATTER} {done.said}".strip()
        )
    try:
        return RecordedAnswer(done, start(request, by.token), done.said)
    except AfschriftError as error:
        words = f"The answer is recorded, but no run was started. {error}"
        hint = f"Trigger fulfil_request with this id, or `afschrift run {request}`; else the sweep will."
        return RecordedAnswer(done, None, f"{words} {hint} {done.said}".strip())
