"""Letters as a person makes and sends them, over a real mail server."""

from __future__ import annotations

import json
import os
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from testbed.running import installation, store
from testbed.small import write_database, write_inventory
from tests.support.days import local_today
from tests.support.mail_server import Manner, serving, unused_port
from typer.testing import CliRunner, Result

from afschrift.cli.main import app
from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError
from afschrift.domain.instants import utc_now
from afschrift.law.letter import LetterState
from afschrift.letters.kinds import KINDS
from afschrift.register.outbox import Outbox
from afschrift.services import Services

MESSAGE = "Ik ben Anneke Jansen, anneke@example.org. Graag al mijn gegevens."
IDENTITY = {
    "doubt": "Wij kennen dit adres niet.",
    "ways": ["login"],
    "to": "anneke@example.org",
    "name": "Anneke Jansen",
}


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory")))
    return installation(tmp_path / "home", tmp_path / "inventory")


@pytest.fixture
def request_id(services: Services) -> str:
    """Received yesterday, from a person who is not identified."""
    received = (utc_now() - timedelta(days=1)).isoformat()
    more = {"message": MESSAGE, "received_at": received, "authenticated": None, "language": "nl"}
    return store(services, {"customer_id": "1"}, "access", **more)


@pytest.fixture
def mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The options of a mail server; `aim` fills them in."""
    file = tmp_path / "mail.json"
    monkeypatch.setenv("AFSCHRIFT_MAIL", str(file))
    return aim(file, f"smtp://127.0.0.1:{unused_port()}")


def aim(file: Path, server: str) -> Path:
    file.write_text(json.dumps({"server": server, "sender": "privacy@example.org"}))
    file.chmod(0o600)
    return file


def letter(*words: str | Path, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["letter", *map(str, words)], input=stdin)


def run_command(*words: str | Path, stdin: str = "") -> str:
    done = letter(*words, stdin=stdin)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def shown(*words: str | Path, stdin: str = "") -> Any:
    """What a command prints for machines."""
    return json.loads(CliRunner().invoke(app, ["letter", *map(str, words), "--json"], input=stdin).stdout)


def refused(*words: str | Path, stdin: str = "") -> AfschriftError:
    error = letter(*words, stdin=stdin).exception
    assert isinstance(error, AfschriftError), letter(*words, stdin=stdin).output
    return error


def made(request: str, kind: str = "identity_request", **elements: Any) -> str:
    form = json.dumps(IDENTITY | elements if kind == "identity_request" else elements)
    return str(shown("make", request, kind, "--from", "-", stdin=form)["id"])


def recorded_kinds(services: Services, request: str) -> list[str]:
    return [h.type for h, _ in services.register.trail.events(request)]


def test_the_kinds_and_a_form_to_fill_in(tmp_path: Path, services: Services, request_id: str) -> None:
    listing = run_command("kinds")
    assert all(kind in listing for kind in KINDS)
    assert {load["kind"] for load in json.loads(run_command("kinds", "--json"))} == set(KINDS)
    form = tmp_path / "form.yml"
    form.write_text(run_command("kinds", "identity_request"))
    assert set(refused("make", request_id, "identity_request", "--from", form).fields) == {"doubt", "ways"}
    filled = (
        form.read_text()
        .replace("doubt: |\n  ", "doubt: |\n  Wij kennen dit adres niet.")
        .replace("ways: []", "ways: [login]")
    )
    form.write_text(filled)
    assert "let-" in run_command("make", request_id, "identity_request", "--from", form)
    assert "no letter of this kind" in str(refused("kinds", "kwikstaart"))


def test_an_acknowledgement_says_its_period_and_is_sent_by_mail(
    services: Services, request_id: str, mail: Path
) -> None:
    preview = run_command("make", request_id, "acknowledgement", "--from", "-", "--preview", stdin="{}")
    assert "tot en met" in preview
    assert json.loads(run_command("list", "--json")) == []
    letter_id = made(
        request_id,
        "acknowledgement",
        to="anneke@example.org",
        name="Anneke Jansen",
        quote="Graag al mijn gegevens.",
    )
    row = shown("show", letter_id)
    assert row["state"] == "produced"
    assert f"{request_id}" in row["text"]
    assert row["detail"]["until"] > local_today().isoformat()
    assert row["detail"]["algorithm"] == "2"
    with serving() as (server, url):
        aim(mail, url)
        assert re.search(r"sent \d{4}-\d\d-\d\d by smtp", run_command("send", letter_id))
        assert "is sent and cannot be sent" in str(refused("send", letter_id))
    [(sender, to, content)] = server.messages
    assert (sender, to) == ("privacy@example.org", "anneke@example.org")
    assert letter_id.encode() in content
    kept = b"".join(services.register.documents.read(row["document"], "x"))
    assert content == kept
    assert recorded_kinds(services, request_id)[-3:] == [
        "letter_sending",
        "letter_sent",
        "case_document_read",
    ]


def test_an_identity_request_stops_the_clock_from_its_sending(
    services: Services, request_id: str, mail: Path
) -> None:
    run = CliRunner().invoke(
        app, ["request", "suspend", request_id, "--ground", "identity", "--doubt", "other_address"]
    )
    assert run.exit_code == 0, run.exception
    letter_id = made(request_id)
    with serving() as (_, url):
        aim(mail, url)
        run_command("send", letter_id)
    waiting = services.register.facts.timeline(request_id).waiting
    assert str(waiting.sent_on) == shown("list")[0]["sent_on"]
    assert waiting.sent_by == ("smtp", letter_id)
    bounced = run_command(
        "bounced", letter_id, "--on", shown("list")[0]["sent_on"], "--reason", "mailbox_full"
    )
    assert "came back" in bounced
    assert services.register.facts.timeline(request_id).waiting.sent_on is None


def test_a_question_that_nothing_was_decided_about_is_warned_of(request_id: str) -> None:
    done = letter("make", request_id, "identity_request", "--from", "-", stdin=json.dumps(IDENTITY))
    assert "will stop no clock: `afschrift request suspend`" in done.stderr
    assert "There is no extension to announce" in str(
        refused("make", request_id, "extension", "--from", "-", stdin='{"reasons": "Veel werk."}')
    )


def test_extension_letter_has_the_new_due_date(services: Services, request_id: str) -> None:
    run = CliRunner().invoke(app, ["request", "extend", request_id, "--reason", "scattered_over_systems"])
    assert run.exit_code == 0, (run.output, run.exception)
    letter_id = made(request_id, "extension", reasons="Uw gegevens staan in vijf systemen.")
    new_due = date.fromisoformat(shown("show", letter_id)["detail"]["new_due"])
    assert 80 < (new_due - local_today()).days < 100


def test_unidentified_person_gets_only_their_own_words(services: Services, request_id: str) -> None:
    for element, value in (("name", "Bea Bakker"), ("doubt", "Wij kennen u als bea@example.org.")):
        message = refused(
            "make",
            request_id,
            "identity_request",
            "--from",
            "-",
            stdin=json.dumps(IDENTITY | {element: value}),
        )
        assert "not identified yet" in str(message)
        assert "ea" + "@" not in str(message)
    other = json.dumps(IDENTITY | {"to": "bea@example.org"})
    assert "did not write from or name this address" in str(
        refused("make", request_id, "identity_request", "--from", "-", stdin=other)
    )
    delivery = {"where": "https://x.example", "available_until": "2027-01-01"}
    form = json.dumps(delivery)
    assert "is about their data" in str(refused("make", request_id, "delivery", "--from", "-", stdin=form))
    run = CliRunner().invoke(
        app, ["request", "confirm-identity", request_id, "--method", "call_back", "--level", "high"]
    )
    assert run.exit_code == 0, run.exception
    made(request_id, "delivery", **delivery, name="Bea Bakker", to="bea@example.org")


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
    services: Services, request_id: str, mail: Path, manner: Manner, state: str, words: str | None
) -> None:
    letter_id = made(request_id)
    with serving(manner) as (server, url):
        aim(mail, url)
        if words is None:
            assert "came back" in run_command("send", letter_id)
        else:
            with pytest.raises(AfschriftError, match=words):
                raise refused("send", letter_id)
        assert shown("list")[0]["state"] == state
        if state == "unknown":
            came = len(server.messages)
            server.manner = Manner.TAKES
            assert "is unknown and cannot be sent" in str(refused("send", letter_id))
            assert len(server.messages) == came
            assert "produced" in run_command("release", letter_id)
            run_command("send", letter_id)
            assert len(server.messages) == came + 1


def test_a_server_that_is_down_leaves_the_letter_and_the_clock_as_they_are(
    services: Services, request_id: str, mail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CliRunner().invoke(
        app, ["request", "suspend", request_id, "--ground", "identity", "--doubt", "other_address"]
    )
    letter_id = made(request_id)
    assert isinstance(refused("send", letter_id), RetriableError)
    assert shown("list")[0]["state"] == "produced"
    assert services.register.facts.timeline(request_id).waiting.sent_on is None
    mail.chmod(0o644)
    assert "open to other accounts" in str(refused("send", letter_id))
    mail.write_text("{}")
    mail.chmod(0o600)
    assert "lack 'server' or 'sender'" in str(refused("send", letter_id))
    aim(mail, "http://needle@x")
    assert "needle" not in str(refused("send", letter_id))
    monkeypatch.delenv("AFSCHRIFT_MAIL")
    assert isinstance(refused("send", letter_id), ConfigurationError)
    assert shown("list")[0]["state"] == "produced"


def test_a_process_that_dies_after_the_server_took_it_sends_nothing_twice(
    services: Services, request_id: str, mail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter_id = made(request_id)
    with serving() as (server, url):
        aim(mail, url)
        child = os.fork()
        if child == 0:
            monkeypatch.setattr(Outbox, "settle", lambda *_, **__: os._exit(7))
            letter("send", letter_id)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert shown("list")[0]["state"] == "sending"
        assert "is sending and cannot be sent" in str(refused("send", letter_id))
        monkeypatch.setattr("afschrift.register.letters.PATIENCE", timedelta(0))
        assert shown("list", "--state", "unknown")[0]["id"] == letter_id
        assert "is unknown and cannot be sent" in str(refused("send", letter_id))
    assert len(server.messages) == 1


def test_a_person_enters_a_sending_with_a_proof(services: Services, request_id: str, tmp_path: Path) -> None:
    letter_id = made(request_id)
    today = str(local_today())
    proof = tmp_path / "Bewijs Anneke.pdf"
    words = (
        "sent",
        letter_id,
        "--on",
        today,
        "--channel",
        "registered_post",
        "--proof",
        proof,
        "--no-id-copy",
    )
    missing = str(refused(*words))
    assert "cannot be read" in missing
    assert "Anneke" not in missing
    proof.write_bytes(b"#!/bin/sh")
    assert "content is something else" in str(refused(*words))
    proof.write_bytes(b"%PDF-1.7")
    assert "identity document must not be kept (R11)" in str(refused(*words[:-1], stdin="y\n"))
    assert shown("list")[0]["state"] == "produced"
    assert "by registered_post" in run_command(*words[:-1], stdin="n\n")
    row = shown("list")[0]
    assert (row["state"], row["sent_on"]) == ("sent", today)
    assert b"".join(services.register.documents.read(row["proof"], "x")) == b"%PDF-1.7"
    assert letter("sent", letter_id, "--on", "5 maart", "--channel", "post", "--proof", proof).exit_code == 2


def test_a_letter_is_shown_and_printed_and_the_look_is_an_event(
    services: Services, request_id: str, tmp_path: Path
) -> None:
    letter_id = made(request_id)
    assert "Wij willen eerst zeker weten wie u bent" in run_command("show", letter_id)
    page = tmp_path / "letter.html"
    run_command("show", letter_id, "--html", page)
    assert page.read_text().startswith("<!doctype html>")
    assert oct(page.stat().st_mode & 0o777) == "0o600"
    assert recorded_kinds(services, request_id).count("case_document_read") == 2
    assert request_id in run_command("list", "--request", request_id, "--state", "produced")
    assert "No letter" in run_command("list", "--state", "bounced")


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
        ("bounced", letter_id, "--on", "2026-03-05", "--reason", "refused"),
        ("sent", letter_id, "--on", "2026-03-05", "--channel", "post", "--proof", roles),
    ):
        assert "takes the role" in str(refused(*words)), words
    assert recorded_kinds(services, request_id).count("answer_refused") == 6
    assert services.register.letters.get(letter_id).state is LetterState.PRODUCED


@pytest.mark.parametrize("form", ["{", "- a", "a: &a [*a]", "1: x", "\xff", "!!python/object:os.system {}"])
def test_malformed_form_is_refused_without_its_content(request_id: str, form: str) -> None:
    message = str(refused("make", request_id, "acknowledgement", "--from", "-", stdin=form))
    assert "os.system" not in message


def test_every_command_has_help() -> None:
    for command in ("kinds", "list", "make", "show", "send", "sent", "bounced", "release"):
        assert "Usage" in run_command(command, "--help")
