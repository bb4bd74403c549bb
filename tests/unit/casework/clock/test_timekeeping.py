"""Only an account with the role changes a clock; the trail holds the due date, and a plan follows it."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from testbed import register_reader
from testbed.running import run, store
from tests.support.deciding import ROLES
from tests.support.properties import fewer
from tests.unit.conftest import Open

from afschrift.app.jurisdiction import jurisdiction_of
from afschrift.casework.clock import ClockService
from afschrift.casework.officer import Officer
from afschrift.domain.errors import GateError, NotAllowedError, RefusedError
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.clock import Jurisdiction
from afschrift.law.clock.deadline import add_months
from afschrift.law.clock.facts import FactKind
from afschrift.law.clock.sending import Sending
from afschrift.register.register import Register
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

ServiceOf = Callable[[str], ClockService]
NOW = datetime(2026, 3, 16, 11, tzinfo=UTC)
NAMES = ("customer_id",)


@pytest.fixture
def clock_service(register: Register) -> ServiceOf:
    return lambda by: ClockService(Officer(register, ROLES, by, now=NOW), Jurisdiction(calendar("NL")))


def confirm(register: Register, *requests: Request) -> None:
    for request in requests:
        register.decisions.take(request.id, "identity", "confirmed", "cli:anna")


def test_a_request_is_suspended_resumed_and_extended(
    clock_service: ServiceOf, open_one: Open, register: Register
) -> None:
    request, anna = open_one().id, clock_service("cli:anna")  # received on 2 March, due on 2 April
    _, asked = anna.suspend(request, "identity", doubt="keys_disagree")
    assert asked.breaches == ("suspension_not_sent:R42",)  # ten working days after the receipt
    _, waits = anna.sent(request, Sending(date(2026, 3, 4), "post", "3SABC"))
    assert (waits.due, waits.suspended_since) == (None, date(2026, 3, 4))
    _, going = anna.resume(request, date(2026, 3, 11))
    assert going.due == date(2026, 4, 9)
    words = "Zes verwerkers moeten leveren."
    timeline, extended = anna.extend(request, ["processors_must_answer"], text=words)
    assert (extended.due, extended.breaches) == (date(2026, 4, 9), ())
    assert register.facts.text(timeline.facts[-1].id) == words
    with register.store.database.write() as tx:
        register.sendings.append_sent(tx, timeline.facts[-1].id, date(2026, 3, 16), "smtp", proof="4Zk1")
    assert anna.clock(register.facts.timeline(request)).due == date(2026, 6, 9)
    recorded = [p["fact"] for h, p in register.trail.events(request) if h.type == "fact_resumed" and p]
    assert recorded[0]["detail"]["clock"]["due"] == "2026-04-09"
    assert recorded[0]["detail"]["clock"]["calendar"].startswith("holidays ")


@pytest.mark.parametrize("by", ["cli:sam", "cli:dirk", "cli:unknown"])
def test_without_the_role_nothing_is_recorded_but_the_attempt(
    clock_service: ServiceOf, open_one: Open, register: Register, by: str
) -> None:
    request, other, service = open_one().id, open_one().id, clock_service(by)
    acts: list[Callable[[], object]] = [
        lambda: service.suspend(request, "identity", doubt="unknown_sender"),
        lambda: service.resume(request),
        lambda: service.insufficient(request),
        lambda: service.extend(request, ["rights_of_others"]),
        lambda: service.sent(request, Sending(date(2026, 3, 4), "post", "3SABC")),
        lambda: service.withdraw(request, "email"),
        lambda: service.correct(request, NOW, "typing_error"),
        lambda: service.merge(request, other, NAMES),
        lambda: service.link(request, other, "repeat", NAMES),
    ]
    for act in acts:
        with pytest.raises(NotAllowedError, match="takes the role officer"):
            act()
    recorded = [header.type for header, _ in register.trail.events(request)]
    assert recorded == ["request_received", *["answer_refused"] * len(acts)]
    timeline = register.facts.timeline(request)
    assert (timeline.facts, timeline.state) == ((), State.RECEIVED)


def test_a_later_receipt_needs_a_second_person(
    clock_service: ServiceOf, open_one: Open, register: Register, url: str
) -> None:
    request = open_one().id
    moved = datetime(2026, 3, 6, 9, tzinfo=UTC)
    timeline, clock = clock_service("cli:anna").correct(request, moved, "typing_error")
    assert (clock.due, timeline.proposed is not None) == (date(2026, 4, 2), True)
    turned_down = {"cli:anna": "four eyes", "airflow:anna": "four eyes", "cli:dirk": "second_signer"}
    for by, words in turned_down.items():
        with pytest.raises(NotAllowedError, match=words):
            clock_service(by).sign(request)
    assert [h.type for h, _ in register.trail.events(request)].count("answer_refused") == 3
    timeline, clock = clock_service("cli:sam").sign(request)
    assert (clock.due, timeline.proposed) == (date(2026, 4, 7), None)
    assert (timeline.entered_at[:10], timeline.received_at[:10]) == ("2026-03-02", "2026-03-06")
    assert "by cli:anna, signed by cli:sam" in clock.steps[0]
    earlier = datetime(2026, 2, 27, 9, tzinfo=UTC)
    _, clock = clock_service("cli:anna").correct(request, earlier, "other_channel")
    assert clock.due == date(2026, 3, 27)  # at once
    clock_service("cli:anna").correct(request, moved, "typing_error")
    timeline, clock = clock_service("cli:sam").sign(request, agree=False)
    assert (clock.due, timeline.proposed) == (date(2026, 3, 27), None)
    assert register_reader.faults(url) == []


ACTS: dict[str, Callable[[ClockService, str, date], object]] = {
    "suspend": lambda d, r, on: d.suspend(r, "identity", doubt="unknown_sender"),
    "asked": lambda d, r, on: d.suspend(
        r, "specification", overview=True, sending=Sending(on, "post", "3SABC")
    ),
    "resume": lambda d, r, on: d.resume(r, on),
    "insufficient": lambda d, r, on: d.insufficient(r, on, sending=Sending(on, "post", "3SABC")),
    "extend": lambda d, r, on: d.extend(r, ["rights_of_others"]),
    "sent": lambda d, r, on: d.sent(r, Sending(on, "email", "4Zk1")),
    "correct": lambda d, r, on: d.correct(r, datetime(on.year, on.month, on.day, tzinfo=UTC), "wrong_zone"),
    "sign": lambda d, r, on: replace(d, officer=replace(d.officer, by="cli:sam")).sign(r),
    "withdraw": lambda d, r, on: d.withdraw(r, "phone", on),
}


NAMED = [*ACTS, "suspend", "sent", "resume"]


@fewer(4)
@given(acts=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from(NAMED)), max_size=10))
def test_any_series_of_acts_is_recorded_or_refused_as_a_whole(
    clock_service: ServiceOf, open_one: Open, register: Register, url: str, acts: list[tuple[int, int, str]]
) -> None:
    request, wait = open_one().id, 0
    for later, before, name in acts:
        wait += later // 6
        now = NOW + timedelta(wait)
        anna = clock_service("cli:anna")
        service = replace(anna, officer=replace(anna.officer, now=now))
        seen = (register.facts.timeline(request), register.trail.head())
        try:
            ACTS[name](service, request, (now - timedelta(before // 4)).date())
        except RefusedError as refusal:
            assert "What to do: " in str(refusal)
            if not isinstance(refusal, NotAllowedError):
                assert (register.facts.timeline(request), register.trail.head()) == seen
            continue
        kept = register.facts.timeline(request)
        assert [f.id for f in kept.facts[: len(seen[0].facts)]] == [f.id for f in seen[0].facts]
        found = service.clock(kept)
        assert found.due is None or found.due >= add_months(kept.received, 1)
        assert kept.facts[len(seen[0].facts)].detail["clock"]["algorithm"] == "2"
    assert register_reader.faults(url) == []


def test_an_overlapping_request_goes_on_in_the_earlier_one(
    clock_service: ServiceOf, open_one: Open, register: Register, url: str
) -> None:
    earlier, later = open_one(), open_one(received_at="2026-03-09T09:00:00+01:00")
    anna = clock_service("cli:anna")
    with pytest.raises(RefusedError, match="identities are confirmed"):
        anna.merge(later.id, earlier.id, NAMES)
    confirm(register, earlier, later)
    timeline, clock = anna.merge(later.id, earlier.id, NAMES)
    assert (timeline.state, clock.colour.value) == (State.MERGED, "grey")
    kept = register.facts.timeline(earlier.id)
    assert (kept.state, anna.clock(kept).due) == (State.RECEIVED, date(2026, 4, 2))
    assert kept.facts[0].kind is FactKind.ABSORBED
    assert any(later.id in step for step in anna.clock(kept).steps)
    assert register_reader.faults(url) == []


def test_a_repeat_is_linked_to_what_was_answered(
    clock_service: ServiceOf, open_one: Open, register: Register
) -> None:
    earlier, later = open_one(), open_one(received_at="2026-03-09T09:00:00+01:00")
    clock_service("cli:anna").withdraw(earlier.id, "email")
    _, clock = clock_service("cli:anna").link(later.id, earlier.id, "repeat", NAMES)
    assert any(earlier.id in step and "R26" in step for step in clock.steps)
    with pytest.raises(RefusedError, match="on their own"):
        clock_service("cli:anna").link(later.id, earlier.id, "repeat", ("no_such_key",))


EARLIER = datetime(2025, 12, 24, 9, tzinfo=UTC)


def correct(services: Services, request: str) -> None:
    officer = Officer(services.register, ROLES, "cli:anna", now=datetime.now(UTC))
    place = jurisdiction_of(services.inventory.controller)
    ClockService(officer, place).correct(request, EARLIER, "other_channel")


def test_the_request_arrived_when_the_correction_says(services: Services) -> None:
    request, other = (store(services, {"customer_id": n}, "portability") for n in "12")

    correct(services, request)

    for found in (services.register.requests.get(request), services.register.requests.all()[0]):
        assert (found.received_at[:10], found.entered_at[:10]) == ("2025-12-24", "2026-01-01")
    untouched = services.register.requests.get(other)
    assert (untouched.received_at[:10], untouched.entered_at) == ("2026-01-01", "")


def test_a_plan_made_before_it_is_made_again(services: Services) -> None:
    request = store(services, {"customer_id": "1"}, "portability")
    assess(services, request)
    classify(services, request)

    correct(services, request)

    with pytest.raises(GateError, match="The receipt changed after the plan"):
        extract(services, request, "shop")
    with zipfile.ZipFile(run(services, request)) as bundle:
        page = next(bundle.read(name).decode() for name in bundle.namelist() if name.endswith("/index.html"))
    assert "Op 24 december 2025 vroeg u ons" in page
    assert "Eerst schreven wij op dat uw verzoek op 1 januari 2026 binnenkwam." in page
