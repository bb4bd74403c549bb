"""docs/rules.md has every rule, and tests/rules.tsv the modules, tests and mutations that there are."""

import re
import subprocess
import sys
from pathlib import Path

from tests.unit.docs.doc_pages import ROOT, text_of
from tools.rules_page import page, rules

PACKAGE = ROOT / "plugins" / "afschrift"
IDS = [f"R{number:02}" for number in range(1, 88)]
TEXT = text_of("rules.md")
RULE = re.compile(r"^- \*\*(R\d\d)\*\* .+ \*[^*]+?; ((?:software|policy|person).*)\*$", re.MULTILINE)
DECIDES: dict[str, str] = dict(RULE.findall(TEXT))
WITHOUT_CODE: dict[str, str] = dict(re.findall(r"^- (R\d\d): (.+)$", TEXT, re.MULTILINE))


def module(path: str) -> Path:
    outside = path.split("/")[0] in ("dags", "demo", "include", "plugins")
    return ROOT / path if outside else PACKAGE / path


def shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_every_rule_is_there_once_and_says_who_decides() -> None:
    assert sorted(rule for rule, _ in RULE.findall(TEXT)) == IDS
    for rule, decides in DECIDES.items():
        assert set(re.split("[,;] ", decides)) <= {"software", "policy", "person", "later"}, rule


def test_each_rule_has_code_and_tests_or_says_why_not() -> None:
    later = {rule for rule, decides in DECIDES.items() if decides.endswith("; later")}
    assert rules().keys() | later | WITHOUT_CODE.keys() == set(IDS)
    assert not rules().keys() & WITHOUT_CODE.keys()
    assert all(modules and tests for modules, tests in rules().values())
    assert all(len(why) > 20 for why in WITHOUT_CODE.values())
    assert f"| `R18` | `{rules()['R18'][0][0]}` |" in page()


def test_modules_exist_and_name_their_rule_and_tests_exist() -> None:
    def named(rule: str, file: Path) -> bool:
        return file.is_file() and bool(re.search(rf"\b{rule}\b", file.read_text(encoding="utf-8")))

    table = [(rule, *found) for rule, found in rules().items()]
    assert [(rule, m) for rule, modules, _ in table for m in modules if not named(rule, module(m))] == []
    assert [(rule, t) for rule, _, tests in table for t in tests if not (ROOT / t).is_file()] == []


def test_code_names_no_rule_that_is_not_there() -> None:
    used = {
        rule: shown(file)
        for folder in ("plugins", "dags", "include", "demo")
        for file in sorted((ROOT / folder).rglob("*"))
        if file.is_file() and file.suffix != ".pyc"
        for rule in re.findall(r"\bR\d\d\b", file.read_text(errors="replace"))
    }

    assert {rule: file for rule, file in used.items() if rule not in IDS} == {}


def mutations(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The conditions that `make test-rules` takes out: whether they are in the code still."""
    command = [sys.executable, str(root / "tools" / "mutate_rules.py"), "--check", *words]
    return subprocess.run(command, capture_output=True, text=True)


def test_each_mutation_of_a_rule_fits_the_code_and_the_table() -> None:
    """Where this fails: bring tests/rule_mutations.tsv up to date, then `make test-rules`."""
    done = mutations(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
