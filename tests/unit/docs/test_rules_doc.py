"""docs/rules.md and the code say the same: every rule is there, and what it names is really so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "plugins" / "afschrift"
RULES = [f"R{number:02}" for number in range(1, 88)]
PARTS = {
    "the ledger",
    "exact and fast sources",
    "the person's page and information sheet",
    "the clock and letters",
    "the officer's case",
    "secure delivery and retention",
}
DECIDERS = {"software", "policy", "person"}


@dataclass(frozen=True)
class Row:
    rule: str
    text: str
    source: str
    decides: tuple[str, ...]
    where: str
    tests: str

    @property
    def modules(self) -> list[Path]:
        return [
            _locate(path) for path in re.findall(r"`([^`]+)`", self.where.partition("not in software:")[0])
        ]

    @property
    def test_files(self) -> list[Path]:
        return [ROOT / path for path in re.findall(r"`([^`]+)`", self.tests)]


def _locate(path: str) -> Path:
    outside = path.split("/")[0] in ("dags", "demo", "include", "plugins")
    return ROOT / path if outside else PACKAGE / path


@cache
def rows() -> tuple[Row, ...]:
    found = []
    for line in (ROOT / "docs" / "rules.md").read_text().splitlines():
        if re.match(r"\| R\d", line):
            rule, text, source, decides, where, tests = (cell.strip() for cell in line.strip("|").split("|"))
            found.append(Row(rule, text, source, tuple(decides.split(", ")), where, tests))
    return tuple(found)


def shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


def expect_none(faults: Iterable[str]) -> None:
    """Fail with every fault on a line of its own."""
    if text := "\n".join(faults):
        pytest.fail(text, pytrace=False)


def names_rule(file: Path, rule: str) -> bool:
    return bool(re.search(rf"\b{rule}\b", file.read_text()))


def test_every_rule_stands_there_once() -> None:
    assert sorted(row.rule for row in rows()) == RULES


def test_rows_are_complete() -> None:
    expect_none(fault for row in rows() for fault in faults(row))


def faults(row: Row) -> Iterator[str]:
    if not (row.text and row.source):
        yield f"{row.rule} has no text or no source"
    if not set(row.decides) <= DECIDERS:
        yield f"{row.rule} is decided by nobody we know"
    later = re.search(r"later: (.+)$", row.where)
    if later and later[1] not in PARTS:
        yield f"{row.rule} waits for a part that does not exist"
    if not (row.modules or later or re.match(r"not in software: .{20,}", row.where)):
        yield f"{row.rule} stands nowhere, and does not say why"
    if bool(row.modules) != bool(row.test_files):
        yield f"{row.rule} has a module without a test, or a test without a module"


def test_modules_exist_and_name_their_rule() -> None:
    pairs = [(row.rule, file) for row in rows() for file in row.modules]

    expect_none(
        f"{rule}: {shown(file)} is absent or does not name it"
        for rule, file in pairs
        if not file.is_file() or not names_rule(file, rule)
    )


def test_tests_exist() -> None:
    pairs = [(row.rule, file) for row in rows() for file in row.test_files]

    expect_none(f"{rule}: {shown(file)} is absent" for rule, file in pairs if not file.is_file())


def test_code_names_no_rule_that_is_not_there() -> None:
    used = {
        rule: shown(file)
        for folder in ("plugins", "dags", "include", "demo")
        for file in sorted((ROOT / folder).rglob("*"))
        if file.is_file() and file.suffix != ".pyc"
        for rule in re.findall(r"\bR\d\d\b", file.read_text(errors="replace"))
    }

    assert {rule: file for rule, file in used.items() if rule not in RULES} == {}
