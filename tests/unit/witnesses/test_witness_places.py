"""Checkpoints on their way to every place, and what the places show afterwards."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from testbed import registers
from tests.support.authority import Authority, stamping
from tests.support.mail_server import unused_port

from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError, RefusedError, RetriableError
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import utc_now
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.trail import TrailFinding
from afschrift.witnesses.checkpoints import CheckpointSending, gather, send_checkpoint
from afschrift.witnesses.timestamp import TimeStamper

needs_openssl = pytest.mark.needs_program("openssl")


class Places:
    """A register with an event, and two folders as witness places."""

    def __init__(self, home: Path) -> None:
        self.home, self.dpo, self.office = home, home / "dpo", home / "office"
        self.dpo.mkdir()
        self.office.mkdir()
        self.register = self.another("register.db", KeyStore.create(home / "keys.json"))
        self.register.trail.record(None, NewEvent("counted"))
        self.settings = self.configure()

    def another(self, file: str, keys: KeyStore, **clock: Any) -> Register:
        return Register(registers.place(self.home / file), keys, **clock)

    def configure(self, options: dict[str, dict[str, Any]] | None = None, **places: str) -> Settings:
        """Settings with more places; a place's options are written to a file of its own."""
        env = {"AFSCHRIFT_HOME": str(self.home)}
        places = {"dpo": self.dpo.as_uri(), "office": self.office.as_uri()} | places
        env |= {f"AFSCHRIFT_WITNESS_{name.upper()}": url for name, url in places.items()}
        for name, content in (options or {}).items():
            file = self.home / f"{name}.options.json"
            file.write_text(json.dumps(content))
            file.chmod(0o600)
            env[f"AFSCHRIFT_WITNESS_{name.upper()}_OPTIONS"] = str(file)
        return Settings.from_environment(env)

    def send(self, by: str = "system") -> CheckpointSending:
        return send_checkpoint(self.settings, self.register, by)

    def compare(self, register: Register | None = None) -> list[TrailFinding]:
        held = gather(self.settings, register or self.register)
        return (register or self.register).trail.verify(checkpoints=held.checkpoints) + held.findings


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def numbers(folder: Path) -> list[int]:
    return [int(file.stem[-8:]) for file in sorted(folder.glob("afschrift-checkpoint-*.json"))]


def test_every_place_gets_it_and_the_trail_says_so(places: Places) -> None:
    sending = places.send("cli:tester")
    assert (sending.sent, sending.problems) == ({"dpo": [1], "office": [1]}, {})
    for folder in (places.dpo, places.office):
        [file] = folder.iterdir()
        assert file.name == sending.checkpoint.name
        assert file.read_bytes() == sending.checkpoint.content()
    log = places.register.trail.checkpoint_log()
    assert [(h.type, h.actor, p.get("place"), p.get("number")) for h, p in log] == [
        ("checkpoint_made", "cli:tester", None, None),
        ("checkpoint_sent", "cli:tester", "dpo", 1),
        ("checkpoint_sent", "cli:tester", "office", 1),
    ]
    assert places.compare() == []


def test_a_place_that_fails_hides_no_other_and_gets_later_what_it_lacks(places: Places) -> None:
    away = places.dpo.rename(places.dpo.with_name("away"))
    for number in (1, 2):
        sending = places.send()
        assert sending.sent == {"office": [number]}
        assert "'dpo' cannot be used" in sending.problems["dpo"]
        assert any("NOT sent to 'dpo'" in line for line in sending.lines())
    failed = [p for h, p in places.register.trail.checkpoint_log() if h.type == "checkpoint_not_sent"]
    assert [(p["place"], p["number"]) for p in failed] == [("dpo", 1), ("dpo", 2)]
    held = gather(places.settings, places.register)
    assert held.failed and "dpo" in held.unread
    away.rename(places.dpo)
    assert places.send().sent == {"dpo": [3], "office": [3]}  # the first that it got
    places.dpo.rename(away)
    places.send()
    away.rename(places.dpo)
    assert places.send().sent == {"dpo": [4, 5], "office": [5]}
    assert (numbers(places.dpo), numbers(places.office)) == ([3, 4, 5], [1, 2, 3, 4, 5])
    assert places.compare() == []


