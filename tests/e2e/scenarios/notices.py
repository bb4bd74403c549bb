"""Scenarios about the check: it notifies once and of the right level, however many requests there are."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta

from tests.e2e.scenarios import by_hand
from tests.e2e.scenarios.scenario import ZONE, Scenario, utc

_DAYS = 50
"""Over so many days the ten thousand came in, so that every level has its share."""
_EXTENDED, _SUSPENDED = 40, 50
"""Every fortieth was extended in time, every fiftieth waits for an answer."""


def acknowledged(scenario: Scenario) -> None:
    """Scenario 7: the run fails until an officer says by name why a request is late (R37)."""
    scenario.begin("7. Overdue: the run fails until a user says why (R37)")
    request = scenario.request(40, "Gijs")
    scenario.due(request, by_hand.last_day(scenario.today - timedelta(40)), "overdue:R37")
    scenario.tell("The check runs.")
    checked = scenario.watches(request)
    scenario.must(
        (checked.state, checked.tasks["overdue"]) == ("failed", "failed"), "the run failed at overdue"
    )
    scenario.must("no officer has said why" in checked.log, "the log says what is missing")

    scenario.tell("An officer says why, by name.")
    scenario.types(
        *("request", "acknowledge", request, "--text-file", "-"),
        stdin="The processor delivered late; the answer goes out tomorrow.",
    )
    checked = scenario.watches(request)
    scenario.must(checked.state == "success", "the run is green")
    scenario.due(request, by_hand.last_day(scenario.today - timedelta(40)), "overdue:R37")


def after_days(scenario: Scenario) -> None:
    """Scenario 8: after days without a scheduler one notice of today's level is raised."""
    from afschrift.casework.notices.report import open_check

    scenario.begin("8. No scheduler for days: one notice, of today's level")
    received = by_hand.almost_due(scenario.today)
    due = by_hand.last_day(received)
    request = scenario.request((scenario.today - received).days, "Hanna")
    now = by_hand.level(due, scenario.today)

    back = 12 - (due - scenario.today).days
    scenario.tell(f"The last check was made {back} days ago, when twelve were left.")
    check = open_check("airflow:check_deadlines", now=datetime.now(ZONE) - timedelta(back))
    check.raise_notices(found for found in check.open_requests() if found.timeline.request == request)
    scenario.must(raised(scenario)[request] == ["14"], "it raised the notice of fourteen days")

    scenario.tell("Today the scheduler is back.")
    scenario.watches(request)
    scenario.must(
        raised(scenario)[request] == ["14", str(now)], f"one notice more, of level {now}, and none between"
    )
    scenario.watches(request)
    scenario.must(raised(scenario)[request] == ["14", str(now)], "the next check raises none")
    if scenario.scheduled is not None:
        begun = datetime(2026, 1, 1, tzinfo=ZONE)
        missed = int((datetime.now(ZONE) - begun).total_seconds() // 3600)
        scenario.must(
            scenario.scheduled() <= 2,
            f"for the {missed:,} hours since the DAG's first day the scheduler began no run each",
        )


def ten_thousand(scenario: Scenario, count: int, seconds: float = 10) -> None:
    """Scenario 6: many open requests at once, counted in another way."""
    scenario.begin(f"6. {count:,} open requests at once")
    scenario.tell("They are stored; each came in on one of the last fifty days.")
    ids = set(store_many(scenario, count))
    expected = _expected(scenario, ids)
    scenario.tell("The check runs.")
    checked = scenario.watches()
    scenario.must(checked.tasks["look"] == "success", "the check ended")
    found = {request: levels for request, levels in raised(scenario).items() if request in ids}
    scenario.write(f"     by hand  {dict(sorted(Counter(expected.values()).items()))}")
    scenario.write(f"     raised   {dict(sorted(Counter(x for y in found.values() for x in y).items()))}")
    scenario.must(
        found == {request: [level] for request, level in expected.items()},
        "each request has the notice that plain SQL and arithmetic give it, once",
    )
    mails = "".join(
        str(part.get_content()) for mail in scenario.mailbox() for part in mail.walk() if _is_html(part)
    )
    named = Counter(word.partition("</td>")[0] for word in mails.split("<tr><td>")[1:])
    scenario.must(
        {id: named[id] for id in ids if named[id]} == dict.fromkeys(expected, 1),
        "the officers' mail names each of these, once",
    )
    scenario.must(
        checked.seconds < seconds, f"{checked.seconds:.1f} s of task time are less than {seconds:g}"
    )

    scenario.tell("A second check.")
    before = raised(scenario)
    checked = scenario.watches()
    scenario.must(raised(scenario) == before, "it raises nothing")
    scenario.must(checked.tasks["notify[0]"] == "skipped", "it notifies no one")
    scenario.must(
        checked.seconds < seconds, f"{checked.seconds:.1f} s of task time are less than {seconds:g}"
    )


def store_many(scenario: Scenario, count: int) -> list[str]:
    """Store open requests; some extended in time, some suspended; their ids."""
    from afschrift.app.jurisdiction import load_jurisdiction
    from afschrift.domain.keys import Key
    from afschrift.domain.right import Right
    from afschrift.law.clock.facts import NewFact, Timeline
    from afschrift.law.clock.sending import Sending
    from afschrift.law.clock.suspension import extend, suspend
    from afschrift.register.open import open_register

    register, place, today = open_register(), load_jurisdiction(), scenario.today
    now = datetime.now(ZONE)
    ids: list[str] = []
    for number in range(count):
        at = utc(now - timedelta(number % _DAYS))
        case = register.cases.open(b"What do you have about me?", "mail", at, at)
        keys = (Key("customer_id", str(number)),)
        made = register.requests.open(
            case, Right.ACCESS, at, "Europe/Amsterdam", "nl", ("csv",), "outbox", keys, ()
        )
        ids.append(made.id)
        if (number + 1) % 1000 == 0:
            scenario.write(f"     {number + 1:,}")

    def sent(timeline: Timeline) -> Sending:
        return Sending(min(timeline.received + timedelta(2), today), "post", "3SABC")

    def extended(timeline: Timeline) -> list[NewFact]:
        return extend(timeline, place, today, ["amount_of_data"], sending=sent(timeline))

    def suspended(timeline: Timeline) -> list[NewFact]:
        doubt = "unknown_sender"
        return suspend(timeline, place, today, "identity", doubt=doubt, sending=sent(timeline))

    register.facts.record_many(dict.fromkeys(ids[7::_EXTENDED], extended), "test")
    register.facts.record_many(dict.fromkeys(ids[9::_SUSPENDED], suspended), "test")
    return ids


def raised(scenario: Scenario) -> dict[str, list[str]]:
    """Levels of the notices of each request, in their order: plain SQL on the register."""
    found: dict[str, list[str]] = {}
    statement = "SELECT request_id, json_extract(detail, '$.level') FROM fact WHERE kind = 'notice_raised'"
    with closing(sqlite3.connect(scenario.home / "register.db")) as register:
        for request, level in register.execute(f"{statement} ORDER BY request_id, number"):
            found.setdefault(request, []).append(level)
    return found


def _expected(scenario: Scenario, ids: set[str]) -> dict[str, str]:
    """Another way to the notices: plain SQL on the register, and the calendar by hand."""
    statement = """
        SELECT id, received_at,
               EXISTS (SELECT 1 FROM fact f WHERE f.request_id = r.id AND f.kind = 'extended'),
               EXISTS (SELECT 1 FROM fact f WHERE f.request_id = r.id AND f.kind = 'suspended')
        FROM request r"""
    with closing(sqlite3.connect(scenario.home / "register.db")) as register:
        rows = [row for row in register.execute(statement) if row[0] in ids]
    levels: dict[str, str] = {}
    for request, at, extended, suspended in rows:
        received = datetime.fromisoformat(at).astimezone(ZONE).date()
        due = by_hand.last_day(received, months=3 if extended else 1)
        level = None if suspended else by_hand.level(due, scenario.today)
        if level is not None:
            levels[request] = level
    return levels


def _is_html(part: object) -> bool:
    return getattr(part, "get_content_type", str)() == "text/html"
