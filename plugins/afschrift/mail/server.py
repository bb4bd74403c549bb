"""Mail by SMTP: a connection, encrypted where the server can, and the outcome of handing over a message.

No password is sent without TLS. `smtplib` alone does not say whether a connection broke before or after the
server had the whole message. A server that had it may have sent it on, so it is not sent again by itself.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

from afschrift.domain.errors import ConfigurationError

_SECONDS = 60

TURNED_DOWN = (
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPNotSupportedError,
    smtplib.SMTPSenderRefused,
    ssl.SSLCertVerificationError,
)
"""Errors that a further attempt cannot help with, whatever the address."""


def server_address(text: str, what: str) -> SplitResult:
    """A server as `smtps://user:password@mail.example.org:465`.

    `smtp://` takes STARTTLS where the server has it.

    Args:
        text: the address.
        what: what it is for, as errors call it.

    Raises:
        ConfigurationError: it has another form; the text is left out, as it may hold a password.
    """
    try:
        server = urlsplit(text)
        usable = server.scheme in ("smtp", "smtps") and bool(server.hostname) and (server.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            f"The mail server of {what} has another form.", remedy="write smtps://USER:PASSWORD@HOST:PORT."
        )
    return server


def connected(server: SplitResult, what: str) -> smtplib.SMTP:
    """A connection, with TLS and logged in as far as the address says so.

    Raises:
        ConfigurationError: there is no TLS for the password.
        OSError, smtplib.SMTPException: as `smtplib`.
    """
    host, port = server.hostname or "", server.port or 0
    tls = ssl.create_default_context()
    if server.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=tls)
    else:
        connection = smtplib.SMTP(host, port, timeout=_SECONDS)
        connection.ehlo()
        if connection.has_extn("starttls"):
            connection.starttls(context=tls)
            connection.ehlo()
        elif server.username:
            connection.close()
            raise ConfigurationError(
                f"The mail server of {what} has no TLS for the password.",
                remedy="use smtps:// or a server with STARTTLS.",
            )
    if server.username:
        connection.login(unquote(server.username), unquote(server.password or ""))
    return connection


_GO_ON, _TAKEN = 354, 250
_LINE_DOT = re.compile(rb"(?m)^\.")


class MailOutcome(StrEnum):
    """The outcome of handing over a message."""

    TAKEN = "taken"
    NOT_SENT = "not_sent"  # nothing left; it may be tried again
    NO_SUCH_ADDRESS = "no_such_address"
    REFUSED = "refused"  # the address or the message, for good
    MISCONFIGURED = "misconfigured"  # account, sender or certificate
    UNKNOWN = "unknown"  # the connection broke after the server had the message


@dataclass(frozen=True)
class MailResult:
    """An outcome with what the server said: a reply code or the name of an error, never its text."""

    outcome: MailOutcome
    reason: str


def hand_over(server: SplitResult, what: str, sender: str, to: str, content: bytes) -> MailResult:
    """Hand a message to a server; every outcome is returned, none is raised.

    Args:
        server: as `server_address` reads it.
        what: what it is for, as errors call it.
        sender: envelope address, to which bounces go.
        to: envelope address.
        content: the message with CRLF at the end of each line.
    """
    given = False
    connection: smtplib.SMTP | None = None
    try:
        connection = connected(server, what)
        if refused := _envelope(connection, sender, to):
            return refused
        code, _ = connection.docmd("DATA")
        if code != _GO_ON:
            return _turned_down(code)
        given = True
        ending = b"" if content.endswith(b"\r\n") else b"\r\n"
        connection.send(_LINE_DOT.sub(b"..", content) + ending + b".\r\n")
        code, _ = connection.getreply()
        return MailResult(MailOutcome.TAKEN, str(code)) if code == _TAKEN else _turned_down(code)
    except (*TURNED_DOWN, ConfigurationError, UnicodeError) as error:
        return MailResult(MailOutcome.MISCONFIGURED, type(error).__name__)
    except (smtplib.SMTPException, OSError) as error:
        return MailResult(MailOutcome.UNKNOWN if given else MailOutcome.NOT_SENT, type(error).__name__)
    finally:
        if connection is not None:
            # The outcome is known; waiting for the reply to QUIT could only turn it into an error.
            with suppress(smtplib.SMTPException, OSError):
                connection.putcmd("QUIT")
            connection.close()


def _envelope(connection: smtplib.SMTP, sender: str, to: str) -> MailResult | None:
    connection.ehlo_or_helo_if_needed()
    code, _ = connection.mail(sender)
    if code != _TAKEN:
        later = 400 <= code < 500
        return MailResult(MailOutcome.NOT_SENT if later else MailOutcome.MISCONFIGURED, str(code))
    code, _ = connection.rcpt(to)
    if code in (_TAKEN, 251):
        return None
    if code in (550, 551, 553):
        return MailResult(MailOutcome.NO_SUCH_ADDRESS, str(code))
    return _turned_down(code)


def _turned_down(code: int) -> MailResult:
    """A reply that is no consent: 4xx asks to come again, anything else is for good."""
    return MailResult(MailOutcome.NOT_SENT if 400 <= code < 500 else MailOutcome.REFUSED, str(code))
