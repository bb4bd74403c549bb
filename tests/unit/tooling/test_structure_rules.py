"""The product keeps its shape: small folders, files and functions, and a subject in one place."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

FILES_A_FOLDER, LINES_A_FILE, LINES_A_FUNCTION = 25, 300, 60
ABOUT_EVERY_SUBJECT = {"law", "register", "cli", "web", "airflow_ext"}
"""What a subject has beside its own package: its rules, its rows, and the edges where people reach it."""
ROLES = {
    "answer", "base", "check", "dialect", "document", "errors", "folder", "forms", "kinds", "options", "page",
    "question", "reader", "registry", "report", "require", "schema", "services", "source", "types", "view",
    "words", "writer",
}  # fmt: skip
"""Names that say what a file does for its package, and so may repeat."""


@pytest.fixture(scope="module")
def product(project_root: Path) -> Path:
    return project_root / "plugins" / "afschrift"


def modules(product: Path) -> Iterator[tuple[Path, str]]:
    for file in sorted(product.rglob("*.py")):
        if "versions" not in file.parts:  # a migration says in one file what a database is
            yield file.relative_to(product), file.read_text(encoding="utf-8")


def too_long(text: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > LINES_A_FUNCTION:
                yield node.name, lines


def passes_on(text: str) -> bool:
    """Whether a module holds nothing but what it imports from others of the product."""
    tree = ast.parse(text)
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    return bool(body) and all(
        (isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("afschrift", "__future__")))
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
        for node in body
    )


def test_no_folder_holds_too_many_files(product: Path) -> None:
    folders = Counter(file.parent for file, _ in modules(product))
    assert {str(folder): n for folder, n in folders.items() if n > FILES_A_FOLDER} == {}


def test_no_file_is_too_long(product: Path) -> None:
    lengths = {str(file): len(text.splitlines()) for file, text in modules(product)}
    assert {file: n for file, n in lengths.items() if n > LINES_A_FILE} == {}


def test_no_function_is_too_long(product: Path) -> None:
    assert {f"{file}: {one}" for file, text in modules(product) for one in too_long(text)} == set()


def test_a_subject_lies_in_one_package(product: Path) -> None:
    packages: dict[str, set[str]] = defaultdict(set)
    for file, _ in modules(product):
        if file.parts[0] not in ABOUT_EVERY_SUBJECT and file.stem not in ROLES | {"__init__"}:
            packages[file.stem].add(file.parts[0])
    assert {name: sorted(found) for name, found in packages.items() if len(found) > 1} == {}


def test_no_module_only_passes_on_what_others_define(product: Path) -> None:
    assert [str(file) for file, text in modules(product) if passes_on(text)] == []


def test_no_name_is_imported_to_be_passed_on(product: Path) -> None:
    assert [
        str(file) for file, text in modules(product) if re.search(r"\bimport (\w+) as \1$", text, re.M)
    ] == []


def test_what_is_too_long_or_passed_on_is_seen() -> None:
    long = "def f():\n" + "    x = 1\n" * LINES_A_FUNCTION
    assert list(too_long(long)) == [("f", LINES_A_FUNCTION + 1)]
    assert passes_on('"""Doc."""\nfrom afschrift.domain.plan import Plan\n__all__ = ["Plan"]\n')
    assert not passes_on("from afschrift.domain.plan import Plan\nx = Plan\n")
    assert not passes_on('"""A package."""\n')
