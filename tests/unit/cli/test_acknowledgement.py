"""A receipt is confirmed by itself where the channel had authenticated the person (R04)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.command_line import submit
from tests.support.days import days_away
from tests.support.mail_server import Manner, mail_file, serving, unused_port

from afschrift.law.letter import LetterRow, LetterState
from afschrift.letters.mail_message import parts
from afschrift.register.register import Register
from afschrift.services import Services

AT = days_away(-2).isoformat()


@pytest.fixture
def register(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Register:
    monkeypatch.setenv("AFSCHRIFT_MAIL", str(mail_file(tmp_path, f"smtp://127.0.0.1:{unused_port()}")))
    return services.register


def submitted(**changed: Any) -> tuple[str, str]:
    """The id of a request, and what else was said."""
    known: dict[str, Any] = {"by": "log-in", "level": "substantial", "at": AT}
    keys = {"customer_id": "1", "email": "ann@example.org"}
    content = {"received_at": AT, "right": "access", "keys": keys, "authenticated": known, "language": "en"}
    done = submit(**content | changed)
    assert done.code == 0, done
    return done.requests[0], done.errors


def letters(register: Register, request: str) -> list[LetterRow]:
    return list(register.letters.all(request_id=request))


def test_the_letter_names_the_period_and_is_sent_once(register: Register, tmp_path: Path) -> None:
    with serving() as (server, url):
        mail_file(tmp_path, url)
        request, answer = submitted()
    [letter] = letters(register, request)
    assert (letter.kind, letter.state, letter.sent_by) == ("acknowledgement", LetterState.SENT, "system")
    assert f"Acknowledgement {letter.id} of {request} is sent." in answer
    [(_, to, content)] = server.messages
    assert to == "ann@example.org"
    _, text, _ = parts(content)
    until = datetime.fromisoformat(letter.detail["until"])
    assert f"up to and including {until.day} {until:%B %Y}" in " ".join(text.split())


def test_a_mail_server_that_is_down_hinders_no_request(register: Register) -> None:
    request, answer = submitted()
    [letter] = letters(register, request)
    assert letter.state is LetterState.PRODUCED
    assert f"The receipt of {request} is not confirmed yet: Letter {letter.id} was not sent" in answer


def test_refused_address_is_reported(register: Register, tmp_path: Path) -> None:
    with serving(Manner.NO_SUCH_MAILBOX) as (_, url):
        mail_file(tmp_path, url)
        request, answer = submitted()
    assert letters(register, request)[0].state is LetterState.BOUNCED
    assert "is bounced" in answer


def test_each_right_of_a_message_has_its_letter(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AFSCHRIFT_MAIL")
    submitted(right=["access", "portability"], keys={"customer_id": "1"})
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
    register: Register, inventory: Path, more: dict[str, Any], policy: str
) -> None:
    with (inventory / "policy.yml").open("a") as file:
        file.write(policy)
    assert letters(register, submitted(**more)[0]) == []


def test_invalid_policy_of_acknowledgement_is_reported(register: Register, inventory: Path) -> None:
    with (inventory / "policy.yml").open("a") as file:
        file.write("acknowledge: sometimes\n")
    assert "acknowledge: choose one of automatic, manual" in submit().errors
