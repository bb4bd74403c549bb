"""What happens to one column for one right: a pure function of facts and policy.

The decision comes before the data: an excluded column is never selected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from afschrift.domain.right import Right
from afschrift.domain.vocabulary import CONSENT, PORTABLE, Origin


class Action(StrEnum):
    """What the extract does with a column."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    MASK = "mask"
    EXISTS_ONLY = "exists_only"
    ASK = "ask"


class ConsentState(StrEnum):
    """The person's own consent for a purpose, as the source's consent table says."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    ABSENT = "absent"


class About(StrEnum):
    """Whose data a column holds."""

    SUBJECT = "subject"
    THIRD_PARTY = "third_party"


class ThirdParty(StrEnum):
    """How data about others is handled (R31-R33)."""

    OWN_USE = "own_use"
    MASK = "mask"
    ASK = "ask"


class Mask(StrEnum):
    """What replaces a masked value."""

    TOKEN = "token"  # noqa: S105  the same for the same value, within one request
    LABEL = "label"  # the same for every value
    LAST4 = "last4"


class Protect(StrEnum):
    """Reasons why a value needs care whatever its origin."""

    SECRET = "secret"  # noqa: S105  a password hash, a second-factor secret (R87)
    SECURITY_PROOF = "security_proof"
    PAYMENT = "payment"
    SPECIAL = "special"


@dataclass(frozen=True)
class PurposeFacts:
    """A purpose with the consent of this person.

    Attributes:
        special_portable: decision on special data on another condition than consent; None: there is none.
    """

    id: str
    basis: str
    special: str | None = None
    public_task: bool = False
    consent: ConsentState | None = None
    special_portable: bool | None = None

    @property
    def portable_basis(self) -> bool:
        """Gate 1 and gate 3: consent or contract, and no public task (Art. 20(1)(a), 20(3))."""
        given = not self.public_task and self.special_portable is not False
        return given and bool({self.basis, self.special} & PORTABLE)

    @property
    def special_undecided(self) -> bool:
        """Whether its condition of Art. 9 is not consent, and no one decided what follows for Art. 20."""
        return self.special not in (None, "A9-2-a") and self.special_portable is None

    @property
    def consent_missing(self) -> bool:
        """Whether it rests on consent that the person did not give, or withdrew."""
        rests_on_consent = bool({self.basis, self.special} & CONSENT)
        return rests_on_consent and self.consent in (ConsentState.WITHDRAWN, ConsentState.ABSENT)


@dataclass(frozen=True)
class ColumnFacts:
    """What the inventory and the person's own record say about a column.

    Attributes:
        origin: None: the column is not classified, or has several origins.
        mixed: one value is known to have several origins.
        purposes: empty: no purpose is recorded.
        automated: False for data outside any automated processing (Art. 20(1)(b)).
        join_key: the exported tables need it to be joined, and it is no other person's key (K43).
        perhaps_others: it is another person's key, by a proposal that is not confirmed.
        wanted: False: the person's own limits leave it out (R24).
        mask: what replaces others' data that are masked.
    """

    origin: Origin | None
    purposes: tuple[PurposeFacts, ...] = ()
    automated: bool = True
    about: About = About.SUBJECT
    third_party: ThirdParty | None = None
    protect: Protect | None = None
    join_key: bool = False
    perhaps_others: bool = False
    wanted: bool = True
    mask: Mask = Mask.TOKEN
    mixed: bool = False


@dataclass(frozen=True)
class Policy:
    """What the controller decided once, with the DPO's advice recorded."""

    observed: bool = True
    join_keys: bool = True
    legitimate_interest: bool = False


@dataclass(frozen=True)
class ColumnDecision:
    """The outcome, the rules that say so and a stable reason code.

    `reason` is a key of the texts in `include/letters`, never a sentence. `outside_art20`: it is handed over
    voluntarily (R22).
    """

    action: Action
    rules: tuple[str, ...]
    reason: str
    mask: str | None = None
    outside_art20: bool = False
    about_others: bool = False

    @property
    def selected(self) -> bool:
        """Whether the column is read from the warehouse."""
        return self.action in (Action.INCLUDE, Action.MASK)


