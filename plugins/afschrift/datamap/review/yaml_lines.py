"""YAML as a person would write an inventory: a line a column, where it fits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import yaml

WIDTH = 110
_OPEN = frozenset({"tables", "purposes", "columns"})
_PLAIN = re.compile(r"[A-Za-z_](?:[\w ./-]*[\w.])?", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def flow(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_name(word)}: {flow(one)}" for word, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _text(value) if isinstance(value, str) else _scalar(value)


def _name(word: str) -> str:
    """Of what follows: `on` is written as everybody writes it, though YAML 1.1 has it for a truth value."""
    return "on" if word == "on" else flow(word)


@lru_cache(maxsize=10_000)
def _text(text: str) -> str:
    """A text; quoted where YAML 1.1 or 1.2 could take it for something else."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return _scalar(text, style='"')


def _scalar(value: Any, style: str | None = None) -> str:
    written = yaml.dump(value, Dumper=yaml.CSafeDumper, default_style=style, allow_unicode=True, width=2**30)
    return str(written).removesuffix("...\n").strip()


def lines(words: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a mapping, without indentation of the first level.

    Args:
        words: the mapping.
        path: of it in the file: tables and columns stand one below the other, whatever they hold.
    """
    for word, value in words.items():
        where = (*path, word)
        if isinstance(value, Mapping) and value and _stands_open(where):
            yield f"{_name(word)}:"
            yield from (f"  {inner}" for inner in lines(value, where))
            continue
        line = f"{_name(word)}: {flow(value)}"
        if len(line) + 2 * len(path) <= WIDTH or not value or not isinstance(value, Mapping | list):
            yield line
            continue
        yield f"{_name(word)}:"
        if isinstance(value, Mapping):
            yield from (f"  {inner}" for inner in lines(value, where))
        else:
            yield from (f"  - {flow(item)}" for item in value)


def _stands_open(path: tuple[str, ...]) -> bool:
    """Whether a mapping has a line a word: lists of tables, a table, its columns."""
    return path[-1] in _OPEN or (len(path) == 2 and path[0] in _OPEN)
