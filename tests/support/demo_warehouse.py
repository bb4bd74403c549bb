"""The demo's warehouse as tests read it, made once for all processes of a run."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def once(folders: pytest.TempPathFactory, name: str, fill: Callable[[Path], object]) -> Path:
    """The folder of a name, filled by whichever process of this run comes first. Copy before changing it."""
    base = folders.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = shared / f"{name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            fill(unfinished)
            unfinished.rename(folder)
    return folder


SCALE = 0.02


def small_demo(folders: pytest.TempPathFactory) -> Path:
    """A hundred customers, and a lake of seventy files; copy it before changing it.

    A file of the lake holds a week. With one for each day, as the demo has them, a third of what a request
    costs is to open files of a few rows; `tests/unit/demo` has that lake.
    """
    from demo.build import build

    return once(folders, "demo-warehouse", lambda into: build(into, SCALE, say=lambda _: None, days_a_file=7))
