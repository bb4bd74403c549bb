"""The first page: what is open of a person's roles, due first; the search; and what is done in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from afschrift.casework.actions.action import perform
from afschrift.casework.actions.actions import ACTIONS
from afschrift.casework.decision.denial import any_waits
from afschrift.casework.desk.desk import DeskRow, desk_rows
from afschrift.casework.desk.next_action import TITLES
from afschrift.casework.desk.owner import possible_owners
from afschrift.casework.desk.today import PAGE, Filters, TodayGroup, TodayRow, lines_of, search
from afschrift.domain.errors import AfschriftError, FormError
from afschrift.domain.language import gettext, ngettext
from afschrift.domain.request import is_id
from afschrift.law.roles import Role
from afschrift.register.open import open_register
from afschrift.web.caller import Caller, Known
from afschrift.web.form import Posted, unsendable
from afschrift.web.multipart import Sent
from afschrift.web.page import Problem, problem_of, redirect, render, status_and_words
from afschrift.web.tokens import note

router = APIRouter(default_response_class=HTMLResponse)
IN_BULK = {action.name: action for action in ACTIONS if action.name in ("assign", "acknowledge")}
"""Actions that are safe for many requests at once."""
NOT_OWNED = "Without an owner"
"""Words for the filter of requests without an owner."""
Chosen = Annotated[Filters, Depends(Filters)]


@router.get("/")
def today(request: Request, by: Known, filters: Chosen, group: str = "", page: int = 1) -> Response:
    """Everything open that the person sees, in groups; `group`: that one alone, a page of it."""
    viewer = by.viewer
    seen = [row for row in desk_rows(by.officer()) if viewer.sees(row)]
    lines = lines_of(filter(filters.fits, seen) if filters.any() else seen, viewer)
    groups: dict[TodayGroup, list[TodayRow]] = {each: [] for each in TodayGroup}
    for line in lines:
        groups[line.group].append(line)
    shown = {each: found for each, found in groups.items() if found and group in ("", each)}
    start = PAGE * (max(1, page) - 1) if group else 0
    return _render(
        request,
        by,
        {each: found[start : start + PAGE] for each, found in shown.items()},
        counts={each: len(found) for each, found in groups.items()},
        group=group,
        page=max(1, page),
        pages=-(-len(groups[TodayGroup(group)]) // PAGE) if group in set(TodayGroup) else 1,
        filters=filters,
        choices=_choices(by, seen),
    )


@router.post("/search")
def searched(request: Request, by: Known, sent: Posted) -> Response:
    """The requests that a text finds; it is sent in the body, so that no log and no history has it."""
    if wrong := unsendable(request, by, sent):
        return _render(request, by, {}, wrong[1], problem=wrong[0], sent=sent)
    try:
        lines = lines_of(search(by.officer(), by.viewer, sent.value("text")), by.viewer)
    except FormError as error:
        problem, status = problem_of(error, {})
        return _render(request, by, {}, status, problem=problem, sent=sent)
    return _render(request, by, {"found": lines})


@router.post("/bulk")
def bulk(request: Request, by: Known, sent: Posted) -> Response:
    """Assign the chosen requests, say of all why they are late, or show them as a list to print."""
    name, chosen = sent.value("do"), [id_ for id_ in sent.all("request") if is_id(id_)]
    problem, status = unsendable(request, by, sent) or (None, 422)
    viewer = by.viewer
    rows = {row.request: row for row in desk_rows(by.officer()) if viewer.sees(row)}
    lines = lines_of((rows[id_] for id_ in chosen if id_ in rows), viewer)
    if problem or not lines or name not in (*IN_BULK, "print"):
        problem = problem or Problem(gettext("No request was chosen."))
        return _render(request, by, {"chosen": lines}, status, problem=problem, sent=sent)
    if name == "print":
        return _render(request, by, {"chosen": lines}, printed=True)
    given = {n: sent.value(n) for n in ("to" if name == "assign" else "text",) if sent.value(n)}
    faults: list[tuple[str, str, str]] = []
    for line in lines:
        try:
            perform(by.officer(), IN_BULK[name], line.row.request, given)
        except AfschriftError as error:
            faults.append(("", line.row.request, status_and_words(error)[1]))
    if faults:
        left = [line for line in lines if line.row.request in {fault[1] for fault in faults}]
        problem = Problem(gettext("Of these nothing was recorded."), tuple(faults))
        return _render(request, by, {"chosen": left}, 422, problem=problem, sent=sent)
    number = ngettext("{number} request.", "{number} requests.", len(lines))
    notice = note(by, {"done": IN_BULK[name].title, "next": number})
    return redirect(request, f"/?notice={notice}")


def _choices(by: Caller, seen: Iterable[DeskRow]) -> dict[str, dict[str, str]]:
    """Filter -> what can be chosen, with its words in English or a code."""
    rows = list(seen)
    kinds = {action.kind for row in rows for action in row.actions}
    owners = sorted({row.owner for row in rows if row.owner} | set(possible_owners(by.roles)))
    sources = sorted({source for row in rows for source in row.down})
    return {
        "right": {right: right for right in sorted({row.right for row in rows})},
        "state": {state: state for state in sorted({row.state.value for row in rows})},
        "kind": {kind: TITLES[kind] for kind in TITLES if kind in kinds},
        "owner": {"-": NOT_OWNED, **{name: name for name in owners}},
        "source": {source: source for source in sources},
    }


def _render(
    request: Request, by: Caller, groups: Mapping[str, list[TodayRow]], status: int = 200, **more: Any
) -> Response:
    usual: dict[str, Any] = {
        "counts": {name: len(lines) for name, lines in groups.items()},
        "group": "",
        "page": 1,
        "pages": 1,
        "filters": Filters(),
        "choices": {},
        "problem": None,
        "sent": Sent(),
        "printed": False,
    }
    return render(
        request,
        "today",
        status,
        groups=groups,
        may_act=by.viewer.may_act(),
        signs=by.roles.holds(by.account, Role.SECOND_SIGNER) and any_waits(open_register()),
        people=list(possible_owners(by.roles)),
        **(usual | more),
    )
