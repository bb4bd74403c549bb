"""`make scenario-morning`: thirty-six requests of all kinds, brought to their ends at a terminal and on the pages.

The night before they come in and run as far as they may. In the morning an officer works them off, as
`afschrift requests` and `afschrift questions` show them, until none is open. Writes each command and what came
of it, and at the end how each request ended; ends with 1 at the first step that goes otherwise than it must.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import airflow_support
from tests.e2e.scenarios import morning_answers, morning_decided, morning_people
from tests.e2e.scenarios.morning_office import Case, Morning
from tests.e2e.scenarios.morning_shop import office
from tests.e2e.scenarios.scenario import ScenarioError
from tests.e2e.scenarios.terminal import write
from tests.support.command_line import in_this_process
from tests.support.mail_server import serving
from tests.support.pages import parts

from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind
from afschrift.law.letter import LetterState

BESIDE = ("merged", "withdrawal_confirmed")
LAST = (morning_answers.not_searched,)
BEGINS = (*morning_answers.ALL, *morning_people.ALL, *morning_decided.ALL, *LAST)


def work(m: Morning) -> None:
    """The night, the morning, and that none is left."""
    m.begin("The night before: messages come in, and runs go as far as they may")
    begun = []
    for begin in BEGINS:
        begun.append(begin(m))
        next(begun[-1])
    m.begin("The morning: what is open, and what is asked")
    m.types("requests")
    m.types("questions")
    for user in ("anna", "sam", "kim", "dirk"):
        m.sees(user)
    m.begin("Worked off, one after the other")
    for going in begun:
        for _ in going:
            raise ScenarioError("a case goes on after it was worked off")
    m.begin("Before lunch")
    m.must("No open request." in m.types("requests"), "no request is open")
    m.must("No open question." in m.types("questions"), "no question is open")
    m.types("audit", "verify")


def ends(m: Morning) -> list[tuple[Case, str, str, str]]:
    """How each request ended: its state, by which letter or whose entry, and on which day."""
    return [(case, *_end(m, case.id)) for case in m.cases]


def _end(m: Morning, request: str) -> tuple[str, str, str]:
    moves = _moves(m, request)
    if not moves or State(moves[-1]["to"]).open:
        raise ScenarioError(f"{request} is open still.")
    by, state = moves[-1]["by"], moves[-1]["to"]
    sent = m.register.letters.all(request_id=request, states=[LetterState.SENT])
    if by == "fact_letter_sent":
        closing = sent[-1]
        return state, f"letter `{closing.kind}`, {closing.channel}", str(closing.sent_on)
    timeline = m.register.facts.timeline(request)
    fact = timeline.of(FactKind(by.removeprefix("fact_")))[-1]
    further = f"; letter `{sent[-1].kind}`" if sent and sent[-1].kind in BESIDE else ""
    return state, f"entry `{fact.kind}` by {fact.by.partition(':')[0]}{further}", str(timeline.local(fact.at))


def _moves(m: Morning, request: str) -> list[dict[str, Any]]:
    events = m.register.trail.events(request)
    return [dict(payload or {}) for header, payload in events if header.type == "state_changed"]


def passed(m: Morning) -> set[State]:
    """Every state that some request was in."""
    return {State.RECEIVED} | {State(move["to"]) for case in m.cases for move in _moves(m, case.id)}


def table(m: Morning) -> list[str]:
    """The table at the end, as Markdown."""
    lines = ["| | Request | End | By | Day |", "|---|---|---|---|---|"]
    for case, state, by, day in ends(m):
        lines.append(f"| {case.number} | {case.kind} | `{state}` | {by} | {m.relative(day)} |")
    return lines


@contextmanager
def opened(folder: Path, app: Any, say: Any) -> Iterator[Morning]:
    """The office with its pages in Airflow's own application."""
    from starlette.testclient import TestClient

    tokens: dict[str, str] = {}

    def client(user: str) -> Any:
        tokens.setdefault(user, airflow_support.log_in(user))
        cookies = {"_token": tokens[user]}
        ours = {"Sec-Fetch-Site": "same-origin"}
        return TestClient(
            app, raise_server_exceptions=False, cookies=cookies, headers=ours, follow_redirects=False
        )

    def pages(user: str, path: str, fields: dict[str, Any] | None = None, **more: Any) -> Any:
        if fields is None:
            return client(user).get(f"/afschrift{path}")
        return client(user).post(f"/afschrift{path}", files=parts(fields), **more)

    def rest(user: str, path: str, body: dict[str, Any]) -> Any:
        return client(user).post(f"/afschrift/api{path}", json=body)

    def never() -> Any:
        raise ScenarioError("nothing is scheduled here")

    with serving() as (mailbox, at), office(folder) as club:
        m = Morning(
            folder / "home", in_this_process, never, mailbox, at, say, club=club, pages=pages, rest=rest
        )
        m.aim_mail()
        yield m


def main() -> None:
    """The morning, with a transcript."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    with tempfile.TemporaryDirectory(prefix="morning-", ignore_cleanup_errors=True) as name:
        (airflow := Path(name) / "airflow").mkdir()
        airflow_support.load(airflow)
        with airflow_support.api_server() as app, opened(Path(name), app, write) as m:
            try:
                work(m)
            except ScenarioError as error:
                sys.exit(f"\nNOT AS IT MUST BE. {error}")
            write("\n" + "\n".join(table(m)))


if __name__ == "__main__":
    main()
