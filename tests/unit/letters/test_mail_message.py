"""The message that is kept is the one that goes out, and nothing in it is left to chance."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from tests.support.letter_samples import LANGUAGES, sample

from afschrift.domain.errors import FormError
from afschrift.letters.kinds import KINDS
from afschrift.letters.mail_message import as_message, checked_address, parts

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


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("anneke+x@example.org", "anneke+x@example.org"),
        ("anneke@bücher.example", "anneke@xn--bcher-kva.example"),
    ],
)
def test_an_address(text: str, address: str) -> None:
    assert checked_address(text) == address


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
