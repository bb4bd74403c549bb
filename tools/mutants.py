"""Plant 300 small faults that were drawn over the whole product, and see that a test finds each as before.

    make mutants-draw          # runs the quick tests under coverage and draws anew
    make mutants               # plants all; ARGS="--only 7 12" some, ARGS=--resume goes on after a stop,
                               # ARGS=--check says which cannot be planted any more
    make mutants ARGS="--table tests/conditions.tsv"

tests/conditions.tsv has conditions of law, selection and casework that are taken out: an operand of and/or,
or an `if` that is always or never true (`draw --conditions --rooms law selection casework --count 100`).

A mutant of tests/mutants.tsv is the name of a definition and the text of an expression in it, so it can be
planted again after the code has moved; its tests are found again by tests/before.tsv, or by their names. The
test that killed it last is tried first, then those that execute its line, the fastest first.

Mutants are drawn from lines that the quick tests execute in their own process. What Airflow, browsers,
servers and command lines alone execute in other processes is not among them, nor is what runs at import.

Where a definition was renamed or its code replaced, enter the new place in the line of the mutant, and in
its column `was` what it was before. Exit status of `run`: 1 if a mutant is not killed that was before.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from mutate_rules import Copy
from mutations import (
    PRODUCT,
    ROOT,
    Mutant,
    Place,
    mutations,
    places,
    planted,
    read_table,
    without,
    write_table,
)
from tests_before import found_again

TABLE = ROOT / "tests" / "mutants.tsv"
LOG = ROOT / "build"
WORKERS = 2
SECONDS, MOST = 20.0, 20  # of tests that are tried on a mutant, by their durations under coverage
UNKNOWN = 5.0  # seconds of a test without a duration
LIMIT = 400.0  # seconds of a mutant, by the clock
MEMORY = 8 << 30
HEAVY = ("hypothesis", "polars", "sqlalchemy", "jinja2", "alembic", "numpy", "playwright.sync_api", "psycopg",
         "pyarrow", "holidays", "yaml", "phonenumbers", "pydantic", "duckdb", "typer", "pytest")  # fmt: skip
"""What the tests import of others: loaded once, and shared by the processes that try a mutant."""


def draw(given: argparse.Namespace) -> list[Mutant]:
    """Sample evenly from the places whose line a test executes: from coverage by test, and JUnit XML."""
    from coverage import CoverageData

    data = CoverageData(str(given.coverage))
    data.read()
    seconds = durations(given.report)
    changes, rooms = without if given.conditions else mutations, given.rooms or [""]
    names = {Path(name).resolve(): name for name in data.measured_files()}

    def tests(path: Path) -> dict[int, set[str]]:
        lines = data.contexts_by_lineno(names[path])
        found = {line: {re.split(r"[\[|]", name)[0] for name in some} for line, some in lines.items()}
        return {line: some & seconds.keys() for line, some in found.items()}

    candidates: list[Place] = []
    for path in sorted(path for room in rooms for path in (PRODUCT / room).rglob("*.py")):
        if path in names and "migrations" not in path.parts:
            executed = tests(path)
            candidates += [place for place in places(path, changes) if executed.get(place.line)]
    files = len({place.path for place in candidates})
    head = (
        f"# Seed {given.seed}, from {len(candidates)} places in {files} files that tests execute in-process"
    )
    given.table.write_text(f"{head}\n", encoding="utf-8")
    chosen = random.Random(given.seed).sample(candidates, given.count)  # noqa: S311
    executed_in = {path: tests(path) for path in {place.path for place in chosen}}
    return [
        Mutant(
            number,
            place.path.relative_to(PRODUCT).as_posix(),
            *place.key,
            tests=" ".join(fastest(executed_in[place.path][place.line], seconds)),
        )
        for number, place in enumerate(chosen, start=1)
    ]


def durations(report: Path) -> dict[str, float]:
    """Seconds of each test function that passed, with all its cases."""
    found: dict[str, float] = defaultdict(float)
    failed = set()
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own file
        name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').partition('[')[0]}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
        elif case.find("skipped") is None:
            found[name] += float(case.get("time", UNKNOWN))
    return {name: total for name, total in found.items() if name not in failed}


def fastest(tests: Iterable[str], seconds: dict[str, float]) -> Iterator[str]:
    """The first `MOST` that together take `SECONDS`; always the first."""
    total = 0.0
    for number, test in enumerate(sorted(tests, key=lambda test: (seconds[test], test))):
        total += seconds[test]
        if number and (total > SECONDS or number >= MOST):
            return
        yield test


class Worker:
    """A process with a copy of the tree, which tries one mutant after another in processes of their own."""

    folder: Path
    copy: Copy

    @classmethod
    def begin(cls, folder: str) -> None:
        """Make the copy."""
        cls.folder = Path(tempfile.mkdtemp(dir=folder))
        cls.copy = Copy(cls.folder)
        for name in HEAVY:
            importlib.import_module(name)

    @classmethod
    def attempt(cls, mutant: Mutant, without: frozenset[str]) -> Mutant:
        """The mutant with its result."""
        if (found := planted(mutant)) is None:
            return replace(mutant, result="gone", by="")
        path, text = found
        mutant = replace(mutant, module=path.relative_to(PRODUCT).as_posix())
        tests = [test for test in found_again([mutant.by, *mutant.tests.split()]) if test not in without]
        if not tests:
            return replace(mutant, result="no test", by="")
        target = cls.folder / path.relative_to(ROOT)
        before = target.read_text(encoding="utf-8")
        cls.copy.write(target, text.decode())
        try:
            by = "".join(cls.failing(tests, "-x")[:1])
        except LookupError:
            return replace(mutant, result="no test", by="")
        finally:
            cls.copy.write(target, before)
        return replace(mutant, result="killed" if by else "survived", by=by)

    @classmethod
    def failing(cls, tests: Sequence[str], *options: str) -> list[str]:
        """Functions that fail, or how pytest ended."""
        report = cls.folder.with_suffix(".log")
        child = get_context("fork").Process(target=cls._pytest, args=(report, [*options, *tests]))
        child.start()
        child.join(LIMIT)
        code = child.exitcode
        if child.pid and code is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.join()
        text = report.read_text(encoding="utf-8", errors="replace")
        if failed := re.findall(r"^(?:FAILED|ERROR) (\S+?\.py(?:::\w+)*)", text, re.MULTILINE):
            return failed
        if code in (4, 5) and "ImportError while loading conftest" not in text:
            raise LookupError(text[-2000:])
        return [] if code == 0 else ["timeout" if code is None else f"exit status {code}"]

    @classmethod
    def _pytest(cls, report: Path, arguments: list[str]) -> None:
        import pytest

        os.setsid()
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        with report.open("wb") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        paths = [str(cls.folder / "plugins"), str(cls.folder)]
        sys.path[:0] = paths
        os.environ |= {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": ""}
        os.chdir(cls.folder)
        made = f"--basetemp={cls.folder.with_suffix('.tmp')}"
        options = ["-n0", "-p", "no:cacheprovider", "-rfE", "--tb=no", "--timeout=120", made]
        code = pytest.main([*options, *arguments])
        sys.stdout.flush()
        os._exit(code)


def check(table: Path) -> int:
    """Name the mutants that cannot be planted any more, or have no test left."""
    lost = 0
    for mutant in read_table(table).values():
        gone, tests = planted(mutant) is None, found_again([mutant.by, *mutant.tests.split()])
        if gone or not tests:
            lost += 1
            print(f"{mutant.id} {mutant.module} {mutant.definition}: {'gone' if gone else 'no test'}")
    print(
        f"{lost} mutants have no place or no test: see the head of tools/mutants.py" if lost else "All fit."
    )
    return 1 if lost else 0


def run(table: Path, only: Sequence[int], *, resume: bool, count: int) -> int:
    """Plant mutants, and write what became of each as it is known."""
    before, log = read_table(table), LOG / table.name
    done = read_table(log) if resume else {}
    chosen = [mutant for mutant in before.values() if not only or mutant.id in only]
    todo = [mutant for mutant in chosen if mutant.id not in done]
    without: frozenset[str] = frozenset()
    began = time.monotonic()
    context = get_context("fork")
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(count, context, Worker.begin, (folder,)) as workers,
    ):
        while todo:
            for future in as_completed([workers.submit(Worker.attempt, mutant, without) for mutant in todo]):
                mutant = future.result()
                done[mutant.id] = mutant
                write_table(log, done.values())
                write_table(table, (_kept(old, done.get(old.id, old)) for old in before.values()))
                print(f"{mutant.id} {mutant.definition}: {mutant.result} {mutant.by}", flush=True)
            tests = sorted({mutant.by for mutant in done.values() if "::" in mutant.by} - without)
            parts = [workers.submit(Worker.failing, tests[at::count]) for at in range(count) if tests[at:]]
            flawed = {test for part in parts for test in part.result()}
            without |= flawed
            todo = [mutant for mutant in done.values() if mutant.by in flawed]
            if flawed:
                print(f"These fail without a mutant too: {', '.join(sorted(flawed))}")
    lost = [mutant for mutant in chosen if mutant.result == "killed" and done[mutant.id].result != "killed"]
    for mutant in lost:
        old_result = f"“{mutant.expression}” was killed by {mutant.by}"
        print(f"{mutant.id} {mutant.definition}: {old_result}, now: {done[mutant.id].result}")
    print(f"{dict(Counter(done[mutant.id].result for mutant in chosen))}; {time.monotonic() - began:.0f} s")
    return 1 if lost else 0


def _kept(old: Mutant, new: Mutant) -> Mutant:
    """What the table says: a mutant that was killed stays so until a person has looked."""
    return old if old.result in ("killed", "equivalent") and new.result != "killed" else new


def main() -> int:
    """Draw mutants, or plant them and compare with the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw", help="write tests/mutants.tsv anew")
    drawing.add_argument("--coverage", type=Path, default=ROOT / "build" / "coverage")
    drawing.add_argument("--report", type=Path, default=ROOT / "build" / "tests.xml")
    drawing.add_argument("--seed", type=int, default=20261129)
    drawing.add_argument("--count", type=int, default=300)
    drawing.add_argument("--conditions", action="store_true", help="take conditions out, change nothing else")
    drawing.add_argument("--rooms", nargs="*", help="packages; default: all")
    running = commands.add_parser("run", help="plant the mutants and write what became of each")
    running.add_argument("--only", type=int, nargs="*", help="ids", default=())
    running.add_argument("--new", action="store_true", help="those alone that have no result yet")
    running.add_argument("--resume", action="store_true", help="go on where the last run was stopped")
    running.add_argument("--check", action="store_true", help="look alone whether each can be planted")
    running.add_argument("--workers", type=int, default=WORKERS)
    for command in (drawing, running):
        command.add_argument("--table", type=Path, default=TABLE)
    given = parser.parse_args()
    if given.command == "run" and given.check:
        return check(given.table)
    if given.command == "run":
        new = [mutant.id for mutant in read_table(given.table).values() if given.new and not mutant.result]
        return run(given.table, new or given.only, resume=given.resume, count=given.workers)
    write_table(given.table, draw(given))
    return 0


if __name__ == "__main__":
    sys.exit(main())
