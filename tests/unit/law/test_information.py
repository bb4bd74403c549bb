from __future__ import annotations

import pytest
from tests.unit.law.triggers_of_retention import CONCRETE, EVASIVE

from afschrift.law.information import boilerplate, names_criterion, names_event


@pytest.mark.parametrize(
    "text",
    [
        "",
        " - ",
        "As long as is necessary.",
        "as long as needed for the purpose",
        "No longer than necessary",
        "statutory periods",
        "the legal retention period",
        "zolang als nodig",
        "Zo lang als dat noodzakelijk is",
        "niet langer dan nodig",
        "Wettelijke bewaartermijnen",
        "partners",
        "Our trusted partners",
        "Onze zorgvuldig geselecteerde partners",
        "various",
        "Diverse bronnen.",
        "third parties",
        "derden",
        "N.v.t.",
        "business purposes",
        "passende waarborgen",
    ],
)
def test_words_that_fit_every_organisation(text: str) -> None:
    assert boilerplate(text)


@pytest.mark.parametrize(
    "text",
    [
        "after you close your account",
        "nadat u voor het laatst inlogde",
        "Duinpost",
        "Partner Pakket B.V.",
        "Visitors of the shop who read your reviews",
        "De boekhouding die de wet vraagt",
        "Misbruik door derden voorkomen",
        "The standard contract of the European Commission of 4 June 2021",
    ],
)
def test_words_that_say_something(text: str) -> None:
    assert not boilerplate(text)


@pytest.mark.parametrize(("language", "words"), [(text, w) for text in EVASIVE for w in EVASIVE[text]])
def test_words_that_name_no_event_do_not_start_a_period(language: str, words: str) -> None:
    assert not names_event(words, language)
    assert not names_event(f"{words.capitalize()}.", language)


@pytest.mark.parametrize(("language", "words"), [(text, w) for text in CONCRETE for w in CONCRETE[text]])
def test_an_event_or_a_date_starts_a_period(language: str, words: str) -> None:
    assert names_event(words, language)


def test_opening_of_an_event_is_checked_in_known_languages() -> None:
    assert names_event("nachdem Sie Ihr Konto schließen", "de")
    assert not names_event("-", "de")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "as long as your account is open"),
        ("en", "until the court has decided your case"),
        ("nl", "zolang u klant bent"),
        ("nl", "tot de rechter over uw zaak heeft beslist"),
        ("de", "solange Ihr Konto besteht"),
    ],
)
def test_a_criterion_names_what_decides_how_long(language: str, words: str) -> None:
    assert names_criterion(words, language)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "as long as necessary"),
        ("en", "until no longer needed for your account"),
        ("en", "until the statutory retention period is over"),
        ("en", "as long as the purpose requires"),
        ("en", "indefinitely"),
        ("nl", "zolang als nodig"),
        ("nl", "tot het niet meer nodig is voor uw account"),
        ("nl", "zolang de wettelijke bewaartermijnen duren"),
        ("nl", "tot het doel is bereikt"),
        ("nl", ""),
    ],
)
def test_a_criterion_that_decides_nothing(language: str, words: str) -> None:
    """R75: no one could look up when that is."""
    assert not names_criterion(words, language)
