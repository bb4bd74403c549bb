"""The terminal of a play: where commands are typed and the transcript appears."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from plays.stage import Said


def command(words: tuple[str, ...], stdin: str) -> Said:
    """Run `afschrift` as somebody at a terminal."""
    program = str(Path(sys.executable).with_name("afschrift"))
    done = subprocess.run(  # noqa: S603  (our own program)
        [program, *words], input=stdin, text=True, capture_output=True, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


def write(line: str) -> None:
    """A line of the transcript."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
