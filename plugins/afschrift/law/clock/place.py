"""What is known of a place: its usual time zone (R02), and how firm a day is that was computed there (R38).

Zones have the names of the tz database. Parts of a country are named as in the package `holidays`; a part
that is not listed has the zone of its country. A day is computed for every place, with remarks where the
calendar was not reviewed or the law that counts periods may be another.
"""

from __future__ import annotations

OF_COUNTRIES = {
    "AT": "Europe/Vienna",
    "AW": "America/Aruba",
    "BE": "Europe/Brussels",
    "BG": "Europe/Sofia",
    "BQ": "America/Kralendijk",
    "CH": "Europe/Zurich",
    "CW": "America/Curacao",
    "CY": "Asia/Nicosia",
    "CZ": "Europe/Prague",
    "DE": "Europe/Berlin",
    "DK": "Europe/Copenhagen",
    "EE": "Europe/Tallinn",
    "ES": "Europe/Madrid",
    "FI": "Europe/Helsinki",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "GF": "America/Cayenne",
    "GP": "America/Guadeloupe",
    "GR": "Europe/Athens",
    "HR": "Europe/Zagreb",
    "HU": "Europe/Budapest",
    "IE": "Europe/Dublin",
    "IS": "Atlantic/Reykjavik",
    "IT": "Europe/Rome",
    "LI": "Europe/Vaduz",
    "LT": "Europe/Vilnius",
    "LU": "Europe/Luxembourg",
    "LV": "Europe/Riga",
    "MQ": "America/Martinique",
    "MT": "Europe/Malta",
    "NL": "Europe/Amsterdam",
    "NO": "Europe/Oslo",
    "PL": "Europe/Warsaw",
    "PT": "Europe/Lisbon",
    "RE": "Indian/Reunion",
    "RO": "Europe/Bucharest",
    "SE": "Europe/Stockholm",
    "SI": "Europe/Ljubljana",
    "SK": "Europe/Bratislava",
    "SX": "America/Lower_Princes",
    "YT": "Indian/Mayotte",
}
"""ISO 3166-1 code -> the zone of the country, or of its main part. One with no main part is not here."""

_PARTS: dict[str | None, tuple[str, ...]] = {
    "Africa/Ceuta": ("ES-CE", "ES-ML"),
    "America/Cayenne": ("FR-973", "FR-GY"),
    "America/Guadeloupe": ("FR-971", "FR-GP", "FR-GUA"),
    "America/Marigot": ("FR-MF",),
    "America/Martinique": ("FR-972", "FR-MQ"),
    "America/Miquelon": ("FR-PM",),
    "America/St_Barthelemy": ("FR-BL",),
    "Atlantic/Azores": ("PT-20",),
    "Atlantic/Canary": ("ES-CN",),
    "Atlantic/Madeira": ("PT-30",),
    "Indian/Kerguelen": ("FR-TF",),
    "Indian/Mayotte": ("FR-976", "FR-MAY", "FR-YT"),
    "Indian/Reunion": ("FR-974", "FR-LRE", "FR-RE"),
    "Pacific/Noumea": ("FR-NC",),
    "Pacific/Wallis": ("FR-WF",),
    None: ("FR-PF",),
}

OF_PARTS = {part: zone for zone, parts in _PARTS.items() for part in parts}
"""Part -> its zone where it is another than the country's; None where it has several."""


def usual_zone(country: str) -> str | None:
    """The zone of a country or of its part (`NL`, `FR-GP`); None where it has several or none is known."""
    country = country.upper()
    return OF_PARTS[country] if country in OF_PARTS else OF_COUNTRIES.get(country.partition("-")[0])


REVIEWED = frozenset({"NL"})
"""Countries whose days off were compared with the text of their law (Atw 3; tests/unit/law/clock)."""

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
    """Remarks on the reliability of a day that was computed for a place; empty: it is reliable."""
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
