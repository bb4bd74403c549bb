"""Nothing but tests imports tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "folder", ["plugins", "bench", "demo", "testbed", "tools", "examples", "dags", "config"]
)
def test_nothing_imports_tests(project_root: Path, folder: str) -> None:
    imported = {
        name.split(".")[0]
        for file in (project_root / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert "tests" not in imported
