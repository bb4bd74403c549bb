"""The product keeps its shape: small folders, files and functions, and a subject in one place."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest
from tools.code_lines import budget, code_lines, report

FILES_A_FOLDER, LINES_A_FILE, LINES_A_FUNCTION = 25, 400, 60
LINES_OF_WIRING, CLASS_NAMES_TWICE = 500, 7
ABOUT_EVERY_SUBJECT = {"law", "register", "cli", "web", "airflow_ext"}
"""What a subject has beside its own package: its rules, its rows, and the edges where people reach it."""
ROLES = {
    "answer", "base", "check", "dialect", "document", "errors", "folder", "forms", "kinds", "options", "page",
    "question", "reader", "reconciliation", "registry", "report", "require", "schema", "services", "source",
    "types", "view", "words", "writer",
}  # fmt: skip
"""Names that say what a file does for its package, and so may repeat."""
FOLDERS_APART = {
    "letters": "`letters` says what a letter holds, `casework/letters` makes and sends it",
    "review": "a bundle is reviewed in `casework`, the data map in `datamap`",
}
"""Folders of the same name in several packages, each a subject of its own."""


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


def packages_of_subjects(files: Iterable[Path]) -> dict[str, list[str]]:
    """Each file (`due.py`) and folder (`canary/`) that several packages have by that name -> these packages."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in files:
        package, *folders = file.parts[:-1] or ("",)
        found[f"{package}/"].add(package)
        if package not in ABOUT_EVERY_SUBJECT:
            for name in {*folders} - FOLDERS_APART.keys():
                found[f"{name}/"].add(package)
            if file.stem not in ROLES | {"__init__"}:
                found[file.name].add(package)
    return {name: sorted(packages) for name, packages in found.items() if len(packages) > 1}


def circle(package: str) -> list[str]:
    """A circle of imports, those inside functions counted, those for types alone not; empty: there is none."""
    graph = grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)
    imports: Mapping[str, set[str]] = {
        name: graph.find_modules_directly_imported_by(name) for name in graph.modules
    }
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def class_names_twice(texts: Iterable[str]) -> list[str]:
    names = Counter(
        node.name for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)
    )
    return sorted(name for name, times in names.items() if times > 1)


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
    assert {f"{file}: {function}" for file, text in modules(product) for function in too_long(text)} == set()


def test_a_subject_lies_in_one_package(product: Path) -> None:
    assert packages_of_subjects(file for file, _ in modules(product)) == {}


def test_a_subject_in_a_second_package_is_seen() -> None:
    files = ["canary/count.py", "steps/canary/due.py", "cli/canary.py", "batch/shop.py", "steps/shop.py",
             "casework/question.py", "datamap/question.py", "law/batch/read.py", "wiring/sold/a.py",
             "datamap/sold/b.py"]  # fmt: skip
    assert packages_of_subjects(map(Path, files)) == {
        "canary/": ["canary", "steps"],
        "shop.py": ["batch", "steps"],
        "sold/": ["datamap", "wiring"],
    }


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle("afschrift") == []


def test_a_circle_through_imports_inside_functions_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "in_a_circle"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "first.py").write_text("def f():\n    from in_a_circle import second\n    return second\n")
    (folder / "second.py").write_text("from in_a_circle import third\n")
    third = folder / "third.py"
    third.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from in_a_circle import first\n"
    )
    assert circle("in_a_circle") == []
    third.write_text("from in_a_circle import first\n")
    names = [f"in_a_circle.{name}" for name in ("first", "second", "third")]
    assert sorted(set(circle("in_a_circle"))) == names


def test_wiring_only_wires(product: Path) -> None:
    lines = sum(len(text.splitlines()) for file, text in modules(product) if file.parts[0] == "wiring")
    assert lines <= LINES_OF_WIRING


def test_few_classes_share_a_name(product: Path) -> None:
    assert len(class_names_twice(text for _, text in modules(product))) <= CLASS_NAMES_TWICE
    assert class_names_twice(["class A: ...\nclass B: ...\n", "class C:\n    class A: ...\n"]) == ["A"]


def test_code_lines_are_counted_and_held_against_the_budget(tmp_path: Path) -> None:
    text = '"""Doc."""\n\n# why\nx = """not\nprose"""  # beside\n\n\ndef f():\n    """Doc.\n\n    More.\n    """\n    return x\n'
    assert code_lines(text) == 4
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.afschrift]\ncode-lines = 4\n")
    assert report(4, budget(project)) == (
        "4 lines of code, of 4 that pyproject.toml allows (tool.afschrift.code-lines).",
        True,
    )
    words, fits = report(6, budget(project))
    assert not fits
    assert "Take 2 out" in words


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
