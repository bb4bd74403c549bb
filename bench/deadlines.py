"""`python -m bench.deadlines`: a check of the last days of 10,000 open requests, then a second one.

The requests came in over fifty days, so that every level has its share. Prints the seconds that the steps of
`check_deadlines` take, the notices of each level beside those that plain counting of dates expects, and that
the second check raises and tells none.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from afschrift.casework.notices.deadlines import DeadlineCheck, deadline_reminder
from afschrift.casework.notices.reminder import Message
from afschrift.casework.notices.report import table
from afschrift.domain.keys import Key
from afschrift.domain.right import Right
from afschrift.law.clock.alarm import marks
from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.clock import Jurisdiction
from afschrift.law.clock.deadline import deadline
from afschrift.register import schema
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAYS = 50
PLACE = Jurisdiction(calendar("NL"))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="open requests")
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        url = f"sqlite:///{folder}/register.db"
        schema.upgrade(url)
        register = Register(url, KeyStore.create(Path(folder) / "keys.json"))
        received = [NOW - timedelta(days=n % DAYS) for n in range(count)]
        for at in received:
            _store(register, at.isoformat())
        print(f"{count} open requests.")
        check(register)
        print("expected", dict(sorted(Counter(filter(None, map(_expected, received))).items())))
        check(register)


def check(register: Register) -> None:
    """One check with one notifier, as the tasks do it."""
    notices: list[str] = []

    def send(message: Message) -> None:
        notices.extend(row["Notice"] for row in message.rows)

    began = time.perf_counter()
    checked = DeadlineCheck(register, PLACE, marks(), NOW, "airflow:check_deadlines")
    requests = checked.open_requests()
    looked = time.perf_counter()
    raised = checked.raise_notices(requests)
    noted = time.perf_counter()
    table(requests)
    deadline_reminder(checked, {}).remind("log", send)
    ended = time.perf_counter()
    print(
        f"{ended - began:.2f} s: look {looked - began:.2f}, raise {noted - looked:.2f}, "
        f"tell {ended - noted:.2f}; {raised} raised"
    )
    print("notices", dict(sorted(Counter(notices).items())))


def _store(register: Register, at: str) -> None:
    case = register.cases.open(b"What do you have about me?", "mail", at, at)
    keys = (Key("customer_id", "1"),)
    register.requests.open(case, Right.ACCESS, at, "Europe/Amsterdam", "nl", ("csv",), "outbox", keys, ())


def _expected(at: datetime) -> str | None:
    """Another way to the level: days counted from the last day alone."""
    due = deadline(at.date(), PLACE.calendar).due
    assert due is not None
    left = (due - NOW.date()).days
    return "overdue" if left < 0 else next((str(mark) for mark in (1, 3, 7, 14) if left <= mark), None)


if __name__ == "__main__":
    main()
