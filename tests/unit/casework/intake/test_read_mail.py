"""An e-mail fills in a form, whatever it is: what cannot be read is refused, and nothing of it is believed."""

import struct
import time
from datetime import UTC, datetime

import pytest
from tests.support.active_files import outlook_tree
from tests.support.compound_file import compound

from afschrift.casework.intake.read_mail import MOST_NAMES, Mail, read_mail
from afschrift.domain.errors import RefusedError

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
HEAD = "From: Jo <jo@example.org>\nDate: Mon, 30 Nov 2026 10:00:00 +0100\nSubject: Inzage\n"
PLAIN = "Content-Type: text/plain; charset=utf-8\n\nMag ik mijn gegevens zien?\n"


def mail(text: str | bytes) -> Mail:
    return read_mail(text if isinstance(text, bytes) else text.encode(), NOW)


def in_parts(*parts: str) -> str:
    body = "".join(f"--B\n{part}\n" for part in parts)
    return f"{HEAD}Content-Type: multipart/mixed; boundary=B\n\n{body}--B--\n"


def attached(name: str, content: str = "x") -> str:
    return f'Content-Type: text/plain\nContent-Disposition: attachment; filename="{name}"\n\n{content}'


def test_a_message_says_who_when_and_what() -> None:
    found = mail(in_parts(PLAIN, attached("../../C:\\secret\\brief.pdf")))
    assert found.senders == (("Jo", "jo@example.org"),)
    assert (found.arrived, found.doubt) == (datetime(2026, 11, 30, 9, tzinfo=UTC), "")
    assert (found.text, found.attachments) == ("Mag ik mijn gegevens zien?", ("brief.pdf",))
    assert found.whole.startswith("From: Jo <jo@example.org>\nSubject: Inzage\n\nMag ik")
    assert "jo@" not in repr(found)
    received = "Received: from a by b; Tue, 24 Nov 2026 08:00:00 +0000\n"
    assert mail(received + HEAD + PLAIN).arrived == datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD.replace("Date:", "X:") + PLAIN, {"doubt": "missing"}),
        (HEAD.replace("30 Nov 2026", "30 Nov 2027") + PLAIN, {"doubt": "future"}),
        (HEAD.replace("30 Nov 2026", "1 Jan 1970") + PLAIN, {"doubt": "too_old"}),
        (HEAD.replace("Mon, 30 Nov 2026", "Mon, 99 Nov 99999999999") + PLAIN, {"doubt": "missing"}),
        (f"From: a@example.org\nFrom: b@example.org\n{HEAD}{PLAIN}", {"sender_count": 3}),
        (
            HEAD.encode()
            + b"Content-Type: text/plain; charset=shift_jis\n\n"
            + "個人情報".encode("shift_jis"),
            {"text": "個人情報"},
        ),
        (
            f"{HEAD}Content-Type: text/html\n\n<style>p{{}}</style><p>Mag <b>ik</b></p><script>x()</script><p>zien?",
            {"text": "Mag ik\nzien?"},
        ),
        (in_parts(PLAIN, *(attached(f"{n}.txt") for n in range(199))), {"attached": 199}),
        (HEAD + f"X-Long: {'=?utf-8?q?a?= ' * 90_000}\n" + PLAIN, {"text": "Mag ik mijn gegevens zien?"}),
        (HEAD.replace("Inzage", "a" * 1_000_000) + PLAIN, {"text": "Mag ik mijn gegevens zien?"}),
        (HEAD + "Content-Type: text/plain; charset=no-such\n\nHallo", {"text": "Hallo"}),
        (HEAD + PLAIN + "a" * 2_000_000, {"cut": True}),
    ],
)
def test_a_hostile_or_odd_message_is_read_within_limits(
    text: str | bytes, expected: dict[str, object]
) -> None:
    begin = time.process_time()
    found = mail(text)
    assert time.process_time() - begin < 2
    has = {
        "sender_count": len(found.senders),
        **{n: getattr(found, n) for n in ("doubt", "text", "attached", "cut")},
    }
    assert {name: has[name] for name in expected} == expected
    assert len(found.attachments) <= MOST_NAMES


def test_messages_in_messages_are_attachments() -> None:
    text = HEAD + PLAIN
    for _ in range(20):
        text = in_parts(PLAIN, f"Content-Type: message/rfc822\n\n{text}").replace("=B", "=B", 1)
    found = mail(text)
    assert found.text.startswith("Mag ik") and found.attached >= 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(99),
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(5_000),
        b"\n--B" * 30_000,
    ],
)
def test_what_is_no_message_is_refused(content: bytes) -> None:
    with pytest.raises(RefusedError, match="cannot be read as an e-mail"):
        mail(content)


def test_a_message_of_outlook() -> None:
    sent = int(
        (datetime(2026, 11, 30, 9, tzinfo=UTC) - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() * 10**7
    )
    tree = outlook_tree(("brief.pdf", b"x"), body="Mag ik?")
    tree["__properties_version1.0"] = bytes(32) + struct.pack("<IIQ", 0x00390040, 6, sent)
    for code, text in {"0C1A": "Jo", "5D01": "jo@example.org", "0037": "Inzage"}.items():
        tree[f"__substg1.0_{code}001F"] = text.encode("utf-16-le")
    found = mail(compound(tree))
    assert (found.senders, found.text, found.subject) == ((("Jo", "jo@example.org"),), "Mag ik?", "Inzage")
    assert (found.arrived, found.doubt) == (datetime(2026, 11, 30, 9, tzinfo=UTC), "")
    assert found.attachments == ("brief.pdf",)
    with pytest.raises(RefusedError):
        mail(compound({"WordDocument": b"x" * 9_000}))
