"""Who may ask: their age, a mandate, and how sure their identity must be (R12, R15, R16).

Pure checks of codes and days. A check of identity must not collect more than the risk requires, so the risk
class follows from what the request is about.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, assert_never

from afschrift.domain.errors import RefusedError
from afschrift.domain.right import Right


class Minor(StrEnum):
    """Whether the person is below the age from which they may ask alone; nothing else is kept of the age."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def age_on(born: date, day: date) -> int:
    """Full years of life on a day. A person born on 29 February turns older on 1 March of a common year.

    A year of life ends with the last hour of its last day, 28 February there (Reg. 1182/71, Art. 3(2)(c)).
    """
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def minor(values: Collection[str], *, born: bool, day: date, limit: int) -> Minor:
    """Whether the person is below an age, by what the source holds in one column.

    Args:
        values: the distinct values of the person's rows, as text; never kept.
        born: they are dates of birth as 2010-02-28, perhaps with a time after it; else ages in full years.
        day: local date on which it counts.
        limit: the age from which a person may ask alone.

    Returns:
        `YES` if one value says so, whatever the others say, so that a child is not overlooked. `UNKNOWN` if
        there is no value, or one cannot be read.
    """
    found = {_minor(value.strip(), born=born, day=day, limit=limit) for value in values}
    if Minor.YES in found:
        return Minor.YES
    return found.pop() if len(found) == 1 else Minor.UNKNOWN


def _minor(value: str, *, born: bool, day: date, limit: int) -> Minor:
    age = _age(value, day) if born else int(value) if value.isdecimal() and len(value) < 4 else None
    if age is None or not 0 <= age < 130:  # 1900-01-01 and 9999-12-31 mean "not known"
        return Minor.UNKNOWN
    return Minor.YES if age < limit else Minor.NO


def _age(value: str, day: date) -> int | None:
    try:
        return age_on(date.fromisoformat(value[:10]), day) if value[10:11] in ("", " ", "T") else None
    except ValueError:
        return None


class Level(StrEnum):
    """Assurance of an identity, in the terms of eIDAS; also the risk classes, in the same order."""

    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"

    def covers(self, risk: Level) -> bool:
        """Whether a check of this level suffices for a risk class."""
        order = list(Level)
        return order.index(self) >= order.index(risk)


class Factor(StrEnum):
    """What makes a mistaken identity more harmful or more likely."""

    SPECIAL_CATEGORIES = "special_categories"
    FINANCIAL = "financial"
    CONTACT_CHANGED = "contact_changed"
    REPRESENTATIVE = "representative"


USUAL: Mapping[Factor, Level] = {
    Factor.SPECIAL_CATEGORIES: Level.SUBSTANTIAL,
    Factor.FINANCIAL: Level.SUBSTANTIAL,
    Factor.CONTACT_CHANGED: Level.HIGH,
    Factor.REPRESENTATIVE: Level.HIGH,
}
"""Level that each factor requires unless `policy.yml` sets another. Without any factor the class is `low`."""

SPECIAL = (
    "user.authorization.biometric",
    "user.biometric",
    "user.criminal_history",
    "user.demographic.political_opinion",
    "user.demographic.race_ethnicity",
    "user.demographic.religious_belief",
    "user.demographic.sexual_orientation",
    "user.health_and_medical",
)
MONEY = ("user.financial", "user.government_id", "user.payment")
"""Fides categories of Art. 9 and 10, and those that allow financial fraud; each with all below it."""


_NOTHING = ("", "none", "no", "unknown", "anonymous", "unverified")
"""Words of a channel that checked nothing."""


@dataclass(frozen=True)
class Risk:
    """The risk class of a request, and the factors that lead to it."""

    level: Level
    factors: tuple[Factor, ...] = ()


def risk(found: Collection[Factor], levels: Mapping[Factor, Level] = USUAL, usual: Level = Level.LOW) -> Risk:
    """The highest level that a factor requires.

    Args:
        found: the factors that apply.
        levels: factor -> level that it requires.
        usual: the class without any factor.
    """
    asked = [usual, *(levels[factor] for factor in found)]
    return Risk(max(asked, key=list(Level).index), tuple(factor for factor in Factor if factor in found))


def level_of(word: object) -> Level:
    """The level of a check as it was recorded.

    A channel may use a term of eIDAS, alone or at the end of an address, in any case, or its own word, such
    as `password`. It authenticated the person all the same, which suffices without a doubt (R10), so its own
    word counts as substantial; a word that says that nothing was checked counts as low.
    """
    if not isinstance(word, str):
        return Level.SUBSTANTIAL
    last = re.split(r"[/:#]", word.strip().casefold())[-1]
    if last in list(Level):
        return Level(last)
    return Level.LOW if last in _NOTHING else Level.SUBSTANTIAL


