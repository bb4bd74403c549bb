"""Sentences to the person that were false in a state that an ordinary shop has, and what is said now."""

import re
from html import unescape
from typing import Any

import pytest
from testbed.running import drive, members
from tests.support.deciding import Bureau
from tests.support.restricted import open_bureau

from afschrift.casework.letters.make import make

LANGUAGES = ("nl", "en")


@pytest.fixture
def bureau(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return open_bureau(tmp_path, monkeypatch)


def letter(bureau: Bureau, request: str, kind: str, **given: Any) -> str:
    """The text of a letter, in one line."""
    return " ".join(make(bureau.officer(), request, kind, given, keep=False).text.text.split())


def page(bundle: dict[str, bytes], name: str = "index.html") -> str:
    """The text of a file of the bundle, without its script, in one line."""
    source = re.sub(r"<(script|style).*?</\1>", "", bundle[name].decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", source)).split())


FILES = {"where": "https://portal.example", "available_until": "2030-01-01"}
MASKED_BY_HAND = {"masked": ["Bericht in ‘ticket_message’: 1 keer."]}
FIXED: list[tuple[str, dict[str, Any], tuple[str, str], tuple[str, str]]] = [
    # a column is masked by the map too, of which the letter's list has nothing
    ("delivery", FILES | MASKED_BY_HAND, ("Al het andere kunt u lezen", "all the rest"), ("Daar staat alles wat onleesbaar is", "everything that is unreadable")),
    # a fee is decided on later
    ("acknowledgement", {}, ("Uw verzoek is gratis", "Your request is free"), ("Meestal is een verzoek gratis", "Usually a request is free")),
    # a restriction, or the rights of others, keep a part back
    ("right_question", {}, ("krijgt u al", "get all"), ("Soms mogen wij een deel niet geven", "Sometimes we may not give a part")),
    ("specify_request", {"question": "?", "overview": ["a"]}, ("Dan krijgt u alles. ", "Then you get everything. "), ("alles wat wij met dit verzoek mogen geven", "everything that we may give")),
    # the shop deleted something itself meanwhile
    ("withdrawal_confirmed", {"withdrawn_on": "2026-11-01"}, ("Bij ons is niets", "Nothing was changed"), ("Door uw verzoek is niets", "Your request changed or deleted nothing")),
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "given", "false", "true"), FIXED, ids=[case[0] for case in FIXED])
def test_a_letter_promises_no_more_than_holds(
    bureau: Bureau, kind: str, given: dict[str, Any], false: Any, true: Any, language: str
) -> None:
    text = letter(bureau, bureau.store(language=language), kind, **given)
    of_language = LANGUAGES.index(language)
    assert false[of_language] not in text
    assert true[of_language] in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_merged_request_is_promised_no_more_than_a_look(bureau: Bureau, language: str) -> None:
    earlier, later = bureau.store(language=language, days=20), bureau.store(language=language, days=2)
    bureau.clocks().merge(later, earlier, ("customer_id",))
    text = letter(bureau, later, "merged")
    assert not re.search("U krijgt alles wat u vroeg|You get all that you asked for", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bundle_says_of_itself_alone_what_was_deleted_and_signed(bureau: Bureau, language: str) -> None:
    bundle = members(drive(bureau.services, bureau.store(language=language)))
    text = page(bundle)
    assert not re.search("Bij ons is niets veranderd|Nothing was changed or deleted", text)
    assert re.search("lazen wij uw gegevens alleen|we only read your data", text)
    readme = " ".join(bundle["README.txt"].decode().split())
    assert not re.search("laten zien dat er onderweg|show that nothing was changed", readme)
    assert re.search(r"op \.sig eindigt, is onze handtekening|ends in \.sig is our signature", readme)
    assert "tagmanifest-sha256.txt.sig" in bundle
