"""docs/rules.md has every rule, and tests/rules.tsv the modules and tests that there are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from tools.rules_page import page, rules

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "plugins" / "afschrift"
IDS = [f"R{number:02}" for number in range(1, 88)]
TEXT = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
RULE = re.compile(r"^- \*\*(R\d\d)\*\* .+ \*[^*]+?; ((?:software|policy|person).*)\*$", re.MULTILINE)
DECIDES: dict[str, str] = dict(RULE.findall(TEXT))
WITHOUT_CODE: dict[str, str] = dict(re.findall(r"^- (R\d\d): (.+)$", TEXT, re.MULTILINE))


def module(path: str) -> Path:
    outside = path.split("/")[0] in ("dags", "demo", "include", "plugins")
    return ROOT / path if outside else PACKAGE / path


def shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


def expect_none(faults: Iterable[str]) -> None:
    """Fail with every fault on a line of its own."""
    if text := "\n".join(faults):
        pytest.fail(text, pytrace=False)


def test_every_rule_is_there_once() -> None:
    assert sorted(rule for rule, _ in RULE.findall(TEXT)) == IDS


def test_each_rule_says_who_decides() -> None:
    for rule, decides in DECIDES.items():
        assert set(re.split("[,;] ", decides)) <= {"software", "policy", "person", "later"}, rule


def test_each_rule_has_code_and_tests_or_says_why_not() -> None:
    later = {rule for rule, decides in DECIDES.items() if decides.endswith("; later")}
    assert rules().keys() | later | WITHOUT_CODE.keys() == set(IDS)
    assert not rules().keys() & WITHOUT_CODE.keys()
    assert all(modules and tests for modules, tests in rules().values())
    assert all(len(why) > 20 for why in WITHOUT_CODE.values())
    assert f"| `R18` | `{rules()['R18'][0][0]}` |" in page()


def test_modules_exist_and_name_their_rule() -> None:
    expect_none(
        f"{rule}: {shown(file)} is absent or does not name it"
        for rule, (modules, _) in rules().items()
        for file in map(module, modules)
        if not file.is_file() or not re.search(rf"\b{rule}\b", file.read_text(encoding="utf-8"))
    )


def test_tests_exist() -> None:
    expect_none(
        f"{rule}: {test} is absent"
        for rule, (_, tests) in rules().items()
        for test in tests
        if not (ROOT / test).is_file()
    )


def test_code_names_no_rule_that_is_not_there() -> None:
    used = {
        rule: shown(file)
        for folder in ("plugins", "dags", "include", "demo")
        for file in sorted((ROOT / folder).rglob("*"))
        if file.is_file() and file.suffix != ".pyc"
        for rule in re.findall(r"\bR\d\d\b", file.read_text(errors="replace"))
    }

    assert {rule: file for rule, file in used.items() if rule not in IDS} == {}
