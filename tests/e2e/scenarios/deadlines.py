"""`make scenario-deadlines`: the lawful clock on a real Airflow, shown as it goes, and checked.

Airflow is started as `afschrift up` does; letters go to a real mail server on loopback, which is down, turns
an address down or sends a bounce where a scenario says so. Commands are shown as typed. Every day is a true
one: requests came in some days before today. Ends with 1, naming the step, where something is not as it must
be. Takes about four minutes, of which storing the ten thousand requests is the most.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.e2e.scenarios import letters_and_clock as letters
from tests.e2e.scenarios import notices
from tests.e2e.scenarios.installing import small_shop
from tests.e2e.scenarios.scenario import Scenario
from tests.e2e.scenarios.terminal import carry_out, write
from tests.support.airflow_up import airflow_here
from tests.support.command_line import command
from tests.support.mail_server import serving

ALL: dict[str, Callable[[Scenario], None]] = {
    "1": letters.suspended_and_resumed,
    "2": letters.extended_in_time,
    "3": letters.extended_too_late,
    "4": letters.extended_and_not_sent,
    "5": letters.bounced,
    "7": notices.acknowledged,
    "8": notices.after_days,
}
"""By their number, in an order in which none disturbs the next; the sixth is that of many requests."""


def main() -> None:
    """All scenarios, with a transcript."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000, help="open requests in the last scenario")
    parser.add_argument("--seconds", type=float, default=10, help="of task time that their check may take")
    parser.add_argument("--only", metavar="NUMBER", action="append", help="this one, 1 to 8; may be repeated")
    given = parser.parse_args()
    write("Airflow starts ...")
    with (
        tempfile.TemporaryDirectory(prefix="scenario-", ignore_cleanup_errors=True) as folder,
        serving() as (office, office_at),
        small_shop(Path(folder), office_at) as home,
        airflow_here() as airflow,
    ):
        scenario = Scenario(
            home, command, airflow.check_deadlines, office, office_at, write, airflow.scheduled
        )
        many = partial(notices.ten_thousand, count=given.count, seconds=given.seconds)
        carry_out(ALL | {"6": many}, scenario, given.only)


if __name__ == "__main__":
    main()
