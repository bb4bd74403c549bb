"""The SQL templates of `include/sql/`, filled with quoted identifiers."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_BLANK_LINES = re.compile(r"\n\s*\n+")


@cache
def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  SQL, not HTML: everything that comes in is quoted by the dialect
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(folder: Path, template: str, **parts: Any) -> str:
    """Fill a template of `include/sql/`."""
    text = _environment(folder).get_template(template).render(**parts)
    return _BLANK_LINES.sub("\n", text).strip() + "\n"
