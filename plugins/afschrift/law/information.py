"""What an information sheet must say (RULES A.2, R73-R75): no words that say nothing, and where data goes."""

from __future__ import annotations

import re

_PHRASES = (
    r"as long as (is |it is |strictly )?(necessary|needed|required)",
    r"no longer than (is |strictly )?(necessary|needed|required)",
    r"(statutory|legal|legally required|mandatory) (retention )?(period|term)s?",
    r"(appropriate|suitable|adequate) (safeguard|measure)s",
    r"zo ?lang (als )?(dat |dit |het )?(strikt )?(nodig|noodzakelijk|vereist)",
    r"(niet|nooit) langer dan (strikt )?(nodig|noodzakelijk|vereist)",
    r"(wettelijke|wettelijk verplichte) (bewaar)?(termijn|periode)(en|s)?",
    r"passende (waarborg|maatregel)en",
)
_PHRASE = re.compile("|".join(rf"\b(?:{phrase})\b" for phrase in _PHRASES))

_EMPTY = frozenset(
    word
    for line in """
    a all and any for of or our other such that the this to with etc na alle andere dat de deze die
    een en het met of ons onze overige van voor etcetera ed nvt affiliates authorities bodies
    business carefully companies data different diverse entities external general internal legal
    marketing organisations organizations parties partners parties' providers purpose purposes
    relevant reputable selected service services several sources suppliers tbd third todo trusted
    unknown various vendors algemene bedrijven bedrijfsdoeleinden betrouwbare bronnen
    dienstverleners derde derden doel doeleinden externe geselecteerde gegevens instanties interne
    juridische leveranciers meerdere nader onbekend organisaties partijen partner relaties relevante
    verschillende verwerkers zorgvuldig
    """.splitlines()
    for word in line.split()
)


EEA = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT"}
    | {"LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"}
)
"""The European Economic Area: ISO 3166-1 codes. Elsewhere a transfer needs more (Art. 44-46)."""


def boilerplate(text: str) -> bool:
    """Whether a text is empty, holds a phrase that fits every organisation, or consists of such words alone.

    `various`, `our trusted partners` and `as long as necessary` are; `our carrier's sorting centre` is not.
    """
    plain = " ".join(re.sub(r"[^\w\s']", "", text.casefold()).split())
    return not plain or bool(_PHRASE.search(plain)) or all(word in _EMPTY for word in plain.split())


def outside_eea(country: str) -> bool:
    """Whether a recipient there makes a transfer to a third country."""
    return country not in EEA
