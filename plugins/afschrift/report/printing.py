"""Pages that are whole in themselves, to print. Without pandas: the API server prints cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from afschrift.app.project import include_folder, texts
from afschrift.domain.language import gettext, ngettext, say, say_day, served_language
from afschrift.law.clock.deadline import local_date
from afschrift.questions.view import in_words


def printed(name: str, **values: Any) -> str:
    """A page that is whole in itself, to look at and to print."""
    template = _environment(texts("pages", include_folder())).get_template(f"{name}.html.j2")
    return template.render(language=served_language(), **values)


def page_environment(folder: Path, filters: Mapping[str, Callable[..., Any]]) -> Environment:
    """Templates of pages, with the words of the reader's language."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        optimized=False,  # else a filter on a constant is run once, in the language of the first reader
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"_": gettext, "ngettext": ngettext}
    environment.filters |= {"said": in_words, "say": say, **filters}
    return environment


@cache
def _environment(folder: Path) -> Environment:
    return page_environment(
        folder,
        {
            "day": lambda text: say_day(date.fromisoformat(text[:10])),
            "local": lambda at, zone: say_day(local_date(at, zone)),
        },
    )
