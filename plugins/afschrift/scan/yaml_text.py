"""A draft as YAML that people read: one line a column, remarks above their tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.$-]*")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
"""Taken for something else than text, by YAML 1.1 or 1.2."""
_WIDTH = 110


def scalar(value: Any) -> str:
    """A value as YAML in one line; what is not plain stands in quotes, as JSON writes it."""
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def flow(value: Any) -> str:
    """Anything in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return scalar(value)


def written(data: Mapping[str, Any], head: list[str], remarks: Mapping[tuple[str, ...], list[str]]) -> str:
    """The file of a source.

    Args:
        data: as `draft.Draft` has it.
        head: lines above it.
        remarks: path -> lines above what stands there.
    """
    lines = [f"# {line}".rstrip() for line in head]
    for word, value in data.items():
        if word != "tables":
            lines.append(f"{scalar(word)}: {flow(value)}")
    lines += ["", "tables:"] if data["tables"] else ["", "tables: {}"]
    for name, entry in data["tables"].items():
        lines += _commented(remarks.get(("tables", name), ()), "  ")
        lines += _table(name, entry)
    return "\n".join(lines) + "\n"


def _commented(lines: Any, indent: str) -> Iterator[str]:
    for line in lines:
        yield f"{indent}# " + " ".join(str(line).split())


def _table(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    if "copy_of" in entry:
        yield f"  {scalar(name)}: {flow(entry)}"
        return
    yield f"  {scalar(name)}:"
    for word, value in entry.items():
        if word == "columns":
            yield "    columns:"
            for column, said in value.items():
                yield from _column(scalar(column), said)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"    {word}:"
            yield from (f"      - {flow(one)}" for one in value)
        else:
            yield f"    {word}: {flow(value)}"


def _column(name: str, said: Mapping[str, Any]) -> Iterator[str]:
    """In one line; what is proposed, and why, in the next where the line would be long."""
    line = f"      {name}: {flow(said)}"
    if len(line) <= _WIDTH or "proposed" not in said:
        yield line
        return
    words = {word: value for word, value in said.items() if word != "proposed"}
    yield f"      {name}: {flow(words)[:-1]},"
    yield f"        proposed: {flow(said['proposed'])}}}"
