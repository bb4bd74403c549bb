"""A letter as one message (RFC 5322) with plain text and HTML; the stored message is the one that is sent."""

from __future__ import annotations

import re
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime

from afschrift.domain.errors import FormError
from afschrift.letters.compose import Letter

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^\s@<>()\[\],;:\\\"]{1,255}")
_ROLE = "afschrift.invalid"


def checked_address(text: str) -> str:
    """One e-mail address without a display name.

    Raises:
        FormError: it is no address, or has characters before the @ that not every mail server takes.
    """
    if _ADDRESS.fullmatch(text):
        local, _, domain = text.rpartition("@")
        try:
            plain = f"{local}@{domain.encode('idna').decode()}"
            Address(addr_spec=plain)
            return plain
        except (UnicodeError, ValueError, IndexError):
            pass
    raise FormError(
        "The address is no e-mail address that every mail server takes.",
        {"to": "write one address as name@example.org"},
        remedy="correct it, or leave it out and send the letter another way.",
    )


def as_message(letter: Letter, letter_id: str, at: datetime, sender: str | None, to: str | None) -> bytes:
    """The message.

    Args:
        letter: composed.
        letter_id: its id; the message id is built from it, so that a duplicate can be recognised.
        at: instant at which it is produced.
        sender: address that it comes from; None: it has no e-mail address of its own.
        to: address that it goes to; None: it goes another way.
    """
    message = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
    message["Subject"] = letter.subject
    if sender:
        message["From"] = sender
    if to:
        message["To"] = to
    message["Date"] = format_datetime(at)
    domain = sender.rpartition("@")[2] if sender else _ROLE
    message["Message-ID"] = f"<{letter_id}@{domain}>"
    message["Content-Language"] = letter.language
    message["Auto-Submitted"] = "auto-generated"  # so that automatic replies do not answer it (RFC 3834)
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{letter_id}")  # not random, so that the same letter is the same bytes
    return message.as_bytes()


def parts(content: bytes) -> tuple[str, str, str]:
    """Subject, plain text and HTML of a message that `as_message` made."""
    message = BytesParser(policy=policy.default).parsebytes(content)
    bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
    text, html = (body.get_content().replace("\r\n", "\n") if body else "" for body in bodies)
    return str(message["Subject"]), text, html
