"""The dry run: what a request would read, why, and at what cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from operator import attrgetter

from afschrift.batch.members import way_of
from afschrift.casework.decision.require_decision import hidden_places
from afschrift.casework.identity.confirmed import sure_identity
from afschrift.casework.identity.mandates import mandate_status_now
from afschrift.domain.decision import REASONS, Action
from afschrift.domain.errors import AfschriftError, GateError
from afschrift.domain.notation import count
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.request import Request
from afschrift.domain.sources import Source
from afschrift.inventory.model import SourceFile
from afschrift.questions.ask import Answers
from afschrift.selection.estimate_lines import estimate_lines
from afschrift.services import Services
from afschrift.steps.draft import Drafter, PlanDraft, outcome


def preview(services: Services, request_id: str, *, sql: bool) -> Iterator[str]:
    """Yield the lines of the dry run. Sources are only counted, after the same identity gate as in a run.

    Each database estimates the cost itself, without running the statement; a failed estimate is not fatal.

    Raises:
        GateError: the requester's identity is not confirmed at the level that the request's risk needs (R12).
    """
    register = services.register
    request = register.requests.get(request_id)
    if sure_identity(services, request) is None:
        raise GateError(
            f"The identity of the requester of {request_id} is not confirmed at the level that is needed: "
            "nothing is looked up.",
            remedy=f"`afschrift request confirm-identity {request_id} --method ... --level ...`.",
        )
    if not mandate_status_now(services, request).holds:
        raise GateError(
            f"Request {request_id} is made for another person, and the mandate is not proven: nothing is "
            "looked up.",
            remedy=f"the next run asks for it; see also `afschrift questions --request {request_id}`.",
        )
    answers = Answers(register.decisions.of(request_id))
    drafter = Drafter(services, request, answers)
    draft = drafter.draft(register.identities.of(request_id), services.now(), count=True)
    names = sorted({key.name for key in draft.keys})
    costs = _costs(services, request, draft)
    yield f"Request {request_id}: {request.right} (Art. {request.right.article}), state {request.state}"
    yield f"Keys      {count(len(draft.keys), 'value')} of {', '.join(names)}"
    for purpose, state in draft.plan.consents.items():
        yield f"Consent   {purpose}: {state}"
    for part in draft.plan.extracts:
        yield from _table(part, draft.counts.get(part.name, 0), costs[part.name], sql=sql)
    for source in draft.plan.sources:
        yield from (f"\n{source}: {way}" for way in costs.get(source, ()))
    for table in draft.plan.withheld:
        yield f"\n{table.source}.{table.table}: nothing leaves"
        yield from _fields(table.fields)
    for place in sorted(hidden_places(register, request_id)):
        yield f"\n{place}: kept back by a restriction of which the person may not know [R84]"
    for later in draft.plan.later:
        how = "not read" if later.place else "not opened"
        yield f"\n{later.name}: left for later, {how}; the rest follows by {later.rest_by}"
    for before in draft.plan.before:
        table_path = f"{before.source}.{before.table}".rstrip(".")
        yield f"\n{table_path}: given on {before.delivered_at[:16]}Z"
    for manual in draft.plan.manual:
        files = f", {count(len(manual.files), 'file')}" if manual.files else ""
        why = f" ({manual.reason}, {', '.join(manual.rules)})" if manual.reason else ""
        yield f"\n{manual.source}: {manual.medium}, {manual.status}{files}{why}"
    for question in draft.questions:
        yield f"\nA person must decide ({question.kind}): {question.words}"
        yield f"  options: {', '.join(question.options)}"
    for trigger in draft.triggers:
        yield f"\nA person must decide (decision): {trigger.words} [{', '.join(trigger.rules)}]"
    ending = outcome(draft, request.right)
    if ending:
        yield f"\nThis run would end in {ending}: there is nothing to send."


def _table(part: ExtractPlan, rows: int, costs: Sequence[str], *, sql: bool) -> Iterator[str]:
    yield f"\n{part.name}: {count(rows, 'row')} ({part.path})"
    if part.row_rule and not part.row_rule["whole"]:
        yield f"  rows only where {part.row_rule['column']} is {', '.join(part.row_rule['included'])}"
    yield from _fields(part.fields)
    for number, line in enumerate(costs):
        yield f"  {'' if number else 'reading':<11} {line}"
    if sql:
        yield from ("    " + line for line in part.statement.splitlines())


def _costs(services: Services, request: Request, draft: PlanDraft) -> dict[str, list[str]]:
    """Return lines on the cost of reading each table, and on how each source is read, by their names.

    A source that gives no estimate has one line for each table, which says so.
    """
    lines: dict[str, list[str]] = {}
    for source, parts in groupby(draft.plan.extracts, key=attrgetter("source")):
        with (
            suppress(AfschriftError),
            services.open_source(source, tag=request.id, **draft.plan.opening(source)) as session,
        ):
            session.bind(draft.keys, request.received_at)
            lines[source] = [way_of(services, draft.plan, draft.keys, source, session)]
            for part in parts:
                lines[part.name] = list(_estimated(session, part, services.inventory.sources[source]))
    unknown = ["the source could not be asked what reading costs"]
    return {part.name: unknown for part in draft.plan.extracts} | lines


def _estimated(session: Source, part: ExtractPlan, declared: SourceFile) -> Iterator[str]:
    try:
        estimate = session.estimate(part.statement)
    except (AfschriftError, LookupError, TypeError, ValueError) as error:  # also a plan in an unknown form
        yield f"the source could not say what reading costs ({type(error).__name__})"
    else:
        yield from estimate_lines(estimate, declared)


def _fields(fields: tuple[FieldPlan, ...]) -> Iterator[str]:
    """Yield the columns, grouped by action and reason."""
    groups: dict[tuple[Action, str, tuple[str, ...]], list[str]] = {}
    for field in fields:
        groups.setdefault((field.action, field.reason, field.rules), []).append(field.name)
    for (action, reason, rules), names in groups.items():
        yield f"  {action:<11} {', '.join(names)}"
        yield f"              {REASONS.get(reason, reason)} [{', '.join(rules)}]"
