"""Of several processes that do the same at once, one does it, and the trail has it once."""

from pathlib import Path

import pytest
from bench.writers import measure
from testbed import register_reader
from tests.support.nightly import both_databases
from tests.unit.conftest import AtOnce

from afschrift.domain.request import Request, new_id
from afschrift.law.case_facts import CaseFactKind, NewCaseFact
from afschrift.law.letter import NewLetter
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
    "decision_taken": ("register.questions.answer(of, ['a', 'b'][me % 2], f'officer{me}').by", True),
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


def test_requests_opened_at_once_share_one_index_key(register: Register, at_once: AtOnce) -> None:
    outputs = at_once(
        """
from afschrift.domain.keys import Key
from afschrift.domain.right import Right
received = f"2026-01-0{me + 1}T00:00:00Z"
case = register.cases.open(b"text", "mail", received, received)
keys = (Key("customer_id", "C-1"),)
print(register.requests.open(case, Right.ACCESS, received, "UTC", "en", ["csv"], "outbox", keys).id)
""",
        3,
    )
    assert register.identities.earlier(outputs[2]) == (outputs[0], outputs[1])
    assert register.trail.verify() == []
