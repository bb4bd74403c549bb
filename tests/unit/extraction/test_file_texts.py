"""Texts of files that people found: where they are, what cannot be read, and how masks get into them."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from afschrift.domain.redaction import Redaction
from afschrift.extraction import file_texts
from afschrift.extraction.file_texts import WHOLE, texts_of, with_texts
from afschrift.extraction.manual_files import _masked

HEAD = b"From: Ann <a@b.nl>\nMIME-Version: 1.0\nContent-Type: text/plain"


def mail(text: bytes, charset: str = "utf-8", head: bytes = HEAD) -> bytes:
    return head + f'; charset="{charset}"\nContent-Transfer-Encoding: 8bit\n\n'.encode() + text


def forwarded(times: int) -> bytes:
    text = mail(b"Bob 06-12345678")
    for _ in range(times):
        text = b"From: a@b.nl\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n" + text
    return text


def eml(content: bytes) -> dict[str, str | None]:
    return texts_of(content, "eml", "message/rfc822")


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("iso-8859-1", "Zoë".encode()),  # another one than it says
        ("us-ascii", "Zoë".encode("cp1252")),
        ("unheard-of", "Zoë".encode("cp1252")),
        ("utf-16", "Zoë".encode("utf-16")),
        ("utf-7", "Zoë".encode("utf-7")),
    ],
)
def test_wrong_charset_hides_no_name(charset: str, text: bytes) -> None:
    found = eml(mail(text, charset, "Subject: Zoë\n".encode() + HEAD))
    assert found == {"head": "Subject: Zoë\nFrom: Ann <a@b.nl>", "text.1": "Zoë"}


@pytest.mark.parametrize("name", [b'filename="Bob.dat"', b"filename*=idna''Bob%ff"])
def test_mask_of_a_whole_head_leaves_the_numbers_of_the_parts(name: bytes) -> None:
    content = attached("text/plain", b"Bob").replace(b'filename="Bob.dat"', name)
    masked = with_texts(content, "eml", "", {"attachment.1/head": "[masked]"})
    assert list(eml(masked)) == list(eml(content))
    assert eml(masked)["attachment.1/head"] == "X-Masked: [masked]"


def test_texts_that_no_program_shows_are_read_and_masked() -> None:
    part = b"Content-Type: text/plain\n\nHello\n"
    inner = b"Content-Type: multipart/mixed; boundary=i\nX-By: Bob\n\nCarla\n--i\n" + part + b"--i--\n"
    outer = b"Content-Type: multipart/mixed; boundary=o\n\nDirk\n--o\n" + inner + b"\n--o--\nErik\n"
    content = b"From: a@b.nl\nMIME-Version: 1.0\n" + outer
    found = eml(content)
    assert (found["between.1"], found["between.2"]) == ("Dirk Erik", "X-By: Bob Carla")
    masked = with_texts(content, "eml", "", {"between.1": "Dirk [masked]", "between.2": "[masked]"})
    assert eml(masked) == found | {"between.1": "Dirk [masked]", "between.2": "[masked]"}
    assert not {name for name in (b"Bob", b"Carla", b"Erik") if name in masked}


@pytest.mark.parametrize("times", [300, 5_000])
def test_mails_in_mails_are_read_to_a_depth_and_the_rest_is_without_text(times: int) -> None:
    found = eml(forwarded(times))
    [deepest] = [column for column, text in found.items() if text is None]
    assert len(found) <= 10
    if deepest != WHOLE:
        masked = with_texts(forwarded(times), "eml", "", {deepest: "[masked]"})
        assert b"Bob" not in masked
        assert list(eml(masked)) == list(found)


def test_three_hundred_mails_in_a_row_are_all_read() -> None:
    outer = EmailMessage()
    outer.set_content("Zie bijlagen")
    for number in range(300):
        inner = EmailMessage()
        inner["Subject"] = f"Bericht {number}"
        inner.set_content("Bob")
        outer.add_attachment(inner)
    found = eml(outer.as_bytes())
    assert found["attachment.300/head"] == "Subject: Bericht 299"
    assert sum(text == "Bob\n" for text in found.values()) == 300


def attached(kind: str, content: bytes, **more: str) -> bytes:
    message = EmailMessage()
    message.set_content("Ann")
    message.add_attachment(content, *kind.split("/"), filename="Bob.dat", **more)
    return message.as_bytes()


@pytest.mark.parametrize(
    ("content", "ending", "unread"),
    [
        (b"%PDF-1.7", "pdf", [WHOLE]),
        (b"From x\nFrom: a\nMIME-Version: 1.0\n\nBob", "mbox", [WHOLE]),
        (attached("application/ms-tnef", b"winmail"), "eml", ["attachment.1"]),
        (attached("text/calendar", b"Bob"), "eml", []),
        (attached("text/plain", b"B\0o\0b\0"), "eml", ["attachment.1"]),
        (b"Bob", "txt", []),
        (b"", "csv", []),
        (
            HEAD.replace(b"text/plain", b"message/rfc822\nContent-Transfer-Encoding: base64") + b"\n\nQm9i",
            "eml",
            ["attachment.1"],
        ),
        (HEAD.replace(b"text/plain", b"multipart/mixed") + b"\n\nBob", "eml", ["attachment.1"]),
    ],
)
def test_what_has_no_text_is_named(content: bytes, ending: str, unread: list[str]) -> None:
    assert [column for column, text in texts_of(content, ending, "").items() if text is None] == unread


def test_too_large_file_has_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_texts, "MOST_BYTES", 3)
    assert texts_of(b"Bobs", "txt", "text/plain") == {WHOLE: None}


def test_masks_change_no_other_part_of_a_mail() -> None:
    content = attached("image/png", b"\x89PNG").replace(
        b"\n\n", b"\nReturn-Path: <bob@b.nl>\nDKIM-Signature: x\n\n", 1
    )
    found = eml(content)
    assert "Bob.dat" in (found["attachment.1/head"] or "")
    new = {"head": "Return-Path: [masked]\nX-Injected\nSubject: Zoë: [masked]", "text.1": "Zoë [masked]"}
    new["attachment.1/head"] = (found["attachment.1/head"] or "").replace("Bob", "[masked]")
    masked = with_texts(content, "eml", "", new)
    sent = message_from_bytes(masked, policy=default)
    assert (sent["Return-Path"], sent["Subject"], sent["X-Injected"]) == ("[masked]", "Zoë: [masked]", None)
    text, picture = sent.iter_parts()
    assert (text.get_content(), picture.get_content()) == ("Zoë [masked]", b"\x89PNG")
    assert (picture.get_content_type(), picture.get_filename()) == ("image/png", "[masked].dat")
    assert not {b"Bob", b"bob@b.nl", b"DKIM"} & {
        word for word in (b"Bob", b"bob@b.nl", b"DKIM") if word in masked
    }


@pytest.mark.parametrize(
    ("column", "reviewed", "span", "expected"),
    [
        ("text.1", "Bob is er", (0, 3), {"text.1": "[masked] is er"}),
        ("text.1", "Bob was er", (0, 3), {"text.1": "[masked]"}),  # another text than the reviewed one
        ("attachment.1", "", (None, None), {"attachment.1": "[masked]"}),
        ("text.2", "Bob is er", (0, 3), None),  # the file has no such part any more
        (WHOLE, "", (None, None), None),
    ],
)
def test_mask_of_another_text_masks_more_and_never_less(
    column: str, reviewed: str, span: tuple[int | None, int | None], expected: dict[str, str] | None
) -> None:
    texts = {"name": "post.eml", "text.1": "Bob is er", "attachment.1": None}
    cell = Redaction("q.1", "mail.files", column, "x", (), 1, reviewed, {WHOLE: "id"}, "", *span)
    assert _masked(texts, [cell], bytes.decode) == expected
