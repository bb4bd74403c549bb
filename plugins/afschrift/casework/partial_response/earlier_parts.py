"""What earlier parts of an answer held, so that the next one gives the rest and nothing twice (R54)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from afschrift.casework.partial_response.question import personal_tables
from afschrift.casework.review.question import REVIEW, REVIEW_SIGNED
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.event import digest
from afschrift.domain.plan import (
    NOTHING_GIVEN,
    Before,
    ExtractPlan,
    Later,
    ManualPlan,
    ManualStatus,
    Plan,
    Portion,
    Withheld,
)
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline
from afschrift.law.partial_response import DAMAGED_VALUE, KIND, parts
from afschrift.law.restriction import lifted
from afschrift.register.register import Register
from afschrift.services import Services

GIVEN_ROWS = "rows"
"""Status in an earlier part of a table of which it gave rows."""

Piece = ExtractPlan | Withheld | ManualPlan
P = TypeVar("P", bound=Piece)
_SAME = ("inventory", "policy", "package", "keys", "formats", "language", "received_at")
"""Fields of a plan that must be equal, so that nothing has to be decided anew."""


class Supplement:
    """The supplement: what is left to give after the earlier parts, while a plan is drafted.

    Where all that the last part rested on is the same today, the sources that it covered are not opened
    again. Otherwise each of their tables is looked at, and given whole again if the decision on it changed.
    What cannot be compared is given again too. A hidden restriction that came since changes nothing of what
    an earlier part said: that part is listed as it would be without the restriction (R84).
    """

    def __init__(self, register: Register, plan: Plan, hidden: Collection[str] = ()) -> None:
        """Read what was delivered.

        Args:
            register: of the installation.
            plan: of today, as far as it is known before a table is looked at.
            hidden: tables, columns and systems of which the person may not know (R84).
        """
        self._hidden = frozenset(hidden)
        self._delivered: dict[tuple[str, str], tuple[Before, Piece]] = {}
        self._before: list[tuple[str, str]] = []
        self._again: list[str] = []
        self._settled: frozenset[str] = frozenset()
        self._same_keys = False
        timeline = register.facts.timeline(plan.request)
        last = None
        for fact in parts(timeline):
            try:
                last = register.plans.get(plan.request, fact.detail["plan"])
            except ConfigurationError:  # kept by another version of the software: all is given again
                self._delivered.clear()
                return
            self._delivered |= {_table_key(piece): (_before(piece, fact), piece) for piece in _pieces(last)}
        if last is None:
            return
        self._same_keys = last.keys == plan.keys
        delivered_sources = frozenset(source for source, table in self._delivered if table)
        rested = parts(timeline)[-1].detail["decisions"]
        if rested == rests_on(register, timeline) and _holds(last, plan, delivered_sources):
            self._settled = delivered_sources - {later.source for later in last.later}
            self._before = [key for key in self._delivered if key[1] and key[0] in self._settled]

    def is_settled(self, source: str) -> bool:
        """Whether a part covered all tables of a source, and all that this rested on is the same today."""
        return source in self._settled

    def of(self, pieces: Sequence[P]) -> list[P]:
        """The tables and systems that the next part must cover: new ones, and those with a changed decision.

        Where the person has other keys by now, each table is given whole again.
        """
        known = [piece for piece in pieces if self._is_known(piece)]
        self._before += [_table_key(piece) for piece in known]
        left = [piece for piece in pieces if piece not in known]
        self._again += [".".join(_table_key(piece)) for piece in left if _table_key(piece) in self._delivered]
        return left

    def _is_known(self, piece: Piece) -> bool:
        if _table_key(piece) not in self._delivered:
            return False
        before, earlier = self._delivered[_table_key(piece)]
        name = ".".join(_table_key(piece)).rstrip(".")
        if name in self._hidden and before.status in (GIVEN_ROWS, ManualStatus.GIVEN):
            return True
        same_keys = self._same_keys or isinstance(piece, ManualPlan)
        partly = any(place.startswith(f"{name}.") for place in self._hidden)
        return same_keys and _digest(earlier, partly=partly) == _digest(piece, partly=partly)

    def before(self) -> tuple[Before, ...]:
        """What the earlier parts covered and still holds, in their order."""
        return tuple(before for key, (before, _) in self._delivered.items() if key in self._before)

    def again(self) -> tuple[str, ...]:
        """Names of what the earlier parts covered and what is given whole again."""
        return tuple(key.rstrip(".") for key in self._again)


def delivered(timeline: Timeline, excluded: str = "") -> tuple[str, ...]:
    """Digests of the bundles of the parts that were delivered so far, without that of the plan `excluded`."""
    return tuple(str(fact.detail["bundle"]) for fact in parts(timeline) if fact.detail["plan"] != excluded)


def rests_on(register: Register, timeline: Timeline) -> str:
    """Digest of the decisions that the answer rests on: all but reviews, and those on what comes later."""
    ignored = (KIND, DAMAGED_VALUE, REVIEW, REVIEW_SIGNED)
    decisions = [d for d in register.decisions.of(timeline.request) if d.kind not in ignored]
    return digest([[[d.kind, d.choice, d.about] for d in decisions], sorted(lifted(timeline))])


def record_part(services: Services, plan: Plan, bundle: str, rows: Mapping[str, int]) -> None:
    """Record once that a part is delivered, for the clock and the next run.

    Args:
        services: of the step.
        plan: of the part.
        bundle: digest of its bundle.
        rows: `source.table` -> number of rows that were given; of a system that people search, where files of
            it were left out, its name -> number of files.
    """
    register = services.register
    rested = rests_on(register, register.facts.timeline(plan.request))

    def make(timeline: Timeline) -> list[NewFact]:
        if any(fact.detail["bundle"] == bundle for fact in parts(timeline)):
            return []
        later = [_promised(services, source) for source in plan.later]
        detail: dict[str, Any] = {"bundle": bundle, "plan": plan.digest(), "later": later}
        detail |= {"rows": dict(rows), "decisions": rested}
        day = local_date(services.now(), timeline.zone)
        return [NewFact(FactKind.PARTLY_DELIVERED, day, detail=detail)]

    register.facts.record(plan.request, make, "system")


def _promised(services: Services, later: Later) -> dict[str, Any]:
    """What is to follow of a source; with its tables, so that none can be left out unnoticed."""
    promised: dict[str, Any] = {"source": later.source, "rest_by": later.rest_by, "about": later.about}
    if later.place:
        return promised | {"tables": [later.place.rpartition(".")[0]], "place": later.place}
    return promised | {"tables": list(personal_tables(services.inventory, later.source))}


def last_part_is_delivered(register: Register, request_id: str) -> bool:
    """Whether the last frozen plan is that of a delivered part, so that it gives nothing more."""
    frozen = register.steps.latest(request_id, "classify")
    done = register.steps.latest(request_id, "deliver")
    if frozen is None or done is None or done["plan"] != frozen["plan"]:
        return False
    return bool(done.get("part") == Portion.PARTIAL)


def _holds(last: Plan, plan: Plan, sources: frozenset[str]) -> bool:
    if any(getattr(plan, name) != getattr(last, name) for name in _SAME):
        return False
    consents = {p: s for p, s in plan.consents.items() if p.partition(".")[0] in sources}
    return all(last.consents.get(purpose) == state for purpose, state in consents.items())


def _pieces(plan: Plan) -> Iterator[Piece]:
    yield from plan.extracts
    yield from plan.withheld
    yield from plan.manual


def _table_key(piece: Piece) -> tuple[str, str]:
    return piece.source, "" if isinstance(piece, ManualPlan) else piece.table


def _digest(piece: Piece, *, partly: bool) -> str:
    """Digest of the decision about a table, without what a reviewer masked in it; of a system, of its answer.

    `partly`: the person may not know of some columns, so the statements, which lack them, do not count.
    """
    plain = asdict(piece)
    for ignored in ("redactions", "masks", *(("statement", "masked_statement") if partly else ())):
        plain.pop(ignored, None)
    for field in plain.get("fields", ()):
        for masked in ("kind", "read_as"):
            field.pop(masked, None)
    return digest(plain)


def _before(piece: Piece, fact: FactRow) -> Before:
    rows, status = None, "withheld"
    if isinstance(piece, ExtractPlan):
        rows = int(fact.detail["rows"].get(piece.name, 0))
        status = GIVEN_ROWS if rows else NOTHING_GIVEN
    elif isinstance(piece, ManualPlan):
        status = piece.status_for_person
        files = int(fact.detail["rows"].get(piece.source, len(piece.files)))
        rows = files if piece.status is ManualStatus.GIVEN else None
    source, table = _table_key(piece)
    return Before(source, table, status, rows, fact.at, str(fact.detail["bundle"]))