def test_without_a_place_or_an_event_it_says_what_to_do(places: Places) -> None:
    empty = places.another("empty.db", places.register.store.keys)
    with pytest.raises(ConfigurationError, match="AFSCHRIFT_WITNESS_<NAME>"):
        send_checkpoint(Settings.from_environment({"AFSCHRIFT_HOME": str(places.home)}), empty)
    with pytest.raises(RefusedError, match=r"no event yet.*after the first event"):
        send_checkpoint(places.settings, empty)
    assert empty.trail.head()[0] == 0


def test_a_register_set_back_shows_at_checkpoint_and_comparison(places: Places) -> None:
    file, older = places.home / "register.db", places.home / "older.db"
    places.register.store.database.close()  # nothing is at work
    shutil.copy(file, older)
    places.register.trail.record(None, NewEvent("counted"))
    places.send()
    places.register.store.database.close()
    for left in places.home.glob("register.db-*"):
        left.unlink()
    shutil.copy(older, file)
    places.register.trail.record(None, NewEvent("another life"))

    assert {finding.code for finding in places.compare()} == {"head_differs", "checkpoint_untold"}
    sending = places.send()
    assert not sending.sent
    assert "another content" in sending.problems["dpo"]


def test_a_checkpoint_that_a_place_has_no_more_is_missed(places: Places) -> None:
    for _ in range(3):
        places.send()
    sorted(places.dpo.iterdir())[1].unlink()  # the other place still has it
    [finding] = places.compare()
    assert finding.code == "checkpoint_missing"
    assert "checkpoint 2 was sent to dpo and is not there" in finding.text


def test_a_mailbox_is_named_as_not_read(places: Places) -> None:
    options = {"box": {"server": "smtp://127.0.0.1:1", "sender": "a@example.org"}}
    places.settings = places.configure(options, box="mailto:dpo@example.org", dpo="", office="")
    held = gather(places.settings, places.register)
    assert (held.checkpoints, held.failed) == (None, False)
    assert "--checkpoint" in held.unread["box"]
    assert "did not take the message" in places.send().problems["box"]


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ('{"a": 1}', 0o644, "open to other accounts.*chmod 600"),
        ("[1]", 0o600, "cannot be read.*JSON object"),
        ("needle", 0o600, "cannot be read.*JSON object"),
        (None, 0o600, "cannot be read.*JSON object"),
    ],
)
def test_wrong_options_are_reported(places: Places, content: str | None, mode: int, words: str) -> None:
    places.settings = places.configure({"dpo": {}})
    file = places.home / "dpo.options.json"
    file.unlink()
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    sending = places.send()
    assert sending.sent == {"office": [1]}
    assert re.search(words, sending.problems["dpo"])
    assert "needle" not in sending.problems["dpo"]


@needs_openssl
def test_time_stamps_reveal_a_checkpoint_dated_back(places: Places) -> None:
    (places.home / "tsa").mkdir()
    with stamping(places.home / "tsa") as url:
        roots = {"zz_tsa": {"roots": str(places.home / "tsa" / "root.pem")}}
        places.settings = places.configure(roots, zz_tsa=url)
        away = places.dpo.rename(places.dpo.with_name("away"))
        places.send()
        away.rename(places.dpo)
        places.send()
        assert places.compare() == []
        names = sorted(file.name for file in places.office.iterdir())
        assert [name.partition(".")[2] for name in names] == ["json", "zz_tsa.tsr"] * 2
        assert sorted(file.name for file in places.dpo.iterdir()) == names[2:]

        stamp = places.office / names[1]
        stamp.chmod(0o600)
        stamp.write_bytes((places.office / names[3]).read_bytes())
        assert [f.code for f in places.compare()] == ["stamp_invalid"]

        keys = places.register.store.keys
        late = places.another("late.db", keys, clock=lambda: utc_now() - timedelta(days=2))
        late.trail.record(None, NewEvent("counted"))
        third = places.home / "third"
        third.mkdir()
        places.settings = places.configure(roots, zz_tsa=url, third=third.as_uri(), dpo="", office="")
        send_checkpoint(places.settings, late)
        [finding] = places.compare(late)
        assert (finding.code, finding.seq) == ("stamp_late", 1)
        assert f"{datetime.now(UTC):%Y-%m-%d}" in finding.text


