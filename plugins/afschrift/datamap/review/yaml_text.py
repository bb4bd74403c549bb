"""A draft as YAML that people read: one line a column, remarks above their tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from afschrift.datamap.review.yaml_lines import WIDTH, flow


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
            lines.append(f"{flow(word)}: {flow(value)}")
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
        yield f"  {flow(name)}: {flow(entry)}"
        return
    yield f"  {flow(name)}:"
    for word, value in entry.items():
        if word == "columns":
            yield "    columns:"
            for column, said in value.items():
                yield from _column(flow(column), said)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"    {word}:"
            yield from (f"      - {flow(one)}" for one in value)
        else:
            yield f"    {word}: {flow(value)}"


def _column(name: str, said: Mapping[str, Any]) -> Iterator[str]:
    """In one line; what is proposed, and why, in the next where the line would be long."""
    line = f"      {name}: {flow(said)}"
    if len(line) <= WIDTH or "proposed" not in said:
        yield line
        return
    words = {word: value for word, value in said.items() if word != "proposed"}
    yield f"      {name}: {flow(words)[:-1]},"
    yield f"        proposed: {flow(said['proposed'])}}}"
