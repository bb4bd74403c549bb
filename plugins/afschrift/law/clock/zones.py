"""The usual time zone of a country, or of a part of it: the local day of receipt is read in it (R02).

Names are those of the tz database. Parts are named as the calendars of `holidays` name them; one that does
not stand here has the zone of its country.
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
