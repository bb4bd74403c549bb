"""The code reads each setting of docs/operator/settings.md in one place, with that default, and no other."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.settings_page import rows

from afschrift.app.settings import DEFAULTS, Settings
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.extracted import SearchLimits
from afschrift.law.clock.alarm import USUAL

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
    """Names of settings that are a whole text, and neither as a key that is set nor as one removed."""
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
        for setting in read_names(ast.parse(file.read_text(encoding="utf-8"))):
            found[name].add(f"{setting}<NAME>" if setting.endswith("_") else setting)
    return found


def test_the_page_has_the_defaults_of_numbers() -> None:
    assert {row.name: row.default for row in rows() if row.unit} == {
        name: f"{number:,}" for name, number in DEFAULTS.items()
    }
    search = SearchLimits()
    assert (search.rows, search.seconds) == (
        DEFAULTS["AFSCHRIFT_SEARCH_ROWS"],
        DEFAULTS["AFSCHRIFT_SEARCH_SECONDS"],
    )
    [marks] = [row.default for row in rows() if row.name == "AFSCHRIFT_DEADLINE_MARKS"]
    assert marks == f"`{USUAL}`"


def test_each_setting_is_read_in_one_module_and_no_other_is_read(project_root: Path) -> None:
    found = read_by_module(project_root)
    for module, names in READ_TWICE.items():
        assert names <= found[module]
        found[module] -= names
    read = sorted(name for names in found.values() for name in names)
    # options are read with what they belong to, by the same prefix
    assert read == sorted(row.name for row in rows() if not row.name.endswith("<NAME>_OPTIONS"))


def test_every_number_of_the_table_is_read_as_one() -> None:
    for name in DEFAULTS:
        with pytest.raises(ConfigurationError, match=name):
            Settings.from_environment({name: "many"})


def test_what_is_named_in_the_documentation_is_a_setting(project_root: Path) -> None:
    forms = [re.escape(row.name).replace("<NAME>", "(<NAME>|[A-Z]+)") for row in rows()]
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
