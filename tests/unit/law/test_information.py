from __future__ import annotations

import pytest

from afschrift.law.information import boilerplate


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
