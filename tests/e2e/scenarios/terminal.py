"""Where commands are typed and the transcript appears: at a terminal, or in a test's own process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from tests.e2e.scenarios.scenario import Said, Scenario, ScenarioError

One = TypeVar("One", bound=Scenario)


def command(words: tuple[str, ...], stdin: str) -> Said:
    """Run `afschrift` as somebody at a terminal."""
    program = str(Path(sys.executable).with_name("afschrift"))
    done = subprocess.run([program, *words], input=stdin, text=True, capture_output=True, check=False)
    return Said(done.returncode, done.stdout, done.stderr)


def in_this_process(words: tuple[str, ...], stdin: str) -> Said:
    """The same without the start of a process."""
    from typer.testing import CliRunner

    from afschrift.cli.main import app
    from afschrift.domain.errors import AfschriftError

    done = CliRunner().invoke(app, words, input=stdin)
    if isinstance(done.exception, AfschriftError):
        return Said(1, done.stdout, f"afschrift: {done.exception}")
    return Said(done.exit_code, done.stdout, done.stderr)


def write(line: str) -> None:
    """A line of the transcript."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def carry_out(scenarios: Mapping[str, Callable[[One], None]], on: One, only: Collection[str] | None) -> None:
    """Scenarios by their number, or some of them; ends with 1 at the first that goes otherwise than it must."""
    on.aim_mail()
    try:
        for number, scenario in scenarios.items():
            if only is None or number in only:
                scenario(on)
    except ScenarioError as error:
        sys.exit(f"\nNOT AS IT MUST BE. {error}")
    write("\nEverything was as it must be.")
