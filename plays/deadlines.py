"""`python -m plays.deadlines`: the lawful clock on a real Airflow, shown as it goes, and checked.

Airflow is started as `afschrift up` does; letters go to a real mail server on loopback, which is down, turns
an address down or sends a bounce where a scene says so. Commands stand there as typed. Every day is a true
one: requests came in some days before today. Ends with 1, naming the step, where something is not as it must
be. Takes about four minutes, of which storing the ten thousand requests is the most.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from unittest.mock import patch

from tests.support.mail_server import serving

from plays import letters_and_clock as letters
from plays import watching
from plays.installation import install
from plays.running import running
from plays.stage import Stage, WrongError
from plays.terminal import command, write


def main() -> None:
    """Play all scenes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000, help="open requests in the last scene")
    parser.add_argument("--seconds", type=float, default=10, help="of task time that their check may take")
    parser.add_argument("--only", metavar="SCENE", help="one scene alone: 1 to 8")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="play-", ignore_cleanup_errors=True) as folder,
        ExitStack() as stack,
    ):
        office, office_at = stack.enter_context(serving())
        variables = install(Path(folder), office_at)
        stack.enter_context(patch.dict(os.environ, variables))
        write("Airflow starts ...")
        airflow = stack.enter_context(running())
        home = Path(variables["AFSCHRIFT_HOME"])
        stage = Stage(home, command, airflow.check, office, office_at, write, airflow.scheduled)
        stage.aim_mail()
        try:
            for number, scene in scenes(given.count, given.seconds).items():
                if given.only in (None, number):
                    scene(stage)
        except WrongError as error:
            sys.exit(f"\nNOT AS IT MUST BE. {error}")
    write("\nEverything was as it must be.")


def scenes(count: int, seconds: float) -> dict[str, Callable[[Stage], None]]:
    """All scenes by their number, in an order in which none disturbs the next."""
    return {
        "1": letters.suspended_and_resumed,
        "2": letters.extended_in_time,
        "3": letters.extended_too_late,
        "4": letters.extended_and_not_sent,
        "5": letters.bounced,
        "7": watching.acknowledged,
        "8": watching.after_days,
        "6": partial(watching.ten_thousand, count=count, seconds=seconds),
    }


if __name__ == "__main__":
    main()
