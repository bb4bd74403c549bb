"""The list of commands is printed without importing them, and says of each what its own help says."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.core import TyperCommand
from typer.main import get_command
from typer.testing import CliRunner

from afschrift.cli.main import HELP, app

LISTED = """
import sys
from typer.main import get_command
from typer.testing import CliRunner
from afschrift.cli.main import HELP, app
print(CliRunner().invoke(app, ["--help"]).output)
print(*(name for name in sys.modules if name.startswith(("afschrift.casework", "afschrift.register.", "sqlalchemy"))))
for name in HELP: get_command(app).get_command(None, name)
print("airflow" in sys.modules)
"""
GROUP: Any = get_command(app)


def commands(group: Any, *words: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        if hasattr(found, "list_commands"):
            yield from commands(found, *words, name)
        else:
            yield (*words, name), found


def test_the_list_of_commands_imports_none_of_them() -> None:
    """Nor does a command load Airflow before it prepares one: with other settings `run_here` would refuse it."""
    run = subprocess.run([sys.executable, "-c", LISTED], capture_output=True, text=True, check=True)
    *listed, imported, airflow = run.stdout.splitlines()
    assert [line for line in listed if line.startswith("  review ")]
    assert set(imported.split()) <= {"afschrift.register.keys", "afschrift.register.keys.key_sources"}
    assert airflow == "False"


@pytest.mark.parametrize("name", HELP)
def test_a_command_is_listed_with_the_beginning_of_its_own_help(name: str) -> None:
    found = GROUP.get_command(None, name)
    assert found.name == name
    assert found.get_short_help_str(200) == TyperCommand(name, help=HELP[name]).get_short_help_str(200)


def test_each_command_says_what_it_is_for() -> None:
    found = dict(commands(GROUP))
    assert len(found) > 80
    for words, command in found.items():
        assert len(command.help.split("\n\n")[0]) > 40, words
    for name in ("suspend", "resume", "extend", "sent", "withdraw", "correct", "merge", "link"):
        assert "--json" in [option for each in found["request", name].params for option in each.opts]
    shown = CliRunner().invoke(app, ["key", "revoke", "--help"]).output
    assert "Usage" in shown and found["key", "revoke"].help[:40] in " ".join(shown.split())


@pytest.mark.parametrize(("typed", "meant"), [("sumbit", "submit"), ("auditt", "audit")])
def test_a_misspelt_command_is_refused_with_the_one_that_is_like_it(typed: str, meant: str) -> None:
    assert GROUP.get_command(None, typed) is None
    done = CliRunner().invoke(app, [typed, "--help"])
    assert done.exit_code == 2
    assert f"No such command '{typed}'. Did you mean '{meant}'?" in done.output
