"""Of several processes that do the same at once, one does it, once; writers that die part no state from its event."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest
from bench.kills import kill_writers
from bench.writers import measure
from sqlalchemy import Connection
from testbed import register_reader
from tests.support.nightly import both_databases
from tests.unit.conftest import AtOnce

from afschrift.domain.request import Request, new_id
from afschrift.law.case_facts import CaseFactKind, NewCaseFact
from afschrift.law.letter import NewLetter
from afschrift.register.base import Repository
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

RUN = """
from datetime import UTC, date, datetime, timedelta
from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.law.case_facts import CaseFactKind, Matter, NewCaseFact, hand_over
from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.clock import Jurisdiction
from afschrift.law.clock.suspension import suspend

register.store.clock = lambda: datetime(2026, 3, 2, 12, tzinfo=UTC)
place, today = Jurisdiction(calendar("NL")), date(2026, 3, 4)
event = NewEvent("extracted", payload={"me": me})
try:
    print(ACT)
except (RefusedError, TooLateError):
    print("refused")
"""

# Type of event -> what each process does, and whether the others are refused.
ACTS = {
    "decision_taken": (
        "register.questions.answer(of, ['a', 'b'][me % 2], f'officer{me}', text='x').by",
        True,
    ),
    "question_asked": ("register.questions.ask(of, 'review', options=['yes'], detail={}).id", False),
    "letter_sending": ("register.outbox.claim(of, str(me)).row.id", True),
    "fact_suspended": (
        "register.facts.record(of, lambda t: suspend(t, place, today, 'identity', doubt='unknown_sender'), 'x').state",
        True,
    ),
    "case_fact_handed_over": (
        "register.case_facts.record(of, lambda known: [hand_over(known, Matter.ERASURE, 'desk', f'T-{me}')], 'x')",
        True,
    ),
    "run_started": ("register.runs.begin(of, f'run{me}', timedelta(hours=2)).id", False),
    "extracted": ("register.steps.finish(of, 'extract', 'cd' * 32, {'me': me}, event)['me']", False),
}


def ready(register: Register, request: Request, kind: str) -> str:
    """What the act is on: it is there before."""
    if kind == "decision_taken":
        return register.questions.ask(request.id, "unclassified", options=("a", "b"), detail={}).id
    if kind == "letter_sending":
        new = NewLetter(new_id("let"), request.id, "delivery", "nl", b"Beste", b"same", "a@example.org", {})
        return register.letters.produce(new, "cli:anna").id
    if kind == "case_fact_handed_over":
        matter = NewCaseFact(CaseFactKind.MATTER_RECORDED, detail={"matter": "erasure", "term": "A17"})
        register.case_facts.record(request.case, lambda _: [matter], "cli:anna")
        return request.case
    return request.id


@both_databases
@pytest.mark.parametrize("kind", ACTS)
def test_what_several_do_at_once_is_recorded_once(
    register: Register, opened: Request, at_once: AtOnce, url: str, kind: str
) -> None:
    act, refused = ACTS[kind]
    of = ready(register, opened, kind)

    outputs = at_once(f"of = {of!r}\n{RUN.replace('ACT', act)}", 3)

    assert outputs.count("refused") == (2 if refused else 0)
    assert len({*outputs} - {"refused"}) == 1
    assert [header.type for header, _ in register.trail.events()].count(kind) == 1
    assert register_reader.faults(url) == []


@both_databases
def test_processes_that_append_at_once_make_one_chain(register: Register, url: str, tmp_path: Path) -> None:
    """The full number is `python -m bench.writers`."""
    figures = measure(url, tmp_path / "keys" / "keys.json", processes=4, events=15)
    assert figures["faults"] == []
    assert register.trail.head()[0] == figures["events"] == 60
    assert register.trail.verify([register.trail.head()]) == []


KILLS = 20


@pytest.mark.slow
def test_no_kill_parts_a_state_from_its_event(url: str, keys: KeyStore, key_file: Path) -> None:
    seed = SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    report = kill_writers(url, key_file, KILLS, seed)
    assert (report.faults, report.rounds) == ([], KILLS), f"seed {seed}"
    assert {*report.died} - {"BEGIN", "SET", "SELECT"}, "no writer died where it matters"
    assert Register(url, keys).trail.verify() == []


class Torn(Register):
    """A register as it must not be: what was changed is committed before its event is written."""

    def __init__(self, url: str, keys: KeyStore) -> None:
        super().__init__(url, keys)
        for part in vars(self).values():
            if isinstance(part, Repository):
                part._append = partial(self._torn, part._append)  # type: ignore[method-assign]

    def _torn(self, append: Callable[..., None], tx: Connection, *given: Any) -> None:
        driver: Any = tx.connection.driver_connection
        driver.commit()
        if self.store.database.sqlite:
            driver.execute("BEGIN IMMEDIATE")
        append(tx, *given)


@pytest.mark.slow
def test_a_register_of_two_transactions_is_found_out(url: str, key_file: Path) -> None:
    report = kill_writers(url, key_file, 300, seed=1, register_class=Torn)
    assert report.faults
    assert report.rounds < 100
