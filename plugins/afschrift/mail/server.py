"""A connection to a mail server: encrypted where the server can, and no password without that."""

from __future__ import annotations

import smtplib
import ssl
from urllib.parse import SplitResult, unquote, urlsplit

from afschrift.domain.errors import ConfigurationError

_SECONDS = 60

TURNED_DOWN = (
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPNotSupportedError,
    smtplib.SMTPSenderRefused,
    ssl.SSLCertVerificationError,
)
"""What a further attempt cannot help with, whoever the message is for."""


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
