"""How sure an identity must be: by the risk of what would be handed over (R12). A pure table.

A check must not collect more than its risk needs, so the class follows from what the request is about.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from afschrift.domain.errors import RefusedError


class Level(StrEnum):
    """How sure it is, in the words of eIDAS; the order is that of the risk classes too."""

    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"

    def covers(self, risk: Level) -> bool:
        """Whether a check of this level does for a risk class."""
        order = list(Level)
        return order.index(self) >= order.index(risk)


class Factor(StrEnum):
    """What makes a mistaken identity worse, or likelier."""

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
"""What each asks for, where `policy.yml` says nothing else. Without any of them the class is `low`."""

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
"""Fides categories of Art. 9 and 10, and those with which somebody can be robbed; each with all below it."""


_NOTHING = ("", "none", "no", "unknown", "anonymous", "unverified")
"""Words of a channel that had checked nothing."""


@dataclass(frozen=True)
class Risk:
    """The risk class of a request, and what put it there."""

    level: Level
    factors: tuple[Factor, ...] = ()


def risk(found: Collection[Factor], levels: Mapping[Factor, Level] = USUAL, usual: Level = Level.LOW) -> Risk:
    """The class is the highest that a factor asks for.

    Args:
        found: the factors that hold.
        levels: what each asks for.
        usual: the class without any.
    """
    asked = [usual, *(levels[one] for one in found)]
    return Risk(max(asked, key=list(Level).index), tuple(one for one in Factor if one in found))


def level_of(word: object) -> Level:
    """The level of a check as it was recorded.

    A channel may use the word of eIDAS, alone or at the end of an address, in capitals or not, or have a
    word of its own, such as `password`. It had authenticated the person all the same, and without a doubt
    that suffices (R10), so a word of its own counts as substantial; one that says there was none, as low.
    """
    if not isinstance(word, str):
        return Level.SUBSTANTIAL
    last = re.split(r"[/:#]", word.strip().casefold())[-1]
    if last in list(Level):
        return Level(last)
    return Level.LOW if last in _NOTHING else Level.SUBSTANTIAL


def must_cover(word: object, needed: Risk) -> None:
    """Turn down a check that is not sure enough.

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
    """Whether a Fides category is one of some, or stands below one."""
    return category is not None and any(category == one or category.startswith(f"{one}.") for one in these)
