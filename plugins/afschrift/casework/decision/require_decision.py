"""When a run must end at the question whether a flagged request is fulfilled, and what was decided on it.

Runs never wait: they end at the question, and the next run continues where a person decided to fulfil.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from afschrift.casework.decision.ground_form import question_form
from afschrift.casework.decision.in_force import (
    DECISION,
    RequestDecision,
    keeping_back,
    request_decisions,
)
from afschrift.casework.decision.question import DECISION_KIND, signature
from afschrift.casework.decision.triggers import BY_OFFICER, Trigger, same_flag, triggers
from afschrift.domain.decision import Action
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.notation import count
from afschrift.law.clock.facts import FactKind, Timeline
from afschrift.law.grounds import Grounds, Outcome
from afschrift.questions.ask import ask
from afschrift.questions.kind import OpenQuestion
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register
from afschrift.selection.table_decision import GroundDecision
from afschrift.services import Services

GOES_ON = (Outcome.FULFIL, Outcome.REFUSE_PART, Outcome.RESTRICT)
"""After these the run goes on. After the others the question comes back, or the request ends."""


def require_decision(services: Services, request_id: str, further: Sequence[Trigger] = ()) -> None:
    """Return where nothing is flagged, or where a person decided to fulfil the flagged request.

    Args:
        services: of the step.
        request_id: the request.
        further: flags from the sources, in addition to those from the register.

    Raises:
        NeedsPersonError: a decision, its second signature or the letter of a refusal is due.
    """
    register = services.register
    request = register.requests.get(request_id)
    taken = request_decisions(register, request_id)
    last = taken[-1] if taken else None
    if last is not None and last.waits:
        raise ask(register, request_id, [signature(last.decision, last.question)])
    if last is not None and last.in_force and last.outcome is Outcome.REFUSE:
        raise NeedsPersonError(
            f"Request {request_id} is refused once its letter is sent; until then its period runs.",
            question=DECISION,
            remedy="`afschrift letter list`, then `letter send` or `letter sent` (R45).",
        )
    open_questions = [q for q in register.questions.all(request_id=request_id) if q.kind == DECISION]
    found = (*triggers(services, request), *further)
    back = last is not None and not (last.in_force and last.outcome in (*GOES_ON, Outcome.EXTEND))
    asked = [*open_questions, *([last.question] if last is not None and back else [])]
    opened = [flag for q in asked for flag in q.detail["flags"] if flag["flag"] == BY_OFFICER]
    due = [trigger.detail for trigger in found if not _settled(trigger.detail, taken)]
    due += [flag for flag in opened if flag not in due]
    if not due:
        return
    same = next((q for q in open_questions if all(_among(flag, q) for flag in due)), None)
    if same is not None:
        raise asked_already(same)
    words = (
        "; ".join(trigger.words for trigger in found if trigger.detail in due) or "an officer asked for it"
    )
    raise ask(
        register,
        request_id,
        [
            question(
                services.grounds,
                register.facts.timeline(request_id),
                due,
                words,
                len(taken),
                _since(services, due),
            )
        ],
    )


def left_out(register: Register, request_id: str) -> dict[str, GroundDecision]:
    """Tables and columns that do not leave, or leave masked, by decisions of which the person is informed."""
    found: dict[str, GroundDecision] = {}
    for detail in keeping_back(register, request_id):
        if _is_hidden(detail):
            continue
        masked = detail.get("measure") == "mask"
        rules, reason = RULES_OF_GROUND.get(detail["ground"], (("R31",), "person_decided"))
        action = Action.MASK if masked else Action.EXCLUDE
        found |= dict.fromkeys(detail["places"], GroundDecision(action, rules, reason))
    return found


def hidden_places(register: Register, request_id: str) -> frozenset[str]:
    """Tables, columns and systems that a restriction keeps back of which the person may not know (R84)."""
    found = (form["places"] for form in keeping_back(register, request_id) if _is_hidden(form))
    return frozenset(place for places in found for place in places)


def _is_hidden(detail: Mapping[str, Any]) -> bool:
    return detail.get("existence") == "hidden"


RULES_OF_GROUND: dict[str, tuple[tuple[str, ...], str]] = {
    "persons_wish": (("R24",), "own_limitation"),
    "rights_of_others": (("R31", "R32"), "person_decided"),
    "trade_secret": (("R35",), "person_decided"),
    "outside_portability": (("R20",), "person_decided"),
    "restriction": (("R84",), "person_decided"),
}


def _since(services: Services, due: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of a repetition: what changed since each earlier answer, as the register knows it (R50)."""
    earlier = [past["request"] for flag in due if flag["flag"] == "repetition" for past in flag["earlier"]]
    return changed_since(services.register, earlier, services.inventory.digest)


