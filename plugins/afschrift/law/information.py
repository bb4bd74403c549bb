"""Checks of the texts of an information sheet (R73-R75): empty phrases, periods, transfers."""

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


_OPENING = {
    "en": re.compile(
        r"(?:(?:as )?(?:counted|counting|calculated|measured|starting|beginning) )?"
        r"(?:after|from|since|following|once|when|upon)\b(?! time to time)"
    ),
    "nl": re.compile(
        r"(?:(?:te rekenen|gerekend|berekend|gemeten|ingaande?|te beginnen) )?"
        r"(?:na|nadat|vanaf|sinds|volgend op|zodra|wanneer|met ingang van)\b"
    ),
}
"""How words that follow a period begin where they say what starts it, by language."""

_OPEN_END = re.compile(
    r"\b(?:as long as|zo ?lang|indefinite(?:ly)?|forever|onbepaalde"
    r"|(?:no longer|not) (?:needed|necessary|required|relevant)"
    r"|niet (?:langer|meer) (?:nodig|noodzakelijk|vereist|relevant))\b"
)

_NEEDED = re.compile(
    r"\b(?:indefinite(?:ly)?|forever|onbepaalde|(?:no longer|not) (?:needed|necessary|required|relevant)"
    r"|niet (?:langer|meer) (?:nodig|noodzakelijk|vereist|relevant))\b"
)
_CRITERION_OPENS = frozenset(["as", "long", "until", "while", "lang", "zolang", "als", "tot", "totdat"])

_NO_EVENT = _EMPTY | frozenset(
    word
    for line in """
    achieved an any applicable appropriate are as at be been belongs by come customary date day days do
    does duration duty end ended ending ends every expired expires fulfilled guidelines has have he if in
    information interest interests is it its last law laws legislation legitimate longer met moment month
    more must necessary need needed needs no normal not obligation obligations on over passed period periods
    policies policy practice procedure purpose reached reasonable records regulations relevant required
    requirements requires retention rules schedule served she statutory suitable term terms them then there
    they time times us useful usual was we were where which who will year years you your
    aan afgelopen afloop beëindigd belang belangen bent beleid bereikt bewaarbeleid bewaartermijn
    bewaartermijnen bewaarperiode bij daarna dag dagen datum dient doeleinde door duur een einde eindigt er
    gebruikelijke geen gegeven geldende gerechtvaardigd gerechtvaardigde had heb hebben hebt heeft hen hun
    informatie is jaar jaren je jij jouw langer laatste maand maanden meer moment nodig noodzakelijk
    noodzakelijke normale niet nuttig op passend passende periode periodes procedure redelijke regelgeving
    regels relevant richtlijnen termijn termijnen tijd u uit uw verlopen verplichting verplichtingen
    verstreken vereist vereiste volgens wanneer waarin waarop was wet wetgeving wettelijk wettelijke wij
    wordt worden zal ze zij zijn zoals
    """.splitlines()
    for word in line.split()
)
"""Words of every sentence about keeping data, which name no event."""


def boilerplate(text: str) -> bool:
    """Whether a text is empty, holds a phrase that fits every organisation, or consists of such words alone.

    `various`, `our trusted partners` and `as long as necessary` are; `our carrier's sorting centre` is not.
    """
    plain = _plain(text)
    return not plain or bool(_PHRASE.search(plain)) or all(word in _EMPTY for word in plain.split())


def names_event(text: str, language: str) -> bool:
    """Whether words that follow a period of retention say what starts it (R75).

    They begin as such words do (`after`, `vanaf`) and name something that happens or a date: `after you close
    your account` does. `in line with our policy` does not begin so, and `after the statutory term` names
    nothing; words with an open end (`as long as needed`) never pass. How such words begin is known in English
    and Dutch; of other languages only what `boilerplate` finds is turned down.
    """
    plain = _plain(text)
    if boilerplate(text) or _OPEN_END.search(plain):
        return False
    if language not in _OPENING:
        return True
    opening = _OPENING[language].match(plain)
    return opening is not None and any(word not in _NO_EVENT for word in plain[opening.end() :].split())


def names_criterion(text: str, language: str) -> bool:
    """Whether words say what decides how long data are kept, where no period can be named (Art. 15(1)(d)).

    `as long as your account is open` does; `as long as necessary`, `until the statutory term is over` and
    `until no longer needed` name nothing that could be looked up (R75). Of languages but English and Dutch
    only what `boilerplate` finds is turned down.
    """
    plain = _plain(text)
    if boilerplate(text) or _NEEDED.search(plain):
        return False
    return language not in _OPENING or any(
        word not in _NO_EVENT and word not in _CRITERION_OPENS for word in plain.split()
    )


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s']", "", text.casefold()).split())


def outside_eea(country: str) -> bool:
    """Whether a recipient there makes a transfer to a third country."""
    return country not in EEA
