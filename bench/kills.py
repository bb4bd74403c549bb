"""A writer is killed between two statements, again and again: is the register whole each time?

    python -m bench.kills --count 1000 --seed 7

Each round forks a process that works on one register, as runs and officers do, and that kills itself
(SIGKILL) before the n-th statement, COMMIT included; n is drawn from the seed. Afterwards an independent
reader compares the tables with the trail: no state without its event, no event without its state, no half
step, a whole chain. Prints the seed, how many rounds died before which statement, and every fault found; the
figures also go to `bench/results/kills.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random, SystemRandom
from typing import NoReturn

from sqlalchemy import Engine, event
from testbed import register_reader
from testbed.register_rows import RegisterRows

from afschrift.domain.errors import RefusedError
from afschrift.domain.state import State
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from bench.daily_work import STEP_EVENT, WORK
from bench.writers import BACKENDS, RESULTS, new_register

_LATEST = 60  # statements that a writer may live for: some ten transactions
_A_REGISTER = 100  # kills on one register, in a long series
_AT_WORK = 12  # requests that a round works on, besides those it opens


@dataclass
class Report:
    """What a series of kills found.

    Attributes:
        died: how many writers died before each kind of statement.
        faults: what the independent reader found, with the round it was found after.
    """

    seed: int
    rounds: int = 0
    seconds: float = 0.0
    events: int = 0
    requests: int = 0
    died: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Count what another series found with this one."""
        self.rounds += other.rounds
        self.seconds = round(self.seconds + other.seconds, 1)
        self.events += other.events
        self.requests += other.requests
        self.died.update(other.died)
        self.faults += [f"seed {other.seed}, {fault}" for fault in other.faults]


def kill_writers(
    url: str, keys: Path, count: int, seed: int, register_class: type[Register] = Register
) -> Report:
    """Kill `count` writers on one register; stops at the first fault.

    Args:
        url: a migrated register.
        keys: its key file.
        count: how many writers.
        seed: decides what they do and when they die.
        register_class: the register that they write with.
    """
    random, report = Random(seed), Report(seed)
    begin = time.perf_counter()
    while report.rounds < count and not report.faults:
        writer = register_class(url, KeyStore.open(keys))
        work = partial(_work_on, writer, random.getrandbits(32), _open_requests(url))
        died = killed_before(random.randint(1, _LATEST), work)
        report.rounds += 1
        report.died[str(died)] += 1
        found = register_reader.faults(url, step_event=STEP_EVENT)
        report.faults = [f"round {report.rounds}, killed before {died}: {fault}" for fault in found]
    report.seconds = round(time.perf_counter() - begin, 1)
    rows = RegisterRows(url)
    report.events, report.requests = len(rows.trail), len(rows.rows["request"])
    return report


def killed_before(fatal: int, work: Callable[[], object]) -> str | None:
    """Do some work in a fork of this process that kills itself before its n-th statement, COMMIT included.

    Returns:
        The statement it died before, in short; None where the work ended first.

    Raises:
        RuntimeError: the work failed; its traceback is on standard error.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _work_until_killed(fatal, work, writer)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        died = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return died
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError("the work failed before it was killed")
    return None


def _work_until_killed(fatal: int, work: Callable[[], object], pipe: int) -> NoReturn:
    """The fork. It must never return into the caller's program, whatever happens."""
    statements = 0

    def next_is(statement: str) -> None:
        nonlocal statements
        statements += 1
        if statements == fatal:
            os.write(pipe, statement.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    failed = True
    try:
        event.listen(Engine, "before_cursor_execute", lambda *given: next_is(_kind(given[2])))
        event.listen(Engine, "commit", lambda _connection: next_is("COMMIT"))
        work()
        failed = False
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(failed)


def _work_on(register: Register, seed: int, requests: list[str]) -> NoReturn:
    random = Random(seed)
    while True:
        try:
            random.choice(WORK)(register, random, requests)
        except RefusedError:  # a move that does not exist, a request without its key: part of life
            continue


def _kind(statement: str) -> str:
    """`INSERT INTO event`, `UPDATE request`, `SELECT` ..."""
    words = statement.split()
    length = {"INSERT": 3, "DELETE": 3, "UPDATE": 2}.get(words[0], 1)
    return " ".join(words[:length]).strip("(")


def _open_requests(url: str) -> list[str]:
    rows = RegisterRows(url).rows["request"]
    return [row["id"] for row in rows if State(row["state"]).open][-_AT_WORK:]


def series(backend: str, count: int, seed: int) -> Report:
    """Kill on one register after the other, since the reader looks at all of it after each kill."""
    seeds, total = Random(seed), Report(seed)
    while total.rounds < count and not total.faults:
        with tempfile.TemporaryDirectory() as temporary, new_register(backend, Path(temporary)) as url:
            keys = Path(temporary, "keys.json")
            KeyStore.create(keys)
            part = kill_writers(url, keys, min(_A_REGISTER, count - total.rounds), seeds.getrandbits(32))
        total.add(part)
    return total


def main() -> None:
    """Kill on both backends, print and keep the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000, help="kills on each backend")
    parser.add_argument("--seed", type=int, default=SystemRandom().getrandbits(32))
    parser.add_argument("--backend", choices=BACKENDS, action="append")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    figures = {
        backend: vars(series(backend, given.count, given.seed)) for backend in given.backend or BACKENDS
    }
    text = json.dumps(figures, indent=2)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "kills.json").write_text(text + "\n")
    print(text)
    if any(figures[backend]["faults"] for backend in figures):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
