"""docs/architecture.md lists with reasons what the package uses of Airflow beside its public interface."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PUBLIC = (
    *("airflow.sdk", "airflow.plugins_manager", "airflow.listeners"),
    *("airflow.providers.standard.operators", "airflow.providers.openlineage.extractors"),
)
"""Modules of its page "Public interface", and of providers what their guides import."""
_MODULE = re.compile(r"airflow(\.\w+)+(?<!\.env)")
_ROW = re.compile(r"^\| `(airflow\.[\w.]+|_\w+)` \| .+ \| .+ \|$", re.MULTILINE)


def private_names(code: str) -> set[str]:
    """Names of Airflow in a module that no page of Airflow calls public."""
    tree = ast.parse(code)
    found = {name for node in ast.walk(tree) for name in _imported(node) if not _is_public(name)}
    if not any(name for node in ast.walk(tree) for name in _imported(node)):
        return found
    return found | _underscored(tree)


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "airflow":
        yield from (f"{node.module}.{name.name}" for name in node.names)
    elif isinstance(node, ast.Import):
        yield from (name.name for name in node.names if name.name.partition(".")[0] == "airflow")
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE.fullmatch(node.value):
        yield node.value  # imported by its name


def _is_public(name: str) -> bool:
    return name.startswith(PUBLIC) and "._" not in name


def _underscored(tree: ast.Module) -> set[str]:
    """Attributes with an underscore that the module does not make itself, and methods of a base of Airflow's."""
    nodes = list(ast.walk(tree))
    bases = {
        name.asname or name.name
        for n in nodes
        if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("airflow")
        for name in n.names
    }
    own, theirs = set(), set()
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            derived = any(isinstance(base, ast.Name) and base.id in bases for base in node.bases)
            methods = {
                member.name
                for member in node.body
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            (theirs if derived else own).update(methods)
            own |= {
                member.targets[0].id
                for member in node.body
                if isinstance(member, ast.Assign) and isinstance(member.targets[0], ast.Name)
            }
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            own.add(node.attr)
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)}
    return {name for name in theirs | used - own if name.startswith("_") and not name.endswith("__")}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from airflow.sdk import dag", set()),
        ("from airflow.models.dagrun import DagRun", {"airflow.models.dagrun.DagRun"}),
        ("from airflow.sdk.execution_time._x import y", {"airflow.sdk.execution_time._x.y"}),
        ("import airflow.settings", {"airflow.settings"}),
        ("from airflow.sdk import dag\nqueue._reader", {"_reader"}),
        ("from airflow.sdk import DAG\nclass A(DAG):\n    def _run(self): ...", {"_run"}),
        ("from airflow.sdk import dag\nclass A:\n    def _run(self): self._run()", set()),
        ("queue._reader", set()),
        ("load('airflow.version')", {"airflow.version"}),
    ],
)
def test_private_names_are_found(code: str, found: set[str]) -> None:
    assert private_names(code) == found


def test_each_private_name_is_in_the_page_with_its_reason(project_root: Path) -> None:
    files = [*(project_root / "plugins" / "afschrift").rglob("*.py"), *(project_root / "dags").glob("*.py")]
    used = {name for file in files for name in private_names(file.read_text(encoding="utf-8"))}
    page = (project_root / "docs" / "architecture.md").read_text(encoding="utf-8")

    assert sorted(_ROW.findall(page)) == sorted(used)