def asked_already(question_row: QuestionRow) -> NeedsPersonError:
    """The error of a run that ends at a decision which is open already."""
    return NeedsPersonError(
        f"A decision on this request is open (question {question_row.id}).",
        question=DECISION,
        detail=dict(question_row.detail),
        remedy=f"answer with `afschrift answer {question_row.id}`.",
    )


def question(
    grounds: Grounds,
    timeline: Timeline,
    due: Sequence[Mapping[str, Any]],
    words: str,
    number: int,
    since: Sequence[Mapping[str, Any]] = (),
) -> OpenQuestion:
    """The question `decision`.

    Args:
        grounds: the table.
        timeline: of the request.
        due: what was flagged and is not decided yet.
        words: the same in a clause.
        number: how many decisions were taken before; each question is another one.
        since: what changed since earlier answers.
    """
    options = tuple(outcome.value for outcome in _options(grounds, timeline, due))
    return OpenQuestion(
        DECISION_KIND,
        options,
        f"A person decides on this request: {words}.",
        {
            "flags": [dict(flag) for flag in due],
            "earlier_decisions": number,
            **({"since": [dict(change) for change in since]} if since else {}),
        },
        form=question_form(grounds, timeline.right, options),
    )


def _options(grounds: Grounds, timeline: Timeline, due: Sequence[Mapping[str, Any]]) -> Iterator[Outcome]:
    """What may be chosen. No choice is a default."""
    overlaps = any(flag["flag"] == "overlap" for flag in due)
    asked = any(fact.detail.get("ground") == "specification" for fact in timeline.of(FactKind.SUSPENDED))
    gone = {
        Outcome.EXTEND: bool(timeline.of(FactKind.EXTENDED)),
        Outcome.SPECIFY: asked or timeline.waiting is not None,
        Outcome.MERGE: not overlaps,
    }
    for outcome in Outcome:
        rests = outcome is Outcome.FULFIL or grounds.offered(outcome, timeline.right)
        if rests and not gone.get(outcome, False):
            yield outcome


def _settled(trigger: Mapping[str, Any], taken: Sequence[RequestDecision]) -> bool:
    """A person decided to go on, knowing of it."""
    return any(
        ruling.in_force and ruling.outcome in GOES_ON and _among(trigger, ruling.question) for ruling in taken
    )


def _among(trigger: Mapping[str, Any], asked: QuestionRow) -> bool:
    return any(same_flag(trigger, flag) for flag in asked.detail["flags"])


def open_decision(grounds: Grounds, register: Register, request_id: str) -> QuestionRow:
    """Put a request before an officer without a flag, for example to refuse it or to restrict a part.

    Raises:
        UnknownRequestError: no such request.
        RefusedError: it is closed.
    """
    open_questions = [q for q in register.questions.all(request_id=request_id) if q.kind == DECISION]
    if open_questions:
        return open_questions[0]
    taken = request_decisions(register, request_id)
    number = len(taken)
    trigger = Trigger(BY_OFFICER, ("R48",), "an officer asked for it", {"number": number + 1})
    before = [flag for decided in taken[-1:] for flag in decided.question.detail["flags"]]
    due = [*(flag for flag in before if not _settled(flag, taken)), trigger.detail]
    asked = question(grounds, register.facts.timeline(request_id), due, trigger.words, number)
    ask(register, request_id, [asked])
    return next(q for q in register.questions.all(request_id=request_id) if q.kind == DECISION)


