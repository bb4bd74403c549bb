"""A folder or an object store keeps what it was given; a mailbox gets it from a real SMTP server on loopback."""

import itertools
import ssl
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from tests.support.authority import Authority
from tests.support.mail_server import Manner, serving, unused_port

from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError
from afschrift.witnesses.folder_witness import FolderWitness
from afschrift.witnesses.mailbox import MailWitness

ONE = {"afschrift-checkpoint-00-00000001.json": b'{"n":1}'}
TWO = {"afschrift-checkpoint-00-00000002.json": b'{"n":2}', "afschrift-checkpoint-00-00000002.tsa.tsr": b"\0"}
_numbers = itertools.count()


@pytest.fixture(params=["file", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> FolderWitness:
    url = tmp_path.as_uri() if request.param == "file" else f"memory://witness-{next(_numbers)}"
    return FolderWitness("dpo", url, {})


def test_a_place_returns_its_files_in_order_and_takes_no_second_content(place: FolderWitness) -> None:
    assert list(place.read()) == []
    for files in (TWO, ONE, ONE, {"notes.json": b"{}"}):
        place.send(files)
    assert list(place.read()) == [*ONE.items(), *TWO.items()]
    assert place.readable
    with pytest.raises(ConfigurationError, match=r"another content.*afschrift audit verify"):
        place.send(dict.fromkeys(ONE, b'{"n":9}'))
    assert list(place.read()) == [*ONE.items(), *TWO.items()]


def test_a_file_is_whole_and_cannot_be_written_again(tmp_path: Path) -> None:
    FolderWitness("dpo", str(tmp_path), {}).send(ONE)
    [file] = tmp_path.iterdir()  # no part is left
    assert file.stat().st_mode & 0o777 == 0o440


@pytest.mark.parametrize("there", [None, "a file"])
def test_a_place_that_is_no_folder_is_reported(tmp_path: Path, there: str | None) -> None:
    path = tmp_path / "gone"
    if there:
        path.write_text(there)
    place = FolderWitness("dpo", str(path), {})
    for use in (lambda: place.send(ONE), lambda: list(place.read())):
        with pytest.raises(ConfigurationError, match=r"'dpo' cannot be used.*check its folder"):
            use()


@pytest.mark.parametrize(
    "url", ["teapot://bucket/x", "dask://bucket/x"], ids=["unknown", "without its library"]
)
def test_an_unusable_address_is_reported_without_its_options(url: str) -> None:
    with pytest.raises(ConfigurationError, match="witness place 'dpo' cannot be used") as caught:
        FolderWitness("dpo", url, {"password": "needle"})
    assert "needle" not in str(caught.value)


def test_a_store_that_is_down_is_tried_again_later() -> None:
    place = FolderWitness("ftp", f"ftp://127.0.0.1:{unused_port()}/x", {"password": "needle"})
    assert "needle" not in repr(place)
    for use in (lambda: place.send(ONE), lambda: list(place.read())):
        with pytest.raises(RetriableError, match="did not answer") as caught:
            use()
        assert "needle" not in str(caught.value)
        assert isinstance(caught.value, AfschriftError)


FILES = {
    "afschrift-checkpoint-00-00000001.json": '{"é":1}\n'.encode(),
    "afschrift-checkpoint-00-00000001.tsa.tsr": bytes(range(256)),
}
MAILBOX = "mailto:dpo%2Btrail@example.org"


@pytest.fixture(scope="module")
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


def knows_password(*asked: Any) -> AuthResult:
    return AuthResult(success=asked[-1] == LoginPassword(b"afschrift", b"p@ss"), handled=False)


def mail_place(server: str) -> MailWitness:
    return MailWitness("dpo", MAILBOX, {"server": server, "sender": "afschrift@example.org"})


def test_the_files_arrive_as_they_are_in_one_message() -> None:
    with serving() as (box, server):
        witness = mail_place(server)
        witness.send(FILES)
    [(_, to, content)] = box.messages
    message = message_from_bytes(content)
    assert to == "dpo+trail@example.org"
    parts = {part.get_filename(): part.get_payload(decode=True) for part in message.walk()}
    assert {name: parts[name] for name in FILES} == FILES
    assert message["Subject"].endswith("afschrift-checkpoint-00-00000001.json")
    assert message["Auto-Submitted"] == "auto-generated"
    [text] = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    assert b"keep this message" in bytes(text.get_payload(decode=True))  # type: ignore[arg-type]
    assert list(witness.read()) == []
    assert not witness.readable


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_password_goes_over_tls_alone(tls: ssl.SSLContext, scheme: str) -> None:
    over = {"ssl_context": tls, "auth_require_tls": False} if scheme == "smtps" else {"tls_context": tls}
    with serving(**over, auth_required=True, authenticator=knows_password) as (box, address):
        server = address.partition("//")[2]
        witness = mail_place(f"{scheme}://afschrift:p%40ss@{server}")
        assert "p%40ss" not in repr(witness)
        witness.send(FILES)
        assert len(box.messages) == 1
        with pytest.raises(ConfigurationError, match=r"SMTPAuthenticationError.*correct account") as caught:
            mail_place(f"{scheme}://afschrift:needle@{server}").send(FILES)
    assert "needle" not in str(caught.value)


def test_a_server_without_tls_gets_no_password() -> None:
    refusal = pytest.raises(ConfigurationError, match=r"'dpo' has no TLS for the password.*smtps://")
    with serving(auth_require_tls=False, authenticator=knows_password) as (box, server), refusal:
        mail_place(server.replace("//", "//afschrift:p%40ss@")).send(FILES)
    assert not box.messages


def test_untrusted_certificate_refused(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    refusal = pytest.raises(ConfigurationError, match=r"SSLCertVerificationError.*SSL_CERT_FILE")
    with serving(ssl_context=tls) as (box, server), refusal:
        mail_place(server.replace("smtp:", "smtps:")).send(FILES)
    assert not box.messages


def test_a_mailbox_that_is_not_there_and_a_server_that_is_down() -> None:
    with pytest.raises(RetriableError, match=r"did not take the message.*next checkpoint makes up"):
        mail_place(f"smtp://127.0.0.1:{unused_port()}").send(FILES)
    refusal = pytest.raises(ConfigurationError, match="SMTPRecipientsRefused")
    with serving(Manner.NO_SUCH_MAILBOX) as (_, server), refusal:
        mail_place(server).send(FILES)


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
