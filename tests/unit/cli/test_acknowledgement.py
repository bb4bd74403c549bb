"""A receipt is confirmed by itself where the channel had authenticated the person (R04)."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from testbed.running import installation
from testbed.small import write_database, write_inventory
from tests.support.days import days_away
from tests.support.mail_server import Manner, serving, unused_port
from typer.testing import CliRunner

from afschrift.cli.main import app
from afschrift.law.letter import LetterRow, LetterState
from afschrift.letters.mail_message import parts
from afschrift.register.open import open_register
from afschrift.register.register import Register

AT = days_away(-2).isoformat()
LOGIN = {"by": "log-in", "level": "substantial", "at": AT}


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Register:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory")))
    monkeypatch.setenv("AFSCHRIFT_MAIL", str(tmp_path / "mail.json"))
    aim(tmp_path, unused_port())
    installation(tmp_path / "home", tmp_path / "inventory")
    return open_register()


def aim(folder: Path, port: int) -> None:
    file = folder / "mail.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"server": f"smtp://127.0.0.1:{port}", "sender": "privacy@example.org"}))


def submit(**more: Any) -> tuple[str, str]:
    """The id of a request, and what else was said."""
    content = {
        "message": "All my data please. Ann",
        "channel": "portal",
        "received_at": AT,
        "right": "access",
        "keys": {"customer_id": "1", "email": "ann@example.org"},
        "authenticated": LOGIN,
        "language": "en",
    } | more
    done = CliRunner().invoke(app, ["submit", "-", "--start", "no"], input=json.dumps(content))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout.split()[0], done.stderr


def letters(register: Register, request: str) -> list[LetterRow]:
    return list(register.letters.all(request_id=request))


def test_the_letter_names_the_period_and_is_sent_once(register: Register, tmp_path: Path) -> None:
    port = unused_port()
    aim(tmp_path, port)
    with serving(port=port) as (server, _):
        request, answer = submit()
    [letter] = letters(register, request)
    assert (letter.kind, letter.state, letter.sent_by) == ("acknowledgement", LetterState.SENT, "system")
    assert f"Acknowledgement {letter.id} of {request} is sent." in answer
    [(_, to, content)] = server.messages
    assert to == "ann@example.org"
    _, text, _ = parts(content)
    until = datetime.fromisoformat(letter.detail["until"])
    period = f"up to and including {until.day} {until:%B %Y}"
    assert period in " ".join(text.split())


def test_a_mail_server_that_is_down_hinders_no_request(register: Register) -> None:
    request, answer = submit()
    [letter] = letters(register, request)
    assert letter.state is LetterState.PRODUCED
    assert f"The receipt of {request} is not confirmed yet: Letter {letter.id} was not sent" in answer


def test_refused_address_is_reported(register: Register, tmp_path: Path) -> None:
    port = unused_port()
    aim(tmp_path, port)
    with serving(Manner.NO_SUCH_MAILBOX, port):
        request, answer = submit()
    assert letters(register, request)[0].state is LetterState.BOUNCED
    assert "is bounced" in answer


def test_each_right_of_a_message_has_its_letter(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AFSCHRIFT_MAIL")
    submit(right=["access", "portability"], keys={"customer_id": "1"})
    made = register.letters.all()
    assert [(letter.kind, letter.mailed, letter.state) for letter in made] == [
        ("acknowledgement", False, LetterState.PRODUCED)
    ] * 2
    assert len({letter.request for letter in made}) == 2


@pytest.mark.parametrize(
    ("more", "policy"),
    [
        ({"authenticated": None}, ""),
        ({"received_at": days_away(-50).isoformat()}, ""),
        ({}, "acknowledge: manual\n"),
    ],
    ids=["no one is authenticated", "the last day is over", "the policy leaves it to a person"],
)
def test_it_is_left_to_a_person(
    register: Register, tmp_path: Path, more: dict[str, Any], policy: str
) -> None:
    file = tmp_path / "inventory" / "policy.yml"
    file.write_text(file.read_text() + policy)
    request, _ = submit(**more)
    assert letters(register, request) == []


def test_invalid_policy_of_acknowledgement_is_reported(register: Register, tmp_path: Path) -> None:
    file = tmp_path / "inventory" / "policy.yml"
    file.write_text(f"{file.read_text()}acknowledge: sometimes\n")
    done = CliRunner().invoke(app, ["submit", "-", "--start", "no"], input="{}")
    assert "acknowledge" in str(done.exception)
    assert "choose one of automatic, manual" in str(done.exception)
