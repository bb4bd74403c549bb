from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from upath import UPath

from afschrift.staging import EncryptedStaging, held

KEY = bytes(32)
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def stage(root: Path | UPath, request: str, path: str) -> None:
    with EncryptedStaging(root, request, KEY).writer(path) as file:
        file.write(b"x" * 1000)


def age(file: Path, days: int) -> None:
    moment = (NOW - timedelta(days=days)).timestamp()
    os.utime(file, (moment, moment))


def test_requests_with_nothing_but_old_files_are_named_oldest_first(tmp_path: Path) -> None:
    ages = {"req-00000000000a": (5, 4), "req-00000000000b": (5, 1), "req-00000000000c": (9, 7)}
    for request, (first, second) in ages.items():
        for name, days in (("shop/a.csv", first), ("shop/b.csv", second)):
            stage(tmp_path, request, name)
            age(tmp_path / request / f"{name}.enc", days)
    (tmp_path / "req-00000000000d").mkdir()
    (tmp_path / "something-else").mkdir()
    (tmp_path / "something-else" / "file").touch()
    age(tmp_path / "something-else" / "file", 90)

    found = held(tmp_path, NOW - timedelta(hours=72))

    assert [h.request for h in found] == ["req-00000000000c", "req-00000000000a"]
    assert [h.touched for h in found] == [NOW - timedelta(days=7), NOW - timedelta(days=4)]
    assert found[0].bytes == sum(f.stat().st_size for f in (tmp_path / "req-00000000000c").rglob("*.enc"))


def test_a_place_that_is_not_there_yet_holds_nothing(tmp_path: Path) -> None:
    assert held(tmp_path / "none", NOW) == ()


def test_an_object_store_tells_the_time_of_its_files() -> None:
    root = UPath("memory://held-test")
    stage(root, "req-00000000000a", "a.csv")
    now = datetime.now(UTC)
    assert held(root, now - timedelta(hours=1)) == ()
    assert [h.request for h in held(root, now + timedelta(hours=1))] == ["req-00000000000a"]
    EncryptedStaging(root, "req-00000000000a", KEY).wipe()
