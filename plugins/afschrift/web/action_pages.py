"""A page for each action on a request or a letter: its form, made from the table of actions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from afschrift.casework.actions.action import Action, Done, Sheet, Subject, perform
from afschrift.casework.actions.actions import actions_of, open_actions, situation
from afschrift.casework.decision.denial import signed_policies, sources_at, waiting
from afschrift.domain.errors import AfschriftError, UnknownRequestError
from afschrift.domain.instants import rfc3339
from afschrift.domain.language import gettext, say
from afschrift.law.roles import Act
from afschrift.questions.form_fields import fields_of, read_fields
from afschrift.web.caller import Caller, Known
from afschrift.web.form import Posted, unsendable
from afschrift.web.multipart import Sent
from afschrift.web.page import PRINTED, Problem, at_fields, problem_of, redirect, render
from afschrift.web.tokens import note

router = APIRouter(default_response_class=HTMLResponse)


def permitted(by: Known, of: Subject, name: str) -> Action:
    """The action.

    Raises:
        UnknownRequestError: no such action.
        NotAllowedError: they have no role that may do it.
    """
    subjects = (of, Subject.CASE) if of is Subject.REQUEST else (of,)  # with a request, a part of its case
    action = next((action for action in actions_of(*subjects) if action.name == name), None)
    if action is None:
        raise UnknownRequestError("There is no such action.", remedy="choose one on the page of the request.")
    if not action.is_for(by.roles, by.account):
        raise by.roles.refusal([action.role, *action.also])
    return action


Permitted = Annotated[Action, Depends(permitted)]


@router.get("/{of}/{owner}/do/{name}")
def form(request: Request, owner: str, action: Permitted, by: Known) -> Response:
    """The form of an action, for those who may do it now."""
    return _page(request, by, action, owner, Sent())


@router.post("/{of}/{owner}/do/{name}")
def do(request: Request, owner: str, action: Permitted, by: Known, sent: Posted) -> Response:
    """Do it. A fault shows the page again, with all that was typed."""
    if wrong := unsendable(request, by, sent):
        return _page(request, by, action, owner, sent, *wrong)
    fields = list(fields_of(action.form(situation(by.officer(), action.of, owner)), ()))
    codes, words = read_fields(fields, sent.typed)
    try:
        done = perform(by.officer(), action, owner, codes | words)
    except AfschriftError as error:
        return _page(request, by, action, owner, sent, *problem_of(error, at_fields(fields)))
    if action.sheet is not None:
        return _words(request, by, owner, action.sheet, sent, done)
    # The page shows the letter and the requests themselves, and names no command.
    rows = tuple(f"{timeline.request}  " for timeline in done.timelines)
    rest = (line for line in done.lines[1 if done.letter else 0 :] if not line.startswith(rows))
    lines = [say(line) for line in rest if "`" not in line]
    if done.shown:
        about: dict[str, Any] = {"request_id": done.timelines[0].request, "lines": lines}
        return render(request, "shown", action=action, shown=done.shown, **about)
    notice = note(by, {"done": gettext(action.title), "next": " ".join(lines)})
    to = f"questions/{done.question}" if done.question else "policies"
    to = to if done.question or not done.timelines else f"requests/{done.timelines[0].request}"
    return redirect(request, f"/{to}?notice={notice}")


@router.get("/policies")
def policies(request: Request, by: Known) -> Response:
    """The sources, what answers say of each, and what waits for a second person."""
    by.roles.require(by.account, Act.TIMELINE)
    officer = by.officer()
    evasive = sources_at(officer.register, rfc3339(officer.now))
    rows = []
    for name in sorted({*officer.inventory.sources, *officer.inventory.manual}):
        at = situation(officer, Subject.SOURCE, name)
        rows.append((name, name in evasive, waiting(officer.register, name), open_actions(officer, at)))
    coming = [policy for policy in signed_policies(officer.register) if policy.since > rfc3339(officer.now)]
    return render(request, "policies", rows=rows, coming=coming)


def _words(request: Request, by: Caller, owner: str, sheet: Sheet, sent: Sent, done: Done) -> Response:
    """The words of a delivery, on the page itself: an address would keep them."""
    if sent.value("alone"):
        alone = sheet(by.officer(), owner, done.shown or "")
        return HTMLResponse(alone, headers={"Content-Security-Policy": PRINTED})
    words, of_request = (done.shown or "").split(), done.timelines[0].request
    return render(request, "words", words=words, request_id=of_request, delivery=owner)


def _page(
    request: Request,
    by: Caller,
    action: Action,
    owner: str,
    sent: Sent,
    problem: Problem | None = None,
    status: int = 200,
) -> Response:
    at = situation(by.officer(), action.of, owner)
    return render(
        request,
        "action",
        status,
        action=action,
        request_id=at.source or at.timeline.request,
        letter=at.letter,
        is_open=action.is_open(at),
        fields=list(fields_of(action.form(at), ())),
        sent=sent,
        problem=problem,
        failed=status >= 500,
    )
