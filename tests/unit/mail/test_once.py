"""What became of a message, with a real mail server that accepts it, refuses it or breaks off."""

import pytest
from tests.support.mail_server import Manner, serving, unused_port

from afschrift.domain.errors import ConfigurationError
from afschrift.mail.server import MailOutcome, MailResult, hand_over, server_address

CONTENT = b"Subject: x\r\n\r\n.a line that begins with a dot\r\n..two\r\nend\r\n"
FROM, TO = "privacy@example.org", "anneke@example.org"


def handed(server: str, content: bytes = CONTENT, sender: str = FROM) -> MailResult:
    return hand_over(server_address(server, "the test"), "the test", sender, TO, content)


@pytest.mark.parametrize("manner", [Manner.TAKES, Manner.TAKES_AND_DROPS])
@pytest.mark.parametrize("content", [CONTENT, CONTENT.rstrip(b"\r\n")], ids=["ended", "open"])
def test_what_is_taken_arrives_as_it_is(manner: Manner, content: bytes) -> None:
    with serving(manner) as (server, url):
        assert handed(url, content) == MailResult(MailOutcome.TAKEN, "250")
    [(sender, to, came)] = server.messages
    assert (sender, to) == (FROM, TO)
    assert came == CONTENT


@pytest.mark.parametrize(
    ("manner", "outcome", "reason", "came"),
    [
        (Manner.NO_SUCH_MAILBOX, MailOutcome.NO_SUCH_ADDRESS, "550", 0),
        (Manner.LATER, MailOutcome.NOT_SENT, "451", 0),
        (Manner.LATER_AFTER_ALL, MailOutcome.NOT_SENT, "451", 1),
        (Manner.SPAM, MailOutcome.REFUSED, "554", 1),
        (Manner.SENDER, MailOutcome.MISCONFIGURED, "553", 0),
        (Manner.DROPS_ENVELOPE, MailOutcome.NOT_SENT, "SMTPServerDisconnected", 0),
        (Manner.DROPS_DATA, MailOutcome.NOT_SENT, "SMTPServerDisconnected", 0),
        (Manner.DROPS_HALFWAY, MailOutcome.UNKNOWN, None, 0),
        (Manner.DROPS_ANSWER, MailOutcome.UNKNOWN, None, 1),
    ],
)
def test_what_is_not_taken(manner: Manner, outcome: MailOutcome, reason: str | None, came: int) -> None:
    large = CONTENT + b"x" * 70 + b"\r\n"
    with serving(manner) as (server, url):
        found = handed(url, large)
    assert found.outcome is outcome
    assert reason in (None, found.reason)
    assert len(server.messages) == came


def test_a_server_that_is_down_or_is_none() -> None:
    assert handed(f"smtp://127.0.0.1:{unused_port()}").outcome is MailOutcome.NOT_SENT
    nameless = handed("smtp://a..b.invalid:25")
    assert nameless.outcome is MailOutcome.MISCONFIGURED
    assert nameless.reason in {"UnicodeError", "UnicodeEncodeError"}  # by the version of Python
    with serving() as (server, url):
        assert handed(url, sender="privé@example.org").outcome is MailOutcome.MISCONFIGURED
        password = url.replace("//", "//user:needle@")
        assert handed(password) == MailResult(MailOutcome.MISCONFIGURED, "ConfigurationError")
    assert not server.messages


@pytest.mark.parametrize(
    "text", ["", "mail.example.org", "http://needle@x", "smtp://", "smtp://needle@x:99999"]
)
def test_an_address_of_another_form(text: str) -> None:
    with pytest.raises(ConfigurationError, match="mail server of the test has another form") as caught:
        server_address(text, "the test")
    assert "needle" not in str(caught.value)
