"""The list of confirmed columns of a table, and what is added to it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import yaml

from afschrift.datamap.review.nodes import Edit, FileMap, in_flow, pairs_of
from afschrift.datamap.review.yaml_insert import end_of, line_after
from afschrift.datamap.review.yaml_lines import WIDTH, flow


def add_confirmed(
    described: FileMap, text: str, table: yaml.Node, names: Sequence[str], occasion: str
) -> Edit:
    """The columns in the list of confirmed ones of a table, behind what stands there."""
    key, known = next(((k, v) for k, v in pairs_of(table) if k.value == "confirmed"), (None, None))
    if key is None or known is None:
        return _first(text, table, names, occasion)
    described.alone(key, known)
    if not isinstance(known, yaml.SequenceNode) or in_flow(known) or _are_names(known):
        return _as_list(text, key, known, names, occasion, in_flow(table))
    column = known.start_mark.column
    last = {k.value: v for k, v in pairs_of(known.value[-1])}
    if last.keys() == {"in", "columns"} and last["in"].value == occasion and in_flow(known.value[-1]):
        together = [one.value for one in last["columns"].value] + list(names)
        start, end = text.rindex("-", 0, known.value[-1].start_mark.index), end_of(known.value[-1])
        if "#" not in text[start:end]:  # else a comment stands in it, which stays
            return start, end, _item(occasion, together, column).strip()
    at = line_after(text, end_of(known))
    return at, at, _item(occasion, names, column)


def _first(text: str, table: yaml.Node, names: Sequence[str], occasion: str) -> Edit:
    """The list, above the columns."""
    if in_flow(table):
        at = table.end_mark.index - 1
        return at, at, f"{_separator(text, table)}confirmed: [{_record(occasion, names)}]"
    before = next((key for key, _ in pairs_of(table) if key.value == "columns"), table.value[0][0])
    column = before.start_mark.column
    at = before.start_mark.index - column
    return at, at, f"{' ' * column}confirmed:\n{_item(occasion, names, column + 2)}"


def _as_list(
    text: str, key: yaml.Node, known: yaml.Node, names: Sequence[str], occasion: str, on_one_line: bool
) -> Edit:
    """Names, or one confirmation, become the first of a list of them; each comment stays with its own."""
    start, end, column = known.start_mark.index, end_of(known), key.start_mark.column + 2
    is_list = isinstance(known, yaml.SequenceNode)
    if in_flow(known) and is_list and known.value and not _are_names(known):
        return end - 1, end - 1, f"{_separator(text, known)}{_record(occasion, names)}"
    more = _item(occasion, names, column).rstrip("\n")
    if in_flow(known):
        first = f"{{columns: {text[start:end]}}}" if is_list else text[start:end]
        if on_one_line:
            kept = f"{first}, " if known.value else ""
            return start, end, f"[{kept}{_record(occasion, names)}]"
        line_end = line_after(text, end) - 1
        kept = f"\n{' ' * column}- {first}" if known.value else ""
        return len(text[:start].rstrip()), line_end, f"{kept}{text[end:line_end]}\n{more}"
    line, line_end = start - known.start_mark.column, line_after(text, end) - 1
    deeper = column + 2 + (2 if is_list else 0)
    block = textwrap.indent(textwrap.dedent(text[line:line_end]), " " * deeper)
    if is_list:
        return line, line_end, f"{' ' * column}- columns:\n{block}\n{more}"
    return line, line_end, f"{' ' * column}- {block.lstrip()}\n{more}"


def _separator(text: str, node: yaml.Node) -> str:
    """What goes before one more within braces or brackets: no comma behind a comma."""
    tokens = list(yaml.scan(text[node.start_mark.index : node.end_mark.index - 1]))
    return " " if isinstance(tokens[-2], yaml.FlowEntryToken) else ", "


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
