"""Processes as /proc shows them: a tree, and the CPU time of it."""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_STATE, _PARENT, _SESSION, _FIRST, _LAST = 0, 1, 3, 11, 15
"""Of what follows the name in /proc/PID/stat: state, parent, session; utime, stime, cutime and cstime
(proc(5))."""


def tree(root: int) -> list[int]:
    """A process and all that came from it and still are, children first."""
    children = defaultdict(list)
    for pid, numbers in _all().items():
        children[int(numbers[_PARENT])].append(pid)
    found, left = [], [root]
    while left:
        found.append(left.pop())
        left += children[found[-1]]
    return found[::-1]


def cpu_seconds(root: int) -> float:
    """CPU seconds of a process, of all below it, and of those that ended there and were waited for."""
    known = _all()
    ticks = (int(tick) for pid in tree(root) if pid in known for tick in known[pid][_FIRST:_LAST])
    return sum(ticks) / _TICKS


def kill_session(leader: int) -> None:
    """SIGKILL to all processes of a session, until none is left; those of a task that just began, too."""
    while left := [pid for pid, numbers in _all().items() if _in(numbers, leader)]:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _in(numbers: list[str], session: int) -> bool:
    return int(numbers[_SESSION]) == session and numbers[_STATE] != "Z"


def _all() -> dict[int, list[str]]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it ended meanwhile
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
                found[int(entry.name)] = stat.rpartition(")")[2].split()
    return found
