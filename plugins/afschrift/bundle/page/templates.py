"""The templates of what a person reads in a bundle."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape


@cache
def templates(letters: Path) -> Environment:
    """Those of all languages, and each language's own; compiled once, and anew where a file changes."""
    return Environment(
        loader=FileSystemLoader([letters / "bundle", letters]),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
