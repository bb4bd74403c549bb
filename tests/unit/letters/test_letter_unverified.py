"""Before a person is identified, a letter says nothing that they did not write themselves."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.letter_samples import FOLDER, facts, given

from afschrift.domain.errors import FormError
from afschrift.letters.compose import Letter, compose
from afschrift.letters.kinds import KINDS

WROTE = (
    "Hallo, ik ben Anneke  Jansen.\nMijn klantnummer is C-10 042 en mijn mail is anneke@example.org. "
    "Bel mij: 06-12345678. Ik woon op 3511 AB. Graag al mijn gegevens.\n\nAnneke Jansen"
)


def letter(kind: str, wrote: str = WROTE, **elements: Any) -> Letter:
    chosen = KINDS[kind]
    filled = {n: v for n, v in given(chosen).items() if n not in ("name", "quote")} | elements
    return compose(chosen, filled, facts(wrote=[wrote]), FOLDER)


@pytest.mark.parametrize("kind", KINDS)
def test_letters_about_the_data_wait_for_the_identity(kind: str) -> None:
    if KINDS[kind].before_identity:
        assert letter(kind, name="anneke jansen").text
        return
    with pytest.raises(FormError, match="not identified, and this letter is about their data"):
        letter(kind)


def test_what_they_wrote_may_be_repeated_however_it_is_spaced() -> None:
    letter("acknowledgement", name="Anneke Jansen", quote="Mijn klantnummer is C-10 042")
    reasons = (
        "Wij zoeken op C-10042, ANNEKE@example.org, 0612345678 en 3511AB. Uw brief is van 03-02-2026 en van "
        "2026-02-03. Vragen: privacy@gele-kano.example, 0000 AA. Kenmerk req-7k3m9x2p4v0q. Er zijn 1250 rijen."
    )
    letter("extension", reasons=reasons)


@pytest.mark.parametrize(
    ("kind", "element", "value"),
    [
        ("acknowledgement", "name", "Anneke Jansen-de Vries"),
        ("acknowledgement", "quote", "Ik ben klant sinds 2019"),
        ("identity_request", "doubt", "Wij kennen u als anneke@work.example."),
        ("identity_request", "doubt", "Uw nummer is C-10043."),
        ("reminder", "question", "Woont u nog op 1234 AB?"),
        ("specify_request", "overview", ["Uw account", "Rekening NL91 ABNA 0417 1643 00"]),
        ("answer_insufficient", "lacking", "Wij wilden u bellen op 06 8765 4321."),
        ("cannot_identify", "identifiers", ["Bestelling 2026030599"]),
    ],
)
def test_what_they_did_not_write_is_turned_down_and_not_repeated(kind: str, element: str, value: Any) -> None:
    with pytest.raises(FormError, match="are not identified yet") as caught:
        letter(kind, **{element: value})
    assert set(caught.value.fields) == {element}
    for part in ("Vries", "2019", "work", "10043", "1234", "NL91", "8765", "20260305"):
        assert part not in str(caught.value)


def test_once_identified_everything_may_be_written() -> None:
    kind = KINDS["identity_request"]
    doubt = "Wij kennen u als anneke@work.example, C-10043."
    assert "C-10043" in compose(kind, given(kind) | {"doubt": doubt}, facts(), FOLDER).text
