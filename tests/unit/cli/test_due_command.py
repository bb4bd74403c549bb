"""`afschrift due`: a date and why, without an installation."""

import json
from functools import partial

import pytest
from tests.support.command_line import run_command

from afschrift.law.clock.deadline import ALGORITHM

due = partial(run_command, "due")


def test_a_date_and_why() -> None:
    lines = due("--received", "2025-03-05", "--country", "NL").splitlines()
    assert lines[0].split() == ["due", "2025-04-07"]
    assert lines[-1].startswith("Not a working day (Saturday, Sunday): Mon 2025-04-07")
    received = ("--received", "2025-03-05")
    assert "due     2025-06-05" in due(*received, "--extended")
    assert "due     2025-04-07" in due(*received, "--extension-sent", "2025-04-08")
    assert "due     2025-04-09" in due(*received, "--suspended", "2025-03-06:2025-03-10")
    assert "due     2025-04-08" in due(*received, "--suspended", "2025-03-06:2025-03-10", "--public-body")
    assert "not known while an answer is awaited" in due(*received, "--suspended", "2025-03-06")
    assert "due     2025-04-08" in due(*received, "--country", "BE", "--holiday", "2025-04-07")
    assert "due     2025-04-07" in due(*received, "--country", "BE", "--unsettled", "2025-04-07")


def test_for_machines() -> None:
    found = json.loads(due("--received", "2025-06-04T22:00:00Z", "--timezone", "Europe/Amsterdam", "--json"))
    days = (found["received"], found["due"], found["zone"])
    assert days == ("2025-06-05", "2025-07-07", "Europe/Amsterdam")
    assert found["calendar"].startswith("holidays ")
    assert found["algorithm"] == ALGORITHM
    found = json.loads(due("--received", "2026-04-30T02:00:00Z", "--country", "fr-gp", "--json"))
    assert (found["zone"], found["received"]) == ("America/Guadeloupe", "2026-04-29")
    assert "--timezone" in due("--received", "2026-04-30", "--country", "FR-PF", code=1)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("--received", "5 March"), "write 2025-03-05"),
        (("--received", "2025-03-05", "--country", "XX"), "ISO 3166-1"),
        (("--received", "2025-03-05", "--country", "JP"), "--timezone"),
        (("--received", "2025-03-05", "--timezone", "Mars"), "IANA"),
        (("--received", "2025-03-05T10:00:00"), "offset"),
        (("--received", "2025-03-05", "--suspended", "soon"), "--suspended"),
        (("--received", "2025-03-05", "--holiday", "soon"), "--holiday"),
        (("--received", "2025-03-05", "--unsettled", "soon"), "--unsettled"),
    ],
)
def test_a_mistake_names_the_way_out(words: tuple[str, ...], remedy: str) -> None:
    assert remedy in due(*words, code=1)