@dataclass(frozen=True)
class EarlierAnswer:
    """What an answer held.

    Attributes:
        on: local date on which the request was closed, as text; None: it is open.
        rows: `source.table` -> rows.
        files: path of a file -> SHA-256; without those with masks, whose tokens differ in each answer.
        inventory: digest of the data map that its plan was made by.
    """

    request: str
    on: str | None
    rows: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    inventory: str | None = None


def changed_since(register: Register, earlier: Sequence[str], inventory: str) -> list[dict[str, Any]]:
    """What the answer to each earlier request held, and what differs from the answer before it (R50).

    No source is read: each reading left its tables, their rows and the digests of their files in the trail,
    and two answers of one right are compared by those. What happened since the last shows in the inventory.

    Args:
        register: of the installation.
        earlier: ids, the oldest first.
        inventory: digest of the data map of today.
    """
    changes: list[dict[str, Any]] = []
    before: EarlierAnswer | None = None
    for request in earlier:
        given = _earlier_answer(register, request)
        changes.append(_changes(given, before, inventory))
        before = given if given.rows else before
    return changes


def _earlier_answer(register: Register, request: str) -> EarlierAnswer:
    rows: dict[str, int] = {}
    files: dict[str, str] = {}
    plan = None
    for header, payload in register.trail.events(request):
        if payload is None:
            continue
        if header.type == "plan_frozen":
            plan = payload.get("inventory")
        elif header.type == "extracted":
            source = payload["source"]
            rows |= {f"{source}.{table}": n for table, n in payload.get("tables", {}).items()}
            hidden = {f"{source}/{table}" for table in payload.get("masked", {})}
            found = payload.get("files", {})
            files |= {path: sha for path, sha in found.items() if path.partition(".")[0] not in hidden}
    timeline = register.facts.timeline(request)
    closed = str(timeline.local(timeline.closed_at)) if timeline.closed_at else None
    return EarlierAnswer(request, closed, rows, files, plan)


def _changes(given: EarlierAnswer, before: EarlierAnswer | None, inventory: str) -> dict[str, Any]:
    if not given.rows:
        ended = f"closed on {given.on}" if given.on else "open"
        return {
            "request": given.request,
            "closed_on": given.on,
            "words": f"{given.request}: {ended}; the register holds no counts of an answer.",
        }
    total = sum(given.rows.values())
    facts: dict[str, Any] = {
        "request": given.request,
        "closed_on": given.on,
        "tables": len(given.rows),
        "rows": total,
        "inventory_changed": given.inventory is not None and given.inventory != inventory,
    }
    words = f"{given.request}: {count(total, 'row')} of {count(len(given.rows), 'table')}"
    words += f", closed on {given.on}" if given.on else ", open"
    if before is not None:
        changed, more = _differs(given, before), total - sum(before.rows.values())
        facts |= {"compared_with": before.request, "tables_changed": changed, "rows_more": more}
        words += f"; {count(changed, 'table')} differ from {before.request}, {more:+d} rows"
    words += "; the data map changed since" if facts["inventory_changed"] else "; the same data map as today"
    return facts | {"words": f"{words}."}


def _differs(now: EarlierAnswer, before: EarlierAnswer) -> int:
    """Number of tables with other rows or contents than before, or that only one of the answers has."""
    tables = {
        name for name in now.rows.keys() | before.rows.keys() if now.rows.get(name) != before.rows.get(name)
    }
    for path in now.files.keys() & before.files.keys():
        if now.files[path] != before.files[path]:
            source, _, name = path.partition("/")
            tables.add(f"{source}.{name.partition('.')[0]}")
    return len(tables)
