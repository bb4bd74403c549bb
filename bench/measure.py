"""Runs a command and watches it: seconds, and peak memory of it and all its children."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

_EVERY = 0.1  # more often, and watching slows what is watched
_MB = 1 << 20


@dataclass(frozen=True)
class Watched:
    """What was seen of a command.

    Attributes:
        seconds: from its start to its end.
        peak_mb: largest sum of the resident memory of the process tree, sampled every 100 ms.
        output: what it printed.
    """

    seconds: float
    peak_mb: float
    output: str


def watch(command: Sequence[str] | str, environment: Mapping[str, str] | None = None) -> Watched:
    """Run a command to its end; a text is a line for the shell.

    Raises:
        CalledProcessError: it failed.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command, shell=isinstance(command, str), env=environment, stdout=subprocess.PIPE, text=True
    )
    peak = [0]
    sampler = threading.Thread(target=_sample, args=(process.pid, peak))
    sampler.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - began
    sampler.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    return Watched(seconds, peak[0] / _MB, output)


def _sample(pid: int, peak: list[int]) -> None:
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
            resident = 0
            for process in (root, *root.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    resident += process.memory_info().rss
            peak[0] = max(peak[0], resident)
            time.sleep(_EVERY)
