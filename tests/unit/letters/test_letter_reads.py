"""Plain language, level B1: what our own words come to, letter by letter."""

import pytest
from tests.support.letter_samples import LANGUAGES, sample

from afschrift.letters.kinds import KINDS

pytest.importorskip("pyphen", reason="hyphenation counts the syllables")

from tests.support.readability import body, ease

PLAIN = 70
"""Ten above the 60 of plain language: hyphenation finds a little fewer syllables than a person hears."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_letter_is_plain(kind: str, language: str) -> None:
    assert ease(body(sample(kind, language)), language) >= PLAIN


def test_the_measure_distinguishes_plain_from_hard() -> None:
    hard = (
        "Ingevolge het bepaalde in artikel twaalf van de verordening wordt de beantwoordingstermijn, gelet op de "
        "complexiteit en het aantal gelijktijdig ingediende inzageverzoeken, overeenkomstig verlengd."
    )
    assert ease(hard, "nl") < 30
    assert ease("Wij zoeken uw gegevens op. Daarna krijgt u bericht van ons.", "nl") > 80
