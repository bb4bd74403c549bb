"""Commands for searched systems, sources left for later and reviews."""

import getpass
import json
import os
import zipfile
from pathlib import Path

import pytest
from testbed.running import installation, members, run, store
from tests.support.active_files import pdf
from tests.support.command_line import refused, run_command
from tests.support.days import days_away
from tests.support.in_parts import Club, run_to_its_end
from tests.support.manual import add_systems, reviewed, system, waits
from tests.support.reviewing import BALANCE, BODY, CODES, LINE, NEIGHBOUR, Reviewers

from afschrift.domain.errors import (
    AfschriftError,
    ConfigurationError,
    FormError,
    NotAllowedError,
    RefusedError,
)
from afschrift.services import Services

pytestmark = pytest.mark.slow
LETTER = pdf(text=b"Beste kwikstaart")
SOON = str(days_away(9).date())
ME = getpass.getuser()
NOT_SEARCHED = ("--choice", "not_searched", "--set")


def turned_down(error: type[AfschriftError], *words: str | Path, stdin: str = "") -> str:
    found = refused(*words, stdin=stdin)
    assert isinstance(found, error)
    assert "kwikstaart" not in str(found)
    return str(found)


@pytest.fixture
def searched(inventory: Path, home: Path) -> Services:
    """An installation with two systems that people search."""
    add_systems(inventory, system("mail", "mailbox", owner="Bea"), system("tape", "backup"))
    return installation(home, inventory)


@pytest.fixture
def waiting(searched: Services) -> str:
    """A request that waits for both systems; the user at the terminal may answer."""
    request = store(searched, {"customer_id": "1"}, language="en")
    run_command("questions", "assign", waits(searched, request)["mail"], "--anybody")
    return request


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    (tmp_path / "kwikstaart.pdf").write_bytes(LETTER)
    return tmp_path / "kwikstaart.pdf"


def test_what_is_to_be_searched_by_whom_and_by_when(searched: Services) -> None:
    assert "No system waits" in run_command("manual", "list")
    request = store(searched, {"customer_id": "1"}, received_at="2026-11-02T09:00:00Z")
    waits(searched, request)
    listed = run_command("manual", "list")
    # The last day is Wednesday 2 December, the target the day before, and this five working days before that.
    assert f"{request}  mail  mailbox  role keeper for Bea  due 2026-11-24" in listed
    assert f"{request}  tape  backup  role keeper  due 2026-11-24" in listed
    [mail, tape] = json.loads(run_command("manual", "list", "--request", request, "--json"))
    assert (mail["assigned_to"], tape["assigned_to"], mail["medium"]) == ("Bea", None, "mailbox")


def test_files_nothing_and_not_searched_end_in_a_bundle(
    searched: Services, waiting: str, letter: Path
) -> None:
    shown = run_command("manual", "show", waiting, "mail")
    assert "Zoek op naam en e-mailadres." in shown
    assert "customer_id: 1" in shown
    assert "email: ann@example.org" in shown
    header, payload = searched.register.trail.events(waiting)[-1]
    assert (header.type, header.actor) == ("identity_read", f"cli:{ME}")
    assert payload and set(payload) == {"question"}
    answer = ("answer", waiting, "--of")
    message = run_command(*answer, "mail", "--choice", "given", "--file", letter, "--file", letter)
    assert "Recorded: manual = given." in message
    assert "needs an answer to" in message  # the other system
    assert f"afschrift run {waiting}" in run_command(
        *answer, "tape", *NOT_SEARCHED, "reason=copy_of_searched"
    )
    assert "answered" in run_command("manual", "list", "--all")
    with zipfile.ZipFile(reviewed(searched, waiting)) as bundle:
        files = {n.partition("/")[2]: bundle.read(n) for n in bundle.namelist() if "/files/" in n}
    assert files == {"data/files/mail/000001.pdf": LETTER, "data/files/mail/000002.pdf": LETTER}


