"""Words for information to the person: what fits every organisation, starts a period or decides how long (R75)."""

import pytest
from tests.support.data import lines

from afschrift.law.information import boilerplate, names_criterion, names_event

ROWS = [tuple(row.values()) for row in lines(__file__, "information_words.csv")]


@pytest.mark.parametrize(("kind", "language", "words"), ROWS)
def test_words_of_information(kind: str, language: str, words: str) -> None:
    """An event or criterion is one whose day a person could look up."""
    match kind.removeprefix("no "):
        case "event":
            assert names_event(words, language) is (kind == "event")
            assert names_event(f"{words.capitalize()}.", language) is (kind == "event")
        case "criterion":
            assert names_criterion(words, language) is (kind == "criterion")
        case _:
            assert boilerplate(words) is (kind == "boilerplate")


def test_opening_of_an_event_is_checked_in_known_languages() -> None:
    assert names_event("nachdem Sie Ihr Konto schließen", "de")
    assert not names_event("-", "de")
