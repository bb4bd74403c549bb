"""`afschrift manual` at a terminal: what is to be searched, answers with files, and what is turned down."""

from __future__ import annotations

import getpass
import json
import os
import zipfile
from pathlib import Path

import pytest
from testbed.running import installation, run, store
from testbed.small import write_database, write_inventory
from tests.support.active_files import pdf
from tests.support.manual import add_systems, system, waits, zipped
from typer.testing import CliRunner

from afschrift.cli.main import app
from afschrift.domain.errors import (
    AfschriftError,
    ConfigurationError,
    FormError,
    NotAllowedError,
    RefusedError,
    TooLateError,
)
from afschrift.services import Services

pytestmark = pytest.mark.slow

LETTER = pdf(text=b"Beste kwikstaart")
ROLES = """
people:
  Bea:
    accounts: ["cli:bea"]
    roles: [keeper]
  Cas:
    accounts: ["cli:{me}"]
    roles: [{role}]
"""


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    systems = (system("mail", "mailbox", owner="Bea"), system("tape", "backup"))
    inventory = add_systems(write_inventory(tmp_path / "inventory"), *systems)
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(inventory))
    return installation(tmp_path / "home", inventory)


@pytest.fixture
def request_(services: Services) -> str:
    """A request that waits for both systems; the user at the terminal may answer."""
    request = store(services, {"customer_id": "1"}, language="en")
    asked = waits(services, request)
    run_command("questions", "assign", asked["mail"], "--anybody")
    return request


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    (tmp_path / "kwikstaart.pdf").write_bytes(LETTER)
    return tmp_path / "kwikstaart.pdf"


def run_command(*words: str | Path) -> str:
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, done.output
    return done.output


def refused(*words: str | Path) -> AfschriftError:
    error = CliRunner().invoke(app, list(map(str, words))).exception
    assert isinstance(error, AfschriftError), error
    assert "kwikstaart" not in str(error)
    return error


def test_what_is_to_be_searched_by_whom_and_by_when(services: Services) -> None:
    assert "No system waits" in run_command("manual", "list")
    request = store(services, {"customer_id": "1"}, received_at="2026-11-02T09:00:00Z")
    waits(services, request)
    listed = run_command("manual", "list")
    # The last day is Wednesday 2 December, the target the day before, and this five working days before that.
    assert f"{request}  mail  mailbox  role keeper for Bea  due 2026-11-24" in listed
    assert f"{request}  tape  backup  role keeper  due 2026-11-24" in listed
    [mail, tape] = json.loads(run_command("manual", "list", "--request", request, "--json"))
    assert (mail["assigned_to"], tape["assigned_to"], mail["medium"]) == ("Bea", None, "mailbox")


def test_instruction_and_keys_are_shown_with_an_event(services: Services, request_: str) -> None:
    shown = run_command("manual", "show", request_, "mail")
    assert "Zoek op naam en e-mailadres." in shown
    assert "customer_id: 1" in shown
    header, payload = services.register.trail.events(request_)[-1]
    assert (header.type, header.actor) == ("identity_read", f"cli:{getpass.getuser()}")
    assert payload and set(payload) == {"question"}


def test_files_nothing_and_not_searched_end_in_a_bundle(
    services: Services, request_: str, letter: Path
) -> None:
    message = run_command("manual", "answer", request_, "mail", "--file", letter, "--file", letter)
    assert "Recorded: mail = given." in message
    assert "needs an answer to" in message  # the other system
    message = run_command("manual", "answer", request_, "tape", "--not-searched", "copy_of_searched")
    assert f"afschrift run {request_}" in message
    assert "answered" in run_command("manual", "list", "--all")
    with zipfile.ZipFile(run(services, request_)) as bundle:
        files = {n.partition("/")[2]: bundle.read(n) for n in bundle.namelist() if "/files/" in n}
    assert files == {"data/files/mail/000001.pdf": LETTER, "data/files/mail/000002.pdf": LETTER}


