"""Columns with a damaged value: given as the database's own text; else left for later, as a person decides.

A damage is a fact about a column, for one request. It is found while a source is read, by reading each column
apart (`steps/damage.py`); an outage or a missing right is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from afschrift.domain.decision import Action
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.plan import Later, Place
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import Timeline
from afschrift.law.partial_response import (
    DAMAGED_GIVEN,
    DAMAGED_LATER,
    DAMAGED_VALUE,
    DAMAGES,
    GIVEN_OTHERWISE,
    PARTIAL,
    TRY_AGAIN,
    Given,
    used,
)
from afschrift.questions.forms import form
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.register.records import DecisionRow
from afschrift.register.register import Register
from afschrift.register.steps import StepResults
from afschrift.selection.table_decision import GroundDecision
from afschrift.services import Services

STEP = "damaged"
"""Name under which the register keeps what was found, as the results of a step."""

_OPTIONS = (TRY_AGAIN, PARTIAL, GIVEN_OTHERWISE)
_DAY = {"rest_by": {"title": "By when this column follows", "type": "string", "format": "date"}}

KIND = QuestionKind(
    DAMAGED_VALUE,
    "A value that cannot be read",
    "This column holds a value that can be given neither exactly nor as text. Correct it and try again, give "
    "the rest now and this later (R44), or give it in another way?",
    {
        "try_again": "The next run reads the column again.",
        "partial": "The rest is given now; this column follows by the day that you name. Say why in words.",
        "given_otherwise": "The column stays out of the bundle, which says so. Say in words how it is given.",
    },
    in_words=(PARTIAL, GIVEN_OTHERWISE),
    note="`place` is the column, `damage` what is wrong with it; no value is kept. A column of which the "
    "database's own text can be given is given as text without a question. `partial` needs `rest_by`, a date "
    "not after the last day of the request; the clock goes on. After that part the next run reads the column "
    "again. A refusal of the column is a decision on a ground (`afschrift decide`).",
)


@dataclass(frozen=True)
class Damaged:
    """A column with a damaged value.

    Attributes:
        damage: a key of `DAMAGES`.
        since: RFC 3339 instant at which it was found.
        about: digest that a decision on it is bound to.
        decision: the last one; None: none was taken.
    """

    place: Place
    damage: str
    given: Given
    since: str
    about: str
    decision: DecisionRow | None

    @property
    def choice(self) -> str | None:
        """What a person chose, as far as a person must."""
        return self.decision.choice if self.decision else None

    def is_over(self, timeline: Timeline, today: date) -> bool:
        """Whether the next run reads the column as if nothing had been found."""
        if self.choice != PARTIAL or self.decision is None:
            return self.choice == TRY_AGAIN
        day = date.fromisoformat(self.decision.detail["rest_by"])
        return self.about in used(timeline) or day < today

    def question(self, options: Sequence[str] = _OPTIONS) -> OpenQuestion:
        """The question what to do about it."""
        words = f"{self.place} holds {DAMAGES[self.damage]}, and no text of it can be given."
        detail = {"source": self.place.source, "place": str(self.place), "damage": self.damage}
        asked = form(options, _DAY, {PARTIAL: ("rest_by",)})
        return OpenQuestion(KIND, tuple(options), words, detail, bound=self.about, form=asked)


def damaged_columns(
    services: Services, request_id: str, results: StepResults | None = None
) -> dict[Place, Damaged]:
    """What the next plan must regard; the last record about a column counts.

    `results`: of the request's steps, where they are read already.
    """
    register = services.register
    rows = (results or register.steps.results(request_id)).every(STEP)
    if not rows:
        return {}
    decisions = register.decisions.of(request_id)
    taken = {d.about: d for d in decisions if d.kind == DAMAGED_VALUE and d.about}
    last: dict[Place, Damaged] = {}
    for number, row in enumerate(rows):
        place, given = Place(*row.result["place"]), Given(row.result["given"])
        about = digest({"kind": DAMAGED_VALUE, "place": list(place), "number": number})
        last[place] = Damaged(place, row.result["damage"], given, row.finished_at, about, taken.get(about))
    timeline = register.facts.timeline(request_id)
    today = local_date(services.now(), timeline.zone)
    return {place: damaged for place, damaged in last.items() if not damaged.is_over(timeline, today)}


def read_as_text(damaged: Mapping[Place, Damaged]) -> dict[Place, str]:
    """The columns of which the database's own text is given, with their damage."""
    return {place: found.damage for place, found in damaged.items() if found.given is Given.AS_TEXT}


def unsearched(damaged: Mapping[Place, Damaged]) -> frozenset[Place]:
    """The columns that the search for the person cannot look into."""
    return frozenset(place for place, found in damaged.items() if found.given is not Given.AS_TEXT)


def missing_columns(damaged: Mapping[Place, Damaged]) -> dict[str, GroundDecision]:
    """Columns that are not read: `source.table.column` -> why; a decision on a ground takes precedence."""
    return {
        str(place): GroundDecision(
            Action.EXCLUDE, ("R44",), DAMAGED_GIVEN if found.choice == GIVEN_OTHERWISE else DAMAGED_LATER
        )
        for place, found in damaged.items()
        if found.given is Given.NOT
    }


def columns_for_later(damaged: Mapping[Place, Damaged]) -> Iterator[Later]:
    """The columns that the next plan leaves for later."""
    for place, found in damaged.items():
        if found.given is Given.NOT and found.decision is not None and found.choice == PARTIAL:
            rest_by = str(found.decision.detail["rest_by"])
            yield Later(place.source, found.since, rest_by, found.about, f"{place.table}.{place.column}")


def record_damage(
    register: Register,
    request_id: str,
    found: Mapping[Place, tuple[str, Given]],
    known: Mapping[Place, Damaged],
) -> bool:
    """Record damages, once each; return whether one is new, or is handled in another way now."""
    new = {
        place: {"place": list(place), "damage": damage, "given": given.value}
        for place, (damage, given) in found.items()
        if place not in known or known[place].given is not given
    }
    number = len(register.steps.results(request_id).every(STEP))
    for place, result in new.items():
        payload = {"step": STEP, "part": str(place), **result}
        event = NewEvent("step_finished", payload=payload)
        inputs = digest({**result, "number": number})
        register.steps.finish(request_id, STEP, inputs, result, event, part=str(place))
    return bool(new)


_DONE = {
    Given.AS_TEXT: "the database's own text of the column is given. Correct the value, or write `kind: text`",
    Given.NOT: "no text can be given. Correct the value, answer the question about it, or decide on a ground",
    Given.NOT_SEARCHED: "the search for the person passes the column over. Correct the value",
}


def damage_lines(register: Register, request_id: str) -> list[str]:
    """A line for each damage that was found: the column, what is wrong, what is done, and the way out."""
    found = register.steps.results(request_id).every(STEP)
    return [f"{r.part} holds {DAMAGES[r.result['damage']]}: {_DONE[Given(r.result['given'])]}" for r in found]
