"""Time stamps (RFC 3161) of a real authority: openssl behind HTTP."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.authority import Authority, stamping

from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.witnesses.timestamp import TimeStamper

pytestmark = pytest.mark.needs_program("openssl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tsa")


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with stamping(folder) as url:
        yield url


@pytest.fixture
def stamper(folder: Path, url: str) -> TimeStamper:
    return TimeStamper("tsa", url, {"roots": str(folder / "root.pem")})


def test_a_stamp_holds_for_its_content_alone_and_says_when(stamper: TimeStamper) -> None:
    stamp = stamper.stamp(b"a checkpoint")
    assert stamper.fault(b"a checkpoint", stamp) is None
    assert stamper.fault(b"another one", stamp)
    assert stamper.fault(b"a checkpoint", b"no stamp") == "it is no time stamp response"
    assert abs((datetime.now(UTC) - stamper.time(stamp)).total_seconds()) < 60


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


def test_a_stamp_of_another_authority_is_refused(url: str, stamper: TimeStamper, tmp_path: Path) -> None:
    Authority(tmp_path)
    other = TimeStamper("tsa", url, {"roots": str(tmp_path / "root.pem")})
    with pytest.raises(ConfigurationError, match=r"time stamp of 'tsa' is not valid.*root certificates"):
        other.stamp(b"a checkpoint")
    assert other.fault(b"a checkpoint", stamper.stamp(b"a checkpoint"))


def test_an_authority_that_does_not_answer_is_asked_again_later(
    folder: Path, unused_port: int, url: str
) -> None:
    roots = {"roots": str(folder / "root.pem")}
    with pytest.raises(RetriableError, match="did not answer"):
        TimeStamper("tsa", f"tsa+http://127.0.0.1:{unused_port}/", roots).stamp(b"x")
    (folder / "tsa.cnf").rename(folder / "away.cnf")
    try:
        with pytest.raises(RetriableError, match="did not answer"):
            TimeStamper("tsa", url, roots).stamp(b"x")
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
