"""Every text that a page shows is in the catalogue of each language, and each catalogue holds nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from tests.support.words import table_words

from afschrift.app.catalogs import choose_language, language_name, languages, load_language
from afschrift.app.project import SHIPPED
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.language import gettext, joined, ngettext, say, serve_in, served_language

ROOT = Path(__file__).resolve().parents[3]
METHODS = [("**.py", "python"), ("**.html.j2", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
OTHERS = languages()[1:]


def extracted() -> Iterator[str]:
    """The texts that code and templates mark; of a plural its singular."""
    yield from (text if isinstance(text, str) else text[0] for text in marked())


def marked() -> Iterator[str | tuple[str, ...]]:
    for folder in (ROOT / "plugins/afschrift", SHIPPED / "pages"):
        for _, _, text, _, _ in extract_from_dir(folder, METHODS, keywords=KEYWORDS):
            yield text


def messages(code: str) -> Iterator[tuple[str, Message]]:
    for path in sorted((SHIPPED / "locale" / code).glob("*.po")):
        with path.open("rb") as file:
            yield from ((path.name, message) for message in read_po(file, locale=code) if message.id)


@pytest.mark.parametrize("code", OTHERS)
def test_each_language_has_every_text_in_one_way_and_no_other(code: str) -> None:
    wanted = {*extracted(), *table_words()}
    ids = [message.id if isinstance(message.id, str) else message.id[0] for _, message in messages(code)]
    assert sorted(wanted - set(ids)) == [], "texts without a translation"
    assert sorted(set(ids) - wanted) == [], "translations of nothing"
    plurals = {message.id[0] for _, message in messages(code) if not isinstance(message.id, str)}
    assert {text[0] for text in marked() if not isinstance(text, str)} - plurals == set(), "no plural form"
    both = {(str(message.id), str(message.string)) for _, message in messages(code)}
    texts = [text for text, _ in both]
    assert sorted({text for text in texts if texts.count(text) > 1}) == [], "translated in two ways"


@pytest.mark.parametrize("code", OTHERS)
def test_translations_are_filled_in_and_take_the_same_values(code: str) -> None:
    for name, message in messages(code):
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        fields = {field for text in ids for field in re.findall(r"\{(\w*)\}", text)}
        for text in strings:
            assert text, f"{name}: {ids[0]} has no translation"
            assert set(re.findall(r"\{(\w*)\}", text)) <= fields, f"{name}: {ids[0]}"
        assert fields <= {f for text in strings for f in re.findall(r"\{(\w*)\}", text)}, f"{name}: {ids[0]}"
        assert not message.fuzzy, f"{name}: {ids[0]} is not decided"


@pytest.mark.parametrize(
    ("chosen", "accepted", "code"),
    [
        ("", "nl-NL,nl;q=0.9,en;q=0.8", "nl"),
        ("", "en-GB,en;q=0.9,nl;q=0.8", "en"),
        ("nl", "en", "nl"),
        ("en", "nl", "en"),
        ("tlh", "nl", "nl"),
        ("../../law", "", "en"),
        ("", "fr,*;q=0.5", "en"),
        ("", "\x00;;,q=", "en"),
    ],
)
def test_the_choice_comes_before_the_browser(chosen: str, accepted: str, code: str) -> None:
    assert choose_language(chosen, accepted) == code


def test_texts_are_english_until_a_language_is_served() -> None:
    assert (served_language(), gettext("Data map"), gettext("")) == ("en", "Data map", "")
    try:
        serve_in(load_language("nl"))
        assert (gettext("Data map"), gettext("Lacks {it}", it="this")) == ("Gegevenskaart", "Lacks this")
        assert ngettext("{number} of them", "{number} of them all", 2) == "2 of them all"
    finally:
        serve_in(load_language("en"))
    assert (language_name("nl"), language_name("zz-zz")) == ("Nederlands", "zz-zz")


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("Nothing was changed.", "Er is niets gewijzigd."),
        (
            "The last day was 2026-07-10: a question after it suspends nothing (R42).",
            "De laatste dag was 10 juli",
        ),
        (
            "Request req-1 is needs_person: nothing is decided on it any more.",
            "Verzoek req-1 is wacht op een medewerker:",
        ),
        (
            "1 month after Tue 2026-06-09: Fri 2026-07-10.",
            "1 maand na dinsdag 9 juni 2026: vrijdag 10 juli",
        ),
        ("answer it. Nothing was changed.", "beantwoord het. Er is niets gewijzigd."),
        ("is no day; write 2026-03-05", "is geen dag; schrijf 2026-03-05"),
        ("Saturday, Easter Monday", "zaterdag, tweede paasdag"),
        ("`afschrift letter bounced` enters that it did.", ""),
        ("look: --outcome lifted. Nothing was changed.", "Er is niets gewijzigd."),
        ("Of nothing that is known, 2026-02-30", "Of nothing that is known, 2026-02-30"),
        ("What to do: wait for its end", "What to do: wait for its end"),  # not “from {start} to {until}”
        ("given by the person; access covers it", "door de persoon verstrekt; valt"),
    ],
)
def test_a_text_that_was_kept_in_english_is_said_in_the_language_served(kept: str, shown: str) -> None:
    serve_in(load_language("nl"))
    try:
        assert say(kept).startswith(shown) and bool(say(kept)) is bool(shown)
        assert say(joined(say(kept), "Review")) == joined(say(kept), "Review")  # said once
    finally:
        serve_in(load_language("en"))


def test_a_catalogue_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locale/de").mkdir(parents=True)
    (tmp_path / "locale/de/pages.po").write_bytes(b'msgid "\xff"')
    monkeypatch.setenv("AFSCHRIFT_INCLUDE", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"de/pages\.po cannot be read"):
        load_language("de")