def test_a_stolen_key_signs_nothing_that_counts_once_revoked(places: Places) -> None:
    keys = places.register.store.keys
    places.send()
    stolen = keys.signing_key().id
    keys.rotate_signing()
    places.send()
    assert places.compare() == []
    keys.revoke(stolen, "2026-01-01T00:00:00.000000Z")
    assert "checkpoint_wrong_key" in [finding.code for finding in places.compare()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tsa")


@pytest.fixture(scope="module")
def authority_url(folder: Path) -> Iterator[str]:
    with stamping(folder) as url:
        yield url


@pytest.fixture
def stamper(folder: Path, authority_url: str) -> TimeStamper:
    return TimeStamper("tsa", authority_url, {"roots": str(folder / "root.pem")})


@needs_openssl
def test_a_stamp_holds_for_its_content_alone_and_says_when(stamper: TimeStamper) -> None:
    stamp = stamper.stamp(b"a checkpoint")
    assert stamper.fault(b"a checkpoint", stamp) is None
    assert stamper.fault(b"another one", stamp)
    assert stamper.fault(b"a checkpoint", b"no stamp") == "it is no time stamp response"
    assert abs((datetime.now(UTC) - stamper.time(stamp)).total_seconds()) < 60


@needs_openssl
def test_openssl_agrees(stamper: TimeStamper, folder: Path, tmp_path: Path) -> None:
    """The command that docs/trail.md gives to auditors."""
    (tmp_path / "c.json").write_bytes(b"a checkpoint")
    (tmp_path / "c.tsr").write_bytes(stamper.stamp(b"a checkpoint"))
    command = [
        "openssl",
        *["ts", "-verify", "-in", "c.tsr", "-data", "c.json", "-CAfile"],
        str(folder / "root.pem"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout + done.stderr


@needs_openssl
def test_stamp_of_another_authority_refused(authority_url: str, stamper: TimeStamper, tmp_path: Path) -> None:
    Authority(tmp_path)
    other = TimeStamper("tsa", authority_url, {"roots": str(tmp_path / "root.pem")})
    with pytest.raises(ConfigurationError, match=r"time stamp of 'tsa' is not valid.*root certificates"):
        other.stamp(b"a checkpoint")
    assert other.fault(b"a checkpoint", stamper.stamp(b"a checkpoint"))


@needs_openssl
def test_an_authority_that_does_not_answer_is_asked_again_later(folder: Path, authority_url: str) -> None:
    roots = {"roots": str(folder / "root.pem")}
    with pytest.raises(RetriableError, match="did not answer"):
        TimeStamper("tsa", f"tsa+http://127.0.0.1:{unused_port()}/", roots).stamp(b"x")
    (folder / "tsa.cnf").rename(folder / "away.cnf")
    try:
        with pytest.raises(RetriableError, match="did not answer"):
            TimeStamper("tsa", authority_url, roots).stamp(b"x")
    finally:
        (folder / "away.cnf").rename(folder / "tsa.cnf")


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_unreadable_roots_are_reported(tmp_path: Path, content: bytes | None) -> None:
    if content:
        (tmp_path / "root.pem").write_bytes(content)
    with pytest.raises(ConfigurationError, match="root certificates of the witness place 'tsa'"):
        TimeStamper("tsa", "tsa+http://127.0.0.1/", {"roots": str(tmp_path / "root.pem")})
    with pytest.raises(ConfigurationError, match="lack 'roots'"):
        TimeStamper("tsa", "tsa+http://127.0.0.1/", {})
