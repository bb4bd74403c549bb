"""What strangers wrote stays text: in the HTML, in the plain text and in the message, which is kept as it goes."""

import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from playwright.sync_api import Browser
from tests.support.letter_samples import LANGUAGES, sample
from tests.support.nightly import nightly_after
from tests.support.properties import quicker

from afschrift.domain.errors import FormError
from afschrift.domain.instants import utc_now
from afschrift.letters.element_values import clean
from afschrift.letters.kinds import KINDS
from afschrift.letters.mail_message import as_message, checked_address, parts

HOSTILE = (
    "<script>alert(1)</script>",
    "</p></div><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }} {% raw %}",
    "\u202eneknes drow\u202c \u2066x\u2069 שלום مرحبا",
    '=HYPERLINK("http://evil.example")',
    "Z\u0351\u036b\u0343a\u0316l\u0347g\u0320o",
    "\x00\x1b[31m\x07\ud800",
    "]]>-->&amp;&#60;",
)


class Shape(HTMLParser):
    """Tags with their attributes, and the text of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


WORDS = Shape(sample("extension", reasons="word", name="word").html).tags


def squeezed(text: str) -> str:
    return "".join(text.split())


@quicker(4)
@given(st.text(max_size=300))
@example(HOSTILE[0])
@example(HOSTILE[1])
@example(HOSTILE[2])
@example(HOSTILE[3])
@example(HOSTILE[6])
@example(HOSTILE[7])
def test_a_text_adds_no_tag_and_loses_no_printed_character(text: str) -> None:
    line = " ".join(clean(text).split())
    try:
        letter = sample("extension", reasons=f"word {line}", name=f"word {line}"[:200])
    except FormError:
        pytest.fail("nothing here is too long")
    shape = Shape(letter.html)
    assert shape.tags == WORDS
    assert squeezed(line) in squeezed(shape.text)
    assert squeezed(line) in squeezed(letter.text)
    assert not any(c in letter.text for c in "\x00\x1b\u202e\u2066\u200e")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_lists_and_lines_too(hostile: str, language: str) -> None:
    plain = sample("partial_refusal", language, refused=["word"], given=["word"], name="word")
    letter = sample("partial_refusal", language, refused=[hostile], given=[hostile], name=hostile)
    assert Shape(letter.html).tags == Shape(plain.html).tags
    content = as_message(letter, "let-000000000000", utc_now(), "a@example.org", "b@example.org")
    content.decode("ascii")
    subject, text, html = parts(content)
    assert (subject, text, html) == (letter.subject, letter.text, letter.html)


def test_direction_and_line_breaks_of_a_text_stay_within_it() -> None:
    letter = sample("acknowledgement", name="שלום", quote="مرحبا")
    assert '<bdi data-element="name">שלום</bdi>' in letter.html
    assert '<p dir="auto">مرحبا</p>' in letter.html
    text = sample("delivery", where="https://portal.example\n\nWachtwoord: x").text
    assert "https://portal.example Wachtwoord: x" in text.replace("\n", " ").replace("  ", " ")
    assert "\nWachtwoord" not in text.replace("\nWachtwoord: x\nU kunt", "")


def test_an_enormous_text_is_turned_down_and_the_largest_is_quick() -> None:
    before = time.monotonic()
    for enormous in ("x" * 50_000_000, "\u0351" * 1_000_000):
        with pytest.raises(FormError, match="6000 characters"):
            sample("extension", reasons=enormous)
    with pytest.raises(FormError, match="1 to 100 lines"):
        sample("partial_refusal", refused=["x"] * 1_000_000)
    assert time.monotonic() - before < 1
    before = time.monotonic()
    letter = sample(
        "partial_refusal", reasons="woord " * 1000, refused=["é" * 200] * 100, given=["é" * 200] * 100
    )
    assert len(as_message(letter, "let-000000000000", utc_now(), None, None)) < 1 << 19
    assert max(map(len, sample("extension", reasons="woord " * 1000).text.splitlines())) <= 76
    assert time.monotonic() - before < 2


AT = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


def test_the_same_letter_is_the_same_bytes() -> None:
    first, other = (
        as_message(sample("fee"), "let-7k3m9x2p4v0q", AT, "a@example.org", None) for _ in range(2)
    )
    assert first == other
    message = message_from_bytes(first, policy=policy.default)
    assert message["Message-ID"] == "<let-7k3m9x2p4v0q@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["To"] is None
    assert message["Date"].datetime == AT
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_letter_comes_back_as_it_was(kind: str, language: str) -> None:
    letter = sample(kind, language)
    content = as_message(letter, "let-7k3m9x2p4v0q", AT, None, "a@example.org")
    assert parts(content) == (letter.subject, letter.text, letter.html)
    lines = content.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 998


def test_an_address() -> None:
    assert checked_address("anneke+x@example.org") == "anneke+x@example.org"
    assert checked_address("anneke@bücher.example") == "anneke@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anneke",
        "a@b@example.org",
        "Anneke <a@example.org>",
        "a@example.org, b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "annéke@example.org",
        "a@exa mple.org",
        "a@.",
        "a@" + "x" * 64 + ".org",
        ".a@example.org",
        "a..b@example.org",
        "x" * 65 + "@example.org",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(FormError, match="no e-mail address") as caught:
        checked_address(text)
    assert "anneke" not in str(caught.value).lower()


@pytest.mark.parametrize(("language", "width"), nightly_after(1, [("nl", 360), ("en", 900)]))
def test_nothing_runs_nothing_is_fetched_and_nothing_sticks_out(
    browser: Browser, language: str, width: int, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    events: list[str] = []
    page.on("dialog", lambda dialog: (events.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: events.append(request.url))
    hostile = "<img src=http://127.0.0.1:9/x onerror=alert(1)><script>alert(2)</script>" + "W" * 100
    for kind in KINDS.values():
        text = {e.name: hostile for e in kind.asked if e.form.value in ("line", "text")}
        file = tmp_path / f"{kind.name}.html"
        file.write_text(sample(kind.name, language, **text).html, encoding="utf-8")
        events.clear()
        page.goto(file.as_uri())
        assert events == [file.as_uri()], kind.name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, kind.name
        assert page.get_by_role("heading", level=1).is_visible()
    page.close()
