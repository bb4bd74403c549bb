"""Print the page *Packages* of the site: every package with what it is for, from its own docstring.

python tools/where_page.py
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "plugins" / "afschrift"
HEAD = """# Packages

[Architecture](architecture.md) explains the layers, and in which order packages import each other.

| Package | What it is for | Files |
|---|---|---|
"""


def rows() -> Iterator[str]:
    """A row a package, those within another below it."""
    for face in sorted(PACKAGE.rglob("__init__.py"), key=lambda file: file.parent.parts):
        folder = face.parent.relative_to(PACKAGE)
        if folder.parts and "migrations" not in folder.parts:
            purpose = (ast.get_docstring(ast.parse(face.read_text(encoding="utf-8"))) or "").splitlines()[0]
            files = ", ".join(f"`{file.stem}`" for file in sorted(face.parent.glob("[a-z]*.py")))
            yield f"| `{folder.as_posix()}` | {purpose} | {files} |"


def page() -> str:
    """Return the page."""
    return HEAD + "\n".join(rows()) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