def decide(right: Right, facts: ColumnFacts, policy: Policy) -> ColumnDecision:
    """Decide on a column for a right (rules R18-R24, R31-R33, R87).

    A column of unknown origin, basis or owner is neither included nor excluded: a person is asked. A value of
    several origins is known to be the person's, so access includes it; how much of it is portable is asked.
    """
    if not facts.wanted:
        return ColumnDecision(Action.EXCLUDE, ("R24",), "own_limitation")
    if facts.origin is Origin.NOT_PERSONAL:
        return ColumnDecision(Action.EXCLUDE, ("R18",), "not_personal")
    if facts.protect is Protect.SECRET:
        return ColumnDecision(_secret(right), ("R87",), "security_secret")
    if facts.origin is None and not facts.mixed:
        return ColumnDecision(Action.ASK, ("R18",), "unclassified")
    scope = _scope(right, facts, policy)
    if facts.about is About.THIRD_PARTY and facts.third_party in (None, ThirdParty.ASK):
        return scope if _out_anyway(facts, scope) else _OTHERS_UNDECIDED
    return _with_mask(facts, scope)


_OTHERS_UNDECIDED = ColumnDecision(Action.ASK, ("R31", "R32"), "others_undecided")


def _out_anyway(facts: ColumnFacts, scope: ColumnDecision) -> bool:
    """Whether the right excludes the column however others' data in it are treated, so nothing is asked.

    Data from a third party are included if they are for the person's own use (R33), which must be asked.
    """
    return scope.action is Action.EXCLUDE and facts.origin is not Origin.THIRD_PARTY


def _secret(right: Right) -> Action:
    match right:
        case Right.ACCESS:
            return Action.EXISTS_ONLY
        case Right.PORTABILITY:
            return Action.EXCLUDE
        case _:
            assert_never(right)


def _scope(right: Right, facts: ColumnFacts, policy: Policy) -> ColumnDecision:
    match right:
        case Right.ACCESS:
            return _access(facts)
        case Right.PORTABILITY:
            return _portability(facts, policy)
        case _:
            assert_never(right)


def _access(facts: ColumnFacts) -> ColumnDecision:
    """No basis gate and no origin gate: everything about the person (EDPB 01/2022 para 97)."""
    return ColumnDecision(Action.INCLUDE, ("R18",), f"access_{facts.origin or 'mixed'}")


def _portability(facts: ColumnFacts, policy: Policy) -> ColumnDecision:
    origin = facts.origin
    if origin is None:
        return ColumnDecision(Action.ASK, ("R18",), "mixed")
    if origin is Origin.ASSIGNED and facts.perhaps_others and policy.join_keys:
        return ColumnDecision(Action.ASK, ("R31", "R58"), "others_undecided")
    if origin is Origin.ASSIGNED and facts.join_key and policy.join_keys:
        return ColumnDecision(Action.INCLUDE, ("R18", "R58"), "join_key")
    if not origin.from_the_person and not _received(facts):
        return ColumnDecision(Action.EXCLUDE, ("R18",), f"origin_{origin}")
    if origin is Origin.OBSERVED and not policy.observed:
        return ColumnDecision(Action.EXCLUDE, ("R18",), "policy_observed")
    if not facts.automated:
        return ColumnDecision(Action.EXCLUDE, ("R23",), "not_automated")
    if not facts.purposes:
        return ColumnDecision(Action.ASK, ("R20",), "basis_unknown")
    if facts.protect is Protect.SPECIAL and not any(p.special for p in facts.purposes):
        return ColumnDecision(Action.ASK, ("R20",), "special_condition_unknown")
    return _gate_basis(facts, policy)


def _received(facts: ColumnFacts) -> bool:
    """Whether it is a message to the person from another: a mailbox is included as a whole (R33)."""
    own_use = facts.about is About.THIRD_PARTY and facts.third_party is ThirdParty.OWN_USE
    return own_use and facts.origin is Origin.THIRD_PARTY