def test_one_answer_with_files_that_are_taken_is_needed(
    searched: Services, waiting: str, letter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(searched.register.trail.events(waiting))
    answer = ("answer", waiting, "--of", "mail", "--choice")
    turned_down(ConfigurationError, "answer", waiting, "--of", "mail")
    turned_down(ConfigurationError, "answer", waiting, "--choice", "nothing_held")
    turned_down(FormError, *answer, "nothing_held", "--file", letter)
    assert "copy_of_searched" in turned_down(FormError, *answer, "not_searched", "--set", "reason=busy")
    turned_down(ConfigurationError, *answer[:3], "kwik", "--choice", "nothing_held")
    absent = letter.with_name("absent.pdf")
    assert "cannot be read" in turned_down(AfschriftError, *answer, "given", "--file", absent)
    program = letter.with_name("kwikstaart.zip")
    program.write_bytes(b"MZ\0\0kwikstaart")
    turned_down(RefusedError, *answer, "given", "--file", letter, "--file", program)
    os.truncate(letter, 2_000_000_000)
    assert "500 MB" in turned_down(RefusedError, *answer, "given", "--file", letter)
    os.truncate(letter, 2_000_000)
    monkeypatch.setenv("AFSCHRIFT_MANUAL_MEGABYTES", "1.5")
    assert "1.5 MB" in turned_down(RefusedError, *answer, "given", "--file", letter)
    assert len(searched.register.trail.events(waiting)) == before


def test_a_second_answer_is_turned_down_until_it_is_asked_again(
    searched: Services, waiting: str, letter: Path
) -> None:
    answer = ("answer", waiting, "--of", "mail", "--choice")
    run_command(*answer, "nothing_held")
    turned_down(ConfigurationError, *answer, "given", "--file", letter)
    question = run_command("manual", "again", waiting, "mail").strip()
    assert searched.register.questions.get(question).answered_at is None
    run_command("questions", "assign", question, "--anybody")
    run_command(*answer, "given", "--file", letter)


@pytest.mark.parametrize(
    ("role", "who"), [("keeper", "assigned to another person"), ("intake", "role keeper")]
)
def test_another_person(searched: Services, home: Path, role: str, who: str) -> None:
    request = store(searched, {"customer_id": "1"})
    question = waits(searched, request)["mail"]
    checked = run_command("inventory", "check")
    assert "2 searched systems" in checked
    assert "mail: its owner holds no role keeper" in checked
    people = (
        f"  Bea: {{accounts: [cli:bea], roles: [keeper]}}\n  Cas: {{accounts: [cli:{ME}], roles: [{role}]}}\n"
    )
    (home / "roles.yml").write_text(f"people:\n{people}", encoding="utf-8")
    assert "its owner" not in run_command("inventory", "check")
    answer = ("answer", request, "--of", "mail", "--choice", "nothing_held")
    for words in (("manual", "show", request, "mail"), answer):
        assert who in turned_down(NotAllowedError, *words)
    turned_down(NotAllowedError, "questions", "assign", question, "--anybody")
    if role == "keeper":
        turned_down(NotAllowedError, "manual", "again", request, "tape")
        run_command("answer", request, "--of", "tape", "--choice", "nothing_held")


@pytest.fixture
def club(tmp_path: Path) -> Club:
    return Club(tmp_path)


@pytest.fixture
def in_parts(club: Club, inventory: Path, home: Path) -> Services:
    """An installation with a source that can be away."""
    club.declare(inventory)
    return installation(home, inventory)


@pytest.fixture
def request_(in_parts: Services) -> str:
    more = {"received_at": days_away(-2).isoformat(), "language": "en", "formats": ["json"]}
    return store(in_parts, {"customer_id": "1"}, **more)


@pytest.fixture
def rest(tmp_path: Path) -> tuple[str | Path, ...]:
    (tmp_path / "why.txt").write_text("The server is being mended; kwikstaart.")
    return ("--rest-by", SOON, "--text-file", tmp_path / "why.txt")


def test_a_source_that_is_down_at_a_terminal(
    in_parts: Services, club: Club, request_: str, rest: tuple[str | Path, ...]
) -> None:
    with club.away():
        run_to_its_end(in_parts, request_)
        listed = run_command("questions")
        assert "source_down" in listed
        assert "options try_again, partial" in listed
        assert "rest_by: a date as 2026-11-25" in listed
        [question] = in_parts.register.questions.all(request_id=request_)
        answer = ("answer", question.id, "--choice", "partial", *rest[2:])
        turned_down(FormError, *answer)
        message = run_command(*answer, "--set", f"rest_by={SOON}")
        assert "Recorded: source_down = partial." in message
        assert "letter make REQUEST partial_delivery" in message
        assert "kwikstaart" not in message
        run(in_parts, request_)
    assert "make partial_delivery" in run_command("requests")
    shown = run_command("request", "show", request_)
    assert "artly delivered on" in shown and SOON in shown


@pytest.fixture
def reviewers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reviewers:
    return Reviewers.set_up(tmp_path, monkeypatch)


def test_a_review_from_look_to_delivery(reviewers: Reviewers) -> None:
    request = reviewers.store(language="en")
    reviewers.asked(request)

    shown = run_command("review", "show", request)
    assert "state needs_person" in shown
    assert "policy" in shown
    assert "shop.ticket_message: 3 rows" in shown
    table = ("review", "show", request, "--table", "shop.ticket_message")
    assert BODY in run_command(*table)
    form = json.dumps({"choice": "redact", "detail": CODES, "texts": {"redactions": [LINE], **BALANCE}})
    done = run_command("answer", request, "--form", "-", stdin=form)
    assert "Recorded: review = redact." in done
    reviewers.asked(request)
    assert NEIGHBOUR not in json.dumps(json.loads(run_command(*table, "--json")))
    assert "Recorded: review = approved." in run_command("answer", request, "--choice", "approved")
    assert NEIGHBOUR.encode() not in members(reviewers.deliver(request))["data/shop/ticket_message.csv"]
