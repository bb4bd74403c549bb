"""A reviewer looks at what will be sent, and answers.

That somebody looked is an event `bundle_viewed`, recorded before they see anything.
"""

from __future__ import annotations

from afschrift.app.grounds import load_grounds
from afschrift.app.settings import Settings
from afschrift.casework.officer import Officer
from afschrift.casework.review.redactions import REVIEW
from afschrift.casework.review.staged import Looking, column
from afschrift.casework.review.view import ShownTable, View
from afschrift.domain.errors import NotAllowedError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.plan import Plan
from afschrift.inventory.load import load
from afschrift.law.roles import Act, Role, Roles
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

ROWS, MOST_ROWS = 5, 1_000


def look(
    settings: Settings,
    register: Register,
    roles: Roles,
    by: str,
    request_id: str,
    *,
    table: str | None = None,
    rows: int = ROWS,
    row: str | None = None,
) -> View:
    """Look at what will be sent.

    Args:
        settings: of the installation.
        register: likewise.
        roles: who may do what.
        by: account of whoever looks.
        request_id: the request.
        table: `source.table`: this one alone, with whole values; None: all, with values cut to `CELL`.
        rows: rows of each table at most.
        row: one row of the table, as a line names it.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they may not; the attempt is an event `answer_refused`.
        RefusedError: nothing is planned yet, or there is no such table or row.
        RetriableError: staging is down.
    """
    register.requests.get(request_id)
    role = _role(register, roles, by, request_id)
    values = roles.may(by, Act.VALUES)
    frozen, packed = (
        register.steps.latest(request_id, "classify"),
        register.steps.latest(request_id, "package"),
    )
    if frozen is None:
        raise RefusedError(
            f"Nothing is planned for request {request_id} yet.",
            way_out="it can be looked at once its run packed it; `afschrift plan` is the dry run.",
        )
    plan = register.plans.get(request_id, frozen["plan"])
    _must_have(plan, table)
    if packed is not None and packed["plan"] != frozen["plan"]:
        packed = None
    bundle = packed["bundle"] if packed else None
    told = {"role": role.value, "plan": frozen["plan"], "bundle": bundle, "table": table, "values": values}
    register.trail.record(request_id, NewEvent("bundle_viewed", by, told))
    staging = Officer(register, roles, by, settings=settings).staging(request_id)
    looking = Looking(staging, load(settings.inventory), plan, values, min(rows, MOST_ROWS), table, row)
    asked = _asked(register, request_id, bundle)
    request = register.requests.get(request_id)
    return View(
        request=request_id,
        right=request.right.value,
        state=request.state.value,
        plan=frozen["plan"],
        bundle=bundle,
        bytes=packed["bytes"] if packed else 0,
        question=asked[-1].id if asked else None,
        why=tuple(asked[-1].detail["why"]) if asked else (),
        tables=tuple(looking.tables()),
        withheld=tuple(
            ShownTable(f"{one.source}.{one.table}", None, "", tuple(map(column, one.fields)))
            for one in plan.withheld
        ),
        searched={one.source: (one.status.value, len(one.files)) for one in plan.manual},
        grounds={one.code: one.fields for one in load_grounds(settings).redacting(request.right)},
        values=values,
    )


def _role(register: Register, roles: Roles, by: str, request_id: str) -> Role:
    """In which they look; an attempt without one stands in the trail."""
    try:
        return roles.require(by, Act.TIMELINE)
    except NotAllowedError:
        register.trail.record(request_id, NewEvent("answer_refused", by, {"kind": REVIEW, "act": "look"}))
        raise


def _must_have(plan: Plan, table: str | None) -> None:
    if table is not None and table not in {part.name for part in plan.extracts}:
        raise RefusedError(
            "The answer has no such table.", way_out="`afschrift review show REQUEST` lists them."
        )


def _asked(register: Register, request_id: str, bundle: str | None) -> list[QuestionRow]:
    """The open questions about this very bundle."""
    waiting = register.questions.all(request_id=request_id)
    return [q for q in waiting if q.kind == REVIEW and q.about == bundle and bundle]
