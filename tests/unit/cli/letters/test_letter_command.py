"""Letters as a person makes and sends them, over a real mail server."""

import json
import os
import re
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from testbed.running import store
from tests.support.command_line import in_this_process, refused, run_command
from tests.support.days import local_today
from tests.support.mail_server import Manner, mail_file, serving, unused_port

from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError
from afschrift.domain.instants import utc_now
from afschrift.law.letter import LetterState
from afschrift.letters.kinds import KINDS
from afschrift.register.outbox import Outbox
from afschrift.services import Services

MESSAGE = "Ik ben Anneke Jansen, anneke@example.org. Graag al mijn gegevens."
IDENTITY = {"doubt": "Wij kennen dit adres niet.", "ways": ["login"], "to": "anneke@example.org"}
letter = partial(run_command, "letter")
refused_letter = partial(refused, "letter")


@pytest.fixture
def request_id(services: Services) -> str:
    """Received yesterday, from a person who is not identified."""
    received = (utc_now() - timedelta(days=1)).isoformat()
    more = {"message": MESSAGE, "received_at": received, "authenticated": None, "language": "nl"}
    return store(services, {"customer_id": "1"}, **more)


@pytest.fixture
def mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The options of a mail server that is down."""
    monkeypatch.setenv("AFSCHRIFT_MAIL", str(tmp_path / "mail.json"))
    return mail_file(tmp_path, f"smtp://127.0.0.1:{unused_port()}")


def shown(*words: str, stdin: str = "") -> Any:
    """What a command prints for machines."""
    return json.loads(in_this_process(("letter", *words, "--json"), stdin).text)


def made(request: str, kind: str = "identity_request", **elements: Any) -> str:
    form = json.dumps(IDENTITY | elements if kind == "identity_request" else elements)
    return str(shown("make", request, kind, "--from", "-", stdin=form)["id"])


def recorded_kinds(services: Services, request: str) -> list[str]:
    return [h.type for h, _ in services.register.trail.events(request)]


def test_the_kinds_and_a_form_to_fill_in(tmp_path: Path, request_id: str) -> None:
    listing = letter("kinds")
    assert all(kind in listing for kind in KINDS)
    assert {load["kind"] for load in json.loads(letter("kinds", "--json"))} == set(KINDS)
    form = tmp_path / "form.yml"
    form.write_text(letter("kinds", "identity_request"))
    make = ("make", request_id, "identity_request", "--from", form)
    assert set(refused_letter(*make).fields) == {"doubt", "ways"}
    filled = form.read_text().replace("doubt: |\n  ", "doubt: |\n  Wij kennen dit adres niet.")
    form.write_text(filled.replace("ways: []", "ways: [login]"))
    assert "let-" in letter(*make)
    assert "no letter of this kind" in str(refused_letter("kinds", "kwikstaart"))


def test_an_acknowledgement_says_its_period_and_is_sent_by_mail(
    services: Services, request_id: str, tmp_path: Path, mail: Path
) -> None:
    preview = letter("make", request_id, "acknowledgement", "--from", "-", "--preview", stdin="{}")
    assert "tot en met" in preview
    assert shown("list") == []
    elements = {"to": "anneke@example.org", "name": "Anneke Jansen", "quote": "Graag al mijn gegevens."}
    letter_id = made(request_id, "acknowledgement", **elements)
    row = shown("show", letter_id)
    assert row["state"] == "produced"
    assert request_id in row["text"]
    assert row["detail"]["until"] > local_today().isoformat()
    assert row["detail"]["algorithm"] == "2"
    page = tmp_path / "letter.html"
    letter("show", letter_id, "--html", page)
    assert page.read_text().startswith("<!doctype html>")
    assert oct(page.stat().st_mode & 0o777) == "0o600"
    assert request_id in letter("list", "--request", request_id, "--state", "produced")
    assert "No letter" in letter("list", "--state", "bounced")
    with serving() as (server, url):
        mail_file(tmp_path, url)
        assert re.search(r"sent \d{4}-\d\d-\d\d by smtp", letter("send", letter_id))
        assert "is sent and cannot be sent" in str(refused_letter("send", letter_id))
    [(sender, to, content)] = server.messages
    assert (sender, to) == ("privacy@example.org", "anneke@example.org")
    assert letter_id.encode() in content
    assert content == b"".join(services.register.documents.read(row["document"], "x"))
    looked = ["case_document_read"] * 2
    sent = ["letter_sending", "letter_sent", "case_document_read"]
    assert recorded_kinds(services, request_id)[-5:] == [*looked, *sent]


@pytest.mark.parametrize(
    ("manner", "state", "words"),
    [
        (Manner.NO_SUCH_MAILBOX, "bounced", None),
        (Manner.SPAM, "bounced", None),
        (Manner.LATER, "produced", r"was not sent: the mail server did not take it \(451\)"),
        (Manner.SENDER, "produced", r"cannot be used \(553\)"),
        (Manner.DROPS_HALFWAY, "unknown", r"may have been sent.*not sent again by itself"),
        (Manner.DROPS_ANSWER, "unknown", r"afschrift letter release"),
    ],
)
def test_result_of_the_mail_server_is_reported(
    request_id: str, tmp_path: Path, mail: Path, manner: Manner, state: str, words: str | None
) -> None:
    letter_id = made(request_id)
    with serving(manner) as (server, url):
        mail_file(tmp_path, url)
        if words is None:
            assert "came back" in letter("send", letter_id)
        else:
            with pytest.raises(AfschriftError, match=words):
                raise refused_letter("send", letter_id)
        assert shown("list")[0]["state"] == state
        if state == "unknown":
            came = len(server.messages)
            server.manner = Manner.TAKES
            assert "is unknown and cannot be sent" in str(refused_letter("send", letter_id))
            assert len(server.messages) == came
            assert "produced" in letter("release", letter_id)
            letter("send", letter_id)
            assert len(server.messages) == came + 1


def test_a_server_that_is_down_leaves_the_letter_and_the_clock_as_they_are(
    services: Services, request_id: str, tmp_path: Path, mail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_command("request", "suspend", request_id, "--ground", "identity", "--doubt", "other_address")
    letter_id = made(request_id)
    assert isinstance(refused_letter("send", letter_id), RetriableError)
    assert shown("list")[0]["state"] == "produced"
    assert services.register.facts.timeline(request_id).waiting.sent_on is None
    mail.chmod(0o644)
    assert "open to other accounts" in str(refused_letter("send", letter_id))
    mail.chmod(0o600)
    mail.write_text("{}")
    assert "lack 'server' or 'sender'" in str(refused_letter("send", letter_id))
    mail_file(tmp_path, "http://needle@x")
    assert "needle" not in str(refused_letter("send", letter_id))
    monkeypatch.delenv("AFSCHRIFT_MAIL")
    assert isinstance(refused_letter("send", letter_id), ConfigurationError)
    assert shown("list")[0]["state"] == "produced"


def test_a_process_that_dies_after_the_server_took_it_sends_nothing_twice(
    request_id: str, mail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter_id = made(request_id)
    with serving() as (server, url):
        mail_file(mail.parent, url)
        child = os.fork()
        if child == 0:
            monkeypatch.setattr(Outbox, "settle", lambda *_, **__: os._exit(7))
            letter("send", letter_id)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert shown("list")[0]["state"] == "sending"
        assert "is sending and cannot be sent" in str(refused_letter("send", letter_id))
        monkeypatch.setattr("afschrift.register.letters.PATIENCE", timedelta(0))
        assert shown("list", "--state", "unknown")[0]["id"] == letter_id
        assert "is unknown and cannot be sent" in str(refused_letter("send", letter_id))
    assert len(server.messages) == 1


def test_a_person_enters_a_sending_with_a_proof(services: Services, request_id: str, tmp_path: Path) -> None:
    letter_id, today = made(request_id), str(local_today())
    proof = tmp_path / "Bewijs Anneke.pdf"
    words = ("sent", letter_id, "--on", today, "--channel", "registered_post", "--proof", proof)
    missing = str(refused_letter(*words, "--no-id-copy"))
    assert "cannot be read" in missing
    assert "Anneke" not in missing
    proof.write_bytes(b"#!/bin/sh")
    assert "content is something else" in str(refused_letter(*words, "--no-id-copy"))
    proof.write_bytes(b"%PDF-1.7")
    assert "identity document must not be kept (R11)" in str(refused_letter(*words, stdin="y\n"))
    assert shown("list")[0]["state"] == "produced"
    assert "by registered_post" in letter(*words, stdin="n\n")
    row = shown("list")[0]
    assert (row["state"], row["sent_on"]) == ("sent", today)
    assert b"".join(services.register.documents.read(row["proof"], "x")) == b"%PDF-1.7"
    wrong = ("letter", "sent", letter_id, "--on", "5 maart", "--channel", "post", "--proof", str(proof))
    assert in_this_process(wrong).code == 1


def test_without_the_role_nothing_is_made_or_seen(
    services: Services, request_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter_id = made(request_id)
    roles = tmp_path / "roles.yml"
    roles.write_text("people:\n  bea:\n    accounts: [cli:absent]\n    roles: [officer]\n")
    monkeypatch.setenv("AFSCHRIFT_ROLES", str(roles))
    for words in (
        ("make", request_id, "acknowledgement"),
        ("send", letter_id),
        ("show", letter_id),
        ("release", letter_id),
        ("discard", letter_id, "--reason", "replaced"),
        ("bounced", letter_id, "--on", "2026-03-05", "--reason", "refused"),
        ("sent", letter_id, "--on", "2026-03-05", "--channel", "post", "--proof", roles),
    ):
        assert "takes the role" in str(refused_letter(*words)), words
    assert recorded_kinds(services, request_id).count("answer_refused") == 7
    assert services.register.letters.get(letter_id).state is LetterState.PRODUCED
