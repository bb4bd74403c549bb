"""A disk that is soon full: a small tmpfs, for those who may mount one."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from afschrift.domain.errors import RetriableError
from afschrift.domain.event import NewEvent
from afschrift.register.register import Register


@dataclass(frozen=True)
class SmallDisk:
    folder: Path

    def grow(self, megabytes: int) -> None:
        self.remount(f"size={megabytes}m")

    def remount(self, option: str) -> None:
        _run("mount", "-o", f"remount,{option}", str(self.folder))


@contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """A small disk at an empty folder; skips where this account may not mount."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield SmallDisk(folder)
    finally:
        _run("umount", "--lazy", str(folder))


def fills_up(register: Register, disk: SmallDisk) -> None:
    """Write until the disk is full: an error to retry names it; with room again all is there and goes on."""
    written = 0
    with pytest.raises(RetriableError, match=r"did not answer \(.+\)\. What to do: .*has room"):
        while True:
            register.trail.record(
                None, NewEvent("counted", payload={"n": written, "much": secrets.token_hex(100_000)})
            )
            written += 1
    assert written > 3
    disk.grow(64)
    assert register.trail.head()[0] == written
    assert register.trail.verify() == []
    register.trail.record(None, NewEvent("counted"))
    assert register.trail.head()[0] == written + 1
    assert register.trail.verify() == []


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
