"""Checks of deadlines and of searches: notices once, each notifier once, whichever fails."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from testbed import register_reader
from testbed.running import installation, store
from testbed.small import write_database, write_inventory
from tests.support.deciding import ROLES
from tests.support.manual import add_systems, system, waits
from tests.unit.conftest import Open

from afschrift.casework.clock import ClockService
from afschrift.casework.notices.deadlines import DeadlineCheck, deadline_reminder
from afschrift.casework.notices.questions import search_reminder
from afschrift.casework.notices.reminder import Message
from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError, RetriableError
from afschrift.law.clock.alarm import OVERDUE, marks
from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.clock import Jurisdiction
from afschrift.law.clock.facts import FactKind
from afschrift.law.clock.sending import Sending
from afschrift.law.manual_search import ChaseDays
from afschrift.law.roles import Roles
from afschrift.questions.ask import assign
from afschrift.register.register import Register
from afschrift.services import Services

At = Callable[[int], DeadlineCheck]
PLACE = Jurisdiction(calendar("NL"))
DUE = date(2026, 4, 2)


@pytest.fixture
def at(register: Register) -> At:
    """A check so many days before the last day of a request that `open_one` opens."""

    def checks(days: int) -> DeadlineCheck:
        day = DUE - timedelta(days=days)
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        return DeadlineCheck(register, PLACE, marks(), noon, "airflow:check_deadlines")

    return checks


def clock_on(register: Register, day: date) -> ClockService:
    now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return ClockService(Officer(register, ROLES, "cli:anna", now=now), PLACE)


def check(deadline_check: DeadlineCheck) -> int:
    return deadline_check.raise_notices(deadline_check.open_requests())


def remind(check: DeadlineCheck, notifier: str, send: Callable[[Message], None]) -> int:
    return deadline_reminder(check, {}).remind(notifier, send)


def raised(register: Register, request: str) -> list[str]:
    return [f.detail["level"] for f in register.facts.timeline(request).of(FactKind.NOTICE_RAISED)]


def test_a_notice_is_raised_once_for_each_level(register: Register, open_one: Open, at: At, url: str) -> None:
    request = open_one().id
    assert [w.clock.due for w in at(20).open_requests()] == [DUE]
    for days in (20, 15, 14, 14, 10, 8, 7, 7, 3, 2, 1, 0, -1, -30):
        check(at(days))
    assert raised(register, request) == ["14", "7", "3", "1", OVERDUE]
    assert [w.raised.detail["due"] for w in at(-31).open_requests() if w.raised] == ["2026-04-02"]
    assert [w.remarks for w in at(-31).open_requests()] == [()]  # the level says that it is overdue
    assert register_reader.faults(url) == []


def test_a_request_without_a_last_day_comes_after_the_others(
    register: Register, open_one: Open, at: At
) -> None:
    waits, runs = open_one().id, open_one().id
    day = DUE - timedelta(days=20)
    clock_on(register, day).suspend(
        waits, "identity", doubt="unknown_sender", sending=Sending(day, "post", "r1")
    )
    assert [w.timeline.request for w in at(19).open_requests()] == [runs, waits]


def test_two_checks_at_once_raise_it_once(register: Register, open_one: Open, at: At) -> None:
    request = open_one().id
    first, second = at(7), at(7)
    seen, also_seen = first.open_requests(), second.open_requests()
    first.raise_notices(seen)
    second.raise_notices(also_seen)
    assert raised(register, request) == ["7"]


def test_each_check_is_in_the_trail_with_its_counts(register: Register, open_one: Open, at: At) -> None:
    open_one()
    check(at(-1))
    counts = {"open": 1, "raised": 1, "suspended": 0, "overdue": 1, "unacknowledged": 1}
    assert [p for h, p in register.trail.events(None) if h.type == "deadlines_checked"] == [counts]


def test_a_failing_notifier_hides_no_other_and_is_called_again(
    register: Register, open_one: Open, at: At
) -> None:
    request, other = open_one().id, open_one().id
    check(at(7))
    taken: list[list[str]] = []

    def take(message: Message) -> None:
        taken.append(sorted(row["Request"] for row in message.rows))

    def refuse(_: Message) -> None:
        raise RetriableError("The mail server is down.")

    with pytest.raises(RetriableError):
        remind(at(7), "mail", refuse)
    assert remind(at(7), "log", take) == 2
    again = [(7, "log"), (6, "mail"), (6, "mail")]
    assert [remind(at(days), notifier, take) for days, notifier in again] == [0, 2, 0]
    assert taken == [sorted([request, other])] * 2
    reminders = register.facts.timeline(request).of(FactKind.NOTICE_SENT)
    assert [f.detail["notifier"] for f in reminders] == ["log", "mail"]


def test_a_notifier_that_was_down_for_days_gets_the_level_of_today_alone(
    register: Register, open_one: Open, at: At
) -> None:
    open_one()
    for days in (14, 7, 3):
        check(at(days))
    levels: list[str] = []
    remind(at(3), "mail", lambda message: levels.extend(row["Notice"] for row in message.rows))
    assert levels == ["3"]


def test_an_overdue_request_needs_a_word_by_name(register: Register, open_one: Open, at: At) -> None:
    request = open_one().id
    with pytest.raises(RefusedError, match="not overdue"):
        clock_on(register, date(2026, 4, 2)).acknowledge(request, "Te vroeg.")
    assert [w.unexplained for w in at(-1).open_requests()] == [True]
    words = "Een verwerker van Anneke leverde te laat."
    timeline, clock = clock_on(register, date(2026, 4, 3)).acknowledge(request, words)
    assert clock.breaches == ("overdue:R37",)
    assert [w.unexplained for w in at(-9).open_requests()] == [False]
    assert register.facts.text(timeline.facts[-1].id) == words
    assert "Anneke" not in str([payload for _, payload in register.trail.events(request)])


BY = "airflow:check_deadlines"


def noon(day: int) -> datetime:
    return datetime(2026, 11, day, 12, tzinfo=UTC)


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    systems = (system("mail", "mailbox", owner="Bea"), system("tape", "backup", owner="officer"))
    yield installation(tmp_path / "home", add_systems(write_inventory(tmp_path / "inventory"), *systems))


@pytest.fixture
def asked(services: Services) -> dict[str, str]:
    """Received on 2 November 2026: the searches are due on Tuesday the 24th."""
    return waits(services, store(services, {"customer_id": "1"}, received_at="2026-11-02T09:00:00Z"))


def reminders(services: Services, day: int, notifier: str = "officers", *roles: str) -> list[Message]:
    messages: list[Message] = []
    search_reminder(services.register, BY, PLACE, noon(day)).remind(notifier, messages.append, roles)
    return messages


def test_each_level_goes_once_a_notifier_and_again_to_another_person(
    services: Services, asked: dict[str, str]
) -> None:
    assert reminders(services, 19) == []
    [soon] = reminders(services, 20)
    assert soon.subject == "Afschrift: 2 systems to search"
    assert "mail: due 2026-11-24, role keeper for Bea" in soon.text
    assert reminders(services, 24) == []
    assert len(reminders(services, 24, "others")) == 1
    [late] = reminders(services, 25)
    assert late.subject == "Afschrift: 2 systems to search, 2 late"
    assert reminders(services, 26) == []
    assign(services.register, Roles(open_terminal=True), asked["mail"], "cli:vera", "cli:anna")
    [again] = reminders(services, 26)
    assert [row["System"] for row in again.rows] == ["mail"]


def test_only_the_roles_of_a_notifier_and_nothing_answered(services: Services, asked: dict[str, str]) -> None:
    [message] = reminders(services, 24, "keepers", "keeper")
    assert [row["System"] for row in message.rows] == ["mail"]
    services.register.questions.answer(asked["mail"], "nothing_held", "cli:bea")
    [message] = reminders(services, 24)
    assert [row["System"] for row in message.rows] == ["tape"]


def test_officers_are_notified_once_a_keeper_was_reminded_in_vain(
    services: Services, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    days = ChaseDays(remind=0, escalate=0)
    for notifier, roles, chased in (
        ("keepers", ("keeper",), ChaseDays()),
        ("officers", ("officer",), days),
        ("signers", ("second_signer",), days),
    ):
        messages: list[Message] = []
        now = noon(20) if chased is not days else datetime.now(UTC)
        search_reminder(services.register, BY, PLACE, now, chased).remind(notifier, messages.append, roles)
        assert len(messages) == (notifier != "signers"), notifier
