"""What earlier parts of an answer held, so that the next one gives the rest and nothing twice (R54)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from afschrift.casework.partial_response.question import personal_tables
from afschrift.casework.review.question import REVIEW, REVIEW_SIGNED
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.event import digest
from afschrift.domain.files import Receipt
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
from afschrift.law.partial_response import KIND, parts
from afschrift.law.restriction import lifted
from afschrift.register.register import Register
from afschrift.services import Services

GIVEN_ROWS = "rows"
"""What an earlier part told of a table of which it gave rows."""

Piece = ExtractPlan | Withheld | ManualPlan
P = TypeVar("P", bound=Piece)
_SAME = ("inventory", "policy", "package", "keys", "formats", "language", "received_at")
"""What of a plan must be the same, so that nothing has to be decided anew."""


class Supplement:
    """The supplement: what is left to give after the earlier parts, while a plan is drafted.

    Where all that the last part rested on is the same today, the sources that it told of are not opened once
    more. Else each of their tables is looked at, and given whole once more where the decision on it changed.
    What cannot be compared is given once more too. A hidden restriction that came since takes back nothing of
    what was told: an earlier part still tells of it, as for somebody of whom nothing is restricted (R84).
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
            except ConfigurationError:  # kept by another version of the software: all is given once more
                self._delivered.clear()
                return
            self._delivered |= {_table_key(one): (_before(one, fact), one) for one in _pieces(last)}
        if last is None:
            return
        self._same_keys = last.keys == plan.keys
        delivered_sources = frozenset(source for source, table in self._delivered if table)
        rested = parts(timeline)[-1].detail["decisions"]
        if rested == rests_on(register, timeline) and _holds(last, plan, delivered_sources):
            self._settled = delivered_sources
            self._before = [key for key in self._delivered if key[1]]

    def is_settled(self, source: str) -> bool:
        """Whether a part told of all tables of a source, and all that this rested on is the same today."""
        return source in self._settled

    def of(self, pieces: Sequence[P]) -> list[P]:
        """Those tables and systems that must be told of: new ones, and those on which it was decided anew.

        Where the person has other keys by now, each table is given whole once more.
        """
        known = [one for one in pieces if self._is_known(one)]
        self._before += [_table_key(one) for one in known]
        left = [one for one in pieces if one not in known]
        self._again += [".".join(_table_key(one)) for one in left if _table_key(one) in self._delivered]
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
        """What the earlier parts told and still holds, in the order of telling."""
        return tuple(before for key, (before, _) in self._delivered.items() if key in self._before)

    def again(self) -> tuple[str, ...]:
        """What the earlier parts told too, and what is given whole once more."""
        return tuple(key.rstrip(".") for key in self._again)


def delivered(timeline: Timeline, but: str = "") -> tuple[str, ...]:
    """Digests of the bundles of the parts that were delivered so far, `but` the one of this plan."""
    return tuple(str(fact.detail["bundle"]) for fact in parts(timeline) if fact.detail["plan"] != but)


def rests_on(register: Register, timeline: Timeline) -> str:
    """Digest of the decisions that what is given rests on: all but reviews, and those on sources."""
    apart = (KIND, REVIEW, REVIEW_SIGNED)
    decisions = [d for d in register.decisions.of(timeline.request) if d.kind not in apart]
    return digest([[[d.kind, d.choice, d.about] for d in decisions], sorted(lifted(timeline))])


def record_part(services: Services, plan: Plan, receipt: Receipt, rows: Mapping[str, int]) -> None:
    """Tell the clock and the next run that a part is delivered, once.

    Args:
        services: of the step.
        plan: of the part.
        receipt: of its bundle.
        rows: `source.table` -> number of rows that were given; of a system that people search, where files of
            it were left out, its name -> number of files.
    """
    register = services.register
    rested = rests_on(register, register.facts.timeline(plan.request))

    def make(timeline: Timeline) -> list[NewFact]:
        if any(fact.detail["bundle"] == receipt.sha256 for fact in parts(timeline)):
            return []
        later = [_promised(services, one) for one in plan.later]
        detail: dict[str, Any] = {"bundle": receipt.sha256, "plan": plan.digest(), "later": later}
        detail |= {"rows": dict(rows), "decisions": rested}
        day = local_date(services.now(), timeline.zone)
        return [NewFact(FactKind.PARTLY_DELIVERED, day, detail=detail)]

    register.facts.record(plan.request, make, "system")


def _promised(services: Services, one: Later) -> dict[str, Any]:
    """What is to follow of a source; its tables, so that none of them can be left out unsaid."""
    tables = list(personal_tables(services.inventory, one.source))
    return {"source": one.source, "rest_by": one.rest_by, "about": one.about, "tables": tables}


def spent(register: Register, request_id: str) -> bool:
    """Whether the plan that was frozen last is that of a part which is delivered: it gives nothing more."""
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
    """Of what was decided about a table, without what a reviewer masked in it; of a system its answer.

    `partly`: nobody may know of some columns, so neither of the statements, which read nothing of them.
    """
    plain = asdict(piece)
    for apart in ("redactions", *(("statement", "masked_statement") if partly else ())):
        plain.pop(apart, None)
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