def test_one_answer_is_needed(request_: str, letter: Path) -> None:
    assert isinstance(refused("manual", "answer", request_, "mail"), ConfigurationError)
    words = ("manual", "answer", request_, "mail", "--nothing-held", "--file", letter)
    assert isinstance(refused(*words), ConfigurationError)
    assert "copy_of_searched" in str(refused("manual", "answer", request_, "mail", "--not-searched", "busy"))
    assert isinstance(refused("manual", "answer", request_, "mail", "--not-searched", "busy"), FormError)
    assert isinstance(refused("manual", "answer", request_, "kwik", "--nothing-held"), RefusedError)
    absent = letter.with_name("absent.pdf")
    assert "cannot be read" in str(refused("manual", "answer", request_, "mail", "--file", absent))


def test_a_second_answer_is_turned_down_until_it_is_asked_again(
    services: Services, request_: str, letter: Path
) -> None:
    run_command("manual", "answer", request_, "mail", "--nothing-held")
    error = refused("manual", "answer", request_, "mail", "--file", letter)
    assert isinstance(error, TooLateError)
    question = run_command("manual", "again", request_, "mail").strip()
    assert services.register.questions.get(question).answered_at is None
    run_command("questions", "assign", question, "--anybody")
    run_command("manual", "answer", request_, "mail", "--file", letter)


@pytest.mark.parametrize("content", [b"", b"MZ\0\0kwikstaart", zipped(a=b"\0" * 30_000_000)])
def test_files_that_are_not_taken_change_nothing(
    services: Services, request_: str, letter: Path, content: bytes
) -> None:
    bad = letter.with_name("kwikstaart.zip")
    bad.write_bytes(content)
    before = len(services.register.trail.events(request_))
    error = refused("manual", "answer", request_, "mail", "--file", letter, "--file", bad)
    assert isinstance(error, RefusedError)
    assert len(services.register.trail.events(request_)) == before


def test_file_above_the_limit_is_refused_with_the_setting(
    request_: str, letter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.truncate(letter, 2_000_000_000)
    assert "500 MB" in str(refused("manual", "answer", request_, "mail", "--file", letter))
    os.truncate(letter, 2_000_000)
    monkeypatch.setenv("AFSCHRIFT_MANUAL_MEGABYTES", "1.5")
    assert "1.5 MB" in str(refused("manual", "answer", request_, "mail", "--file", letter))


@pytest.mark.parametrize(
    ("role", "who"), [("keeper", "assigned to another person"), ("intake", "role keeper")]
)
def test_another_person(services: Services, tmp_path: Path, role: str, who: str) -> None:
    request = store(services, {"customer_id": "1"})
    waits(services, request)
    roles = ROLES.format(me=getpass.getuser(), role=role)
    (tmp_path / "home" / "roles.yml").write_text(roles, encoding="utf-8")
    for words in (("show", request, "mail"), ("answer", request, "mail", "--nothing-held")):
        error = refused("manual", *words)
        assert isinstance(error, NotAllowedError)
        assert who in str(error)
    question = json.loads(run_command("manual", "list", "--json"))[0]["question"]
    assert isinstance(refused("questions", "assign", question, "--anybody"), NotAllowedError)
    if role == "keeper":
        assert isinstance(refused("manual", "again", request, "tape"), NotAllowedError)
        run_command("manual", "answer", request, "tape", "--nothing-held")


def test_the_inventory_check_knows_the_owners(services: Services, tmp_path: Path) -> None:
    checked = run_command("inventory", "check")
    assert "2 searched systems" in checked
    assert "mail: its owner holds no role keeper" in checked
    (tmp_path / "home" / "roles.yml").write_text(ROLES.format(me="x", role="officer"), encoding="utf-8")
    assert "its owner" not in run_command("inventory", "check")
    assert '"const": "manual"' in run_command("inventory", "schema", "manual")
