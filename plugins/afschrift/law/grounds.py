"""Grounds as data: on what a person may decide otherwise than to fulfil, with which form, signed by whom.

The table is `include/grounds/grounds.yml`; here is its shape. `law.ground_check` holds a form against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from afschrift.domain.right import Right
from afschrift.law.roles import Role


class Outcome(StrEnum):
    """What a person may decide. Only `fulfil` needs no ground."""

    FULFIL = "fulfil"
    EXTEND = "extend"
    SPECIFY = "specify"
    CHARGE = "charge"
    REFUSE = "refuse"
    REFUSE_PART = "refuse_part"
    RESTRICT = "restrict"
    MERGE = "merge"


REFUSAL_GROUNDS = (
    "manifestly_unfounded",
    "manifestly_excessive",
    "malicious_intent",
    "identity_failure",
    "rights_of_others",
    "legally_exempted",
)
"""What a letter of refusal names; volume alone is no ground (R40)."""


class FieldStorage(StrEnum):
    """Where a field goes."""

    TRAIL = "trail"  # a code, date or number, which the trail keeps
    CASE_FILE = "case_file"  # words, encrypted under the request's key


class FourEyes(StrEnum):
    """Whether a second person signs."""

    ALWAYS = "always"
    FIRST_REQUEST = "first_request"
    NEVER = "never"


@dataclass(frozen=True)
class Never:
    """Something people try, and what the law says of it.

    Attributes:
        right: where it is turned down for one right alone; None: for both.
        outcome: likewise for one outcome.
    """

    rule: str
    because: str
    instead: str
    right: Right | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class GroundField:
    """One field of a form.

    Attributes:
        title: language -> what it asks.
        schema: JSON Schema (2020-12) of its value, whole in itself.
        turned_down: code that people write -> why not.
        example: a value that does; for documentation, templates and tests.
    """

    name: str
    title: Mapping[str, str]
    kept: FieldStorage
    schema: Mapping[str, Any]
    turned_down: Mapping[str, Never] = field(default_factory=dict)
    example: Any = None


@dataclass(frozen=True)
class Need:
    """Fields without which a form is not complete.

    Attributes:
        when: what it depends on -> with which value: `outcome`, `first_request`, or another field.
        rule: that asks for them, where it is not the ground's first one.
    """

    fields: tuple[str, ...]
    when: Mapping[str, Any] = field(default_factory=dict)
    rule: str | None = None

    def applies(self, outcome: Outcome, first_request: bool, form: Mapping[str, Any]) -> bool:
        """Whether it asks for them now."""
        known = {**form, "outcome": outcome.value, "first_request": first_request}
        return all(known.get(name) == value for name, value in self.when.items())


@dataclass(frozen=True)
class OfCells:
    """What it takes to mask single cells or spans on a ground, when what will be sent is reviewed.

    Attributes:
        needed: fields without which it is not complete; there are no others.
        two: a second person signs.
    """

    needed: tuple[str, ...]
    two: bool


class OnlyWhile(StrEnum):
    """What a ground may rest on alone as long as it is so."""

    UNIDENTIFIED = "unidentified"  # nobody confirmed who asks (R10)
    WITHOUT_MANDATE = "without_mandate"  # they ask for somebody else, and their authority is not proven (R15)


@dataclass(frozen=True)
class Ground:
    """One ground.

    Attributes:
        rules: rule ids; the first one asks for the form.
        outcomes: what it may lead to -> kind of the letter that must go out then; None: none.
        letter_ground: what the letter says in law.
        no_letter_when: field -> value with which no letter goes out (a restriction that stays hidden).
        only: while what it holds alone; None: always.
        optional: further fields that the form may hold.
        turned_down: combinations that people try.
        redaction: how single cells are masked on it; None: they are not.
    """

    code: str
    title: Mapping[str, str]
    rights: tuple[Right, ...]
    rules: tuple[str, ...]
    outcomes: Mapping[Outcome, str | None]
    signers: tuple[Role, ...]
    four_eyes: FourEyes
    needed: tuple[Need, ...]
    optional: tuple[str, ...] = ()
    letter_ground: str = ""
    no_letter_when: Mapping[str, str] = field(default_factory=dict)
    only: OnlyWhile | None = None
    turned_down: tuple[Never, ...] = ()
    redaction: OfCells | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of all fields that its form may hold, in their order."""
        return tuple(dict.fromkeys([*(f for need in self.needed for f in need.fields), *self.optional]))

    def asks(self, outcome: Outcome) -> tuple[str, ...]:
        """Names of the fields that its form may hold for an outcome: not what another one alone asks for."""
        here = {
            name
            for need in self.needed
            for name in need.fields
            if need.when.get("outcome", outcome.value) == outcome.value
        }
        return tuple(name for name in self.fields if name in here or name in self.optional)

    def required(self, outcome: Outcome, *, first_request: bool, form: Mapping[str, Any]) -> dict[str, str]:
        """Fields that must be filled in -> the rule that asks for them."""
        needs = [need for need in self.needed if need.applies(outcome, first_request, form)]
        return {name: need.rule or self.rules[0] for need in needs for name in need.fields}

    def letter(self, outcome: Outcome, form: Mapping[str, Any]) -> str | None:
        """Kind of the letter that must go out."""
        hidden = self.no_letter_when and all(form.get(n) == v for n, v in self.no_letter_when.items())
        return None if hidden else self.outcomes[outcome]

    def two(self, *, first_request: bool) -> bool:
        """Whether a second person signs."""
        return self.four_eyes is FourEyes.ALWAYS or (
            self.four_eyes is FourEyes.FIRST_REQUEST and first_request
        )


@dataclass(frozen=True)
class Refusable:
    """A code that exists to be turned down (`own_costs`, `effort`, `count`)."""

    code: str
    title: Mapping[str, str]
    rules: tuple[str, ...]
    because: str
    instead: str


@dataclass(frozen=True)
class TriggerLimits:
    """From when a request is put before a person.

    Attributes:
        earlier: so many earlier requests for the same right within `earlier_days` days are a repetition.
        contact_days: days for which another contact detail than before is told.
        purposes: so many purposes of processing are many kinds of it.
    """

    earlier: int
    earlier_days: int
    contact_days: int
    purposes: int


@dataclass(frozen=True)
class Grounds:
    """The whole table."""

    trigger_limits: TriggerLimits
    fields: Mapping[str, GroundField]
    grounds: Mapping[str, Ground]
    never: Mapping[str, Refusable]

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that somebody may write, those that are turned down included."""
        return (*self.grounds, *self.never)

    def offered(self, outcome: Outcome, right: Right) -> tuple[str, ...]:
        """Codes on which an outcome may rest for a right."""
        return tuple(c for c, g in self.grounds.items() if outcome in g.outcomes and right in g.rights)

    def redacting(self, right: Right) -> tuple[Ground, ...]:
        """Grounds on which single cells are masked for a right; each with the form that this takes."""
        return tuple(
            replace(
                ground,
                needed=(Need(ground.redaction.needed),),
                optional=(),
                outcomes={Outcome.REFUSE_PART: None},
                four_eyes=FourEyes.ALWAYS if ground.redaction.two else FourEyes.NEVER,
            )
            for ground in self.grounds.values()
            if ground.redaction is not None and right in ground.rights
        )

    def texts(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """Of a form what is kept encrypted."""
        return {n: v for n, v in form.items() if self.fields[n].kept is FieldStorage.CASE_FILE}

    def kept_in_trail(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """Of a form what the trail keeps."""
        return {n: v for n, v in form.items() if self.fields[n].kept is FieldStorage.TRAIL}
