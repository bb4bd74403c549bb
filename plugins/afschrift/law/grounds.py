"""Types of the table of grounds, on which a decision other than to fulfil rests, with form and signers.

The table is `include/grounds/grounds.yml`. `law.ground_check` checks a decision against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

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


class FieldStorage(StrEnum):
    """Where a field is stored."""

    TRAIL = "trail"  # a code, date or number, which the trail keeps
    CASE_FILE = "case_file"  # words, encrypted under the request's key


class FourEyes(StrEnum):
    """Whether a second person signs."""

    ALWAYS = "always"
    FIRST_REQUEST = "first_request"
    NEVER = "never"


class Effect(StrEnum):
    """What a provision of other law does to a right."""

    PERMITS = "permits"  # a person weighs whether it is necessary and proportionate (UAVG 41)
    FORBIDS = "forbids"


@dataclass(frozen=True)
class Provision:
    """A provision of other law on which a restriction may rest (R84; Art. 23).

    Attributes:
        name: language -> act and article.
        protects: language -> the interest.
        hidden: the person may not know of it either.
    """

    effect: Effect
    name: Mapping[str, str]
    protects: Mapping[str, str]
    hidden: bool = False

    def text(self, what: Literal["name", "protects"], language: str) -> str:
        """Its name or interest in a language; if that is missing, in the first one."""
        words: Mapping[str, str] = getattr(self, what)
        return words.get(language) or next(iter(words.values()))


@dataclass(frozen=True)
class Never:
    """A choice that the law rules out, with its rule and the remedy.

    Attributes:
        right: the one right for which it is ruled out; None: both.
        outcome: likewise for an outcome.
    """

    rule: str
    because: str
    instead: str
    right: Right | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class GroundField:
    """A field of a form.

    Attributes:
        title: language -> what it asks.
        schema: JSON Schema (2020-12) of its value, whole in itself.
        turned_down: code that people enter -> why it is refused.
        example: a valid value, for documentation, templates and tests.
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
        when: what it depends on -> with which value: `outcome`, `first_request`, another field, or the
            `effect` of the provision.
        rule: that asks for them; None: the ground's first rule.
    """

    fields: tuple[str, ...]
    when: Mapping[str, Any] = field(default_factory=dict)
    rule: str | None = None

    def applies(self, outcome: Outcome, first_request: bool, form: Mapping[str, Any]) -> bool:
        """Whether these fields are needed."""
        known = {**form, "outcome": outcome.value, "first_request": first_request}
        return all(known.get(name) == value for name, value in self.when.items())


@dataclass(frozen=True)
class OfCells:
    """The form for masking single cells or spans on a ground, in the review of a bundle.

    Attributes:
        needed: its fields, all of them required.
        two: a second person signs.
    """

    needed: tuple[str, ...]
    two: bool


class OnlyWhile(StrEnum):
    """A condition of the request that a ground depends on."""

    UNIDENTIFIED = "unidentified"  # the identity is not confirmed (R10)
    WITHOUT_MANDATE = "without_mandate"  # a representative asks, whose authority is not proven (R15)


@dataclass(frozen=True)
class Ground:
    """A ground.

    Attributes:
        rules: rule ids; the first one asks for the form.
        outcomes: outcome -> kind of the letter that must be sent; None: no letter.
        letter_ground: legal ground that the letter names.
        no_letter_when: field -> value with which no letter is sent (a restriction that stays hidden).
        only: condition that it depends on; None: it always holds.
        optional: further fields that the form may have.
        turned_down: combinations that the law rules out.
        redaction: form for masking single cells; None: they cannot be masked on it.
        provisions: on which it may rest, by code.
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
    provisions: Mapping[str, Provision] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of all fields that its form may hold, in their order."""
        return tuple(dict.fromkeys([*(f for need in self.needed for f in need.fields), *self.optional]))

    def asks(self, outcome: Outcome) -> tuple[str, ...]:
        """Names of the fields that its form may have for an outcome, without those only for others."""
        here = {
            name
            for need in self.needed
            for name in need.fields
            if need.when.get("outcome", outcome.value) == outcome.value
        }
        return tuple(name for name in self.fields if name in here or name in self.optional)

    def required(self, outcome: Outcome, *, first_request: bool, form: Mapping[str, Any]) -> dict[str, str]:
        """Required field -> the rule that asks for it."""
        provision = self.provisions.get(form.get("provision", ""))
        known = {**form, "effect": provision.effect} if provision else form
        needs = [need for need in self.needed if need.applies(outcome, first_request, known)]
        return {name: need.rule or self.rules[0] for need in needs for name in need.fields}

    def letter(self, outcome: Outcome, form: Mapping[str, Any]) -> str | None:
        """Kind of the letter that must be sent; None: no letter."""
        hidden = self.no_letter_when and all(form.get(n) == v for n, v in self.no_letter_when.items())
        return None if hidden else self.outcomes[outcome]

    def two(self, *, first_request: bool) -> bool:
        """Whether a second person signs."""
        return self.four_eyes is FourEyes.ALWAYS or (
            self.four_eyes is FourEyes.FIRST_REQUEST and first_request
        )


@dataclass(frozen=True)
class NeverGround:
    """A code that is listed so that it is refused with its reason (`own_costs`, `effort`, `count`)."""

    code: str
    title: Mapping[str, str]
    rules: tuple[str, ...]
    because: str
    instead: str


@dataclass(frozen=True)
class TriggerLimits:
    """Limits from which a request is shown to a person for a decision.

    Attributes:
        earlier: number of earlier requests for the same right within `earlier_days` that is a repetition.
        contact_days: days for which a changed contact detail is mentioned.
        purposes: number of purposes that counts as many kinds of processing.
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
    never: Mapping[str, NeverGround]
    provisions: Mapping[str, Provision]

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that may be entered, including those that are refused."""
        return (*self.grounds, *self.never)

    def offered(self, outcome: Outcome, right: Right) -> tuple[str, ...]:
        """Codes of the grounds that allow an outcome for a right."""
        return tuple(c for c, g in self.grounds.items() if outcome in g.outcomes and right in g.rights)

    def redacting(self, right: Right) -> tuple[Ground, ...]:
        """Grounds on which single cells may be masked for a right, each with the form for that."""
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
        """The fields of a form that are stored encrypted."""
        return {n: v for n, v in form.items() if self.fields[n].kept is FieldStorage.CASE_FILE}
