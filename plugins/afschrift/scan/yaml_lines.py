"""YAML as a person would write an inventory: a line a column, where it fits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

WIDTH = 110
_OPEN = frozenset({"tables", "purposes", "columns"})
_DOUBTFUL = re.compile(r"[-+.=<~0-9!&*?|>@`%]|.*[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


class _Dumper(yaml.CSafeDumper):
    """Texts that YAML 1.1 or 1.2 could take for something else are quoted."""


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.Node:
    quoted = '"' if not text or _DOUBTFUL.match(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=quoted)


_Dumper.add_representer(str, _text)
_Dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign]


def flow(value: Any) -> str:
    """A value in one line."""
    written = yaml.dump(
        value,
        Dumper=_Dumper,
        default_flow_style=True,
        allow_unicode=True,
        sort_keys=False,
        width=2**30,
    )
    return str(written).removesuffix("...\n").strip()


def lines(words: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a mapping, without indentation of the first level.

    Args:
        words: the mapping.
        path: of it in the file: tables and columns stand one below the other, whatever they hold.
    """
    for word, value in words.items():
        where = (*path, word)
        line = f"{flow(word)}: {flow(value)}"
        nested = isinstance(value, Mapping) and bool(value)
        if nested and (_stands_open(where) or len(line) + 2 * len(path) > WIDTH):
            yield f"{flow(word)}:"
            yield from (f"  {inner}" for inner in lines(value, where))
        elif isinstance(value, list) and len(line) > WIDTH:
            yield f"{flow(word)}:"
            yield from (f"  - {flow(item)}" for item in value)
        else:
            yield line


def _stands_open(path: tuple[str, ...]) -> bool:
    """Whether a mapping has a line a word: lists of tables, a table, its columns."""
    return path[-1] in _OPEN or (len(path) == 2 and path[0] in _OPEN)
