"""`make scenario-officer`: what the law leaves to people, on a real Airflow, with users of each role.

Airflow is started as `afschrift up` does, on a small demo warehouse. People log in to it and answer over
HTTP as themselves; letters go to a real mail server on loopback. Commands are shown as typed. Ends with 1,
naming the step, where something is not as it must be.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from demo.build import build
from tests.e2e.scenarios import decided, others
from tests.e2e.scenarios.installing import PEOPLE, demo_with_people
from tests.e2e.scenarios.terminal import carry_out, write
from tests.e2e.scenarios.with_people import ScenarioWithPeople
from tests.support.airflow_up import airflow_here
from tests.support.command_line import command
from tests.support.mail_server import serving

ALL: dict[str, Callable[[ScenarioWithPeople], None]] = {
    "1": decided.twelfth,
    "2": decided.refused,
    "3": others.tickets,
    "4": others.partly,
    "5": others.parent,
    "6": decided.withdrawn,
}


def main() -> None:
    """All scenarios, with a transcript."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="NUMBER", action="append", help="this one, 1 to 6; may be repeated")
    given = parser.parse_args()
    write("Airflow starts ...")
    with tempfile.TemporaryDirectory(prefix="scenario-", ignore_cleanup_errors=True) as folder:
        (warehouse := Path(folder) / "built").mkdir()
        build(warehouse, 0.02, say=lambda _: None, days_a_file=7)
        with (
            serving() as (office, office_at),
            demo_with_people(warehouse, Path(folder)) as made,
            airflow_here(PEOPLE) as airflow,
        ):
            scenario = ScenarioWithPeople(
                made.home, command, airflow.check_deadlines, office, office_at, write, airflow=airflow
            )
            carry_out(ALL, scenario, given.only)


if __name__ == "__main__":
    main()
