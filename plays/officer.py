"""`python -m plays.officer`: what the law leaves to people, on a real Airflow, with users of each role.

Airflow is started as `afschrift up` does, on a small demo warehouse. People log in to it and answer over
HTTP as themselves; letters go to a real mail server on loopback. Commands stand there as typed. Ends with 1,
naming the step, where something is not as it must be.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from tests.support.mail_server import serving

from plays import decided, others
from plays.installation import PEOPLE, install_demo
from plays.office import Office
from plays.running import running
from plays.stage import WrongError
from plays.terminal import command, write

SCENES: dict[str, Callable[[Office], None]] = {
    "1": decided.twelfth,
    "2": decided.refused,
    "3": others.tickets,
    "4": others.partly,
    "5": others.parent,
    "6": decided.withdrawn,
}


def main() -> None:
    """Play all scenes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="SCENE", action="append", help="this scene; may be repeated")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="play-", ignore_cleanup_errors=True) as folder,
        ExitStack() as stack,
    ):
        office, office_at = stack.enter_context(serving())
        variables = install_demo(Path(folder))
        stack.enter_context(patch.dict(os.environ, variables))
        write("Airflow starts ...")
        airflow = stack.enter_context(running(PEOPLE))
        stack.enter_context(patch.dict(os.environ, {"AFSCHRIFT_AIRFLOW_URL": airflow.url}))
        home = Path(variables["AFSCHRIFT_HOME"])
        stage = Office(home, command, airflow.check, office, office_at, write, airflow=airflow)
        stage.aim_mail()
        try:
            for number, scene in SCENES.items():
                if given.only is None or number in given.only:
                    scene(stage)
        except WrongError as error:
            sys.exit(f"\nNOT AS IT MUST BE. {error}")
    write("\nEverything was as it must be.")


if __name__ == "__main__":
    main()
