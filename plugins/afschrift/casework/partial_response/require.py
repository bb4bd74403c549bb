"""A source that cannot be reached: the question to an officer, and what of the answers counts (R44).

`try_again` lets the next run try, and ask anew where that is in vain. `partial` leaves the source for later:
the next run does not open it, and what the other sources hold is a partial delivery.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from afschrift.casework.partial_response.question import FORM, SOURCE_DOWN
from afschrift.casework.partial_response.source_for_later import hindrance, personal_tables
from afschrift.domain.errors import NeedsPersonError, SourceDownError
from afschrift.domain.plan import Later, Plan
from afschrift.inventory.model import Inventory
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import Timeline
from afschrift.law.partial_response import KIND, OPTIONS, PARTIAL, REMEDIES, TRY_AGAIN, Hindrance, about, used
from afschrift.questions.ask import ask
from afschrift.questions.forms import form
from afschrift.questions.kind import OpenQuestion
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register
from afschrift.services import Services


def ask_about(services: Services, request_id: str, met: SourceDownError) -> NeedsPersonError:
    """Put a source that cannot be reached before an officer; the error to raise."""
    inventory = services.inventory
    register = services.register
    left = left_for_later(services, register.facts.timeline(request_id), register.decisions.of(request_id))
    also = [later.source for later in left if later.source != met.source]
    why = hindrance(inventory, met.source, also)
    return _ask(services, request_id, met.source, why, met.code)


def ask_for_more(services: Services, plan: Plan) -> NeedsPersonError:
    """A partial delivery would hold nothing: an officer brings a source back; the error to raise."""
    questions = [
        _question(services, plan.request, one.source, Hindrance.NOTHING_TO_GIVE) for one in plan.later
    ]
    return ask(services.register, plan.request, questions)


def waits_for(register: Register, request_id: str, source: str | None = None) -> QuestionRow | None:
    """The open question of this kind, about a source or any; what else is planned waits for its answer."""
    asked = register.questions.all(request_id=request_id)
    return next((q for q in asked if q.kind == KIND and source in (None, q.detail["source"])), None)


def taken(decisions: Iterable[DecisionRow]) -> dict[str, tuple[DecisionRow, int]]:
    """The last decision about each source, and how many were taken about it before that one."""
    found: dict[str, tuple[DecisionRow, int]] = {}
    for decision in decisions:
        if decision.kind == KIND and (source := decision.detail.get("source")):
            found[source] = (decision, found[source][1] + 1 if source in found else 0)
    return found


def binding(register: Register, inventory: Inventory, request_id: str, source: str) -> str:
    """What the next decision about a source is bound to."""
    before = taken(register.decisions.of(request_id)).get(source)
    return about(source, personal_tables(inventory, source), before[1] + 1 if before else 0)


def left_for_later(
    services: Services, timeline: Timeline, decisions: Iterable[DecisionRow]
) -> tuple[Later, ...]:
    """The sources that the next plan leaves for later.

    A decision counts for the tables that the source has in the inventory, until its part is delivered or its
    day is over; and only as long as nothing else of the answer rests on the source.
    """
    inventory = services.inventory
    done = used(timeline)
    today = local_date(services.now(), timeline.zone)
    found = [
        later
        for later in decided_partial(inventory, decisions)
        if later.about not in done and date.fromisoformat(later.rest_by) >= today
    ]
    names = [later.source for later in found]
    return tuple(one for one in found if hindrance(inventory, one.source, names) is None)


def decided_partial(inventory: Inventory, decisions: Iterable[DecisionRow]) -> Iterator[Later]:
    """Sources about which `partial` was said last, of this inventory's tables."""
    for source, (decision, number) in taken(decisions).items():
        if decision.choice != PARTIAL or source not in inventory.sources:
            continue
        bound = about(source, personal_tables(inventory, source), number)
        if decision.about == bound:
            since = str(decision.detail.get("since") or decision.at)
            yield Later(source, since, str(decision.detail["rest_by"]), bound)


def _ask(
    services: Services, request_id: str, source: str, why: Hindrance | None, code: str
) -> NeedsPersonError:
    return ask(services.register, request_id, [_question(services, request_id, source, why, code)])


def _question(
    services: Services, request_id: str, source: str, why: Hindrance | None, code: str = ""
) -> OpenQuestion:
    """The question; one that is open already stays as it was asked."""
    register, inventory = services.register, services.inventory
    bound = binding(register, inventory, request_id, source)
    asked = waits_for(services.register, request_id, source)
    same = asked is not None and asked.about == bound and asked.detail.get("hindrance") == why
    if same and asked is not None:
        detail = dict(asked.detail)
    else:
        tables = len(personal_tables(inventory, source))
        detail = {"source": source, "since": _since(services, request_id, source), "tables": tables}
        detail |= {"code": code.replace(" ", "_")} if code else {}
        detail |= {"hindrance": why.value} if why else {}
    words = f"Source {source} cannot be reached"
    if why is None:
        words += ": bring it back and try again, or give the rest now and this later."
        return OpenQuestion(SOURCE_DOWN, OPTIONS, words, detail, bound=bound, form=FORM)
    words += f", and cannot be left for later ({why}): {REMEDIES[why]}."
    return OpenQuestion(
        SOURCE_DOWN, (TRY_AGAIN,), words, detail, bound=bound, form=form((TRY_AGAIN,), {}, {})
    )


def _since(services: Services, request_id: str, source: str) -> str:
    """When it was first found down, as far as the decisions about it tell; else now."""
    before = taken(services.register.decisions.of(request_id)).get(source)
    return services.now() if before is None else str(before[0].detail.get("since") or before[0].at)
