"""Compare the tests that are collected with tests/before.tsv, the list of those before a restructuring.

A line is a test function (its cases folded into their number) and its fate:

    (empty)               collected under this id
    renamed ID            the same test, elsewhere or under another name
    merged ID             its assertions are in that test
    nightly, nightly ID   collected, and left to the nightly run
    gone: covered by ID   what it proved is proven by that test
    fewer N: why          collected under this id with N cases

`python tools/tests_before.py` fails where the list names a test that is not collected. With `--fill` it first
enters `renamed` for a missing test that is found under its own name in one other place; `--write` begins the
list anew. A test in tests/unit/tooling asks the same.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tests" / "before.tsv"
FATE = re.compile(
    r"(?:(?:renamed|merged|nightly|gone: covered by) (?P<id>\S+)|nightly|fewer (?P<cases>\d+): .+|)"
)


def functions(ids: Iterable[str]) -> Counter[str]:
    """Number of cases of each test function."""
    return Counter(test.partition("[")[0] for test in ids)


def collected(*arguments: str) -> Counter[str]:
    """Ask pytest, in a process of its own: with `-m nightly`, for the nightly tests."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-n0", "-p", "no:cacheprovider", *arguments]
    # In CI this is the first to collect, and leaves the compiled test files to the workers of `make test`.
    environment = os.environ | {"PYTEST_ADDOPTS": "", "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(done.stdout + done.stderr)
    return functions(line for line in done.stdout.splitlines() if re.match(r"tests/\S+\.py::", line))


def listed(table: Path = TABLE) -> list[dict[str, str]]:
    """Rows of the list: `id`, `cases`, `fate`."""
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def write(rows: Iterable[Mapping[str, object]], table: Path = TABLE) -> None:
    """Write the list."""
    with table.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, ["id", "cases", "fate"], delimiter="\t", lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


def successor(row: Mapping[str, str]) -> str:
    """The id under which a test of the list, or what covers it, is to be collected."""
    found = FATE.fullmatch(row["fate"])
    return (found and found["id"]) or row["id"]


def faults(rows: Iterable[Mapping[str, str]], now: Mapping[str, int]) -> Iterator[str]:
    """What the list names and the collection lacks, each with the way out."""
    for row in rows:
        if not (fate := FATE.fullmatch(row["fate"])):
            yield f"{row['id']}: the fate “{row['fate']}” is none that tools/tests_before.py lists"
            continue
        test = successor(row)
        same = row["fate"].partition(" ")[0] in ("", "renamed", "nightly", "fewer")
        cases = int(fate["cases"] or row["cases"])
        if not now.get(test):
            yield f"{row['id']}: {test} is not collected; enter its fate in tests/before.tsv"
        elif same and now[test] < cases:
            yield f"{row['id']}: {now[test]} cases are collected, not {cases}; enter “fewer {now[test]}: why”"


def fill(rows: Iterable[dict[str, str]], now: Mapping[str, int]) -> None:
    """Enter `renamed` where one new test has the name of a missing one; in a file of its name first."""
    rows = list(rows)
    new = now.keys() - {row["id"] for row in rows}
    for row in rows:
        if now.get(successor(row)) or row["fate"].startswith("fewer"):
            continue
        path, _, name = successor(row).partition("::")
        places = [test for test in new if test.partition("::")[2] == name]
        places = [test for test in places if f"/{Path(path).name}::" in test] or places
        if len(places) == 1:
            verb = row["fate"].removesuffix(successor(row)).strip()
            row["fate"] = f"{verb or 'renamed'} {places[0]}"


@cache
def _tests_now() -> tuple[dict[str, str], dict[str, list[str]]]:
    """Successors by tests/before.tsv, and the ids of all test functions by their name."""
    named: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            named[name].append(f"{path.relative_to(ROOT).as_posix()}::{name}")
    return {row["id"]: successor(row) for row in listed()}, named


def found_again(tests: Iterable[str]) -> list[str]:
    """Ids under which tests are found today; those that are gone are left out."""
    successors, named = _tests_now()
    found = []
    for test in tests:
        path, _, name = successors.get(test, test).partition("::")
        ids = named.get(name, [])
        same_file = [test for test in ids if Path(test.partition("::")[0]).name == Path(path).name]
        found += [f"{path}::{name}"] if f"{path}::{name}" in ids else (same_file or ids)[:1]
    return list(dict.fromkeys(found))


def main() -> int:
    """Compare, fill in or write anew."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fill", action="store_true")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    now = collected()
    if given.write:
        write({"id": test, "cases": cases, "fate": ""} for test, cases in sorted(now.items()))
    rows = listed()
    if given.fill:
        fill(rows, now)
        write(rows)
    found = list(faults(rows, now))
    print("\n".join(found) or f"{len(rows)} tests have their place; {len(now)} are collected.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
