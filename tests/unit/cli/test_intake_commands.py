"""Other matters of a message at the terminal: printed, listed, handed over; every fault with its remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support import command_line
from tests.support.command_line import SECRET, CommandResult, refused, run_command
from tests.support.deciding import Bureau
from tests.support.family import open_family

EMAILED = {"channel": "email", "received_at": "2026-03-04T10:00:00+01:00"}
LOGGED_IN = {"by": "log-in", "level": "high", "at": "2026-03-04T10:00:00+01:00"}


@pytest.fixture(autouse=True)
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    """An installation over the small shop with dates of birth; the user at the terminal has all roles."""
    return open_family(tmp_path, monkeypatch)


def submit(**content: Any) -> CommandResult:
    done = command_line.submit(**{**EMAILED, "authenticated": None, "right": "access"} | content)
    assert done.code == 0, done
    return done


def case_of(bureau: Bureau, done: CommandResult) -> str:
    ids = [line for line in done.text.splitlines() if line.startswith(("case-", "req-"))]
    return bureau.register.cases.get(ids[0]).id


def test_what_is_not_ours_is_named_until_it_is_handed_over(bureau: Bureau) -> None:
    done = submit(other_rights=["erasure", "complaint"], right=["access", "portability"])
    case = case_of(bureau, done)
    assert f"afschrift case handed-over {case} erasure" in done.text + done.errors
    for command in (("case", "waiting"), ("requests",), ("case", "show", case)):
        assert "erasure (Art. 17)" in run_command(*command), command
    [first, *_] = json.loads(run_command("requests", "--json"))
    assert first["to_hand_over"] == ["erasure", "complaint"]
    rows = json.loads(run_command("case", "waiting", "--json"))
    assert [(row["right"], row["desk"], row["due"]) for row in rows] == [
        ("erasure", "customer service", "2026-04-07"),
        ("complaint", None, "2026-04-07"),
    ]
    handed = ("case", "handed-over", case, "erasure", "--to", "customer service", "--reference", "T-1")
    assert "Recorded" in run_command(*handed)
    assert "already" in str(refused(*handed))
    assert "erasure" not in run_command("case", "waiting")
    assert "handed over to customer service" in run_command("case", "show", case)
    facts = json.loads(run_command("case", "show", case, "--json"))["facts"]
    assert [fact["kind"] for fact in facts] == ["matter_recorded", "matter_recorded", "handed_over"]


def test_the_dead_and_what_to_do(bureau: Bureau) -> None:
    done = submit(made_by="heir", keys=None, right=None)
    assert "R17" in done.text + done.errors
    assert case_of(bureau, done) in run_command("case", "waiting")
    assert "No open request" in run_command("requests")


def test_at_the_prompts_too(bureau: Bureau) -> None:
    lines = ["proxy", "n", "unclear", "erasure", "letter", "2026-03-04T10:00:00+01:00", "Alles wat u hebt."]
    lines += ["customer_id=1", "", f"name={SECRET}", "email=merel@example.org", "", "n"]
    run_command("submit", "--start", "no", stdin="\n".join(lines) + "\n")
    [case] = bureau.register.cases.all()
    shown = run_command("case", "show", case.id)
    assert "made by proxy" in shown
    assert "representative" in shown
    assert SECRET in shown
    assert "right_unclear" in run_command("requests")


def test_an_unclear_right_is_read_by_an_officer() -> None:
    [request] = submit(right="unclear").requests
    make = ("letter", "make", request, "right_question", "--from", "-", "--preview")
    assert "meenemen" in run_command(*make, stdin="{}")
    reading = ("request", "reading", request, "--right", "both", "--text-file", "-")
    assert "R05" in str(refused(*reading, stdin="Iets dat er niet staat."))
    assert "portability was opened too" in run_command(*reading, stdin="al mijn gegevens")
    assert len(json.loads(run_command("requests", "--json"))) == 2
    assert "right_unclear" not in run_command("requests")


def test_a_mandate_at_the_terminal(bureau: Bureau) -> None:
    [request] = submit(made_by="proxy", authenticated=LOGGED_IN).requests
    assert "mandate" in str(refused("plan", request))
    bureau.asked(request)
    [question] = json.loads(run_command("questions", "--json"))
    assert question["kind"] == "mandate"
    form = ["kind=lawyer", "checked_on=2026-03-05", "scope=access", "identity_checked=bar_register"]
    form += ["answer_to=representative", "answer_by=insecure_portal"]
    answer = ["answer", question["id"], "--choice", "proven"]
    words = [word for entry in form for word in ("--set", entry)]
    assert "R15" in str(refused(*answer, *words))
    assert "Recorded: mandate = proven" in run_command(*answer, *words[:-1], "answer_by=post")
    assert "Recorded" in run_command("request", "mandate-withdrawn", request)
    assert "R15" in str(refused("request", "mandate-withdrawn", request))


def test_a_message_that_counts_as_not_received(bureau: Bureau) -> None:
    case = case_of(bureau, submit(channel="cleaners"))
    propose = ("case", "not-received", case, "--text-file", "-", "--published-on")
    assert "no date" in str(refused(*propose, "soon", stdin="x"))
    assert "R03" in str(refused(*propose, "2026-03-05", stdin="x"))
    assert "R03" in str(refused(*propose, "2024-01-01", stdin=" "))
    done = command_line.in_this_process((*propose, "2024-01-01"), f"Aan de schoonmaak. {SECRET}")
    assert "second signer" in done.text + done.errors
    question = done.text.split()[-1]
    assert "four eyes" in str(refused("answer", question, "--choice", "agree"))
