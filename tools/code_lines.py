"""Count lines of code of the product, bundles/ and portal/; fail above a budget in their pyproject.toml.

    python tools/code_lines.py

A line of code is neither blank, nor a comment, nor part of a docstring. Migrations are left out: each says
once what a database was. The budget changes only in a commit that says why.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ROOT / "plugins" / "afschrift"
LIBRARY = ROOT / "bundles" / "afschrift_bundles"
PORTAL = ROOT / "portal" / "afschrift_portal"


def modules(product: Path = PRODUCT) -> Iterator[tuple[Path, str]]:
    """Each file of the product below its folder, with its text; no migrations."""
    for path in sorted(product.rglob("*.py")):
        file = path.relative_to(product)
        if "migrations" not in file.parts:
            yield file, path.read_text(encoding="utf-8")


def code_lines(text: str) -> int:
    """Lines of a module without blanks, comments and docstrings."""
    prose: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node) is not None:
            prose.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = (line.strip() for line in text.splitlines())
    return sum(
        bool(line) and not line.startswith("#") and number not in prose
        for number, line in enumerate(lines, 1)
    )


def budget(project: Path = ROOT / "pyproject.toml") -> int:
    """The most lines that the product, or what else this file is of, may have."""
    return int(tomllib.loads(project.read_text(encoding="utf-8"))["tool"]["afschrift"]["code-lines"])


def report(count: int, most: int) -> tuple[str, bool]:
    """What is said of a count, and whether it is within the budget."""
    message = f"{count:,} lines of code, of {most:,} that pyproject.toml allows (tool.afschrift.code-lines)."
    if count <= most:
        return message, True
    return f"{message}\nTake {count - most:,} out, or raise the budget in a commit that says why.", False


if __name__ == "__main__":
    fits = True
    for folder, project in ((PRODUCT, ROOT), (LIBRARY, LIBRARY.parent), (PORTAL, PORTAL.parent)):
        counted = sum(code_lines(text) for _, text in modules(folder))
        words, within = report(counted, budget(project / "pyproject.toml"))
        sys.stdout.write(words + "\n")
        fits = fits and within
    sys.exit(not fits)
