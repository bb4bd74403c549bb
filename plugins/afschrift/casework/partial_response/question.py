"""The questions about a source that is down and a promised rest that is gone; which answers count (R44).

`try_again` lets the next run try, and ask again if the source is still down. `partial` leaves the source for
later: the next run does not open it, and delivers what the other sources hold. A rest that was promised and
that the inventory does not hold any more stops the next run too, which would otherwise close the request as
if the promise were kept (R08, R54).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

from afschrift.casework.partial_response.damaged import KIND as DAMAGED_VALUE
from afschrift.casework.partial_response.damaged import columns_for_later, damaged_columns
from afschrift.domain.errors import NeedsPersonError, SourceDownError
from afschrift.domain.event import digest
from afschrift.domain.plan import Gone, Later, Plan
from afschrift.inventory.model import Inventory
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import Timeline
from afschrift.law.partial_response import (
    KIND,
    NOT_HELD,
    OPTIONS,
    PARTIAL,
    REMEDIES,
    REST_GONE,
    REST_GONE_OPTIONS,
    TRY_AGAIN,
    Given,
    Hindrance,
    about,
    parts,
    used,
)
from afschrift.questions.ask import ask
from afschrift.questions.forms import form
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register
from afschrift.services import Services

FORM = form(
    OPTIONS,
    {"rest_by": {"title": "By when the rest follows", "type": "string", "format": "date"}},
    {PARTIAL: ("rest_by",)},
)


SOURCE_DOWN = QuestionKind(
    "source_down",
    "A source cannot be reached",
    "Try again, or give now what is not in doubt, and the rest later (R44)?",
    {
        "try_again": "The next run reads again.",
        "partial": "The other sources are given now; this one follows by the day that you name. Say why in "
        "words.",
    },
    note="After its third try ([operations.md](operator/operations.md#a-source-is-down)). `since` is when it "
    "was first found down, `code` what its driver calls the error, `hindrance` why it cannot be left for "
    "later. `partial` needs `rest_by`, a date not after the last day of the request; the clock goes on.",
)

REST_GONE_KIND = QuestionKind(
    "rest_gone",
    "A promised rest that is gone",
    "A part of the answer said that more would follow (R44), and the inventory does not have it any"
    " more. Why is it not given?",
    {
        "try_again": "It is back in the inventory: the next run gives it, and asks anew where it is not.",
        "not_held_any_more": "The rest goes without it, and the bundle says so. Say why in words.",
    },
    in_words=(NOT_HELD,),
    note="`source`, `tables` and `rest_by`, the promised day, say what is missing.",
)

KINDS = (SOURCE_DOWN, REST_GONE_KIND, DAMAGED_VALUE)


def personal_tables(inventory: Inventory, source: str) -> tuple[str, ...]:
    """Names of the tables of a source that may hold personal data."""
    return tuple(name for name, table in inventory.sources[source].tables.items() if table.personal)


def consent_column(inventory: Inventory, source: str, table: str) -> str:
    """The source that keeps a consent; `shop.consent` may be named from another source."""
    return source if table in inventory.sources[source].tables else table.partition(".")[0]


def hindrance(inventory: Inventory, source: str, also: Collection[str] = ()) -> Hindrance | None:
    """Why a source cannot be left for later; None where it can.

    Keys that are looked up in it might lead to rows elsewhere, and without it those are not known: the answer
    would look whole and not be. The same holds for consents, on which decisions about other data rest.

    Args:
        inventory: the data map.
        source: its name.
        also: other sources that are left for later.
    """
    gone = {source, *also}
    age_column = inventory.identity.age_column
    if age_column is not None and age_column.partition(".")[0] == source:
        return Hindrance.KEYS
    if any(len(table.links) > 1 for table in inventory.sources[source].tables.values()):
        return Hindrance.KEYS
    others = [name for name in inventory.sources if name not in gone and personal_tables(inventory, name)]
    for other in others:
        for purpose in inventory.sources[other].purposes.values():
            if purpose.consent and consent_column(inventory, other, purpose.consent.table) == source:
                return Hindrance.CONSENTS
    return None if others or inventory.manual else Hindrance.ONLY_SOURCE


def ask_about(services: Services, request_id: str, error: SourceDownError) -> NeedsPersonError:
    """Ask an officer about a source that cannot be reached; returns the error to raise."""
    inventory = services.inventory
    register = services.register
    left = left_for_later(services, register.facts.timeline(request_id), register.decisions.of(request_id))
    also = [later.source for later in left if later.source != error.source]
    why = hindrance(inventory, error.source, also)
    asked = _question(services, request_id, error.source, why, error.code)
    return ask(services.register, request_id, [asked])


def ask_for_more(services: Services, plan: Plan) -> NeedsPersonError:
    """Ask for what is missing to be brought back, as the answer would be empty; the error to raise."""
    questions = [
        _question(services, plan.request, source, Hindrance.NOTHING_TO_GIVE)
        for source in sorted(plan.unopened)
    ]
    found = damaged_columns(services, plan.request).values()
    questions += [damaged.question((TRY_AGAIN,)) for damaged in found if damaged.given is Given.NOT]
    return ask(services.register, plan.request, questions)


def waits_for(register: Register, request_id: str, source: str | None = None) -> QuestionRow | None:
    """The open question of this kind, about a source or any; planning waits for its answer."""
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
    services: Services, timeline: Timeline, decisions: Sequence[DecisionRow]
) -> tuple[Later, ...]:
    """The sources and columns that the next plan leaves for later.

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
    sources = (later for later in found if hindrance(inventory, later.source, names) is None)
    return (*sources, *columns_for_later(damaged_columns(services, timeline.request)))


