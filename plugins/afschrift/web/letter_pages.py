"""The letters of a request: on its page, each as it goes out, and making one that is shown before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from afschrift.casework.actions.action import Action, Situation, Subject, perform
from afschrift.casework.actions.actions import actions_of, open_actions, situation
from afschrift.casework.actions.letter_actions import MAKE
from afschrift.casework.letters.letter_form import (
    changed,
    due_kinds,
    fitting_kinds,
    help_of,
    letter_form,
    make_letter,
    read_letter,
    seen,
)
from afschrift.casework.letters.make import MadeLetter
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError
from afschrift.domain.language import gettext, say
from afschrift.law.letter import SMTP, LetterRow, LetterState
from afschrift.letters.kinds import kind_named
from afschrift.questions.form_fields import FormField, fields_of, read_fields
from afschrift.questions.view import in_words
from afschrift.web.action_pages import permitted
from afschrift.web.caller import Caller, Known
from afschrift.web.form import Ours, Posted, unsendable
from afschrift.web.language import day
from afschrift.web.multipart import Sent
from afschrift.web.page import PRINTED, Problem, at_fields, problem_of, redirect, render, status_and_words
from afschrift.web.tokens import note, read_note

router = APIRouter(default_response_class=HTMLResponse)


@dataclass(frozen=True)
class ShownLetter:
    """A letter on the page of its request."""

    letter: LetterRow
    state: str
    actions: list[Action]


def shown_letters(officer: Officer, at: Situation) -> list[ShownLetter]:
    """The letters of a request, with what can be done with each."""
    return [
        ShownLetter(letter, state_words(letter, at), open_actions(officer, replace(at, letter=letter)))
        for letter in at.letters
    ]


def state_words(letter: LetterRow, at: Situation) -> str:
    """The state of a letter, in a sentence."""
    made = day(at.timeline.local(letter.produced_at))
    match letter.state:
        case LetterState.PRODUCED if letter.mailed:
            return gettext("Made on {day}, not sent yet. It goes by e-mail.", day=made)
        case LetterState.PRODUCED:
            return gettext(
                "Made on {day}, not sent yet. It has no e-mail address: send it by post.", day=made
            )
        case LetterState.SENT if letter.channel == SMTP:
            return gettext("Sent by e-mail on {day}.", day=day(letter.sent_on or ""))
        case LetterState.SENT:
            how = in_words(letter.channel).lower()
            return gettext("Sent on {day}, {how}.", day=day(letter.sent_on or ""), how=how)
        case LetterState.BOUNCED:
            why = in_words(letter.bounce).lower()
            return gettext("Came back on {day}: {why}.", day=day(letter.bounced_on or ""), why=why)
        case LetterState.DISCARDED:
            return gettext("Made on {day}, and discarded: it is not sent.", day=made)
        case LetterState.SENDING:
            return gettext("It is being sent.")
    return gettext("It is not known whether it was sent. Look at the log of the mail server.")


@router.post("/letters/{letter_id}")
def read(request: Request, letter_id: str, by: Known, sent: Ours) -> Response:
    """A letter as it goes out, within a page or alone to be printed. The look is an event."""
    officer = by.officer()
    found = read_letter(officer, letter_id)
    if sent.value("alone"):
        return HTMLResponse(found.html, headers={"Content-Security-Policy": PRINTED})
    at = situation(officer, Subject.LETTER, letter_id)
    shown = ShownLetter(found.letter, state_words(found.letter, at), open_actions(officer, at))
    return render(request, "letter", found=found, one=shown, framed=found.html)


_MAKE = "/requests/{request_id}/do/" + MAKE.name


@router.get(_MAKE)
def form(request: Request, request_id: str, by: Known, kind: str = "") -> Response:
    """The kinds of letters that can be made now, or the form of one."""
    permitted(by, MAKE.of, MAKE.name)
    return _page(request, by, request_id, Sent([("kind", kind)]))


@router.post(_MAKE)
def make(request: Request, request_id: str, by: Known, sent: Posted) -> Response:
    """Show a letter as it goes out; or make it, where it still says what was shown, and send it."""
    permitted(by, MAKE.of, MAKE.name)
    if wrong := unsendable(request, by, sent):
        return _page(request, by, request_id, sent, *wrong)
    officer, kind = by.officer(), kind_named(sent.value("kind"))
    fields = _fields(letter_form(officer, request_id, kind))
    given, _ = read_fields(fields, sent.typed)
    again = bool(given.pop("again", False))
    shown = None
    try:
        shown = make_letter(officer, request_id, kind.name, given, keep=False)
        before = read_note(by, sent.value("seen"))
        if sent.value("show") or before != seen(shown):
            other = (
                [gettext(help_of(name)) for name in changed(before, shown)]
                if before and not sent.value("show")
                else []
            )
            return _page(request, by, request_id, sent, shown=shown, other=other)
        made = make_letter(officer, request_id, kind.name, given, again=again).letter
    except AfschriftError as error:
        return _page(request, by, request_id, sent, *problem_of(error, at_fields(fields)), shown=shown)
    assert made is not None
    return _done(request, by, made, send=bool(sent.value("send")))


def _done(request: Request, by: Caller, made: LetterRow, *, send: bool) -> Response:
    """Back to the request; a letter that was made stays, though its sending fails."""
    done, more = gettext("The letter was made. It is not sent yet."), ""
    if send:
        [action] = [action for action in actions_of(Subject.LETTER) if action.name == "send"]
        try:
            sending = perform(by.officer(), action, made.id, {})
            more = " ".join(say(line) for line in sending.lines[1:] if "`" not in line)
            done = done if more else gettext("The letter was made and sent.")
        except AfschriftError as error:
            more = status_and_words(error)[1]
    notice = note(by, {"done": done.removesuffix("."), "next": more})
    return redirect(request, f"/requests/{made.request}?notice={notice}#letters")


def _fields(form: Mapping[str, Any]) -> list[FormField]:
    """The fields, each with what it takes; of some kinds of field the description alone says so."""
    return [
        replace(field, hint=" ".join(dict.fromkeys((field.schema.get("description", ""), field.hint))))
        for field in fields_of(form, ())
    ]


def _page(
    request: Request,
    by: Caller,
    request_id: str,
    sent: Sent,
    problem: Problem | None = None,
    status: int = 200,
    *,
    shown: MadeLetter | None = None,
    other: Sequence[str] = (),
) -> Response:
    officer, kind = by.officer(), sent.value("kind")
    fields: list[FormField] = []
    try:
        if kind:
            fields = _fields(letter_form(officer, request_id, kind_named(kind)))
    except AfschriftError as error:
        kind, (problem, status) = "", problem_of(error, {})
    due = due_kinds(officer, request_id)
    return render(
        request,
        "make_letter",
        status,
        request_id=request_id,
        action=MAKE,
        kind=kind,
        due=due,
        kinds=[] if kind else [name for name in fitting_kinds(officer, request_id) if name not in due],
        fields=fields,
        sent=sent,
        problem=problem,
        shown=shown,
        other=other,
        seen=note(by, seen(shown)) if shown else "",
        mailed=bool(shown and shown.values.get("to")),
        framed=shown.text.html if shown else "",
    )
