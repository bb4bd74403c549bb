"""When a packed bundle must be reviewed before it leaves, and the question to the reviewer.

The question is about the digest of the packed bundle: another bundle is another question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from afschrift.bundle.page.words import local_day
from afschrift.casework.columns.judged_files import place_of
from afschrift.casework.decision.in_force import RequestDecision, request_decisions
from afschrift.casework.review.compare import masked_otherwise
from afschrift.casework.review.question import (
    APPROVED,
    HOLD_BACK,
    OPTIONS,
    REDACT,
    REDACTIONS,
    REVIEW,
    REVIEW_KIND,
    signature,
    unsigned,
)
from afschrift.casework.review.refutation import Refuter
from afschrift.domain.extracted import SourceExtract
from afschrift.domain.plan import Plan
from afschrift.domain.redaction import MOST_LINES, TablePointers
from afschrift.domain.right import Right
from afschrift.extraction.staged_records import read_record, staged_pointers
from afschrift.inventory.model import Inventory
from afschrift.inventory.readable import GivenTable, readable_share
from afschrift.law.clock.deadline import Period
from afschrift.law.grounds import Grounds, Outcome
from afschrift.questions.ask import ask
from afschrift.questions.forms import WORDS, form
from afschrift.questions.kind import OpenQuestion
from afschrift.register.records import DecisionRow
from afschrift.register.register import Register
from afschrift.services import Services

LEAVES = ("include", "mask", "all_accounts")
"""Answers by which columns, rows or accounts leave that were not decided on before."""

_PLACES = 20


def require_review(services: Services, plan: Plan, packed: Mapping[str, Any], refuter: Refuter) -> None:
    """Return where no review is due, or where this very bundle was approved.

    Args:
        services: of the step.
        plan: frozen.
        packed: result of the step `package` under this plan.
        refuter: finds what refutes the answer.

    Raises:
        NeedsPersonError: a review, or its second signature, is due.
    """
    register, bundle = services.register, packed["bundle"]
    decisions = register.decisions.of(plan.request)
    if to_sign := unsigned(decisions):  # asked first and alone, because what it masks makes another bundle
        raise ask(register, plan.request, [signature(row) for row in to_sign])
    of_this = [d for d in decisions if d.kind == REVIEW and d.about == bundle]
    if of_this and of_this[-1].choice == APPROVED:
        return
    staging = services.staging(plan.request)
    pointers = {
        f"{source}.{table}": found
        for source in (*plan.sources, *(system.source for system in plan.given))
        for table, found in staged_pointers(staging, source).items()
    }
    records = [read_record(staging, source) for source in plan.staged]
    unclear = unreadable(services.inventory, plan, records)
    over = kept_too_long(services.inventory, plan, records)
    refuted: dict[str, Any] = {"masked_otherwise": masked_otherwise(register, plan)}
    if services.inventory.policy.reviewed != "never":
        refuted["refuted"] = refuter(plan, records)
    why = list(dict.fromkeys(reasons(services, plan, bundle, decisions, pointers, unclear, over)))
    why += [name for name, found in refuted.items() if found]
    if why:
        asked = question(services, plan, packed, why, pointers, records, unclear, over, refuted)
        raise ask(register, plan.request, [asked])


def reasons(
    services: Services,
    plan: Plan,
    bundle: str,
    decisions: tuple[DecisionRow, ...],
    pointers: Mapping[str, TablePointers],
    unclear: Mapping[str, int],
    over: Sequence[str],
) -> Iterator[str]:
    """Codes why a review is due; none: it is not.

    Once a bundle of a request was reviewed, every later bundle is reviewed too, whatever the policy says.
    With `flagged` a bundle is reviewed of which a part is left out, or kept back by a restriction (R84).
    """
    policy = services.inventory.policy.reviewed
    if policy == "always":
        yield "policy"
    if policy == "flagged":
        ruled = [row for row in request_decisions(services.register, plan.request) if row.in_force]
        if any(row.outcome in (Outcome.REFUSE_PART, Outcome.RESTRICT) for row in ruled):
            yield "part_left_out"
        last = {(d.kind, d.about): d.choice for d in decisions}
        if any(choice in LEAVES for choice in last.values()) or any(map(_let_go, ruled)):
            yield "answered"
        if any(found.total for found in pointers.values()):
            yield "pointed_out"
        if any(found.unread for found in pointers.values()):
            yield "names_unread"
        if unclear:
            yield "unreadable"
        if over:  # the person reads it on the sheet: an officer first (R75)
            yield "retention_over"
    made = {payload["bundle"] for payload in _packed(services.register, plan.request)}
    reviewed = [d for d in decisions if d.kind == REVIEW and d.about in made]
    if any(d.choice == REDACT for d in reviewed):
        yield "redacted"
    if reviewed and reviewed[-1].choice == HOLD_BACK:
        yield "held_back"
    if any(d.about != bundle for d in reviewed):
        yield "changed"
    elif reviewed:
        yield "reviewed"


def question(
    services: Services,
    plan: Plan,
    packed: Mapping[str, Any],
    why: list[str],
    pointers: Mapping[str, TablePointers],
    records: Sequence[SourceExtract],
    unclear: Mapping[str, int],
    over: Sequence[str],
    refuted: Mapping[str, Any],
) -> OpenQuestion:
    """The question `review`: digests, counts and why; never a value.

    Args:
        services: of the step.
        plan: frozen.
        packed: result of the step `package` under this plan.
        why: the reasons.
        pointers: `source.table` -> what the finder pointed out in it.
        records: of the extracts.
        unclear: as of `unreadable`.
        over: purposes as of `kept_too_long`.
        refuted: what refutes the answer, and what another answer of the message masks otherwise.
    """
    more = {
        "pointed_out": {table: found.total for table, found in pointers.items() if found.total},
        "in_files": _in_files(pointers),
        # tables of people whose names were not searched for in the free text of this answer
        "names_unread": sorted({table for found in pointers.values() for table in found.unread}),
        "redacted": dict(Counter(f"{r.table}.{r.column}" for part in plan.extracts for r in part.redactions))
        | dict(Counter(cell.table for system in plan.manual for cell in system.masks)),
        "readable": unclear,
        "retention_over": over,
        **refuted,
    }
    detail: dict[str, Any] = {
        "plan": plan.digest(),
        "bundle": packed["bundle"],
        "bytes": packed["bytes"],
        "why": why,
        "tables": _rows(records),
        **{name: found for name, found in more.items() if found},
    }
    words = f"The bundle is packed; a person looks at it before it leaves ({', '.join(why)})."
    fields = review_form(services.grounds, plan.right)
    return OpenQuestion(REVIEW_KIND, OPTIONS, words, detail, bound=packed["bundle"], form=fields)


def unreadable(inventory: Inventory, plan: Plan, records: Sequence[SourceExtract]) -> dict[str, int]:
    """The percentage of the answer's values that the person can understand, and the least one of the policy.

    Empty: the policy asks for none, or it is reached.
    """
    policy = inventory.policy.readable
    if policy is None:
        return {}
    written = {(e.source, table.table): table for e in records for table in e.tables}
    given = [GivenTable(part.source, part.table, part.selected) for part in plan.extracts]
    cells = {}
    for part in plan.extracts:
        table = written.get((part.source, part.table))
        nulls = table.seen.nulls if table and table.seen else {}
        rows = table.rows if table else 0
        cells[part.source, part.table] = {f.name: rows - nulls.get(f.name, 0) for f in part.selected}
    percent = readable_share(inventory, given, cells).percent
    return {"percent": percent, "least": policy.least} if percent < policy.least else {}


def review_form(grounds: Grounds, right: Right) -> dict[str, Any]:
    """JSON Schema of an answer: the lines, and the fields of each ground as `ground.field`."""
    fields: dict[str, Any] = {}
    for ground in grounds.redacting(right):
        for name in ground.fields:
            field = grounds.fields[name]
            title = f"{ground.title['en']}: {field.title['en']}"
            fields[f"{ground.code}.{name}"] = {"title": title, **field.schema, "x-kept": field.kept.value}
    line = {"type": "string", "minLength": 1, "maxLength": 400}
    lines = {"title": "What is masked: table, row, column, span, ground", "type": "array", "minItems": 1}
    lines |= {"maxItems": MOST_LINES, "items": line} | WORDS
    why = {"title": "Why it is held back", "type": "string", "minLength": 1, "maxLength": 6000} | WORDS
    rules = [_needs(REDACT, REDACTIONS), _needs(HOLD_BACK, "why")]
    return form(OPTIONS, {REDACTIONS: lines, **fields, "why": why}, {}, rules)


def _needs(choice: str, name: str) -> dict[str, Any]:
    when = {"properties": {"choice": {"const": choice}}, "required": ["choice"]}
    return {"if": when, "then": {"required": [name]}}


def _let_go(decided: RequestDecision) -> bool:
    """Whether columns that are decided in each case leave, as an officer decided to fulfil the request."""
    flagged = [flag["flag"] for flag in decided.question.detail["flags"]]
    return decided.outcome is Outcome.FULFIL and "case_column" in flagged


def _packed(register: Register, request_id: str) -> Iterator[Mapping[str, Any]]:
    packed = register.evidence.of_types(request_id, "packed", skip=True)
    yield from (payload for _, payload in packed if payload)


def _in_files(pointers: Mapping[str, TablePointers]) -> dict[str, list[str]]:
    """Table -> texts in files where the finder pointed something out, by numbers; the first `_PLACES`."""
    found: dict[str, list[str]] = {}
    for table, pointed in pointers.items():
        for place, number in list(pointed.in_files.items())[:_PLACES]:
            row, _, position = place.partition(":")
            found.setdefault(table, []).append(f"{row}: {number} in {place_of(position)}")
    return found


def periods_over(register: Register, request_id: str) -> tuple[str, ...]:
    """Purposes of which the last bundle says that their period is over (R75).

    Under the policy `never` no review shows it.
    """
    over = [payload.get("retention_over", ()) for payload in _packed(register, request_id)]
    return tuple(over[-1]) if over else ()


def period_lines(register: Register, request_id: str) -> list[str]:
    """A line for the terminal where the last bundle says of data that their period is over."""
    over = periods_over(register, request_id)
    return (
        [f"held after its period: {', '.join(over)}; the person reads so on the sheet (R75)"] if over else []
    )


def kept_too_long(inventory: Inventory, plan: Plan, records: Sequence[SourceExtract]) -> list[str]:
    """Purposes for which all rows of the person are held after the end of their period (R75).

    The person reads it on the information sheet, so an officer sees it first. The data are given unchanged,
    and nothing is deleted to avoid giving it (R07, R28).
    """
    zone = inventory.controller.zone
    planned = local_day(plan.frozen_at, zone)
    found = []
    for source, fact in ((record.source, fact) for record in records for fact in record.facts):
        kind, name, *rest = fact.place.split(".")
        if kind != "purposes" or rest != ["retention"]:
            continue
        retention = inventory.sources[source].purposes[name].retention
        period = Period.parse(retention.period) if retention and retention.period else None
        newest = local_day(fact.rows[0][1], zone) if fact.rows else None
        until = period.after(newest) if period and newest else None
        if until and planned and until <= planned:
            found.append(f"{source}.{name}")
    return found


def _rows(records: Sequence[SourceExtract]) -> dict[str, int]:
    rows = {f"{t.source}.{t.table}": t.rows for record in records for t in record.tables}
    return rows | {record.source: len(record.given) for record in records if record.given}
