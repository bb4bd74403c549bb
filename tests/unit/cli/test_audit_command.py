"""`afschrift audit` as it is typed, on real files, beside the standalone verifier."""

import json
import re
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from testbed.running import run, store
from tests.support.authority import Authority
from tests.support.command_line import in_this_process, run_command
from tests.support.forging import run_unguarded
from tests.support.trail_matrix import TOOL

from afschrift.app.settings import Settings
from afschrift.audit.sentences import line
from afschrift.domain.event import NewEvent
from afschrift.register.database.written import listening
from afschrift.register.open import open_keys, open_register
from afschrift.register.register import Register
from afschrift.services import Services

pytestmark = pytest.mark.slow
TRAIL = ("event_code", "event_payload", "event")
audit = partial(run_command, "audit")


@pytest.fixture
def register(home: Path) -> Register:
    """A register with one event."""
    run_command("key", "new")
    made = open_register()
    made.trail.record(None, NewEvent("counted", "tester", {"n": 1}))
    return made


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configured witness place."""
    folder = tmp_path / "dpo"
    folder.mkdir()
    monkeypatch.setenv("AFSCHRIFT_WITNESS_DPO", folder.as_uri())
    return folder


@pytest.fixture
def pem(register: Register, tmp_path: Path) -> str:
    file = tmp_path / "published.pem"
    file.write_text(run_command("key", "public"))
    return str(file)


def shown() -> list[dict[str, Any]]:
    return [json.loads(line) for line in audit("show", "--json").splitlines()]


def standalone(*words: str | Path, code: int = 0) -> str:
    command = [sys.executable, "-I", TOOL, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def tamper(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "register.db")) as database, database:
        run_unguarded(database, *statements)


def of_year(home: Path, year: int) -> Register:
    """The register with one event of that year in place of its own."""
    settings = Settings.from_environment()
    tamper(home, *(f"DELETE FROM {table}" for table in TRAIL))
    old = Register(settings.register, open_keys(settings), lambda: datetime(year, 5, 1, tzinfo=UTC))
    old.trail.record(None, NewEvent("counted"))
    return old


def test_show_prints_events_as_json_lines(register: Register) -> None:
    lines = shown()
    [mine] = [line for line in lines if line["type"] == "counted"]
    assert (mine["actor"], mine["payload"], mine["request"]) == ("tester", {"n": 1}, None)
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    done = in_this_process(("audit", "show", "req-none", "--json"))
    assert (done.text, "No event names this request" in done.errors) == ("", True)


def test_show_prints_events_as_in_task_logs(services: Services) -> None:
    request = store(services, {"customer_id": "1"})
    followed_lines: list[str] = []
    with listening(lambda header, payload: followed_lines.append(line(header, payload))):
        run(services, request)

    shown = audit("show", request).splitlines()

    assert followed_lines
    assert [line.partition("  ")[2] for line in shown][-len(followed_lines) :] == followed_lines
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z  trail #\d+ ", line) for line in shown)
    whole = audit("show").splitlines()
    assert len(whole) > len(shown)
    assert any(f"  {request}  trail #" in line for line in whole)
    assert any("  -                 trail #" in line for line in whole)


def test_task_logs_are_compared_with_the_trail(register: Register, tmp_path: Path) -> None:
    verify = ("verify", "--logs", tmp_path / "logs")
    assert "There is no task log below" in audit(*verify, code=1)
    file = tmp_path / "logs" / "attempt=1.log"
    file.parent.mkdir()
    logged = [line(header, payload) for header, payload in register.trail.events()]
    file.write_text("".join(f"{line}\n" for line in logged), encoding="utf-8")
    out = audit(*verify)
    assert "The trail is whole" in out
    assert f"{len(logged)} lines of the trail in 1 task logs were compared." in out

    file.write_text(logged[-1].replace("n=1", "n=2"), encoding="utf-8")
    out = audit(*verify, code=1)

    assert f"  event {len(logged)}: attempt=1.log:1: the event says something else than the line" in out
    assert "(log_line_altered)" in out


def test_without_a_place_it_says_what_would_not_show(register: Register, home: Path) -> None:
    out = audit("verify")
    assert "The trail is whole" in out
    assert "No checkpoint was compared" in out
    assert "AFSCHRIFT_WITNESS_<NAME>" in audit("checkpoint", code=1)
    with closing(sqlite3.connect(home / "register.db")) as database:
        database.execute("DROP TRIGGER event_no_update")
    assert "  event_no_update: is not as the migrations make it" in audit("verify", code=1)


def test_a_checkpoint_is_sent_and_compared(register: Register, place: Path, pem: str) -> None:
    assert "checkpoint_stale" in audit("verify", code=1)
    out = audit("checkpoint")
    assert "'dpo' holds checkpoint 1" in out
    assert [file.name for file in place.iterdir()] == out.split()[:1]
    assert "1 checkpoint(s) agree" in audit("verify")
    assert "1 checkpoint(s) agree" in audit("verify", "--key", pem)
    [header] = [h for h, _ in register.trail.events() if h.type == "checkpoint_made"]
    assert header.actor.startswith("cli:")
    place.rename(place.with_name("away"))
    out = audit("verify", code=1)
    assert "Not compared with the witness place 'dpo'" in out
    assert "whole" not in out
    assert "NOT sent to 'dpo'" in audit("checkpoint", code=1)


def test_checkpoints_from_a_mailbox_are_given_by_hand(
    register: Register, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        audit("checkpoint")
    monkeypatch.delenv("AFSCHRIFT_WITNESS_DPO")
    first, second = sorted(place.iterdir())
    for files in ((place,), (first, second)):
        given = [word for file in files for word in ("--checkpoint", file)]
        assert "2 checkpoint(s) agree" in audit("verify", *given)
    assert "checkpoint_missing" in audit("verify", "--checkpoint", first, code=1)
    assert "cannot be read" in audit("verify", "--checkpoint", tmp_path / "no", code=1)


def test_an_old_checkpoint_is_too_old_unless_any_age_will_do(
    register: Register, home: Path, place: Path, pem: str, tmp_path: Path
) -> None:
    made = of_year(home, 2020).trail.make_checkpoint()
    (place / made.name).write_bytes(made.content())
    assert "checkpoint_stale" in audit("verify", code=1)
    audit("verify", "--max-age", "0")
    assert "events written to" in audit("export", tmp_path / "export.jsonl")
    given = (tmp_path / "export.jsonl", "--key", pem, "--checkpoint", place)
    assert standalone(*given, code=1).split() == ["checkpoint_stale", "1"]
    assert standalone(*given, "--max-age", "0").startswith("whole")


def test_a_stranger_s_key_is_not_the_published_one(register: Register, place: Path, tmp_path: Path) -> None:
    audit("checkpoint")
    run_command("key", "rotate", "--signing")
    audit("checkpoint")
    end = "-----END PUBLIC KEY-----\n"
    newest = tmp_path / "one.pem"
    newest.write_text(run_command("key", "public").split(end)[1] + end)
    assert "checkpoint_wrong_key" in audit("verify", "--key", newest, code=1)
    assert "2 checkpoint" in audit("verify")
    Authority(tmp_path)
    assert "no readable public key" in audit("verify", "--key", tmp_path / "root.key", code=1)


def test_the_head_in_a_bundle_is_compared(services: Services, home: Path, tmp_path: Path) -> None:
    pem, export, damaged = (tmp_path / name for name in ("published.pem", "export.jsonl", "damaged.zip"))
    pem.write_text(run_command("key", "public"))
    bundle = run(services, store(services, {"customer_id": "1"}))
    assert "The trail is whole" in audit("verify", "--bundle", bundle)
    with zipfile.ZipFile(bundle) as members:
        [name] = [name for name in members.namelist() if name.endswith("bag-info.txt")]
        lines = members.read(name).decode().splitlines()
    named = dict(line.split(": ", 1) for line in lines if ": " in line)
    assert "Afschrift-Trail-Seq" not in named
    sealed_at, head = named["Afschrift-Sealed-At"], named["Afschrift-Trail-Head"]
    seq = next(h.seq for h, _ in services.register.trail.events() if h.digest() == head)

    assert "Every row of the register follows from it" in audit("verify")
    tamper(home, *(f"DELETE FROM {table} WHERE seq >= {seq}" for table in TRAIL))
    assert "The trail is whole" in audit("verify", "--no-register")
    assert "step " in audit("verify", code=1)
    assert f"the event {head} is named by a bundle" in audit("verify", "--bundle", bundle, code=1)
    with sqlite3.connect(home / "register.db") as database:
        last = database.execute("SELECT max(seq) FROM event").fetchone()[0]
    assert last < seq
    audit("export", export)  # itself an event, at the place of the bundle's head
    given = (export, "--key", pem, "--head", f"{sealed_at}:{head}")
    assert standalone(*given, code=1).split() == ["head_missing", "0"]
    given = (export, "--key", pem, "--head", f"{seq}:{head}")  # as bundles sealed before name it
    assert standalone(*given, code=1).split() == ["head_differs", str(seq)]

    damaged.write_bytes(bundle.read_bytes()[:-100])
    assert "does not trust it" in audit("verify", "--bundle", damaged, code=1)


def test_an_export_takes_no_file_that_is_there(register: Register, tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    audit("export", file)
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    assert "cannot be made: File exists" in audit("export", file, code=1)
    assert "name a new file" in audit("export", tmp_path / "no" / "x", code=1)
    assert file.read_bytes() == before


def test_a_year_is_dropped_after_a_question(register: Register, home: Path, place: Path) -> None:
    of_year(home, 2019)

    def drop(year: str, rule: str = "retention_trail", stdin: str = "", code: int = 1) -> str:
        return audit("drop-year", year, "--rule", rule, stdin=stdin, code=code)

    assert "cannot drop 2019" in drop("2019")
    assert "no reason" in drop("2019", "ANY")
    assert "kept 5 years" in drop("2025")
    assert "oldest" in drop("2018")
    audit("checkpoint")  # of this year: the year that is dropped ends with it
    drop("2019", stdin="n\n")
    assert len(shown()) == 7  # each try that was refused is an event
    out = drop("2019", stdin="y\n", code=0)
    assert "Year 2019: 1 events, 1 to 1. They cannot be restored." in out
    assert "Dropped 1 events" in out
    assert [line["seq"] for line in shown()] == list(range(2, 13))
    assert "3 checkpoint(s) agree" in audit("verify")  # one of the dropping, and one that took it there
