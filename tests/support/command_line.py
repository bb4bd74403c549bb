"""The command `afschrift` as typed: in a process of its own, or without the start of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

if TYPE_CHECKING:
    from afschrift.domain.errors import AfschriftError


@dataclass(frozen=True)
class CommandResult:
    """The exit code of a command, its output, and its error output."""

    code: int
    text: str
    errors: str = ""

    @property
    def requests(self) -> list[str]:
        """Ids of requests with which a line of the output begins."""
        return [line.split()[0] for line in self.text.splitlines() if line.startswith("req-")]


def command(words: tuple[str, ...], stdin: str = "") -> CommandResult:
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


def run_command(*words: str | Path, stdin: str = "", code: int = 0) -> str:
    """What a command writes that ends with a code."""
    done = in_this_process(tuple(map(str, words)), stdin)
    assert done.code == code, done
    return done.text + done.errors


def refused(*words: str | Path, stdin: str = "") -> AfschriftError:
    """The error of ours with which a command ends."""
    from typer.testing import CliRunner

    from afschrift.cli.main import app
    from afschrift.domain.errors import AfschriftError

    error = CliRunner().invoke(app, list(map(str, words)), input=stdin).exception
    assert isinstance(error, AfschriftError), error
    return error


SECRET = "zangvogel"
_MESSAGE = {
    "message": f"Ik vraag al mijn gegevens op. {SECRET}.",
    "channel": "portal",
    "received_at": "2026-01-01T10:00:00+01:00",
    "right": ["access", "portability"],
    "keys": {"customer_id": "1"},
    "authenticated": {"by": "log-in", "level": "password + code", "at": "2026-01-01T09:59:00+01:00"},
}


def submit(*words: str, **changed: object) -> CommandResult:
    """Hand in a message, by which no run is started unless words are given; None leaves a field out."""
    content = {name: value for name, value in (_MESSAGE | changed).items() if value is not None}
    return in_this_process(("submit", "-", *(words or ("--start", "no"))), json.dumps(content))


def without_settings(patch: pytest.MonkeyPatch) -> None:
    """Take every setting of ours out of the environment."""
    for name in [name for name in os.environ if name.startswith("AFSCHRIFT_")]:
        patch.delenv(name)


@contextmanager
def programs_made_once() -> Iterator[None]:
    """While open, typer's runner makes a program once: of ninety commands that takes longer than most of them."""
    with patch("typer.testing._get_command", _made):
        yield


@cache
def _made(app: Any) -> Any:
    from typer.main import get_command

    return get_command(app)
