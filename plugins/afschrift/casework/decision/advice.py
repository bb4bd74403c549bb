"""Advice of the data protection officer: they alone give it, and decisions quote it (Art. 38(6))."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from afschrift.casework.officer import Officer
from afschrift.domain.errors import FormError, TooLateError
from afschrift.domain.instants import on_the_wall
from afschrift.domain.language import gettext
from afschrift.law.roles import Role
from afschrift.questions.view import Kept, Line, Section

ADVICE = "dpo_advice"
"""The kind of its text in the case file, and the field of grounds that quotes it."""


def give_advice(officer: Officer, request_id: str, text: str) -> None:
    """Record what the data protection officer advises; later decisions on the request quote it.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they are no data protection officer; the attempt is an event `answer_refused`.
        TooLateError: the request is closed.
    """
    state = officer.register.requests.get(request_id).state
    with officer.refusals(request_id, ADVICE, role=Role.DPO.value):
        if Role.DPO not in officer.roles.person(officer.by).roles:
            raise officer.roles.refusal([Role.DPO])
    if not state.open:
        raise TooLateError(
            f"Request {request_id} is closed, so no decision on it can follow the advice.",
            remedy="give advice on a request that is open.",
        )
    officer.register.cases.add_text(request_id, ADVICE, text.encode(), officer.by)


def with_advice(officer: Officer, request_id: str, texts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The words of a decision with the advice that was given; where none was, as the officer reports it.

    Raises:
        FormError: they report another advice than was given.
    """
    given = officer.register.cases.last_text(request_id, ADVICE)
    if given is None:
        return texts
    if texts.get(ADVICE, given.text) != given.text:
        raise FormError.listing(
            "The data protection officer gave advice themselves.",
            {ADVICE: "is quoted from what they wrote: leave it empty"},
            remedy="nothing was changed; the question is open.",
        )
    return {**texts, ADVICE: given.text}


def advice_sections(officer: Officer, request_id: str) -> Iterator[Section]:
    """What was advised, by whom and when; the words for those who may answer."""
    given = officer.register.cases.last_text(request_id, ADVICE)
    if given is not None:
        when = on_the_wall(given.at, officer.register.requests.get(request_id).zone)
        who = officer.roles.person(given.by).name
        lines = (Line("By", who), Line("When", when), Line("In words", given.text, Kept.ROLE))
        yield Section(gettext("Advice of the data protection officer"), lines)
