"""Write and check tests/nightly.tsv, the result of the last `make test-nightly`.

    python tools/nightly.py write build/nightly.xml
    python tools/nightly.py check

The first rows are date, commit and seconds of the run; the others are test functions with their number of
cases and `passed` or `failed`. `check` fails where a nightly test that is collected has no row or more cases,
where one failed, and where the commit is more than 40 commits back.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.tests_before import collected

TABLE = ROOT / "tests" / "nightly.tsv"
MOST_COMMITS = 40
RUN = "Run `make test-nightly` on a pushed commit, and commit tests/nightly.tsv."


@dataclass(frozen=True)
class Result:
    """What a nightly run found.

    Attributes:
        cases: number of cases by test function.
        failed: test functions of which a case failed, or all were skipped. A case without its sample database
            is skipped; with CI set, as `make test-nightly` does, one without its program fails.
    """

    date: str
    commit: str
    seconds: int
    cases: Mapping[str, int]
    failed: frozenset[str]


def read_report(report: Path, commit: str) -> Result:
    """The result in a report of pytest in JUnit form."""
    cases: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    failed = set()
    root = ET.parse(report).getroot()  # noqa: S314 - our own file
    for case in root.iter("testcase"):
        module, *classes = re.split(r"\.(?=Test)", case.get("classname", ""))
        name = case.get("name", "").partition("[")[0]
        test = "::".join([module.replace(".", "/") + ".py", *classes, name])
        cases[test] += 1
        skipped[test] += case.find("skipped") is not None
        if any(case.find(fault) is not None for fault in ("failure", "error")):
            failed.add(test)
    failed |= {test for test in cases if cases[test] == skipped[test]}
    seconds = sum(float(suite.get("time", 0)) for suite in root.iter("testsuite"))
    return Result(f"{datetime.now(UTC):%Y-%m-%d}", commit, round(seconds), cases, frozenset(failed))


def write(result: Result, table: Path = TABLE) -> None:
    """Write the committed table."""
    with table.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter="\t", lineterminator="\n")
        out.writerows([("date", result.date), ("commit", result.commit), ("seconds", result.seconds)])
        for test, cases in sorted(result.cases.items()):
            out.writerow([test, cases, "failed" if test in result.failed else "passed"])


def read(table: Path = TABLE) -> Result:
    """Read the committed table."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    head, tests = dict(rows[:3]), rows[3:]
    failed = frozenset(test for test, _, outcome in tests if outcome != "passed")
    cases = {test: int(cases) for test, cases, _ in tests}
    return Result(head["date"], head["commit"], int(head["seconds"]), cases, failed)


def faults(result: Result, collected: Mapping[str, int]) -> Iterator[str]:
    """What a result lacks of the nightly tests that are collected, and what failed."""
    for test, cases in sorted(collected.items()):
        found = result.cases.get(test, 0)
        if test in result.failed:
            yield f"{test} failed, or was skipped in all its cases."
        elif found < cases:
            yield f"{test} has {cases} cases, of which the last nightly run knew {found}."


def age(commit: str, root: Path = ROOT) -> tuple[str, bool]:
    """How far back a commit is, as a sentence, and whether that is acceptable.

    An exported tree has no history, and a shallow clone may lack the commit: this is said, and accepted.
    """
    if _git(root, "rev-parse", "--show-prefix") != "":
        return "Not checked: how old the nightly result is. This folder is no clone with a history.", True
    count = _git(root, "rev-list", "--count", f"{commit}..HEAD")
    known = count is not None and _git(root, "merge-base", "--is-ancestor", commit, "HEAD") is not None
    if known and count is not None:
        text = f"The nightly result is of commit {commit[:8]}, {count} commits back"
        return f"{text}; {MOST_COMMITS} are the most.", int(count) <= MOST_COMMITS
    if _git(root, "rev-parse", "--is-shallow-repository") == "true":
        text = (
            f"Not checked: how old the nightly result is. This clone is shallow and lacks commit {commit[:8]}"
        )
        return f"{text}: `git fetch --unshallow`.", True
    return f"The nightly result is of commit {commit[:8]}, which is not in the history of HEAD.", False


def _git(root: Path, *arguments: str) -> str | None:
    """What git prints; None where it fails or is not installed."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return None if done.returncode else done.stdout.strip()


def check() -> int:
    """Print what is wrong with the committed result."""
    if not TABLE.exists():
        print(f"There is no tests/nightly.tsv. {RUN}")
        return 1
    result = read()
    sentence, recent = age(result.commit)
    found = list(faults(result, collected("-m", "nightly")))
    print(sentence, *found, sep="\n")
    if recent and not found:
        return 0
    print(RUN)
    return 1


def record(report: Path) -> str:
    """Write the table if all nightly tests ran on a commit; a sentence on what was done."""
    commit = _git(ROOT, "rev-parse", "HEAD")
    changes = _git(ROOT, "status", "--porcelain", "--untracked-files=no", ":!tests/nightly.tsv")
    if commit is None or changes:
        return "tests/nightly.tsv is unchanged: this tree is not that of a commit."
    result = read_report(report, commit)
    missing = [
        test for test, cases in collected("-m", "nightly").items() if result.cases.get(test, 0) < cases
    ]
    if missing:
        return f"tests/nightly.tsv is unchanged: {len(missing)} nightly tests did not run."
    write(result)
    count, failed = len(result.cases), len(result.failed)
    return f"tests/nightly.tsv: {count} tests in {result.seconds} s, {failed} failed."


def main() -> int:
    """Write or check."""
    match sys.argv[1:]:
        case ["check"]:
            return check()
        case ["write", report]:
            print(record(Path(report)))
            return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
