"""Do what came over HTTP, and start the request's next run as the caller after an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request

from afschrift.casework.actions.action import Action, Done, perform
from afschrift.casework.answer import goes_on, still_open
from afschrift.casework.answer_rows import AnswerDone
from afschrift.domain.errors import AfschriftError
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


def act(by: Caller, action: Action, owner: str, given: object, starting: Starting) -> Done:
    """Do an action of the table; after the last answer that was due, start the next run as the caller.

    If no run starts, the answer remains recorded, and `next` says what to do.

    Raises:
        AfschriftError: as `perform`; nothing was changed.
    """
    officer = by.officer()
    done = perform(officer, action, owner, given)
    if not isinstance(done, AnswerDone):
        return done
    [timeline], register = done.timelines, officer.register
    if not goes_on(register, done.answered):
        return done.saying("" if timeline.state.open else "The request is closed by it.")
    if others := still_open(register, timeline.request):
        return done.saying(f"{OTHERS_OPEN.format(others=', '.join(others))} {NO_MATTER}")
    try:
        return replace(done, run=starting.run(timeline.request))
    except AfschriftError as error:
        words = f"{NO_RUN} {error.args[0]} The next run starts by itself later."
        return done.saying(
            f"{words} Trigger fulfil_request with this id, or `afschrift run {timeline.request}`."
        )
