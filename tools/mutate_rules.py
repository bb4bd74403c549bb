"""Take conditions out of rules of law, one at a time, and see the tests that tests/rules.tsv names fail.

tests/rule_mutations.tsv has the conditions: mostly what a rule forbids or excepts. Without one, too much is
given or refused, or a day comes too late.

`make test-rules` runs it; `python tools/mutate_rules.py R20 R36` takes some rules alone, and with `--check`
nothing is run: whether each text is there is seen at once. Nothing is changed here: each worker has a copy of
the tree. What fails is run once more without any mutation: a test that fails there too caught nothing.

Exit status: 0: every mutation is caught. 1: one survived or does not fit any more, or a test fails anyway.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TABLE = "tests/rule_mutations.tsv"
WORKERS = 2
_PURE = ("tests/unit/domain/", "tests/unit/inventory/", "tests/unit/law/")
_SLOW = ("tests/e2e/", "tests/contract/")  # where quicker tests notice, these need not be begun
_MOMENTS = count(1)


class Mutation(NamedTuple):
    """A condition that is taken out.

    Attributes:
        rule: its id in docs/rules.md.
        file: below `plugins/afschrift`; the row of the rule names it.
        text: of the file, there once.
        instead: the code without the condition.
        effect: what then happens, in a clause.
    """

    rule: str
    file: str
    text: str
    instead: str
    effect: str


def mutations() -> list[Mutation]:
    """The table, without its head."""
    lines = (ROOT / TABLE).read_text(encoding="utf-8").splitlines()
    return [Mutation(*line.split("\t")) for line in lines[1:]]


def named(rule: str) -> tuple[list[str], list[str]]:
    """The modules and the tests of a rule, as tests/rules.tsv names them."""
    for line in (ROOT / "tests" / "rules.tsv").read_text(encoding="utf-8").splitlines():
        found, modules, tests = line.split("\t")
        if found == rule:
            return modules.split(), tests.split()
    sys.exit(f"tests/rules.tsv has no rule {rule}: name one of its rules in {TABLE}.")


def faults(mutation: Mutation) -> list[str]:
    """What keeps a mutation from being tried, each with the way out; none: it can be."""
    modules, tests = named(mutation.rule)
    path = ROOT / "plugins" / "afschrift" / mutation.file
    found = []
    if mutation.file not in modules:
        found.append(f"tests/rules.tsv does not name {mutation.file} for {mutation.rule}: name it there")
    if not tests:
        found.append(f"tests/rules.tsv names no test for {mutation.rule}: write one and name it")
    times = path.read_text(encoding="utf-8").count(mutation.text) if path.is_file() else 0
    if times != 1:
        found.append(
            f"{mutation.rule}: “{mutation.text}” is {times} times in {mutation.file}, not once: bring "
            f"{TABLE} up to date"
        )
    return found


def tests_of(rule: str) -> list[list[str]]:
    """The test files of a rule: those of pure functions, those with a register, those that take long."""
    files: list[list[str]] = [[], [], []]
    for name in named(rule)[1]:
        files[0 if name.startswith(_PURE) else 2 if name.startswith(_SLOW) else 1].append(name)
    return [some for some in files if some]


class Copy:
    """A copy of the tree in which one file is another for a while."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in filter(None, names.split("\0")):
            if (ROOT / name).is_file() or (ROOT / name).is_symlink():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)

    def outcome(self, mutation: Mutation) -> str:
        """The test that catches a mutation; empty where none does."""
        path = self._folder / "plugins" / "afschrift" / mutation.file
        whole = path.read_text(encoding="utf-8")
        for tests in tests_of(mutation.rule):
            self.write(path, whole.replace(mutation.text, mutation.instead))
            failed = self.failing(*tests)
            self.write(path, whole)
            if failed:
                return failed
        return ""

    def failing(self, *tests: str) -> str:
        """The first test that fails; empty where all pass."""
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-n0",
            "-p",
            "no:cacheprovider",
            "-rfE",
            *tests,
        ]
        paths = os.pathsep.join((str(self._folder / "plugins"), str(self._folder)))
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": ""},
            capture_output=True,
            text=True,
        )
        found = re.search(r"^(?:FAILED|ERROR) (\S+?::[^\n]+?)(?: - .*)?$", done.stdout, re.MULTILINE)
        if not found and done.returncode:
            sys.exit(f"pytest reported no failed test, and did not end well.\n{done.stdout}{done.stderr}")
        return found[1] if found else ""

    @staticmethod
    def write(path: Path, text: str) -> None:
        """Each version has a moment of its own, so that none is taken for the one compiled before."""
        path.write_text(text, encoding="utf-8")
        moment = path.stat().st_mtime + next(_MOMENTS)
        os.utime(path, (moment, moment))


def main() -> int:
    """Try the mutations, and say which test catches each."""
    rules = [rule for rule in sys.argv[1:] if rule != "--check"]
    chosen = [mutation for mutation in mutations() if mutation.rule in rules or not rules]
    stale = dict.fromkeys(fault for mutation in chosen for fault in faults(mutation))
    if stale or "--check" in sys.argv:
        print("\n".join(stale) or f"{len(chosen)} mutations fit the code and tests/rules.tsv.")
        return 1 if stale else 0
    began = monotonic()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as workers:
        free: SimpleQueue[Copy] = SimpleQueue()
        for number in range(WORKERS):
            (Path(folder) / str(number)).mkdir()
            free.put(Copy(Path(folder) / str(number)))

        def trial(mutation: Mutation) -> str:
            copy = free.get()
            try:
                caught = copy.outcome(mutation)
            finally:
                free.put(copy)
            result = f"caught by {caught}" if caught else f"SURVIVED {named(mutation.rule)[1]}"
            print(f"{mutation.rule}  {mutation.effect} ({mutation.file}): {result}", flush=True)
            return caught

        caught = [*workers.map(trial, chosen)]
        tests = dict.fromkeys(filter(None, caught))
        anyway = free.get().failing(*tests) if tests else ""
    if anyway:
        print(f"{anyway} fails without a mutation too: mend it first.")
    print(f"{len(chosen)} mutations, {caught.count('')} survived; {monotonic() - began:.0f} s.")
    return 1 if anyway or "" in caught else 0


if __name__ == "__main__":
    sys.exit(main())
