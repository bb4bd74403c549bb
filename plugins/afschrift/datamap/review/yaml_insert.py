"""Put new words into a YAML file and leave every byte of what stands there as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from afschrift.datamap.review.yaml_lines import flow, lines
from afschrift.domain.errors import ConfigurationError
from afschrift.outside.read_yaml import compose

Path = tuple[str, ...]


@dataclass(frozen=True)
class _Edit:
    """Text in the place of what stands from `start` to `end`; of two at one place the deeper is first."""

    start: int
    end: int
    depth: int
    text: str


@dataclass(frozen=True)
class _Place:
    """A value of the file.

    Attributes:
        key: the key before it; None of the whole file.
        in_flow: it stands within braces.
    """

    node: yaml.Node
    key: yaml.Node | None
    in_flow: bool


def insert(text: str, additions: Sequence[tuple[Path, Any]]) -> str:
    """The text with more words in it; comments, order and layout stay.

    Args:
        text: YAML of a mapping.
        additions: path of each new key and its value; the mapping that it goes into is there, or is empty.

    Raises:
        ConfigurationError: a mapping that gets more is written once and used in several places.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text if not text or text.endswith("\n") else text + newline
    root = compose(text)
    by_parent: dict[Path, dict[str, Any]] = {}
    for path, value in additions:
        by_parent.setdefault(path[:-1], {})[path[-1]] = value
    if root is None:
        whole = by_parent.get((), {})
        return text + "".join(line + newline for line in lines(whole, ()))
    used = Counter(id(node) for node in nodes(root))
    edits: list[_Edit] = []
    for parent, words in by_parent.items():
        edits += _edits(text, _find(root, parent, used), parent, words, newline)
    return _applied(text, edits)


def nodes(node: yaml.Node) -> Iterator[yaml.Node]:
    """Every value, as often as it is used; what lies below one, once."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _find(root: yaml.Node, path: Path, used: Mapping[int, int]) -> _Place:
    found = _Place(root, None, bool(getattr(root, "flow_style", False)))
    for depth, step in enumerate(path):
        pairs = found.node.value if isinstance(found.node, yaml.MappingNode) else ()
        key, value = next((k, v) for k, v in pairs if k.value == step)
        if used[id(value)] > 1:
            place = f"line {key.start_mark.line + 1}, {'.'.join(path[: depth + 1])}"
            raise ConfigurationError(
                f"{place}: what stands there is used in several places (`&` and `*`), so nothing can be "
                "added in one of them.",
                remedy="write it out there, and do the same again.",
            )
        within = found.in_flow or (isinstance(found.node, yaml.MappingNode) and bool(found.node.flow_style))
        found = _Place(value, key, within)
    return found


def _edits(text: str, place: _Place, path: Path, words: Mapping[str, Any], newline: str) -> Iterator[_Edit]:
    node, depth = place.node, len(path)
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        at = line_after(text, end_of(node))
        yield _Edit(at, at, depth, _block(words, path, node.start_mark.column, newline))
    elif isinstance(node, yaml.MappingNode) and node.value:
        at = end_of(node.value[-1][1]) if not _alias(*node.value[-1]) else end - 1
        yield _Edit(at, at, depth, ", " + flow(words)[1:-1])
    elif place.in_flow or place.key is None or (depth > 1 and len(flow(words)) < 60):
        yield _Edit(start, end, depth, ("" if text[start - 1].isspace() else " ") + flow(words))
    else:  # an empty mapping, or no value at all
        while text[start - 1] == " ":
            start -= 1
        yield _Edit(start, end, depth, "")
        at = line_after(text, end)
        yield _Edit(at, at, depth, _block(words, path, place.key.start_mark.column + 2, newline))


def _block(words: Mapping[str, Any], path: Path, column: int, newline: str) -> str:
    return "".join(" " * column + line + newline for line in lines(words, path))


def _alias(key: yaml.Node, value: yaml.Node) -> bool:
    """Whether a value stands elsewhere, before its key."""
    return bool(value.start_mark.index < key.end_mark.index)


def end_of(node: yaml.Node) -> int:
    """Behind the last sign of a value, before the comments that follow."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        if isinstance(node, yaml.SequenceNode):
            node = node.value[-1]
            continue
        key, value = node.value[-1]
        if _alias(key, value):
            return int(key.end_mark.index)
        node = value
    return int(node.end_mark.index)


def line_after(text: str, index: int) -> int:
    """The start of the next line."""
    if index and text[index - 1] == "\n":
        return index
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _applied(text: str, edits: Sequence[_Edit]) -> str:
    parts, at = [], 0
    for edit in sorted(edits, key=lambda one: (one.start, -one.depth)):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])
