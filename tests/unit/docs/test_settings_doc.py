"""docs/settings.md is the table in the code, and the code reads no setting that is not in it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from afschrift.app.settings import Settings
from afschrift.app.settings_table import DEFAULTS, SETTINGS
from afschrift.domain.errors import ConfigurationError

NAME = re.compile(r"AFSCHRIFT_[A-Z_]+")
READ_TWICE = {
    # The form is made while DAG files are parsed: nothing heavy then.
    "airflow_ext.params": {"AFSCHRIFT_DEMO"},
    # The DAG processor reads where tasks run, where there is an inventory.
    "app.task_places": {"AFSCHRIFT_INVENTORY"},
}

OF_TESTS = ["AFSCHRIFT_WALK", "AFSCHRIFT_DRAW", "AFSCHRIFT_ZOO_PAGE"]
"""Read by tests alone, which write pages of documentation by them."""


def read_names(tree: ast.Module) -> Iterator[str]:
    """Names of settings that stand alone in a text, and neither as a key that is set nor as one removed."""
    written = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys if key}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in written:
            continue
        if NAME.fullmatch(node.value):
            yield node.value


def read_by_module(root: Path) -> dict[str, set[str]]:
    """Module below `afschrift`, or file -> the settings that it reads; a prefix counts as the form `<NAME>`."""
    product = root / "plugins" / "afschrift"
    found: dict[str, set[str]] = defaultdict(set)
    for file in [*product.rglob("*.py"), *(root / "dags").glob("*.py"), *(root / "config").glob("*.py")]:
        inside = file.is_relative_to(product)
        name = ".".join(file.relative_to(product).with_suffix("").parts) if inside else file.name
        for one in read_names(ast.parse(file.read_text(encoding="utf-8"))):
            found[name].add(f"{one}<NAME>" if one.endswith("_") else one)
    del found["app.settings_table"]
    return found


def test_the_page_is_made_from_the_table(project_root: Path) -> None:
    """Where this fails: python tools/settings_page.py."""
    script = [sys.executable, str(project_root / "tools" / "settings_page.py"), "--check"]
    assert subprocess.run(script, check=False).returncode == 0


def test_each_setting_is_read_where_the_table_says_and_no_other_is_read(project_root: Path) -> None:
    declared: dict[str, set[str]] = defaultdict(set)
    for one in SETTINGS:
        if not one.name.endswith("<NAME>_OPTIONS"):  # read with what it belongs to, by the same prefix
            declared[one.read_in].add(one.name)
    found = read_by_module(project_root)
    for module, names in READ_TWICE.items():
        assert names <= found[module]
        found[module] -= names
        found = {name: left for name, left in found.items() if left}
    assert found == declared


def test_every_number_of_the_table_is_read_as_one() -> None:
    for name in DEFAULTS:
        with pytest.raises(ConfigurationError, match=name):
            Settings.from_environment({name: "many"})


def test_what_is_named_in_the_documentation_is_a_setting(project_root: Path) -> None:
    forms = [re.escape(one.name).replace("<NAME>", "(<NAME>|[A-Z]+)") for one in SETTINGS]
    known = re.compile("|".join([*forms, *OF_TESTS]))
    pages = [
        project_root / "README.md",
        *(project_root / "docs").rglob("*.md"),
        *project_root.glob("*/**/README.md"),
    ]
    pages = [page for page in pages if ".venv" not in page.parts]
    assert len(pages) > 40
    unknown = {
        (page.name, name)
        for page in pages
        for name in re.findall(
            r"AFSCHRIFT_(?:<NAME>|[A-Z_])+(?<!_)(?![A-Z_<])", page.read_text(encoding="utf-8")
        )
        if not known.fullmatch(name)
    }
    assert unknown == set()
