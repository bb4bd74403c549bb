from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from upath import UPath

from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_requests import staged_requests

KEY = bytes(32)
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def stage(root: Path | UPath, request: str, path: str) -> None:
    with EncryptedStaging(root, request, KEY).writer(path) as file:
        file.write(b"x" * 1000)


def age(file: Path, days: int) -> None:
    moment = (NOW - timedelta(days=days)).timestamp()
    os.utime(file, (moment, moment))


def test_staged_requests_are_listed_with_size_and_date_oldest_first(
    tmp_path: Path,
) -> None:
    ages = {"req-00000000000a": (5, 4), "req-00000000000b": (5, 1), "req-00000000000c": (9, 7)}
    for request, (first, second) in ages.items():
        for name, days in (("shop/a.csv", first), ("shop/b.csv", second)):
            stage(tmp_path, request, name)
            age(tmp_path / request / f"{name}.enc", days)
    (tmp_path / "req-00000000000d").mkdir()
    (tmp_path / "something-else").mkdir()
    (tmp_path / "something-else" / "file").touch()
    age(tmp_path / "something-else" / "file", 90)

    found = staged_requests(tmp_path)

    assert [h.request[-1] for h in found] == ["c", "a", "b"]
    assert [h.touched for h in found] == [NOW - timedelta(days=days) for days in (7, 4, 1)]
    assert found[0].bytes == sum(f.stat().st_size for f in (tmp_path / "req-00000000000c").rglob("*.enc"))


def test_a_place_that_is_not_there_yet_holds_nothing(tmp_path: Path) -> None:
    assert staged_requests(tmp_path / "none") == ()


def test_an_object_store_tells_the_time_of_its_files() -> None:
    root = UPath("memory://held-test")
    stage(root, "req-00000000000a", "a.csv")
    (found,) = staged_requests(root)
    assert found.request == "req-00000000000a"
    assert abs(datetime.now(UTC) - found.touched) < timedelta(minutes=1)
    EncryptedStaging(root, "req-00000000000a", KEY).wipe()
