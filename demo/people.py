"""The people of the demo who have a story, with the keys by which the systems know them.

Everybody here is made up. Their numbers do not depend on seed or scale; `stories.py` writes what is
special about them, and the ordinary rows come from the same generators as everybody else's.
"""

from __future__ import annotations

from dataclasses import dataclass

SECOND_HAND_DEVICE = "watch-second-hand-01"
SECOND_HAND_CHANGE = "2026-04-15T12:00:00Z"
"""The watch is the old owner's before this instant and the new owner's from it on."""

SHARED_TABLET = "tablet-shared-01"
OLD_EMAIL = "roos.oud@example.org"
EMAIL_CHANGED = "2024-05-01T00:00:00Z"
EMAIL_REISSUED = "2025-01-15T00:00:00Z"
"""Between the change and this instant `OLD_EMAIL` belonged to no person."""

HEART_RATE_WITHDRAWN = "2026-05-01T09:00:00Z"
GUEST_DEVICE = "phone-guest-00001"
"""A device that was never paired: its rows name no person."""

BEYOND_DOUBLE = 9_007_199_254_740_993
"""2^53 + 1, an order of `AWKWARD`. A reader that goes through a double finds the order one below,
which is `RENAMED`'s."""


@dataclass(frozen=True)
class Pairing:
    """A device that someone has or had; RFC 3339 instants, None: not known, or still theirs."""

    device_id: str
    paired_at: str | None
    unpaired_at: str | None = None

    @property
    def kind(self) -> str:
        """`phone`, `watch` or `tablet`."""
        return self.device_id.partition("-")[0]


@dataclass(frozen=True)
class Persona:
    """Someone with a story.

    Attributes:
        customer_id: None where the shop never gave a number.
        email: the present e-mail address, None where the shop has none.
        since: when the account was made.
        promise: what the demo holds about them, in words.
    """

    customer_id: int | None
    first_name: str
    last_name: str
    email: str | None
    since: str
    promise: str
    pairings: tuple[Pairing, ...] = ()

    @property
    def number(self) -> int:
        """The customer number of someone who has one."""
        if self.customer_id is None:
            raise ValueError(f"{self.first_name} {self.last_name} has no customer number.")
        return self.customer_id


HEAVY = Persona(
    900001,
    "Hanna",
    "Hartslag",
    "hanna.hartslag@example.org",
    "2022-03-01T08:00:00Z",
    "500,000 heart-rate samples (times the scale), something in every table, every consent given, "
    "no key shared with anybody: both requests run through without a question.",
    (
        Pairing("watch-heavy-01", "2023-02-01T10:00:00Z"),
        Pairing("phone-heavy-01", "2022-03-02T18:30:00Z"),
    ),
)
SECOND_HAND_NEW = Persona(
    900002,
    "Nina",
    "Nieuwkoop",
    "nina.nieuwkoop@example.net",
    "2023-06-10T11:00:00Z",
    "Bought a used watch; only the samples from SECOND_HAND_CHANGE on are hers.",
    (
        Pairing(SECOND_HAND_DEVICE, SECOND_HAND_CHANGE),
        Pairing("phone-nieuwkoop-01", "2023-06-10T11:30:00Z"),
    ),
)
SECOND_HAND_OLD = Persona(
    900003,
    "Otto",
    "Oudeman",
    "otto.oudeman@example.net",
    "2021-09-05T07:00:00Z",
    "Sold that watch; only the samples before SECOND_HAND_CHANGE are his.",
    (
        Pairing(SECOND_HAND_DEVICE, "2021-09-06T07:00:00Z", SECOND_HAND_CHANGE),
        Pairing("phone-oudeman-01", "2021-09-05T08:00:00Z"),
    ),
)
TABLET_A = Persona(
    900004,
    "Thea",
    "Tafel",
    "thea.tafel@example.com",
    "2022-01-20T15:00:00Z",
    "Shares a tablet with TABLET_B; both have it at the same time, so it is not known whose its rows are.",
    (
        Pairing(SHARED_TABLET, "2024-03-01T19:00:00Z"),
        Pairing("phone-tafel-01", "2022-01-20T15:30:00Z"),
    ),
)
TABLET_B = Persona(
    900005,
    "Bram",
    "Tafel",
    "bram.tafel@example.com",
    "2022-02-02T12:00:00Z",
    "The other one with the tablet; since when is not recorded.",
    (Pairing(SHARED_TABLET, None), Pairing("phone-tafel-02", "2022-02-02T12:30:00Z")),
)
WITHDREW = Persona(
    900006,
    "Wim",
    "Weerhoud",
    "wim.weerhoud@example.org",
    "2023-01-11T09:00:00Z",
    "Took back the consents for heart-rate coaching and the newsletter; the samples until then are still "
    "there, and the row of the newsletter after its month. "
    "One support ticket was written from AWKWARD's e-mail address.",
    (
        Pairing("watch-weerhoud-01", "2023-01-12T09:00:00Z"),
        Pairing("phone-weerhoud-01", "2023-01-11T09:30:00Z"),
    ),
)
AWKWARD = Persona(
    900007,
    "Zoë Ünal-d'Arc",
    'van "t Hoff; --',
    "o'malley+zoë@example.net",
    "2022-07-07T23:30:00Z",
    "The value zoo: text, numbers, times and nested values that break careless software.",
    (Pairing('tablet-l\'été "1"', "2022-07-08T00:30:00Z"),),
)
NOTHING_PORTABLE = Persona(
    900008,
    "",
    "",
    None,
    "2025-03-03T00:00:00Z",
    "A bought prospect: a number, a segment, a guess and enrichment, and nothing that the person gave.",
)
RENAMED = Persona(
    900009,
    "Roos",
    "Verandering",
    "roos.nieuw@example.org",
    "2021-04-04T10:00:00Z",
    "Had OLD_EMAIL until EMAIL_CHANGED; rows that know only the e-mail address are hers until then.",
    (Pairing("phone-verandering-01", "2021-04-05T10:00:00Z"),),
)
REISSUED = Persona(
    900010,
    "Roos",
    "Oud",
    OLD_EMAIL,
    EMAIL_REISSUED,
    "Has OLD_EMAIL since EMAIL_REISSUED; nothing older that bears the address is hers. "
    "In a support ticket she names her neighbour, TABLET_A.",
    (Pairing("phone-oud-01", "2025-01-16T10:00:00Z"),),
)
EMAIL_ONLY = Persona(
    None,
    "",
    "",
    "alleen.nieuwsbrief@example.com",
    "2024-02-02T00:00:00Z",
    "Never a customer: a newsletter and a support ticket, known by the e-mail address alone.",
)

CUSTOMERS = (
    HEAVY,
    SECOND_HAND_NEW,
    SECOND_HAND_OLD,
    TABLET_A,
    TABLET_B,
    WITHDREW,
    AWKWARD,
    RENAMED,
    REISSUED,
)
"""Those who use the shop; the generators give them ordinary rows too."""

UNKNOWN = 999999
"""A customer number that does not exist."""
