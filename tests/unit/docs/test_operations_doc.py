"""docs/operator/operations.md has the words of each trouble, which these tests make."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from testbed.running import installation, store
from testbed.small import write_database, write_inventory
from typer.testing import CliRunner

from afschrift.app.settings import Settings
from afschrift.cli.main import app
from afschrift.domain.errors import AfschriftError
from afschrift.domain.event import NewEvent
from afschrift.operations.findings import SweepCode
from afschrift.register import schema
from afschrift.register.database import database
from afschrift.register.open import open_keys
from afschrift.register.register import Register

DOC = (Path(__file__).parents[3] / "docs" / "operator" / "operations.md").read_text(encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with a stored request."""
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory")))
    store(installation(tmp_path / "home", tmp_path / "inventory"), {"customer_id": "1"}, "access")
    return tmp_path / "home"


def done(*words: str) -> str:
    """What a command says, its error included."""
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None:
        assert isinstance(result.exception, AfschriftError), result.output
    return f"{result.output}{result.exception or ''}"


def address() -> str:
    return Settings.from_environment().register


def gone(home: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("AFSCHRIFT_REGISTER", f"sqlite:///{home}/not-mounted/register.db")


def empty(home: Path, patch: pytest.MonkeyPatch) -> None:
    (home / "register.db").rename(home / "elsewhere.db")


def down(home: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("AFSCHRIFT_REGISTER", "postgresql+psycopg://u:geheim@127.0.0.1:9/register")


def read_only(home: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("AFSCHRIFT_REGISTER", f"sqlite:///file:{home}/register.db?mode=ro&uri=true")


def full(home: Path, patch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(home / "register.db") as connection:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
    prepare = database._prepare_sqlite

    def small(connection: sqlite3.Connection, record: object) -> None:
        prepare(connection, record)
        connection.execute(f"PRAGMA max_page_count = {pages}")

    patch.setattr(database, "_prepare_sqlite", small)


def held(home: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(database, "WAIT_SECONDS", 0.1)
    holder = sqlite3.connect(home / "register.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    patch.setattr(held, "holder", holder, raising=False)  # ends with the test


def older(home: Path, patch: pytest.MonkeyPatch) -> None:
    with database.Database(address()).write() as tx:
        tx.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '0007'"))


def newer(home: Path, patch: pytest.MonkeyPatch) -> None:
    with database.Database(address()).write() as tx:
        tx.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))


def damaged(home: Path, patch: pytest.MonkeyPatch) -> None:
    (home / "register.db").write_bytes(b"no database, and long enough to be looked at" * 50)


def keyless(home: Path, patch: pytest.MonkeyPatch) -> None:
    (home / "keys.json").unlink()


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (gone, "cannot be opened"),
        (empty, "has no tables yet"),
        (down, "did not answer"),
        (read_only, "can be read but not written"),
        (full, "did not answer (SQLITE_FULL)"),
        (held, "was held by another writer for too long"),
        (older, "from before the first release"),
        (newer, "is at revision ..., which this software does not know"),
        (damaged, "is damaged"),
        (keyless, "There is no key file"),
    ],
)
def test_trouble_has_the_words_of_the_runbook(
    trouble: Callable[[Path, pytest.MonkeyPatch], None],
    words: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert words in DOC
    monkeypatch.setenv("AFSCHRIFT_SWEEP_UNSTARTED_HOURS", "0.000001")  # so that it writes
    trouble(home, monkeypatch)
    output = done("sweep")
    if trouble is full:  # room for a finding may be left
        (home / "much.txt").write_text("x" * 500_000)
        request = done("requests").split()[0]
        output = done("case", "add", request, "--kind", "sent", "--file", str(home / "much.txt"))
    assert re.search(re.escape(words).replace(r"\.\.\.", r"\d+"), output), output
    assert "What to do: " in output
    assert "geheim" not in output


def test_what_the_clock_did_is_found_as_the_runbook_says(home: Path) -> None:
    def ahead() -> datetime:
        return datetime.now(UTC) + timedelta(days=400)

    settings = Settings.from_environment()
    request = done("requests").split()[0]
    early = Register(settings.register, open_keys(settings), ahead)
    early.runs.begin(request, f"{request}.1", timedelta(hours=2))
    early.trail.record(None, NewEvent("counted"))

    found = done("sweep")

    assert "run_lost" in found
    shown = done("audit", "show")
    assert shown.index("run_started") < shown.index("clock_went_back") < shown.index("run_ended")
    assert "clock_went_back" in DOC
    assert "is whole" in done("audit", "verify")


def test_every_finding_of_the_sweep_has_a_row() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", DOC, re.MULTILINE))
    assert {code.value for code in SweepCode} <= rows.keys()
