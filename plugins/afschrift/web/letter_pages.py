"""The letters of a request: on its page, and each as it goes out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from afschrift.casework.actions.action import Action, Situation, Subject
from afschrift.casework.actions.actions import open_actions, situation
from afschrift.casework.letters.letter_form import read_letter
from afschrift.casework.officer import Officer
from afschrift.domain.language import gettext
from afschrift.law.letter import SMTP, LetterRow, LetterState
from afschrift.questions.view import in_words
from afschrift.web.caller import Caller, Known, cross_origin_error, form_token, is_form_token
from afschrift.web.language import day
from afschrift.web.multipart import Sent, answer_form
from afschrift.web.page import render

router = APIRouter(default_response_class=HTMLResponse)
PRINTED = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'; sandbox allow-modals"
)
"""Policy of a letter that is opened alone, to be printed."""


@dataclass(frozen=True)
class ShownLetter:
    """A letter on the page of its request; `token`: of the form that reads it."""

    letter: LetterRow
    state: str
    actions: list[Action]
    token: str


def shown_letters(by: Caller, officer: Officer, at: Situation, base: str) -> list[ShownLetter]:
    """The letters of a request, with what can be done with each."""
    return [
        ShownLetter(
            letter,
            state_words(letter, at),
            open_actions(officer, replace(at, letter=letter)),
            form_token(by, f"{base}/letters/{letter.id}"),
        )
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
            how = gettext(in_words(letter.channel)).lower()
            return gettext("Sent on {day}, {how}.", day=day(letter.sent_on or ""), how=how)
        case LetterState.BOUNCED:
            why = gettext(in_words(letter.bounce)).lower()
            return gettext("Came back on {day}: {why}.", day=day(letter.bounced_on or ""), why=why)
        case LetterState.DISCARDED:
            return gettext("Made on {day}, and discarded: it is not sent.", day=made)
        case LetterState.SENDING:
            return gettext("It is being sent.")
    return gettext("It is not known whether it was sent. Look at the log of the mail server.")


@router.post("/letters/{letter_id}")
async def read(request: Request, letter_id: str, by: Known) -> Response:
    """A letter as it goes out, within a page or alone to be printed. The look is an event."""
    return await answer_form(request, _read, letter_id, by)


def _read(request: Request, letter_id: str, by: Caller, sent: Sent) -> Response:
    if not is_form_token(by, request.url.path, sent.value("token")):
        raise cross_origin_error()
    officer = by.officer()
    found = read_letter(officer, letter_id)
    if sent.value("alone"):
        return HTMLResponse(found.html, headers={"Content-Security-Policy": PRINTED})
    at = situation(officer, Subject.LETTER, letter_id)
    shown = ShownLetter(
        found.letter, state_words(found.letter, at), open_actions(officer, at), sent.value("token")
    )
    return render(request, "letter", by=by, found=found, one=shown, framed=found.html)