def must_cover(word: object, needed: Risk) -> None:
    """Refuse a check whose level does not suffice.

    Raises:
        RefusedError: names the factors and the remedy.
    """
    if level_of(word).covers(needed.level):
        return
    raise RefusedError(
        f"A check of level {level_of(word)} does not do for a request of risk class {needed.level} (R12): "
        f"{', '.join(needed.factors) or 'as policy.yml says'}.",
        remedy="use a second factor that you have already, such as a code to a known address or a call back "
        f"to a known number, and record level {needed.level}; no copy of an identity document (R11). Where "
        "there is a reasonable doubt, answer not_confirmed and ask the person. Nothing was changed.",
    )


def below(category: str | None, these: Collection[str]) -> bool:
    """Whether a Fides category is one of `these` or below one."""
    return category is not None and any(category == top or category.startswith(f"{top}.") for top in these)


MANDATE_KINDS = (
    "written_mandate",
    "notarial",
    "court_order",
    "parental_authority",
    "guardianship_register",
    "lawyer",
)
"""What gives the authority."""
BY_LAW = ("court_order", "parental_authority", "guardianship_register")
"""Authority over a person who does not act for themselves: a child, or an adult under guardianship."""
MANDATE_SCOPES = ("both", *(right.value for right in Right))
CHECKED_BY = ("login", "eid", "call_back", "known_address", "counter", "video", "bar_register")
"""How the representative's own identity was checked; never by a copy of a document (R11)."""
PARTIES = ("person", "representative", "heir")
"""Roles of the parties of a case: the person concerned, who acts for them, and who inherits from them."""
ANSWER_TO = PARTIES[:2]
ANSWER_BY = ("post", "email", "counter", "portal", "insecure_portal")
"""How the answer is delivered; `insecure_portal` is listed so that it is refused."""
SECRECY = ("none", "care", "parents_in_conflict", "safety")
"""Whether something must be kept secret from the representative."""


@dataclass(frozen=True)
class Proven:
    """The authority is proven.

    Attributes:
        rules: by which it was checked.
        second_signer: it counts only after another person signed.
    """

    rules: tuple[str, ...]
    second_signer: bool


@dataclass(frozen=True)
class NotEnough:
    """The form does not prove the authority.

    Attributes:
        field: of the form that must be corrected, if there is one.
        instead: the remedy.
    """

    rule: str
    because: str
    instead: str
    field: str = ""


def covers(scope: str, right: Right) -> bool:
    """Whether a mandate of one of the `MANDATE_SCOPES` covers a right; `both` are access and portability."""
    match right:
        case Right.ACCESS | Right.PORTABILITY:
            return scope in ("both", right.value)
        case _:
            assert_never(right)


def check_mandate(
    form: Mapping[str, Any], right: Right, today: date, minor: Minor, *, note: bool
) -> Proven | NotEnough:
    """Check the form of a mandate against the rules.

    Args:
        form: complete, each field one of its codes; days as text.
        right: that the request exercises.
        today: local date.
        minor: what the source says of the person's age.
        note: a text says what is best for the person.
    """
    by_law = form["kind"] in BY_LAW
    if not covers(form["scope"], right):
        return NotEnough(
            "R15",
            f"the mandate covers {form['scope']} alone, and this is a request for {right.value}",
            "ask for a mandate that covers it, and answer not_proven meanwhile",
            "scope",
        )
    if date.fromisoformat(form["checked_on"]) > today:
        return NotEnough("R15", "the check lies in the future", "give the day of the check", "checked_on")
    until = form.get("valid_until")
    if until is not None and date.fromisoformat(until) < today:
        return NotEnough(
            "R15",
            f"the mandate ran out on {until}",
            "ask for one that is in force, and answer not_proven meanwhile",
            "valid_until",
        )
    if form["answer_by"] == "insecure_portal":
        return NotEnough(
            "R15",
            "an answer never goes to a portal that was found insecure",
            "send it to the person, or to the representative another way",
            "answer_by",
        )
    if form["kind"] == "parental_authority" and minor is Minor.NO:
        return NotEnough(
            "R16",
            "the person is old enough to ask alone, so parental authority does not reach this",
            "ask for the person's own mandate, or let the person ask; answer not_proven meanwhile",
            "kind",
        )
    if by_law and not note:
        return NotEnough(
            "R16",
            "the person's own interest leads, and nothing is said of it",
            "write into the text what is best for the person and why; it is kept encrypted",
            "text",
        )
    if by_law and "secrecy" not in form:
        return NotEnough(
            "R16",
            "it is not said whether something must stay secret from the representative",
            f"choose {' | '.join(SECRECY)}",
            "secrecy",
        )
    secret = form.get("secrecy", "none") != "none"
    return Proven(("R15", "R16") if by_law else ("R15",), secret)