def _gate_basis(facts: ColumnFacts, policy: Policy) -> ColumnDecision:
    """One portable purpose is enough (R21).

    A person is asked where consent was withdrawn, and where special data rest on a condition of Art. 9 other
    than consent, unless the map has the decision.
    """
    portable = [p for p in facts.purposes if p.portable_basis]
    if portable and all(p.special_undecided for p in portable):
        return ColumnDecision(Action.ASK, ("R20",), "special_condition_other")
    if any(not p.consent_missing for p in portable):
        return ColumnDecision(Action.INCLUDE, ("R18", "R20", "R21"), f"portable_{facts.origin}")
    if portable:
        return ColumnDecision(Action.ASK, ("R20",), "consent_missing")
    if any(p.public_task for p in facts.purposes):
        return ColumnDecision(Action.EXCLUDE, ("R20",), "public_task")
    if facts.protect is Protect.SECURITY_PROOF:  # never given voluntarily
        kept = any(p.basis == "A6-1-c" for p in facts.purposes)
        return ColumnDecision(Action.EXCLUDE, ("R20",), "proof_record" if kept else "basis_not_portable")
    if policy.legitimate_interest and any(p.basis == "A6-1-f" for p in facts.purposes):
        return ColumnDecision(Action.INCLUDE, ("R22",), "voluntary", outside_art20=True)
    return ColumnDecision(Action.EXCLUDE, ("R20",), "basis_not_portable")


def _with_mask(facts: ColumnFacts, scope: ColumnDecision) -> ColumnDecision:
    """Gate 4: others' data and payment data are masked, and do not exclude the rest (R31)."""
    if scope.action is not Action.INCLUDE:
        return scope
    if facts.about is About.THIRD_PARTY and facts.third_party is ThirdParty.MASK:
        return ColumnDecision(Action.MASK, ("R31",), "others_masked", mask=facts.mask, about_others=True)
    if facts.protect is Protect.PAYMENT:
        return ColumnDecision(Action.MASK, scope.rules, "payment_masked", mask=Mask.LAST4)
    if facts.about is About.THIRD_PARTY:
        return ColumnDecision(
            scope.action, (*scope.rules, "R33"), "own_use", None, scope.outside_art20, about_others=True
        )
    return scope


REASONS: dict[str, str] = {
    "access_assigned": "the organisation assigned it; access covers everything about the person",
    "access_derived": "computed from other data; access covers everything about the person",
    "access_inferred": "an inference about the person; access covers everything about the person",
    "access_mixed": "of several origins in one value; access covers everything about the person",
    "access_observed": "seen when the person used a service or device; access covers it",
    "access_provided": "given by the person; access covers it",
    "access_third_party": "received from someone else; access covers it, with its source",
    "basis_not_portable": "no purpose rests on consent or contract, which Art. 20(1)(a) asks for",
    "basis_unknown": "no purpose with a legal basis is recorded, so a person must say",
    "consent_missing": "its only portable purpose rests on consent that is absent or withdrawn",
    "join_key": "an assigned key that the exported tables need to be joined again",
    "mixed": "it holds data of several origins: split the column or let a person decide",
    "no_rows": "the person has no row that holds it",
    "not_automated": "not processed by automated means, so outside Art. 20",
    "not_personal": "not personal data",
    "only_keys": "nothing else of its table is portable, and keys alone say nothing",
    "origin_assigned": "the organisation assigned it; the person did not provide it",
    "origin_derived": "computed from other data; the person did not provide it",
    "origin_inferred": "an inference; the person did not provide it",
    "origin_third_party": "received from someone else; the person did not provide it",
    "others_masked": "about someone else, whom the person neither knew nor wrote of: masked",
    "others_undecided": "about someone else, and it is not decided how to treat it",
    "own_limitation": "the person's own words leave it out",
    "own_use": "about someone else too, but made or received by the person for own use",
    "payment_masked": "payment data: only the last four characters are given",
    "person_decided": "a person decided on it in this request",
    "policy_observed": "the controller's policy leaves observed data out of portability",
    "portable_observed": "seen when the person used a service or device, on consent or contract",
    "portable_provided": "given by the person, on consent or contract",
    "proof_record": "kept as proof by a legal duty, not on consent or contract",
    "public_task": "processed for a public task (Art. 20(3))",
    "security_secret": "a security secret: its value never leaves; access says that it exists",
    "special_condition_unknown": "special data without a recorded condition of Art. 9",
    "special_condition_other": "special data on a condition of Art. 9 other than consent",
    "unclassified": "it is not classified, so it is neither included nor excluded",
    "voluntary": "outside Art. 20, given voluntarily by the controller's policy",
}


_DECIDED = {
    "R20": "decided_outside",
    "R31": "decided_others",
    "R35": "decided_trade_secret",
    "R84": "decided_restriction",
}
"""First rule of what a person decided -> its ground."""


def ground_of(reason: str, rules: Sequence[str]) -> str:
    """The reason of a decision; of what a person decided, its ground."""
    return _DECIDED.get("".join(rules[:1]), reason) if reason == "person_decided" else reason
