"""Print the page *Rules in the code* of the site: the modules and tests of each rule, from tests/rules.tsv.

`python tools/rules_page.py`. What each rule says is in docs/rules.md.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tests" / "rules.tsv"
HEAD = """# Rules in the code

The modules that apply each of [the rules of law](rules.md), below `plugins/afschrift` unless they begin with
another folder, and the tests that fail if the rule is broken.

| Rule | Modules | Tests |
|---|---|---|
"""


def rules() -> dict[str, tuple[list[str], list[str]]]:
    """Rule -> its modules and its test files."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        _, *rows = csv.reader(file, delimiter="\t")
    return {rule: (modules.split(), tests.split()) for rule, modules, tests in rows}


def page() -> str:
    """Return the page."""
    rows = (
        f"| `{rule}` | {_listed(modules)} | {_listed(tests)} |\n"
        for rule, (modules, tests) in rules().items()
    )
    return HEAD + "".join(rows)


def _listed(files: list[str]) -> str:
    return ", ".join(f"`{file}`" for file in files)


if __name__ == "__main__":
    sys.stdout.write(page())
