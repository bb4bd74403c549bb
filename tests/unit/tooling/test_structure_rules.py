"""The product keeps its shape, and the code beside it stays apart from tests."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, timedelta
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest
from tests.support.days import days_away, local_today
from tools.code_lines import budget, code_lines, report
from tools.request_walk import walked

FILES_A_FOLDER, LINES_A_FILE, LINES_A_FUNCTION = 25, 400, 60
LINES_OF_WIRING, CLASS_NAMES_TWICE = 500, 7
MOST_STAYS, MOST_CLIMBS = 25, 0
"""Functions that the id of a request passes on its way through `classify`, and steps back up."""
CLOCKS = {"now", "today", "utc_now", "local_today"}
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


ROOT = Path(__file__).parents[3]
parsed = cache(ast.parse)


@pytest.fixture(scope="module")
def modules() -> dict[Path, str]:
    """Files of the product with their text; a migration says in one file what a database is."""
    product = ROOT / "plugins" / "afschrift"
    files = [file for file in sorted(product.rglob("*.py")) if "versions" not in file.parts]
    return {file.relative_to(product): file.read_text(encoding="utf-8") for file in files}


def too_long(text: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(parsed(text)):
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
        node.name for text in texts for node in ast.walk(parsed(text)) if isinstance(node, ast.ClassDef)
    )
    return sorted(name for name, times in names.items() if times > 1)


def passes_on(text: str) -> bool:
    """Whether a module holds nothing but what it imports from others of the product."""
    tree = parsed(text)
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    return bool(body) and all(
        (isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("afschrift", "__future__")))
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
        for node in body
    )


def imported(file: Path) -> Iterator[str]:
    """Names of the packages that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]
        elif isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)


def asked_when_read(node: ast.AST) -> Iterator[int]:
    """Lines on which a clock is asked outside the body of a function; decorators and defaults are outside."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inner: list[ast.AST] = [*node.decorator_list, node.args]
    elif isinstance(node, ast.Lambda):
        inner = [node.args]
    else:
        inner = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call):
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in CLOCKS:
            yield node.lineno
    for child in inner:
        yield from asked_when_read(child)


def test_folders_files_and_functions_are_small(modules: dict[Path, str]) -> None:
    folders = Counter(file.parent for file in modules)
    assert {str(folder): n for folder, n in folders.items() if n > FILES_A_FOLDER} == {}
    lengths = {str(file): len(text.splitlines()) for file, text in modules.items()}
    assert {file: n for file, n in lengths.items() if n > LINES_A_FILE} == {}
    assert {f"{file}: {name}" for file, text in modules.items() for name in too_long(text)} == set()


def test_a_subject_lies_in_one_package(modules: dict[Path, str]) -> None:
    assert packages_of_subjects(modules) == {}
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


def test_wiring_only_wires_and_few_classes_share_a_name(modules: dict[Path, str]) -> None:
    wiring = [text for file, text in modules.items() if file.parts[0] == "wiring"]
    assert sum(len(text.splitlines()) for text in wiring) <= LINES_OF_WIRING
    assert len(class_names_twice(modules.values())) <= CLASS_NAMES_TWICE
    assert class_names_twice(["class A: ...\nclass B: ...\n", "class C:\n    class A: ...\n"]) == ["A"]


def test_code_lines_are_counted_and_held_against_the_budget(tmp_path: Path) -> None:
    text = '"""Doc."""\n\n# why\nx = """not\nprose"""  # beside\n\n\ndef f():\n    """Doc.\n\n    More.\n    """\n    return x\n'
    assert code_lines(text) == 4
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.afschrift]\ncode-lines = 4\n")
    words = "4 lines of code, of 4 that pyproject.toml allows (tool.afschrift.code-lines)."
    assert report(4, budget(project)) == (words, True)
    words, fits = report(6, budget(project))
    assert (fits, "Take 2 out" in words) == (False, True)


def test_no_module_or_import_only_passes_on(modules: dict[Path, str]) -> None:
    assert [str(file) for file, text in modules.items() if passes_on(text)] == []
    renamed = re.compile(r"\bimport (\w+) as \1$", re.M)
    assert [str(file) for file, text in modules.items() if renamed.search(text)] == []


def test_the_walk_of_a_request_is_no_longer_than_it_was() -> None:
    walk = walked()
    assert len(walk.stays) <= MOST_STAYS, sorted(walk.stays)
    assert len(walk.climbs) <= MOST_CLIMBS, walk.climbs


def test_nothing_but_tests_imports_tests() -> None:
    for folder in ("plugins", "bench", "demo", "testbed", "tools", "examples", "dags", "config"):
        found = {package for file in (ROOT / folder).rglob("*.py") for package in imported(file)}
        assert "tests" not in found, folder


def test_no_test_module_keeps_the_day_on_which_it_was_read() -> None:
    """A run that goes over midnight would keep yesterday."""
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for line in asked_when_read(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert found == []  # ask in the test, or keep days_away() where any far day will do
    text = (
        "NOW = datetime.now(UTC)\n"
        "@mark(local_today())\n"
        "def test(day=date.today()):\n"
        "    return utc_now()\n"
        "later = lambda at=utc_now(): utc_now()\n"
        "class Case:\n"
        "    day = date.today()\n"
    )
    assert list(asked_when_read(ast.parse(text))) == [1, 2, 3, 5, 7]


def test_a_far_day_is_the_same_day_in_both_zones() -> None:
    day = days_away(9)
    assert (day.tzinfo, day.date()) == (UTC, local_today() + timedelta(days=9))
    for near in (-1, 0, 1):
        with pytest.raises(ValueError, match="ask local_today"):
            days_away(near)
