"""docs/deadlines.md is played: its commands on its days, and its tables are those of the software."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from testbed.running import installation, store
from testbed.small import write_database, write_inventory
from typer.testing import CliRunner

from afschrift.app.settings import Settings
from afschrift.cli.main import app
from afschrift.cli.request import overview, timekeeping
from afschrift.domain import instants
from afschrift.law.clock.clock import Colour
from afschrift.register.open import open_keys
from afschrift.register.register import Register

ROOT = Path(__file__).parents[3]
DOC = (ROOT / "docs" / "deadlines.md").read_text(encoding="utf-8")
CLOCK = ROOT / "plugins" / "afschrift" / "law" / "clock"
TODAY = [datetime(2026, 3, 2, 11, tzinfo=UTC)]


def now() -> datetime:
    return TODAY[0]


@pytest.fixture
def request_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A request of 2 March, in an installation whose clock is `TODAY`."""
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory")))
    services = installation(tmp_path / "home", tmp_path / "inventory")
    settings = Settings.from_environment()
    monkeypatch.setattr(instants, "utc_now", now)
    monkeypatch.setattr(
        overview, "open_register", lambda: Register(settings.register, open_keys(settings), now)
    )
    received = "2026-03-02T10:00:00+01:00"
    return store(services, {"customer_id": "1"}, received_at=received, authenticated=None)


def steps() -> Iterator[tuple[str, str, list[str]]]:
    """Day, command and what it must say, in order."""
    for block in re.findall(r"```console\n(.*?)```", DOC, re.DOTALL):
        for day, rest in re.findall(r"# (\S+)\n(.*?)(?=\n#|\Z)", block, re.DOTALL):
            command, *expected = rest.strip().splitlines()
            yield day, command.removeprefix("$ afschrift "), expected


def test_the_example_runs_as_shown(request_id: str) -> None:
    played = 0
    for day, command, expected in steps():
        TODAY[0] = datetime.fromisoformat(f"{day}T11:00:00+00:00")
        words = command.replace("REQUEST", request_id).split()
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        for line in expected:
            assert line in done.output, f"{day} {command}\n{done.output}"
        played += len(expected)
    assert played == 7


def test_every_breach_has_a_row_with_its_rule() -> None:
    code = "".join((CLOCK / name).read_text(encoding="utf-8") for name in ("clock.py", "deadline.py"))
    known = set(re.findall(r'"([a-z_]+):(R\d\d)"', code))
    assert known
    assert set(re.findall(r"^\| `(\w+)` \| (R\d\d) \|", DOC, re.MULTILINE)) == known


def test_every_colour_and_command_has_a_row() -> None:
    assert re.findall(r"^\| `(red|orange|yellow|green|blue|grey)` \|", DOC, re.MULTILINE) == list(Colour)
    named = set(re.findall(r"^\| `([\w-]+)(?: --insufficient)?` \| [^R]", DOC, re.MULTILINE))
    callbacks = [command.callback for command in timekeeping.app.registered_commands if command.callback]
    own = [callback for callback in callbacks if callback.__module__ == timekeeping.__name__]
    commands = {callback.__name__.replace("_", "-") for callback in own}
    assert len(commands) > 5
    assert commands <= named
