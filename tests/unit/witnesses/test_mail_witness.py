"""A mailbox as a witness: messages to a real SMTP server on loopback."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from tests.support.authority import Authority

from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.witnesses.mailbox import MailWitness

FILES = {
    "afschrift-checkpoint-00-00000001.json": '{"é":1}\n'.encode(),
    "afschrift-checkpoint-00-00000001.tsa.tsr": bytes(range(256)),
}
MAILBOX = "mailto:dpo%2Btrail@example.org"


class Box:
    """Takes messages; turns down recipients of another domain."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.to: list[str] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _: Any) -> str:
        if not address.endswith("@example.org"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.messages.append(message_from_bytes(envelope.content))
        self.to += envelope.rcpt_tos
        return "250 taken"


class WithPassword(SMTP):
    """Knows one account."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, authenticator=self._check, **named)

    @staticmethod
    def _check(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, given: Any) -> AuthResult:
        right = LoginPassword(b"afschrift", b"p@ss")
        return AuthResult(success=given == right, handled=False)


Serve = Callable[..., tuple[Box, str]]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ca")
    Authority(folder).issue("mail")
    return folder


@pytest.fixture
def tls(authority: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The server's side; the client trusts the authority as docs/trail.md says."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "root.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "mail.pem", authority / "mail.key")
    return context


@pytest.fixture
def serve(unused_port: int) -> Iterator[Serve]:
    running: list[Controller] = []

    def start(ssl_context: ssl.SSLContext | None = None, **settings: Any) -> tuple[Box, str]:
        class Here(Controller):
            def factory(self) -> SMTP:
                return WithPassword(self.handler, **self.SMTP_kwargs)

        box = Box()
        running.append(Here(box, "127.0.0.1", unused_port, ssl_context=ssl_context, **settings))
        running[-1].start()
        return box, f"127.0.0.1:{unused_port}"

    yield start
    for controller in running:
        controller.stop()


def place(server: str, to: str = MAILBOX) -> MailWitness:
    return MailWitness("dpo", to, {"server": server, "sender": "afschrift@example.org"})


def attachments(message: Message) -> dict[str, bytes]:
    return {
        str(part.get_filename()): bytes(part.get_payload(decode=True))  # type: ignore[arg-type]
        for part in message.walk()
        if part.get_filename()
    }


def test_the_files_arrive_as_they_are_in_one_message(serve: Serve) -> None:
    box, server = serve()
    witness = place(f"smtp://{server}")
    witness.send(FILES)
    [message] = box.messages
    assert box.to == ["dpo+trail@example.org"]
    assert attachments(message) == FILES
    assert message["Subject"].endswith("afschrift-checkpoint-00-00000001.json")
    assert message["Auto-Submitted"] == "auto-generated"
    [text] = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    assert b"keep this message" in bytes(text.get_payload(decode=True))  # type: ignore[arg-type]
    assert list(witness.read()) == []
    assert not witness.readable


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_password_goes_over_tls_alone(serve: Serve, tls: ssl.SSLContext, scheme: str) -> None:
    over = {"ssl_context": tls, "auth_require_tls": False} if scheme == "smtps" else {"tls_context": tls}
    box, server = serve(**over, auth_required=True)
    witness = place(f"{scheme}://afschrift:p%40ss@{server}")
    assert "p%40ss" not in repr(witness)
    witness.send(FILES)
    assert len(box.messages) == 1
    with pytest.raises(ConfigurationError, match=r"SMTPAuthenticationError.*correct account") as caught:
        place(f"{scheme}://afschrift:needle@{server}").send(FILES)
    assert "needle" not in str(caught.value)


def test_a_server_without_tls_gets_no_password(serve: Serve) -> None:
    box, server = serve(auth_require_tls=False)
    with pytest.raises(ConfigurationError, match=r"'dpo' has no TLS for the password.*smtps://"):
        place(f"smtp://afschrift:p%40ss@{server}").send(FILES)
    assert not box.messages


def test_untrusted_certificate_refused(
    serve: Serve, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    box, server = serve(ssl_context=tls)
    with pytest.raises(ConfigurationError, match=r"SSLCertVerificationError.*SSL_CERT_FILE"):
        place(f"smtps://{server}").send(FILES)
    assert not box.messages


def test_a_mailbox_that_is_not_there_and_a_server_that_is_down(serve: Serve, unused_port: int) -> None:
    with pytest.raises(RetriableError, match=r"did not take the message.*next checkpoint makes up"):
        place(f"smtp://127.0.0.1:{unused_port}").send(FILES)
    _, server = serve()
    with pytest.raises(ConfigurationError, match="SMTPRecipientsRefused"):
        place(f"smtp://{server}", "mailto:nobody@example.com").send(FILES)


@pytest.mark.parametrize(
    ("to", "options", "words"),
    [
        (MAILBOX, {"sender": "a@example.org"}, "lack 'server'"),
        (MAILBOX, {"server": "smtp://x"}, "lack 'sender'"),
        (MAILBOX, {"server": "http://needle@x", "sender": "a@example.org"}, "has another form"),
        ("mailto:dpo", {"server": "smtp://needle@x", "sender": "a@example.org"}, "is malformed"),
    ],
)
def test_wrong_options_are_reported(to: str, options: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        MailWitness("dpo", to, options)
    assert "needle" not in str(caught.value)
