"""The templates of what a person reads in a bundle."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape


@cache
def templates(letters: Path) -> Environment:
    """The templates of `include/letters` that go into a bundle, compiled once; a file that changes is read anew."""
    return Environment(
        loader=FileSystemLoader(letters),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
