"""`afschrift audit` as it is typed, on real files, beside the standalone verifier."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from testbed.running import installation, run, store
from testbed.small import write_database, write_inventory
from tests.support.trail_matrix import TOOL
from tests.support.unguarded import run_unguarded
from typer.testing import CliRunner

from afschrift.app.settings import Settings
from afschrift.audit.sentences import line
from afschrift.cli.main import app
from afschrift.domain.errors import AfschriftError
from afschrift.domain.event import NewEvent
from afschrift.register.database.written import listening
from afschrift.register.open import open_keys, open_register
from afschrift.register.register import Register

pytestmark = pytest.mark.slow

Output = tuple[str, str]
Typed = Callable[..., Output]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AFSCHRIFT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def audit(home: Path) -> Typed:
    """Types a command of `audit` in an installation with one event; gives standard output and error."""

    def typed(*words: str, stdin: str = "", code: int = 0, group: str = "audit") -> Output:
        done = CliRunner().invoke(app, [group, *words], input=stdin)
        error = done.stderr
        if isinstance(done.exception, AfschriftError):
            error += str(done.exception)
        assert done.exit_code == code, (done.stdout, error, done.exception)
        return done.stdout, error

    typed("new", group="key")
    open_register().trail.record(None, NewEvent("counted", "tester", {"n": 1}))
    return typed


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configured witness place."""
    folder = tmp_path / "dpo"
    folder.mkdir()
    monkeypatch.setenv("AFSCHRIFT_WITNESS_DPO", folder.as_uri())
    return folder


@pytest.fixture
def pem(audit: Typed, tmp_path: Path) -> str:
    file = tmp_path / "published.pem"
    file.write_text(audit("public", group="key")[0])
    return str(file)


TRAIL = ("event_code", "event_payload", "event")


