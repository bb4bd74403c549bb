"""The keeper of a system is reminded before a search is due and once it is late, each once a notifier."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from testbed.running import installation, store
from testbed.small import write_database, write_inventory
from tests.support.manual import add_systems, system, waits

from afschrift.casework.notices.questions import search_reminder, searches
from afschrift.casework.notices.reminder import Message
from afschrift.domain.errors import RetriableError
from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.clock import Jurisdiction
from afschrift.law.roles import Roles
from afschrift.questions.ask import assign
from afschrift.register.register import Register
from afschrift.services import Services

NL = Jurisdiction(calendar("NL"))
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


def register(services: Services) -> Register:
    return services.register


def reminders(services: Services, day: int, notifier: str = "officers", *roles: str) -> list[Message]:
    messages: list[Message] = []
    search_reminder(register(services), BY, NL, noon(day)).remind(notifier, messages.append, roles)
    return messages


def test_the_day_and_the_level(services: Services, asked: dict[str, str]) -> None:
    days = {19: None, 20: "due_soon", 24: "due_soon", 25: "late"}
    for day, level in days.items():
        found = searches(register(services), NL, noon(day))
        assert [(str(search.due), search.level) for search in found] == [("2026-11-24", level)] * 2


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


def test_a_notifier_that_fails_is_reminded_again(services: Services, asked: dict[str, str]) -> None:
    def fails(_message: Message) -> None:
        raise RetriableError("the server is down")

    with pytest.raises(RetriableError):
        search_reminder(register(services), BY, NL, noon(24)).remind("officers", fails)
    assert len(reminders(services, 24)) == 1
