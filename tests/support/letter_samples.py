"""A filled-in letter of each kind in Dutch and English, about invented persons."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from afschrift.letters.compose import Letter, LetterFacts, compose
from afschrift.letters.kinds import KINDS, LetterKind

FOLDER = Path(__file__).parents[2] / "include" / "letters"
LANGUAGES = ("nl", "en")
URL = "https://www.autoriteitpersoonsgegevens.nl"

_ANY: dict[str, Any] = {
    "name": "Anneke Jansen",
    "ways": ["login", "call_back", "counter"],
    "ground": "rights_of_others",
    "provision": "UAVG-41-1-d",
    "costs": {"material": "3.50", "postage": 7.25, "extra_work": "1250"},
    "where": "https://portal.example/downloads",
    "available_until": "2026-04-30",
    "secret_by": "sms",
    "fingerprint": "SHA256:3f9a",
    "answered_on": "2026-03-20",
    "asked_on": date(2026, 3, 10),
    "rest_by": "2026-04-07",
    "withdrawn_on": "2026-03-15",
    "expected_on": "2026-04-14",
    "passed_because": "department",
    "passed_contact": "privacy@gele-kano.example",
}
_GIVEN: dict[str, dict[str, Any]] = {
    "nl": {
        "quote": "Graag al mijn gegevens.\n\nAnneke Jansen",
        "doubt": "Wij kregen uw bericht van een adres dat wij niet kennen.",
        "question": "Wilt u alle gegevens, of alleen de gegevens over uw bestellingen?",
        "overview": ["Uw account", "Uw bestellingen", "Uw berichten aan de klantenservice"],
        "reasons": "U stuurde ons drie verzoeken. Uw gegevens staan in vijf systemen.\n\nWij lezen elk bericht.",
        "refused": ["Berichten van andere klanten"],
        "given": ["Uw account", "Uw bestellingen"],
        "searched": ["De winkel", "De app"],
        "searched_for": ["Uw e-mailadres", "Uw telefoonnummer"],
        "lacking": "U stuurde ons geen klantnummer.",
        "recipient": "Fietswinkel De Bel",
        "data": ["Bestellingen"],
        "passed_on": ["U wilt dat gegevens worden gewist."],
        "passed_to": "Klantenservice",
        "impediment": "Het andere bedrijf heeft geen veilige plek om bestanden te ontvangen.",
        "missing": ["Gesprekken met de klantenservice"],
        "contains": ["Gesprekken met de klantenservice"],
        "masked": [
            "Bericht in ‘Gesprekken met de klantenservice’: 1 keer. Hier stond een naam van iemand anders."
        ],
        "tried": "Wij zochten op het e-mailadres dat u ons gaf.",
        "identifiers": ["Het nummer van een cookie op uw computer", "Een bestelnummer"],
    },
    "en": {
        "quote": "All my data please.\n\nAnneke Jansen",
        "doubt": "We got your message from an address that we do not know.",
        "question": "Do you want all data, or only the data about your orders?",
        "overview": ["Your account", "Your orders", "Your messages to customer service"],
        "reasons": "You sent us three requests. Your data are in five systems.\n\nWe read each message.",
        "refused": ["Messages of other customers"],
        "given": ["Your account", "Your orders"],
        "searched": ["The shop", "The app"],
        "searched_for": ["Your e-mail address", "Your phone number"],
        "lacking": "You did not send us a customer number.",
        "recipient": "Bike shop The Bell",
        "data": ["Orders"],
        "passed_on": ["You want data to be erased."],
        "passed_to": "Customer service",
        "impediment": "The other company has no safe place to receive files.",
        "missing": ["Calls with customer service"],
        "contains": ["Calls with customer service"],
        "masked": ["Message in ‘Calls with customer service’: once. A name of someone else was here."],
        "tried": "We searched for the e-mail address that you gave us.",
        "identifiers": ["The number of a cookie on your computer", "An order number"],
    },
}
_REMEDY = {
    "nl": (
        "Autoriteit Persoonsgegevens, Postbus 93374, 2509 AJ Den Haag",
        "U kunt de rechtbank met een verzoekschrift vragen om te beslissen. Doe dat binnen zes weken.",
    ),
    "en": (
        "Autoriteit Persoonsgegevens (the Dutch authority), PO Box 93374, 2509 AJ The Hague",
        "You can ask the district court to decide, with a petition. Do so within six weeks.",
    ),
}


def given(kind: LetterKind, language: str = "nl") -> dict[str, Any]:
    """Every element of a kind, the optional ones too."""
    filled = {element.name: {**_ANY, **_GIVEN[language]}[element.name] for element in kind.asked}
    grounds = {"fee": "manifestly_excessive", "refusal": "manifestly_unfounded"}
    return filled | ({"ground": grounds[kind.name]} if kind.name in grounds else {})


def facts(language: str = "nl", **changed: Any) -> LetterFacts:
    """What the register and controller.yml give; `wrote=` makes the requester an unidentified one."""
    authority, court = _REMEDY[language]
    wrote = changed.pop("wrote", None)
    values = {
        "organisation": "De Gele Kano B.V. (verzonnen)",
        "address": "Voorbeeldkade 1, 0000 AA Nergenshuizen",
        "contact": "privacy@gele-kano.example",
        "reference": "req-7k3m9x2p4v0q",
        "right": "access",
        "rights_asked": ["access", "portability"],
        "referred": ["erasure"],
        "was_due": date(2026, 4, 7),
        "merged_into": "req-0p2q4r6s8t1v",
        "earlier_receipt": date(2026, 3, 1),
        "passed_reference": "KS-104",
        "told_before": "yes",
        "written_on": date(2026, 3, 5),
        "received_on": date(2026, 3, 5),
        "until": date(2026, 4, 7),
        "new_due": date(2026, 6, 5),
        "authority": [authority],
        "court": [court],
    }
    return LetterFacts(language, {**values, **changed}, {"authority": URL}, wrote)


def sample(name: str, language: str = "nl", /, **elements: Any) -> Letter:
    """A letter of a kind, with some elements changed."""
    kind = KINDS[name]
    in_time = {} if "was_due" in kind.required else {"was_due": ""}
    return compose(kind, given(kind, language) | elements, facts(language, **in_time), FOLDER)