def standalone(*words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-I", str(TOOL), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def tamper(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "register.db")) as database, database:
        run_unguarded(database, *statements)


def test_show_prints_events_as_json_lines(audit: Typed) -> None:
    lines = [json.loads(line) for line in audit("show", "--json")[0].splitlines()]
    [mine] = [line for line in lines if line["type"] == "counted"]
    assert (mine["actor"], mine["payload"], mine["request"]) == ("tester", {"n": 1}, None)
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    out, error_output = audit("show", "req-none", "--json")
    assert out == ""
    assert "No event names this request" in error_output


def test_show_prints_events_as_in_task_logs(
    audit: Typed, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINI_SHOP", str(write_database(home.parent / "shop.sqlite")))
    services = installation(home, write_inventory(home.parent / "inventory"))
    request = store(services, {"customer_id": "1"})
    followed_lines: list[str] = []
    with listening(lambda header, payload: followed_lines.append(line(header, payload))):
        run(services, request)

    shown = audit("show", request)[0].splitlines()

    assert followed_lines
    assert [line.partition("  ")[2] for line in shown][-len(followed_lines) :] == followed_lines
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z  trail #\d+ ", line) for line in shown)
    whole = audit("show")[0].splitlines()
    assert len(whole) > len(shown)
    assert any(f"  {request}  trail #" in line for line in whole)
    assert any("  -                 trail #" in line for line in whole)


def test_task_logs_are_compared_with_the_trail(audit: Typed, home: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    assert "There is no task log below" in audit("verify", "--logs", str(logs), code=1)[1]
    register = open_register()
    logs.mkdir()
    logged = [line(header, payload) for header, payload in register.trail.events()]
    (logs / "attempt=1.log").write_text("".join(f"{line}\n" for line in logged), encoding="utf-8")
    out, error_output = audit("verify", "--logs", str(logs))
    assert "The trail is whole" in out
    assert f"{len(logged)} lines of the trail in 1 task logs were compared." in error_output

    (logs / "attempt=1.log").write_text(logged[-1].replace("n=1", "n=2"), encoding="utf-8")
    out, _ = audit("verify", "--logs", str(logs), code=1)

    assert f"  event {len(logged)}: attempt=1.log:1: the event says something else than the line" in out
    assert "(log_line_altered)" in out


def test_without_a_place_it_says_what_would_not_show(audit: Typed) -> None:
    out, error_output = audit("verify")
    assert "The trail is whole" in out
    assert "No checkpoint was compared" in error_output
    assert "AFSCHRIFT_WITNESS_<NAME>" in audit("checkpoint", code=1)[1]


def test_a_checkpoint_is_sent_and_compared(audit: Typed, place: Path, pem: str) -> None:
    assert "checkpoint_stale" in audit("verify", code=1)[0]
    name, error_output = audit("checkpoint")
    assert "'dpo' holds checkpoint 1" in error_output
    assert [file.name for file in place.iterdir()] == [name.strip()]
    assert "1 checkpoint(s) agree" in audit("verify")[0]
    assert "1 checkpoint(s) agree" in audit("verify", "--key", pem)[0]
    [header] = [h for h, _ in open_register().trail.events() if h.type == "checkpoint_made"]
    assert header.actor.startswith("cli:")
    place.rename(place.with_name("away"))
    out, error_output = audit("verify", code=1)
    assert "Not compared with the witness place 'dpo'" in error_output
    assert "whole" not in out
    assert "NOT sent to 'dpo'" in audit("checkpoint", code=1)[1]


def test_checkpoints_from_a_mailbox_are_given_by_hand(
    audit: Typed, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        audit("checkpoint")
    monkeypatch.delenv("AFSCHRIFT_WITNESS_DPO")
    assert "2 checkpoint(s) agree" in audit("verify", "--checkpoint", str(place))[0]
    first, second = sorted(place.iterdir())
    assert (
        "2 checkpoint(s) agree" in audit("verify", "--checkpoint", str(first), "--checkpoint", str(second))[0]
    )
    assert "checkpoint_missing" in audit("verify", "--checkpoint", str(first), code=1)[0]
    assert "cannot be read" in audit("verify", "--checkpoint", str(tmp_path / "no"), code=1)[1]


def test_an_old_checkpoint_is_too_old_unless_any_age_will_do(audit: Typed, place: Path, pem: str) -> None:
    settings = Settings.from_environment()
    keys = open_keys(settings)
    old = Register(settings.register, keys, lambda: datetime(2020, 1, 1, tzinfo=UTC))
    tamper(Path(settings.home), *(f"DELETE FROM {table}" for table in TRAIL))
    old.trail.record(None, NewEvent("counted"))
    made = old.trail.make_checkpoint()
    (place / made.name).write_bytes(made.content())
    assert "checkpoint_stale" in audit("verify", code=1)[0]
    audit("verify", "--max-age", "0")
    export = str(place.parent / "export.jsonl")
    audit("export", export)
    given = (export, "--key", pem, "--checkpoint", str(place))
    assert standalone(*given, code=1).split() == ["checkpoint_stale", "1"]
    assert standalone(*given, "--max-age", "0").startswith("whole")


def test_tampering_is_found_by_both(audit: Typed, home: Path, place: Path, pem: str, tmp_path: Path) -> None:
    for n in range(3):
        open_register().trail.record(None, NewEvent("counted", payload={"n": n}))
    audit("checkpoint")
    clean = str(tmp_path / "clean.jsonl")
    assert "events written to" in audit("export", clean)[0]
    assert standalone(clean, "--key", pem, "--checkpoint", str(place)).startswith("whole")
    tamper(home, "UPDATE event SET actor = 'mallory' WHERE seq = 3")
    assert "event 4: event 4 does not follow the event before it (broken_link)" in audit("verify", code=1)[0]
    audit("export", str(tmp_path / "altered.jsonl"))
    assert standalone(str(tmp_path / "altered.jsonl"), code=1).split() == ["broken_link", "4"]


def test_a_stranger_s_key_is_not_the_published_one(audit: Typed, place: Path, tmp_path: Path) -> None:
    from tests.support.authority import Authority

    audit("checkpoint")
    audit("rotate", "--signing", group="key")
    audit("checkpoint")
    newest = (
        audit("public", group="key")[0].split("-----END PUBLIC KEY-----\n")[1] + "-----END PUBLIC KEY-----\n"
    )
    (tmp_path / "one.pem").write_text(newest)
    out = audit("verify", "--key", str(tmp_path / "one.pem"), code=1)[0]
    assert "checkpoint_wrong_key" in out
    assert "2 checkpoint" in audit("verify")[0]
    Authority(tmp_path)
    assert "no readable public key" in audit("verify", "--key", str(tmp_path / "root.key"), code=1)[1]


def test_the_head_in_a_bundle_is_compared(
    home: Path, audit: Typed, pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    services = installation(home, write_inventory(tmp_path / "inventory"))
    bundle = run(services, store(services, {"customer_id": "1"}))
    assert "The trail is whole" in audit("verify", "--bundle", str(bundle))[0]
    with zipfile.ZipFile(bundle) as members:
        [name] = [name for name in members.namelist() if name.endswith("bag-info.txt")]
        lines = members.read(name).decode().splitlines()
    named = dict(line.split(": ", 1) for line in lines if ": " in line)
    seq, head = named["Afschrift-Trail-Seq"], named["Afschrift-Trail-Head"]

    assert "Every row of the register follows from it" in audit("verify")[0]
    tamper(home, *(f"DELETE FROM {table} WHERE seq >= {seq}" for table in TRAIL))
    assert "The trail is whole" in audit("verify", "--no-register")[0]
    assert "step " in audit("verify", code=1)[0]
    assert f"event {seq} is named by a bundle" in audit("verify", "--bundle", str(bundle), code=1)[0]
    export = str(tmp_path / "export.jsonl")
    with sqlite3.connect(home / "register.db") as database:
        last = database.execute("SELECT max(seq) FROM event").fetchone()[0]
    assert last < int(seq)
    audit("export", export)  # itself an event, at the place of the bundle's head
    given = (export, "--key", pem, "--head", f"{seq}:{head}")
    assert standalone(*given, code=1).split() == ["head_differs", seq]

    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(bundle.read_bytes()[:-100])
    assert "does not trust it" in audit("verify", "--bundle", str(damaged), code=1)[1]


def test_an_export_takes_no_file_that_is_there(audit: Typed, tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    audit("export", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    assert "cannot be made: File exists" in audit("export", str(file), code=1)[1]
    assert "name a new file" in audit("export", str(tmp_path / "no" / "x"), code=1)[1]
    assert file.read_bytes() == before


def test_what_was_planted_in_the_schema_is_a_finding(audit: Typed, home: Path) -> None:
    with closing(sqlite3.connect(home / "register.db")) as database:
        database.execute("DROP TRIGGER event_no_update")
    assert "  event_no_update: is not as the migrations make it" in audit("verify", code=1)[0]


def test_a_year_is_dropped_after_a_question(audit: Typed, home: Path, place: Path) -> None:
    settings = Settings.from_environment()
    tamper(home, *(f"DELETE FROM {table}" for table in TRAIL))
    old = Register(settings.register, open_keys(settings), lambda: datetime(2019, 5, 1, tzinfo=UTC))
    old.trail.record(None, NewEvent("counted"))
    assert "cannot drop 2019" in audit("drop-year", "2019", "--rule", "retention_trail", code=1)[1]
    assert "no reason" in audit("drop-year", "2019", "--rule", "ANY", code=1)[1]
    assert "kept 5 years" in audit("drop-year", "2025", "--rule", "retention_trail", code=1)[1]
    assert "oldest" in audit("drop-year", "2018", "--rule", "retention_trail", code=1)[1]
    audit("checkpoint")  # of this year: the year that is dropped ends with it
    audit("drop-year", "2019", "--rule", "retention_trail", stdin="n\n", code=1)
    assert len(audit("show")[0].splitlines()) == 7  # each try that was refused is an event
    out, error_output = audit("drop-year", "2019", "--rule", "retention_trail", stdin="y\n")
    assert "Year 2019: 1 events, 1 to 1. They cannot be restored." in error_output
    assert "Dropped 1 events" in out
    assert [json.loads(line)["seq"] for line in audit("show", "--json")[0].splitlines()] == list(range(2, 13))
    assert "3 checkpoint(s) agree" in audit("verify")[0]  # one of the dropping, and one that took it there


@pytest.mark.parametrize("command", ["show", "verify", "checkpoint", "export", "drop-year"])
def test_each_command_says_what_it_is_for(audit: Typed, command: str) -> None:
    assert len(audit(command, "--help")[0].split("\n\n")[1].strip()) > 40
