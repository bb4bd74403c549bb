"""A reviewer looks at what will be sent, and answers.

That somebody looked is an event `bundle_viewed`, recorded before they see anything.
"""

from __future__ import annotations

from afschrift.casework.decision.require import hidden_places
from afschrift.casework.officer import Officer
from afschrift.casework.review.redactions_in_force import REVIEW
from afschrift.casework.review.staged import StagedReview, column
from afschrift.casework.review.view import ReviewTable, ReviewView
from afschrift.domain.errors import RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.plan import Plan
from afschrift.law.roles import Act
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

ROWS, MOST_ROWS = 5, 1_000


def review_view(
    officer: Officer, request_id: str, *, table: str | None = None, rows: int = ROWS, row: str | None = None
) -> ReviewView:
    """Look at what will be sent.

    Args:
        officer: whoever looks.
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
    register = officer.register
    request = register.requests.get(request_id)
    with officer.refusals(request_id, REVIEW, act="look"):
        role = officer.roles.require(officer.by, Act.TIMELINE)
    values = officer.roles.may(officer.by, Act.VALUES)
    digest, plan = _frozen(register, request_id)
    _must_have(plan, table)
    packed = register.steps.latest(request_id, "package")
    if packed is not None and packed["plan"] != digest:
        packed = None
    bundle = packed["bundle"] if packed else None
    detail = {"role": role.value, "plan": digest, "bundle": bundle, "table": table, "values": values}
    register.trail.record(request_id, NewEvent("bundle_viewed", officer.by, detail))
    staging = officer.staging(request_id)
    staged = StagedReview(staging, officer.inventory, plan, values, min(rows, MOST_ROWS), table, row)
    asked = _asked(register, request_id, bundle)
    return ReviewView(
        request=request_id,
        right=request.right.value,
        state=request.state.value,
        plan=digest,
        bundle=bundle,
        bytes=packed["bytes"] if packed else 0,
        question=asked[-1].id if asked else None,
        why=tuple(asked[-1].detail["why"]) if asked else (),
        tables=tuple(staged.tables()),
        withheld=tuple(
            ReviewTable(f"{one.source}.{one.table}", None, "", tuple(map(column, one.fields)))
            for one in plan.withheld
        ),
        searched={one.source: (one.status.value, len(one.files)) for one in plan.manual},
        hidden=tuple(sorted(hidden_places(register, request_id))),
        grounds={one.code: one.fields for one in officer.grounds.redacting(request.right)},
        values=values,
    )


def _frozen(register: Register, request_id: str) -> tuple[str, Plan]:
    """The plan that was frozen last, with its digest."""
    frozen = register.steps.latest(request_id, "classify")
    if frozen is None:
        raise RefusedError(
            f"Nothing is planned for request {request_id} yet.",
            remedy="it can be looked at once its run packed it; `afschrift plan` is the dry run.",
        )
    return frozen["plan"], register.plans.get(request_id, frozen["plan"])


def _must_have(plan: Plan, table: str | None) -> None:
    if table is not None and table not in {part.name for part in plan.extracts}:
        raise RefusedError(
            "The answer has no such table.", remedy="`afschrift review show REQUEST` lists them."
        )


def _asked(register: Register, request_id: str, bundle: str | None) -> list[QuestionRow]:
    """The open questions about this very bundle."""
    asked = register.questions.all(request_id=request_id)
    return [q for q in asked if q.kind == REVIEW and q.about == bundle and bundle]
