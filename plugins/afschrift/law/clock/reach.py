"""How firm the calculation is in a place: whose law counts periods, and whose calendar was read (R38).

A day is computed all the same, and what is not firm stands beside it.
"""

from __future__ import annotations

REVIEWED = frozenset({"NL"})
"""Whose days off were read in the law of the place, as far as it is quoted (Atw 3; tests/unit/law/clock)."""

# fmt: off
_MEMBER_STATES = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
    "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
)
# fmt: on
_OF_FRANCE = ("GF", "GP", "MF", "MQ", "RE", "YT")
"""Parts of the Union with an ISO 3166-1 code of their own (TFEU, Art. 349)."""

_HOLDS = frozenset({*_MEMBER_STATES, *_OF_FRANCE, "GB"})
"""In the United Kingdom as law that was kept (Data Protection Act 2018, s. 205)."""

_OUTSIDE = frozenset({"FR-BL", "FR-NC", "FR-PF", "FR-PM", "FR-TF", "FR-WF"})
"""Parts of a Member State that are associated territories: no regulation holds there (TFEU, Annex II)."""


def remarks(country: str) -> tuple[str, ...]:
    """What to know before relying on a day that was computed for a place; empty where that is firm."""
    found = []
    if country not in REVIEWED:
        found.append(
            f"The calendar of {country} was not reviewed: have its days off checked, and name what is "
            "missing in `days_off`."
        )
    if country in _OUTSIDE or country.partition("-")[0] not in _HOLDS:
        found.append(
            f"Reg. 1182/71 is not known to hold in {country}: month and roll are counted by it all the same; "
            "ask which law counts periods there."
        )
    return tuple(found)
