"""Write docs/where.md: every package with what it is for, from the packages themselves.

`python tools/where_page.py` writes it; with `--check` nothing is written, and the exit status is 1 where the
page differs.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "plugins" / "afschrift"
PAGE = ROOT / "docs" / "where.md"
HEAD = """# Where is what

Made by `python tools/where_page.py` from what each package says of itself; a test holds the two together.
[architecture.md](architecture.md) says why it is so, and in which order parts import each other.

| Package | What it is for | Files |
|---|---|---|
"""


def rows() -> Iterator[str]:
    """A row a package, those within another below it."""
    for face in sorted(PACKAGE.rglob("__init__.py"), key=lambda one: one.parent.parts):
        folder = face.parent.relative_to(PACKAGE)
        if folder.parts and "migrations" not in folder.parts:
            said = (ast.get_docstring(ast.parse(face.read_text(encoding="utf-8"))) or "").splitlines()[0]
            files = ", ".join(f"`{file.stem}`" for file in sorted(face.parent.glob("[a-z]*.py")))
            yield f"| `{folder.as_posix()}` | {said} | {files} |"


def main() -> int:
    """Write the page, or compare it."""
    page = HEAD + "\n".join(rows()) + "\n"
    if "--check" in sys.argv:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page)
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
