"""What the page of a request shows: its head, what is due, its history and what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from itertools import groupby
from typing import Any

from afschrift.casework.actions.action import Action, Situation, Subject
from afschrift.casework.actions.actions import grouped, open_actions
from afschrift.casework.delivery.view import seen_deliveries
from afschrift.casework.desk.desk import read_rows
from afschrift.casework.desk.next_action import ActionKind, NextAction
from afschrift.casework.desk.owner import owner
from afschrift.casework.desk.today import Viewer
from afschrift.casework.identity.accounts import key_title
from afschrift.casework.letters.due_letters import letters_due
from afschrift.casework.officer import Officer
from afschrift.casework.partial_response.damaged import STEP
from afschrift.casework.request_history import HistoryEntry, coming, history, shown_name
from afschrift.casework.review.require_review import periods_over
from afschrift.domain.language import in_served
from afschrift.domain.request import LOST, Run, airflow_id
from afschrift.law.clock.clock import clock
from afschrift.law.clock.facts import Timeline
from afschrift.law.dispute import complaints, holds
from afschrift.law.roles import Act
from afschrift.questions.view import masked
from afschrift.register.records import QuestionRow
from afschrift.register.trail.trail import Recorded

_WHAT = ("columns", "tables", "column", "table", "systems", "system", "source")
"""Parts of a question's detail that name what is decided on, the most exact first."""


_PARTS = {
    **dict.fromkeys((ActionKind.SEND, ActionKind.FIND_OUT), "#letters"),
    **dict.fromkeys((ActionKind.READ_RIGHT, ActionKind.HAND_OVER, ActionKind.LOOK), "#acts"),
    ActionKind.REPAIR_RUN: "#runs",
}
"""Kind of a next action that is done on the page of the request -> the part of the page."""


@dataclass(frozen=True)
class DueAction:
    """A next action on the page of its request.

    Attributes:
        path: where the person who looks does it, below the application or on the page; empty: it has none.
        form: of the action of the table that does it, shown on the page; None: it is done elsewhere.
    """

    action: NextAction
    path: str
    form: Action | None = None


def request_view(officer: Officer, at: Situation) -> dict[str, Any]:
    """What every role may see of a request: values for its page."""
    register, timeline = officer.register, at.timeline
    acts = open_actions(officer, at)
    return {
        "found": register.requests.get(timeline.request),
        "readable": register.data_keys.has(timeline.request),
        "zone": timeline.zone,
        "received_at": timeline.received_at,
        "clock": at.clock,
        "due": list(_due(officer, timeline, acts)),
        "actions": acts,
        "groups": grouped(acts),
        "due_letters": letters_due(register, timeline, officer.jurisdiction, officer.today(timeline.zone)),
        "owner": owner(timeline),
    }


def _due(officer: Officer, timeline: Timeline, acts: Sequence[Action]) -> Iterator[DueAction]:
    """The next actions, the most pressing first; the first that is an action of the table with its form."""
    viewer, base = Viewer(officer.roles, officer.by), f"/requests/{timeline.request}"
    named = {f"{base}/do/{act.name}": act for act in acts if act.of is not Subject.LETTER}
    shown = False
    for row, _zone in read_rows(officer, [timeline.request]):
        for action in row.actions:
            path = viewer.path(action) if viewer.does(action) else ""
            form = None if shown else named.get(path)
            shown = shown or form is not None
            yield DueAction(action, _PARTS.get(action.kind, "") if path == base else path, form)


def details(officer: Officer, at: Situation, events: Sequence[Recorded]) -> dict[str, Any]:
    """The rest, for roles that may read the trail; `events`: of the request."""
    register, timeline = officer.register, at.timeline
    request_id, today = timeline.request, officer.today(timeline.zone)
    first = clock(replace(timeline, facts=()), officer.jurisdiction, timeline.local(timeline.entered_at))
    may = officer.roles.may(officer.by, Act.VALUES) and register.data_keys.has(request_id)
    known = {fact.other for fact in timeline.facts if fact.other}
    return {
        "parties": register.cases.parties(request_id) if may else {},
        "keys": [(key_title(officer, k.name), masked(k.value)) for k in register.identities.of(request_id)]
        if may
        else [],
        "may_read": may,
        "today": today,
        "coming": coming(timeline, at.clock, at.restrictions, today),
        "history": _by_day(timeline, history(events, first.due, officer.roles)),
        "decisions": list(_decisions(officer, request_id)),
        "holds": holds(timeline),
        "complaints": complaints(timeline),
        "restrictions": at.restrictions,
        "related": [fact for fact in timeline.facts if fact.other],
        "earlier": [request for request in at.earlier if request not in known],
        "same_case": [id_ for id_ in register.cases.get(timeline.case).requests if id_ != request_id],
        "damaged": [(row.part, row.result) for row in register.steps.results(request_id).every(STEP)],
        "over": periods_over(register, request_id),
        "deliveries": [
            (seen, open_actions(officer, replace(at, delivery=seen.row)))
            for seen in (seen_deliveries(officer, request_id) if may else ())
        ],
        "runs": [_run(officer, run) for run in reversed(register.runs.all(request_id=request_id))],
        "person": partial(shown_name, officer.roles),
    }


def _by_day(timeline: Timeline, entries: Sequence[HistoryEntry]) -> list[tuple[date, list[HistoryEntry]]]:
    """Entries by the local day of their last event."""
    return [(day, list(found)) for day, found in groupby(entries, lambda entry: timeline.local(entry.at))]


def _decisions(officer: Officer, request_id: str) -> Iterator[dict[str, Any]]:
    """Each decision, with what it is about (names of the inventory), its ground in words, and by whom."""
    asked = {q.id: q for q in officer.register.questions.all(open_only=False, request_id=request_id)}
    for decision in reversed(officer.register.decisions.of(request_id)):
        question = asked.get(decision.question or "")
        ground = officer.grounds.grounds.get(str(decision.detail.get("ground", "")))
        yield {
            "decision": decision,
            "what": _about(question) if question else (),
            "ground": in_served(ground.title if ground else None),
            "by": shown_name(officer.roles, decision.by),
        }


def _about(question: QuestionRow) -> tuple[str, ...]:
    found = next((question.detail[name] for name in _WHAT if question.detail.get(name)), ())
    return (found,) if isinstance(found, str) else tuple(map(str, found))


def _run(officer: Officer, run: Run) -> dict[str, Any]:
    """A run; `dead`: it gave no sign of life for so long that another one may begin."""
    silent = officer.now - datetime.fromisoformat(run.seen_at) > officer.settings.sweep_lost
    dead = run.outcome == LOST or (run.ended_at is None and silent)
    return {"run": run, "airflow": airflow_id(run.id), "dead": dead}
