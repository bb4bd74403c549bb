"""The list of confirmed columns of a table, and what is added to it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import yaml

from afschrift.scan.review.nodes import Edit, FileMap, in_flow, pairs_of
from afschrift.scan.yaml_insert import end_of, line_after
from afschrift.scan.yaml_lines import WIDTH, flow


def add_confirmed(
    described: FileMap, text: str, table: yaml.Node, names: Sequence[str], occasion: str
) -> Edit:
    """The columns in the list of confirmed ones of a table, behind what stands there."""
    key, known = next(((k, v) for k, v in pairs_of(table) if k.value == "confirmed"), (None, None))
    if key is None or known is None:
        return _first(table, names, occasion)
    described.alone(key, known)
    if not isinstance(known, yaml.SequenceNode) or in_flow(known) or _are_names(known):
        return _as_list(text, key, known, names, occasion)
    column = known.start_mark.column
    last = {k.value: v for k, v in pairs_of(known.value[-1])}
    if last.keys() == {"in", "columns"} and last["in"].value == occasion and in_flow(known.value[-1]):
        together = [one.value for one in last["columns"].value] + list(names)
        start = text.rindex("-", 0, known.value[-1].start_mark.index)
        return start, end_of(known.value[-1]), _item(occasion, together, column).strip()
    at = line_after(text, end_of(known))
    return at, at, _item(occasion, names, column)


def _first(table: yaml.Node, names: Sequence[str], occasion: str) -> Edit:
    """The list, above the columns."""
    if in_flow(table):
        at = table.end_mark.index - 1
        return at, at, f", confirmed: [{_record(occasion, names)}]"
    before = next((key for key, _ in pairs_of(table) if key.value == "columns"), table.value[0][0])
    column = before.start_mark.column
    at = before.start_mark.index - column
    return at, at, f"{' ' * column}confirmed:\n{_item(occasion, names, column + 2)}"


def _as_list(text: str, key: yaml.Node, known: yaml.Node, names: Sequence[str], occasion: str) -> Edit:
    """Names, or one confirmation, become the first of a list of them; comments between them stay."""
    start, end, column = known.start_mark.index, end_of(known), key.start_mark.column + 2
    if in_flow(known) and isinstance(known, yaml.SequenceNode) and known.value and not _are_names(known):
        return end - 1, end - 1, f", {_record(occasion, names)}"
    more = _item(occasion, names, column).rstrip("\n")
    if in_flow(known):
        written = text[start:end]
        first = f"{{columns: {written}}}" if isinstance(known, yaml.SequenceNode) else written
        kept = f"\n{' ' * column}- {first}" if known.value else ""
        return text.rindex(":", 0, start) + 1, end, f"{kept}\n{more}"
    line = start - known.start_mark.column
    deeper = column + 2 + (2 if isinstance(known, yaml.SequenceNode) else 0)
    block = textwrap.indent(textwrap.dedent(text[line:end]), " " * deeper)
    if isinstance(known, yaml.SequenceNode):
        return line, end, f"{' ' * column}- columns:\n{block}\n{more}"
    return line, end, f"{' ' * column}- {block.lstrip()}\n{more}"


def _are_names(node: yaml.Node) -> bool:
    return bool(node.value) and all(isinstance(one, yaml.ScalarNode) for one in node.value)


def _record(occasion: str, names: Sequence[str]) -> str:
    return flow({"in": occasion, "columns": list(names)})


def _item(occasion: str, names: Sequence[str], column: int) -> str:
    """An item of the list with its names, as many to a line as fit."""
    indent, line = " " * column, f"- {_record(occasion, names)}"
    if len(indent) + len(line) <= WIDTH:
        return f"{indent}{line}\n"
    head, _, listed = line.partition("[")
    rest = indent + " " * (len(head) + 1)
    wrapped = textwrap.wrap(
        listed, max(WIDTH - len(rest), 40), break_long_words=False, break_on_hyphens=False
    )
    return f"{indent}{head}[" + f"\n{rest}".join(wrapped) + "\n"
