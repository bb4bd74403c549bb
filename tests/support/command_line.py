"""The command `afschrift` as typed: in a process of its own, or without the start of one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch


@dataclass(frozen=True)
class CommandResult:
    """The exit code of a command, its output, and its error output."""

    code: int
    text: str
    errors: str = ""


def command(words: tuple[str, ...], stdin: str = "") -> CommandResult:
    """Run it as a process."""
    program = str(Path(sys.executable).with_name("afschrift"))
    done = subprocess.run([program, *words], input=stdin, text=True, capture_output=True, check=False)
    return CommandResult(done.returncode, done.stdout, done.stderr)


def in_this_process(words: tuple[str, ...], stdin: str = "") -> CommandResult:
    """The same without the start of a process, which takes a second."""
    from typer.testing import CliRunner

    from afschrift.cli.main import app
    from afschrift.domain.errors import AfschriftError

    with programs_made_once():
        done = CliRunner().invoke(app, words, input=stdin)
    if isinstance(done.exception, AfschriftError):
        return CommandResult(1, done.stdout, f"afschrift: {done.exception}\n")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return CommandResult(done.exit_code, done.stdout, done.stderr)


@contextmanager
def programs_made_once() -> Iterator[None]:
    """While open, typer's runner makes a program once: of ninety commands that takes longer than most of them."""
    with patch("typer.testing._get_command", _made):
        yield


@cache
def _made(app: Any) -> Any:
    from typer.main import get_command

    return get_command(app)