def decided_partial(inventory: Inventory, decisions: Iterable[DecisionRow]) -> Iterator[Later]:
    """Sources about which `partial` was said last, of this inventory's tables."""
    for source, (decision, number) in taken(decisions).items():
        if decision.choice != PARTIAL or source not in inventory.sources:
            continue
        bound = about(source, personal_tables(inventory, source), number)
        if decision.about == bound:
            since = str(decision.detail.get("since") or decision.at)
            yield Later(source, since, str(decision.detail["rest_by"]), bound)


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
    """When it was first found down, as far as the decisions about it say; else now."""
    before = taken(services.register.decisions.of(request_id)).get(source)
    return services.now() if before is None else str(before[0].detail.get("since") or before[0].at)


def gone(
    inventory: Inventory, timeline: Timeline, decisions: Sequence[DecisionRow]
) -> Iterator[tuple[Gone | None, OpenQuestion | None]]:
    """Each source whose promised rest is not personal data of the inventory any more.

    It comes with the officer's decision, or with the question that is still open. Only the last part counts:
    what earlier parts promised was given or asked about before it. A system that people search by now is
    reported as such a system.
    """
    for fact in parts(timeline)[-1:]:
        for promised in fact.detail.get("later", ()):
            source = str(promised["source"])
            held = personal_tables(inventory, source) if source in inventory.sources else ()
            missing = tuple(table for table in promised.get("tables", ()) if table not in held)
            if (missing or not held) and source not in inventory.manual:
                yield _decided_rest(
                    _rest_question(source, missing, fact.detail["bundle"], promised), decisions
                )


def _rest_question(
    source: str, tables: tuple[str, ...], bundle: str, promised: dict[str, str]
) -> OpenQuestion:
    detail = {"source": source, "tables": list(tables), "rest_by": promised["rest_by"]}
    bound = digest({"kind": REST_GONE, "source": source, "tables": list(tables), "bundle": bundle})
    words = (
        f"The rest of {source} was promised by {promised['rest_by']}, and the inventory does not have it "
        "any more: put it back and try again, or say why it is not given."
    )
    return OpenQuestion(REST_GONE_KIND, REST_GONE_OPTIONS, words, detail, bound=bound)


def _decided_rest(
    question: OpenQuestion, decisions: Sequence[DecisionRow]
) -> tuple[Gone | None, OpenQuestion | None]:
    found = [d for d in decisions if d.kind == REST_GONE and d.about == question.about]
    if not found or found[-1].choice != NOT_HELD:
        return None, question
    tables = tuple(question.detail["tables"])
    return Gone(question.detail["source"], tables, question.detail["rest_by"], found[-1].at), None
