"""A mailbox of another team as a witness: sent mail cannot be taken back."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any
from urllib.parse import unquote, urlsplit

from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.mail.server import TURNED_DOWN, connected, server_address
from afschrift.witnesses.witness import Files, setting

_TURNED_DOWN = (*TURNED_DOWN, smtplib.SMTPRecipientsRefused)
_TEXT = """\
Attached is a signed checkpoint of the audit trail of Afschrift, which answers people's requests for their
own data. Please keep this message where those who run that software cannot delete it.

It holds digests and no personal data. An auditor saves the attachments into a folder and runs
`afschrift audit verify --checkpoint FOLDER`, or `tools/verify_trail.py`. One should come every day: inform
the data protection officer when none does.
"""


class MailWitness:
    """Sends checkpoints by SMTP."""

    readable = False

    def __init__(self, name: str, url: str, options: Mapping[str, Any]) -> None:
        """Take the place.

        Args:
            name: name of the place, as errors call it.
            url: `mailto:` and the address.
            options: `server`, for example `smtps://user:password@mail.example.org:465` (`smtp://` takes
                STARTTLS where the server has it); `sender`, the address that it comes from.

        Raises:
            ConfigurationError: an option is missing or malformed.
        """
        self.name = name
        self._to = unquote(urlsplit(url).path)
        self._from = setting(options, name, "sender")
        if "@" not in self._to:
            raise ConfigurationError(
                f"The address of the witness place '{name}' is malformed.",
                remedy="write mailto:NAME@DOMAIN.",
            )
        server = server_address(setting(options, name, "server"), f"the witness place '{name}'")
        self._server = server

    def __repr__(self) -> str:
        """Hide the server: its address may hold a password."""
        return f"MailWitness({self.name!r})"

    def send(self, files: Files) -> None:
        """Send one message with the files attached; as `Witness.send`."""
        message = EmailMessage()
        message["Subject"] = f"Checkpoint of the audit trail: {next(iter(files))}"
        message["From"], message["To"] = self._from, self._to
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="afschrift.invalid")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(_TEXT)
        for name, content in files.items():
            kind = ("application", "json") if name.endswith(".json") else ("application", "timestamp-reply")
            message.add_attachment(content, maintype=kind[0], subtype=kind[1], filename=name)
        try:
            with connected(self._server, f"the witness place '{self.name}'") as server:
                server.send_message(message)
        except _TURNED_DOWN as error:
            raise ConfigurationError(
                f"The mail server of the witness place '{self.name}' cannot be used "
                f"({type(error).__name__}).",
                remedy="correct account, sender or address; a private certificate authority is named by "
                "SSL_CERT_FILE.",
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            raise RetriableError(
                f"The mail server of the witness place '{self.name}' did not take the message "
                f"({type(error).__name__}).",
                remedy="bring it back; the next checkpoint makes up for what the place lacks.",
            ) from None

    def read(self) -> Iterator[tuple[str, bytes]]:
        """Nothing: a mailbox is read by its owner."""
        return iter(())
