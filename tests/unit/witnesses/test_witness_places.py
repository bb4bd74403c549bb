"""Checkpoints on their way to every place, and what the places show afterwards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from testbed import registers
from tests.support.authority import stamping

from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import utc_now
from afschrift.register import schema
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.trail import TrailFinding
from afschrift.witnesses.checkpoints import gather, send_checkpoint

Configure = Callable[..., Settings]


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Settings with witness places; a place's options are written to a file of its own."""

    def settings(options: dict[str, dict[str, Any]] | None = None, **places: str) -> Settings:
        env = {"AFSCHRIFT_HOME": str(tmp_path)}
        env |= {f"AFSCHRIFT_WITNESS_{name.upper()}": url for name, url in places.items()}
        for name, content in (options or {}).items():
            file = tmp_path / f"{name}.options.json"
            file.write_text(json.dumps(content))
            file.chmod(0o600)
            env[f"AFSCHRIFT_WITNESS_{name.upper()}_OPTIONS"] = str(file)
        return Settings.from_environment(env)

    return settings


@pytest.fixture
def register(tmp_path: Path) -> Register:
    url = registers.place(tmp_path / "register.db")
    made = Register(url, KeyStore.create(tmp_path / "keys.json"))
    made.trail.record(None, NewEvent("counted"))
    return made


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Two places."""
    made = {name: tmp_path / name for name in ("dpo", "office")}
    for folder in made.values():
        folder.mkdir()
    return made


def urls(folders: dict[str, Path]) -> dict[str, str]:
    return {name: folder.as_uri() for name, folder in folders.items()}


def numbers(folder: Path) -> list[int]:
    return [int(file.stem[-8:]) for file in sorted(folder.glob("afschrift-checkpoint-*.json"))]


def trail_events(register: Register) -> list[tuple[str, str | None, int | None]]:
    """What the trail says of checkpoints: type, place, number."""
    return [(h.type, p.get("place"), p.get("number")) for h, p in register.trail.checkpoint_log()]


def compare(settings: Settings, register: Register, **more: Any) -> list[TrailFinding]:
    held = gather(settings, register)
    return register.trail.verify(checkpoints=held.checkpoints, **more) + held.findings


def test_every_place_gets_it_and_the_trail_says_so(
    configure: Configure, register: Register, folders: dict[str, Path]
) -> None:
    settings = configure(**urls(folders))
    sending = send_checkpoint(settings, register, "cli:tester")
    assert sending.sent == {"dpo": [1], "office": [1]}
    assert not sending.problems
    for folder in folders.values():
        [file] = folder.iterdir()
        assert file.name == sending.checkpoint.name
        assert file.read_bytes() == sending.checkpoint.content()
    assert trail_events(register) == [
        ("checkpoint_made", None, None),
        ("checkpoint_sent", "dpo", 1),
        ("checkpoint_sent", "office", 1),
    ]
    assert {h.actor for h, _ in register.trail.checkpoint_log()} == {"cli:tester"}
    assert compare(settings, register) == []


def test_a_place_that_fails_hides_no_other_and_gets_later_what_it_lacks(
    configure: Configure, register: Register, folders: dict[str, Path]
) -> None:
    settings = configure(**urls(folders))
    away = folders["dpo"].rename(folders["dpo"].with_name("away"))
    for number in (1, 2):
        sending = send_checkpoint(settings, register)
        assert sending.sent == {"office": [number]}
        assert "'dpo' cannot be used" in sending.problems["dpo"]
        assert any("NOT sent to 'dpo'" in line for line in sending.lines())
    assert ("checkpoint_not_sent", "dpo", 2) in trail_events(register)
    assert gather(settings, register).failed
    assert "dpo" in gather(settings, register).unread
    away.rename(folders["dpo"])
    assert send_checkpoint(settings, register).sent == {"dpo": [3], "office": [3]}  # the first that it got
    folders["dpo"].rename(away)
    send_checkpoint(settings, register)
    away.rename(folders["dpo"])
    assert send_checkpoint(settings, register).sent == {"dpo": [4, 5], "office": [5]}
    assert numbers(folders["dpo"]) == [3, 4, 5]
    assert numbers(folders["office"]) == [1, 2, 3, 4, 5]
    assert compare(settings, register) == []


def test_without_a_place_or_an_event_it_says_what_to_do(
    configure: Configure, tmp_path: Path, folders: dict[str, Path]
) -> None:
    schema.upgrade(f"sqlite:///{tmp_path}/empty.db")
    empty = Register(f"sqlite:///{tmp_path}/empty.db", KeyStore.create(tmp_path / "k.json"))
    with pytest.raises(ConfigurationError, match="AFSCHRIFT_WITNESS_<NAME>"):
        send_checkpoint(configure(), empty)
    with pytest.raises(RefusedError, match=r"no event yet.*after the first event"):
        send_checkpoint(configure(**urls(folders)), empty)
    assert empty.trail.head()[0] == 0


def test_a_register_set_back_shows_at_checkpoint_and_comparison(
    configure: Configure, register: Register, folders: dict[str, Path], tmp_path: Path
) -> None:
    settings = configure(**urls(folders))
    file = tmp_path / "register.db"
    register.store.database.close()  # nothing is at work
    shutil.copy(file, tmp_path / "older.db")
    register.trail.record(None, NewEvent("counted"))
    send_checkpoint(settings, register)
    register.store.database.close()
    for left in tmp_path.glob("register.db-*"):
        left.unlink()
    shutil.copy(tmp_path / "older.db", file)
    register.trail.record(None, NewEvent("another life"))

    codes = {finding.code for finding in compare(settings, register)}
    assert codes == {"head_differs", "checkpoint_untold"}
    sending = send_checkpoint(settings, register)
    assert not sending.sent
    assert "another content" in sending.problems["dpo"]


def test_a_checkpoint_that_a_place_has_no_more_is_missed(
    configure: Configure, register: Register, folders: dict[str, Path]
) -> None:
    settings = configure(**urls(folders))
    for _ in range(3):
        send_checkpoint(settings, register)
    sorted(folders["dpo"].iterdir())[1].unlink()  # the other place still has it
    [finding] = compare(settings, register)
    assert finding.code == "checkpoint_missing"
    assert "checkpoint 2 was sent to dpo and is not there" in finding.text


def test_a_mailbox_is_named_as_not_read(configure: Configure, register: Register) -> None:
    options = {"box": {"server": "smtp://127.0.0.1:1", "sender": "a@example.org"}}
    settings = configure(options, box="mailto:dpo@example.org")
    held = gather(settings, register)
    assert held.checkpoints is None
    assert "--checkpoint" in held.unread["box"]
    assert not held.failed
    assert "did not take the message" in send_checkpoint(settings, register).problems["box"]


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ('{"a": 1}', 0o644, "open to other accounts.*chmod 600"),
        ("[1]", 0o600, "cannot be read.*JSON object"),
        ("needle", 0o600, "cannot be read.*JSON object"),
        (None, 0o600, "cannot be read.*JSON object"),
    ],
)
def test_wrong_options_are_reported(
    configure: Configure,
    register: Register,
    folders: dict[str, Path],
    tmp_path: Path,
    content: str | None,
    mode: int,
    words: str,
) -> None:
    settings = configure({"dpo": {}}, **urls(folders))
    file = tmp_path / "dpo.options.json"
    file.unlink()
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    sending = send_checkpoint(settings, register)
    assert sending.sent == {"office": [1]}
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(sending.problems["dpo"])
    assert "needle" not in sending.problems["dpo"]


@pytest.mark.needs_program("openssl")
def test_time_stamps_reveal_a_checkpoint_dated_back(
    configure: Configure, register: Register, folders: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "tsa").mkdir()
    with stamping(tmp_path / "tsa") as url:
        roots = {"zz_tsa": {"roots": str(tmp_path / "tsa" / "root.pem")}}
        settings = configure(roots, zz_tsa=url, **urls(folders))
        away = folders["dpo"].rename(folders["dpo"].with_name("away"))
        send_checkpoint(settings, register)
        away.rename(folders["dpo"])
        send_checkpoint(settings, register)
        assert compare(settings, register) == []
        names = sorted(file.name for file in folders["office"].iterdir())
        assert [name.partition(".")[2] for name in names] == ["json", "zz_tsa.tsr"] * 2
        assert sorted(file.name for file in folders["dpo"].iterdir()) == names[2:]

        stamp = folders["office"] / names[1]
        stamp.chmod(0o600)
        stamp.write_bytes((folders["office"] / names[3]).read_bytes())
        assert [f.code for f in compare(settings, register)] == ["stamp_invalid"]

        late = Register(
            f"sqlite:///{tmp_path}/late.db", register.store.keys, lambda: utc_now() - timedelta(days=2)
        )
        schema.upgrade(f"sqlite:///{tmp_path}/late.db")
        late.trail.record(None, NewEvent("counted"))
        (tmp_path / "third").mkdir()
        settings = configure(roots, zz_tsa=url, third=(tmp_path / "third").as_uri())
        send_checkpoint(settings, late)
        [finding] = compare(settings, late)
        assert (finding.code, finding.seq) == ("stamp_late", 1)
        assert f"{datetime.now(UTC):%Y-%m-%d}" in finding.text


def test_a_stolen_key_signs_nothing_that_counts_from_its_revocation_on(
    configure: Configure, register: Register, folders: dict[str, Path]
) -> None:
    settings = configure(**urls(folders))
    send_checkpoint(settings, register)
    stolen = register.store.keys.signing_key().id
    register.store.keys.rotate_signing()
    send_checkpoint(settings, register)
    assert compare(settings, register) == []
    register.store.keys.revoke(stolen, "2026-01-01T00:00:00.000000Z")
    codes = [finding.code for finding in compare(settings, register)]
    assert "checkpoint_wrong_key" in codes
