"""The list of commands is printed without importing them, and says of each what its own help says."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.core import TyperCommand
from typer.main import get_command
from typer.testing import CliRunner

from afschrift.cli.main import HELP, app

LISTED = """
import sys
from typer.testing import CliRunner
from afschrift.cli.main import app
print(CliRunner().invoke(app, ["--help"]).output)
print(*(name for name in sys.modules if name.startswith(("afschrift.casework", "afschrift.register.", "sqlalchemy"))))
"""


def test_the_list_of_commands_imports_none_of_them() -> None:
    run = subprocess.run([sys.executable, "-c", LISTED], capture_output=True, text=True, check=True)
    *listed, imported = run.stdout.splitlines()
    assert [line for line in listed if line.startswith("  review ")]
    assert set(imported.split()) <= {"afschrift.register.keys", "afschrift.register.keys.key_sources"}


@pytest.mark.parametrize("name", HELP)
def test_a_command_is_listed_with_the_beginning_of_its_own_help(name: str) -> None:
    found = get_command(app).get_command(None, name)  # type: ignore[attr-defined]
    assert found.name == name
    assert found.get_short_help_str(200) == TyperCommand(name, help=HELP[name]).get_short_help_str(200)


def test_what_is_no_command_is_refused() -> None:
    assert get_command(app).get_command(None, "nothing") is None  # type: ignore[attr-defined]


@pytest.mark.parametrize(("typed", "meant"), [("sumbit", "submit"), ("auditt", "audit")])
def test_a_misspelt_command_is_refused_with_the_one_that_is_like_it(typed: str, meant: str) -> None:
    done = CliRunner().invoke(app, [typed, "--help"])
    assert done.exit_code == 2
    assert f"No such command '{typed}'. Did you mean '{meant}'?" in done.output


def test_no_command_loads_airflow_before_it_prepares_one() -> None:
    """`run_here` refuses where an Airflow was loaded with other settings."""
    code = (
        "import sys\nfrom typer.main import get_command\nfrom afschrift.cli.main import HELP, app\n"
        "for name in HELP: get_command(app).get_command(None, name)\nprint('airflow' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
