"""The people of one build and the facts about them that several tables must agree on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from demo.draw import DAY, HOUR, Draw, us
from demo.people import CUSTOMERS, GUEST_DEVICE, HEAVY, Pairing
from demo.words import CITIES, FIRST_NAMES, LAST_NAMES

BEGIN = us("2019-01-01T00:00:00Z")
END = us("2026-06-30T00:00:00Z")
"""Nothing in the demo is later, whatever the day of the build."""

FIRST_ADDRESS = 40_000_001

LAKE_BEGIN = us("2026-02-22T00:00:00Z")
LAKE_DAYS = 120
LAKE_END = LAKE_BEGIN + LAKE_DAYS * DAY
"""The app's events; the change to summer time lies inside."""


@dataclass(frozen=True)
class Use:
    """One stretch of time in which a device sent events.

    Attributes:
        owner: place of the owner in the world's people; -1: no person's.
        begin, end: microseconds since 1970; the end is not inside.
    """

    device_id: str
    kind: str
    owner: int
    begin: int
    end: int


class World:
    """Everybody with an account, the personas first.

    Args:
        seed: of all random streams.
        scale: 1.0 for about 5,000 customers and 3 million rows.
    """

    def __init__(self, seed: int, scale: float) -> None:
        self.seed = seed
        self.scale = scale
        draw = Draw(seed, "people")
        self.personas = len(CUSTOMERS)
        ordinary = max(20, round(5_000 * scale))
        self.size = self.personas + ordinary
        self.ids = np.concatenate([[p.number for p in CUSTOMERS], 100_001 + np.arange(ordinary)])
        self.first = [p.first_name for p in CUSTOMERS] + draw.pick(FIRST_NAMES, ordinary).to_pylist()
        self.last = [p.last_name for p in CUSTOMERS] + draw.pick(LAST_NAMES, ordinary).to_pylist()
        self.city = draw.rng.integers(0, len(CITIES), self.size)
        since = [us(p.since) for p in CUSTOMERS]
        self.created = np.concatenate([since, draw.between(BEGIN, us("2026-01-01T00:00:00Z"), ordinary)])
        weight = np.clip(draw.rng.lognormal(0.0, 1.0, self.size), 0.05, 25)
        self.weight = weight / weight.mean()
        self.has_phone = draw.chance(self.size, 0.7)
        self.has_watch = draw.chance(self.size, 0.25)
        self.has_tablet = draw.chance(self.size, 0.12)
        self.moved_email = np.where(
            draw.chance(self.size, 0.05), draw.between(self.created, END, self.size), 0
        )
        self.moved_email[: self.personas] = 0
        self.addresses = 1 + draw.rng.binomial(2, 0.15, self.size)
        self.consents = {
            "coaching": self.has_watch.copy(),
            "location": self.has_phone & draw.chance(self.size, 0.45),
            "newsletter": draw.chance(self.size, 0.45),
        }
        for agreed in self.consents.values():
            agreed[: self.personas] = True

    @cached_property
    def names(self) -> list[str]:
        """First and last name of everybody."""
        return [f"{first} {last}" for first, last in zip(self.first, self.last, strict=True)]

    @cached_property
    def emails(self) -> list[str]:
        """Present e-mail addresses; the customer number keeps them apart."""
        domains = ("example.org", "example.com", "example.net")
        made = [
            f"{self.first[i].lower()}.{self.ids[i]}@{domains[i % 3]}" for i in range(self.personas, self.size)
        ]
        return [str(p.email) for p in CUSTOMERS] + made

    def email_at(self, person: int, moment: int) -> str:
        """The e-mail address that a person other than a persona had at a time."""
        return self.old_email(person) if moment < self.moved_email[person] else self.emails[person]

    def old_email(self, person: int) -> str:
        """The address before the one change that some people made."""
        return f"oud.{self.emails[person]}"

    def main_address(self, people: np.ndarray) -> np.ndarray:
        """Numbers of people's first addresses."""
        first = np.cumsum(self.addresses) - self.addresses
        return np.asarray(FIRST_ADDRESS + first[people])

    def spread(self, draw: Draw, mean: float, personas: int) -> np.ndarray:
        """Owners of a table's rows: skewed over people, a fixed number for each persona.

        The heavy person has ten times what the other personas have.
        """
        counts = draw.rng.poisson(self.weight * mean)
        counts[: self.personas] = personas
        counts[0] = personas * 10
        return np.repeat(np.arange(self.size), counts)

    @cached_property
    def uses(self) -> list[Use]:
        """Every device with who had it when, inside the lake's days."""
        draw = Draw(self.seed, "devices")
        found = [use for i, p in enumerate(CUSTOMERS) for pair in p.pairings for use in [_use(i, pair)]]
        for kind, has in (("phone", self.has_phone), ("watch", self.has_watch), ("tablet", self.has_tablet)):
            for owner in np.flatnonzero(has[self.personas :]) + self.personas:
                device = f"{kind}-{draw.rng.integers(0, 2**32):08x}-{self.ids[owner]}"
                begin = draw.rng.integers(LAKE_BEGIN - 400 * DAY, LAKE_BEGIN + 20 * DAY)
                found.extend(
                    self._life(draw, device, kind, int(owner), max(int(begin), int(self.created[owner])))
                )
        guests = [GUEST_DEVICE] + [f"phone-guest-{n:05d}" for n in range(2, 2 + round(60 * self.scale))]
        return found + [Use(device, "phone", -1, LAKE_BEGIN, LAKE_END) for device in guests]

    def _life(self, draw: Draw, device: str, kind: str, owner: int, begin: int) -> list[Use]:
        """Most devices stay; some are unpaired and send on for a while, some tablets are sold on."""
        if draw.rng.random() > 0.04:
            return [Use(device, kind, owner, begin, LAKE_END)]
        left = int(draw.rng.integers(LAKE_BEGIN + 30 * DAY, LAKE_END - 30 * DAY))
        stray = left + 7 * DAY if kind == "tablet" else left + 6 * HOUR
        life = [Use(device, kind, owner, begin, left), Use(device, kind, -1, left, stray)]
        if kind == "tablet":
            buyer = int(draw.rng.integers(self.personas, self.size))
            life.append(Use(device, kind, buyer, max(stray, int(self.created[buyer])), LAKE_END))
        return life


def is_heavy(use: Use) -> bool:
    """Whether this is the watch with half a million samples."""
    return use.device_id == HEAVY.pairings[0].device_id


def _use(owner: int, pairing: Pairing) -> Use:
    # Two people's uses of one device must not begin at the same moment: it would have two rows there.
    begin = us(pairing.paired_at) if pairing.paired_at else LAKE_BEGIN + HOUR
    end = us(pairing.unpaired_at) if pairing.unpaired_at else LAKE_END
    return Use(pairing.device_id, pairing.kind, owner, begin, end)
