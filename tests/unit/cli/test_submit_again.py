"""What becomes of a message: receipt confirmed by itself (R04), other matters, and a run that does not start."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.command_line import SECRET, CommandResult, in_this_process, refused, run_command, submit
from tests.support.days import days_away
from tests.support.deciding import Bureau
from tests.support.family import open_family
from tests.support.mail_server import Manner, mail_file, serving, unused_port
from tests.support.moves import moved

from afschrift.cli.running import MEANING, Ended
from afschrift.domain.state import State
from afschrift.law.letter import LetterRow, LetterState
from afschrift.letters.mail_message import parts
from afschrift.register.register import Register
from afschrift.services import Services

START = ("--start", "airflow")


@pytest.fixture
def alone(services: Services, monkeypatch: pytest.MonkeyPatch) -> Register:
    """Of an installation whose Airflow is out of reach."""
    monkeypatch.setenv("AFSCHRIFT_AIRFLOW_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AFSCHRIFT_AIRFLOW_TOKEN", "t")
    return services.register


def test_request_without_a_run_is_reported_with_the_command(alone: Register) -> None:
    result = submit(*START)
    assert result.code == Ended.NOT_STARTED
    first, second = result.requests
    for request in (first, second):  # also for the second, though the first failed
        assert f"Request {request} is stored, but its run was not started." in result.errors
        assert f"`afschrift run {request} --airflow`" in result.errors
    again = in_this_process(("run", first, "--airflow"))
    assert (again.code, f"Request {first} is stored" in again.errors) == (Ended.NOT_STARTED, True)


def test_where_requests_are_read_together_a_new_one_waits(
    alone: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "AFSCHRIFT_BATCH_REQUESTS is 1" in run_command("batch", "list")
    monkeypatch.setenv("AFSCHRIFT_BATCH_REQUESTS", "2")

    requests = submit(*START).requests

    listed = in_this_process(("batch", "list"))
    assert sorted(listed.requests) == sorted(requests)
    assert "2 wait. The sweep starts 2, or all after 24 hours." in listed.text + listed.errors
    for line in run_command("batch", "explain").splitlines():
        if line.startswith("req-"):
            assert line.endswith("no plan is frozen yet; it is assessed and classified separately first")
    assert "`afschrift batch start --here` does it without" in run_command("batch", "start", code=1)
    assert "UnknownRequest" not in run_command("batch", "start", "req-000000000000", code=1)


@pytest.mark.parametrize(
    "change", [{}, {"formats": ["xml"]}, {"language": "en"}, {"received_at": "2026-01-01T09:00:00Z"}]
)
def test_the_same_message_again_finds_its_request_and_is_no_repeat(
    alone: Register, change: dict[str, object]
) -> None:
    first = submit(*START)
    again = submit(*START, **change)
    assert again.requests == first.requests
    assert again.code == Ended.NOT_STARTED
    [case] = alone.cases.all()
    assert f"This message is stored as case {case.id} already" in again.errors
    assert len(case.requests) == 2
    types = [header.type for request in case.requests for header, _ in alone.trail.events(request)]
    assert types.count("request_received") == 2
    assert "fact_linked" not in types
    assert SECRET not in again.errors


@pytest.mark.parametrize(
    "change",
    [
        {"message": "Ik vraag nog eens al mijn gegevens op."},
        {"keys": {"customer_id": "2"}},
        {"received_at": "2026-01-02T10:00:00+01:00"},
        {"channel": "email"},
        {"right": "portability", "message": "Ik vraag nog eens al mijn gegevens op."},
    ],
)
def test_another_message_is_another_case(alone: Register, change: dict[str, object]) -> None:
    first = submit()
    assert not set(first.requests) & set(submit(**change).requests)
    assert len(alone.cases.all()) == 2


def test_a_message_whose_storing_broke_off_is_completed(alone: Register) -> None:
    [access] = submit(right="access").requests  # the state after the second one failed
    found = submit().requests
    assert (found[0], len(found)) == (access, 2)
    assert [case.requests for case in alone.cases.all()] == [tuple(found)]


def test_a_message_whose_request_is_closed_or_forgotten(alone: Register) -> None:
    [request] = submit(right="access").requests
    moved(alone, request, State.WITHDRAWN)
    result = submit(*START, right="access")
    assert (result.code, result.requests) == (Ended.DONE, [request])
    assert f"Request {request} is withdrawn: nothing is started." in result.errors
    alone.data_keys.shred(request, "R79")
    assert submit(right="access").requests != [request]


def test_refused_and_stored_have_codes_of_their_own(alone: Register) -> None:
    assert submit(keys={"shoe": "44"}).code == Ended.REFUSED
    assert alone.cases.all() == ()
    assert submit().code == Ended.DONE


def test_the_help_of_each_command_and_the_runbook_have_the_table(project_root: Path) -> None:
    runbook = (project_root / "docs" / "operator" / "operations.md").read_text(encoding="utf-8")
    for code, words in MEANING.items():
        assert f"| {code.value} | {words} |" in runbook
    for command in ("submit", "run", "answer"):
        output = " ".join(in_this_process((command, "--help")).text.split())
        assert all(f"{code.value} {words}" in output for code, words in MEANING.items()), command


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


def test_the_rights_of_a_message_have_one_letter(
    register: Register, monkeypatch: pytest.MonkeyPatch, inventory: Path
) -> None:
    monkeypatch.delenv("AFSCHRIFT_MAIL")
    first, output = submitted(right=["access", "portability"], keys={"customer_id": "1"})
    [made] = register.letters.all()
    assert (made.kind, made.mailed, made.state) == ("acknowledgement", False, LetterState.PRODUCED)
    assert (made.request, len(made.also)) == (first, 1)
    assert all(request in output for request in (first, *made.also))
    with (inventory / "policy.yml").open("a") as file:
        file.write("acknowledge: sometimes\n")
    assert "acknowledge: choose one of automatic, manual" in submit().errors


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


EMAILED = {"channel": "email", "received_at": "2026-03-04T10:00:00+01:00"}


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    """An installation over the small shop with dates of birth; the user at the terminal has all roles."""
    return open_family(tmp_path, monkeypatch)


def emailed(**content: Any) -> CommandResult:
    done = submit(**{**EMAILED, "authenticated": None, "right": "access"} | content)
    assert done.code == 0, done
    return done


def case_of(bureau: Bureau, done: CommandResult) -> str:
    ids = [line for line in done.text.splitlines() if line.startswith(("case-", "req-"))]
    return bureau.register.cases.get(ids[0]).id


def test_what_is_not_ours_is_named_until_it_is_handed_over(bureau: Bureau) -> None:
    done = emailed(other_rights=["erasure", "complaint"], right=["access", "portability"])
    case = case_of(bureau, done)
    assert f"afschrift case hand-over {case} --right erasure" in done.text + done.errors
    for command in (("case", "waiting"), ("case", "show", case)):
        assert "erasure (Art. 17)" in run_command(*command), command
    assert "hand_over erasure" in run_command("requests")
    listed = json.loads(run_command("requests", "--json"))
    others = [a["what"] for row in listed for a in row["next"] if a["kind"] == "hand_over"]
    assert others == ["erasure", "complaint"]
    rows = json.loads(run_command("case", "waiting", "--json"))
    assert [(row["right"], row["desk"], row["due"]) for row in rows] == [
        ("erasure", "customer service", "2026-04-07"),
        ("complaint", None, "2026-04-07"),
    ]
    handed = ("case", "hand-over", case, "--right", "erasure", "--to", "a desk", "--reference", "T-1")
    assert "Recorded" in run_command(*handed)
    assert "already" in str(refused(*handed))
    assert "erasure" not in run_command("case", "waiting")
    assert "handed over to a desk" in run_command("case", "show", case)
    facts = json.loads(run_command("case", "show", case, "--json"))["facts"]
    assert [fact["kind"] for fact in facts] == ["matter_recorded", "matter_recorded", "handed_over"]


def test_at_the_prompts_too(bureau: Bureau) -> None:
    typed = (
        "Alles wat u hebt.||letter|4 maart|10:00|unclear||proxy|Aysel||||||y||SECRET|merel@example.org|||y"
    )
    lines = f"{typed}|erasure||||n|2026-03-04".replace("SECRET", SECRET).split("|")
    asked = run_command("submit", "--key", "customer_id=1", "--start", "no", stdin="\n".join(lines) + "\n")
    assert "Day of receipt: is no day; write 2026-03-05" in asked
    [case] = bureau.register.cases.all()
    shown = run_command("case", "show", case.id)
    assert "made by proxy" in shown
    assert "parties" in shown
    assert SECRET in shown
    assert "read_right" in run_command("requests")


def test_lines_of_a_csv_file(alone: Register, tmp_path: Path) -> None:
    file = tmp_path / "requests.csv"
    row = 'Mag ik alles?;letter;2026-03-05;"{right}";self;{key}'
    head = "message;channel;received_on;right;made_by;key.customer_id"
    both = row.format(right="access, portability", key=1)
    file.write_text("\n".join([head, both, both, row.format(right=SECRET, key=2)]))
    done = in_this_process(("submit", "--csv", str(file), "--start", "no"))
    assert (done.code, len(done.requests)) == (1, 2)
    assert "line 4, column 4 (right): choose one of access, portability, unclear." in done.errors
    assert "Stored: 2 requests. Stored before: 1 line." in done.errors
    assert SECRET not in done.text + done.errors
    assert "cannot be read" in str(refused("submit", "--csv", str(tmp_path / "none.csv")))
