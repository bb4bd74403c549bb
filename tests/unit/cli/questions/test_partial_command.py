"""An answer in parts at a terminal: the question, the officer's own choice, what is listed, and the letters."""

from __future__ import annotations

import getpass
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from babel.dates import format_date
from testbed.running import installation, run, store
from testbed.small import write_database, write_inventory
from tests.support.days import days_away, local_today
from tests.support.parts import Club, run_to_its_end
from typer.testing import CliRunner

from afschrift.cli.main import app
from afschrift.domain.errors import (
    AfschriftError,
    ConfigurationError,
    FormError,
    NotAllowedError,
    RefusedError,
)
from afschrift.domain.state import State
from afschrift.services import Services

pytestmark = pytest.mark.slow

SOON = str(days_away(9).date())
RECEIVED = days_away(-2).isoformat()


@pytest.fixture
def club(tmp_path: Path) -> Club:
    return Club(tmp_path)


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, club: Club) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    club.declare(write_inventory(tmp_path / "inventory"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(tmp_path / "inventory"))
    return installation(tmp_path / "home", tmp_path / "inventory")


@pytest.fixture
def request_(services: Services) -> str:
    return store(services, {"customer_id": "1"}, received_at=RECEIVED, language="en", formats=["json"])


@pytest.fixture
def why(tmp_path: Path) -> Path:
    (tmp_path / "why.txt").write_text("The server is being mended; kwikstaart.")
    return tmp_path / "why.txt"


def run_command(*words: str | Path) -> str:
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, (done.output, done.exception)
    assert "kwikstaart" not in done.output
    return done.output


def refused(*words: str | Path) -> AfschriftError:
    error = CliRunner().invoke(app, list(map(str, words))).exception
    assert isinstance(error, AfschriftError), error
    assert "kwikstaart" not in str(error)
    return error


def test_the_question_at_a_terminal(services: Services, club: Club, request_: str, why: Path) -> None:
    with club.away():
        run_to_its_end(services, request_)
        listed = run_command("questions")
        assert "source_down" in listed
        assert "options try_again, partial" in listed
        assert "rest_by: a date as 2026-11-25" in listed
        [question] = services.register.questions.all(request_id=request_)
        rest = ("--choice", "partial", "--text-file", why)
        assert isinstance(refused("answer", question.id, *rest), FormError)
        message = run_command("answer", question.id, *rest, "--set", f"rest_by={SOON}")
        assert "Recorded: source_down = partial." in message
        assert "letter make REQUEST partial_delivery" in message
        run(services, request_)
    for words in (("requests",), ("request", "show", request_)):
        assert "artly delivered on" in run_command(*words)
        assert SOON in run_command(*words)


def test_an_officer_chooses_it_unasked(services: Services, club: Club, request_: str, why: Path) -> None:
    message = run_command("partial", request_, "--source", "club", "--rest-by", SOON, "--text-file", why)
    assert f"club is left for later, the rest follows by {SOON}" in message
    assert "opens club again" in run_command("partial", request_, "--source", "club", "--take-back")
    run_command("partial", request_, "--source", "club", "--rest-by", SOON, "--text-file", why)
    with club.away():
        assert run(services, request_).name.endswith("-partial.zip")
    taken = [d for d in services.register.decisions.of(request_) if d.kind == "source_down"]
    assert [d.choice for d in taken] == ["partial", "try_again", "partial"]
    assert len({d.about for d in taken}) == 3


def test_what_is_turned_down(
    services: Services, club: Club, request_: str, why: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = ("--rest-by", SOON, "--text-file", why)
    assert isinstance(refused("partial", request_, "--source", "shop", *rest), RefusedError)
    assert "name one of" in str(refused("partial", request_, "--source", "kwikstaart", *rest))
    assert isinstance(refused("partial", request_, "--source", "club", "--rest-by", SOON), FormError)
    assert isinstance(refused("partial", request_, "--source", "club"), ConfigurationError)
    late = ("--rest-by", str(local_today() + timedelta(days=70)), "--text-file", why)
    assert "the last day of the request" in str(refused("partial", request_, "--source", "club", *late))
    assert [d for d in services.register.decisions.of(request_) if d.kind == "source_down"] == []
    roles = f'people:\n  Zed:\n    accounts: ["cli:{getpass.getuser()}"]\n    roles: [intake]\n'
    (tmp_path / "roles.yml").write_text(roles, encoding="utf-8")
    monkeypatch.setenv("AFSCHRIFT_ROLES", str(tmp_path / "roles.yml"))
    assert isinstance(refused("partial", request_, "--source", "club", *rest), NotAllowedError)
    assert "answer_refused" in [h.type for h, _ in services.register.trail.events(request_)]


def test_the_letters_know_what_is_missing_and_what_came(
    services: Services, club: Club, request_: str, why: Path, tmp_path: Path
) -> None:
    form = tmp_path / "form.yml"
    form.write_text(json.dumps({"where": "https://example.org/x", "available_until": SOON}))
    run_command("partial", request_, "--source", "club", "--rest-by", SOON, "--text-file", why)
    run(services, request_)
    assert "LETTER NOT SENT" in run_command("request", "show", request_)
    shown = run_command("letter", "make", request_, "partial_delivery", "--from", form, "--preview")
    assert "The loyalty card club" in shown
    assert format_date(date.fromisoformat(SOON), "d MMMM", "en") in " ".join(shown.split())
    wrong = json.loads(form.read_text()) | {"rest_by": str(local_today())}
    (tmp_path / "wrong.yml").write_text(json.dumps(wrong))
    error = refused("letter", "make", request_, "partial_delivery", "--from", tmp_path / "wrong.yml")
    assert "another day than was decided on" in str(error)
    made = json.loads(run_command("letter", "make", request_, "partial_delivery", "--from", form, "--json"))
    (tmp_path / "receipt.pdf").write_bytes(b"%PDF-1.7\n")
    proof = ("--channel", "post", "--proof", tmp_path / "receipt.pdf")
    run_command("letter", "sent", made["id"], "--on", str(local_today()), *proof, "--no-id-copy")
    assert "LETTER NOT SENT" not in run_command("request", "show", request_)
    run(services, request_)
    assert services.register.requests.get(request_).state is State.DELIVERED
    assert "The loyalty card club" in run_command(
        "letter", "make", request_, "supplement", "--from", form, "--preview"
    )
