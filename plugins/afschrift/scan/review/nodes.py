"""Places in a YAML file, and changes to them that leave every other byte as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import yaml

from afschrift.domain.errors import ConfigurationError
from afschrift.scan.yaml_insert import end_of, line_after, nodes

Edit = tuple[int, int, str]
"""From where to where, and what stands there instead."""


class FileMap:
    """The nodes of a file; what an anchor gives to several places is not changed in one of them."""

    def __init__(self, text: str) -> None:
        self.root: yaml.Node | None = yaml.compose(text, Loader=yaml.CBaseLoader)
        self._used = Counter(id(node) for node in nodes(self.root)) if self.root else Counter[int]()

    def find(self, *path: str) -> yaml.Node | None:
        """What stands at a path; None: nothing does."""
        node: yaml.Node | None = self.root
        for step in path:
            found = next((pair for pair in pairs_of(node) if pair[0].value == step), None)
            if found is None:
                return None
            key, node = found
            if self._used[id(node)] > 1:
                raise ConfigurationError(
                    f"Line {key.start_mark.line + 1}, {'.'.join(path)}: what stands there is used in several "
                    "places (`&` and `*`), so it cannot be confirmed in one of them.",
                    remedy="write it out there, and do the same again.",
                )
        return node

    def at(self, *path: str) -> yaml.Node:
        """What stands at a path.

        Raises:
            ConfigurationError: nothing does any more.
        """
        node = self.find(*path)
        if node is None:
            raise ConfigurationError(
                f"The file has no {'.'.join(path)} any more.", remedy="begin the review again."
            )
        return node


def pairs_of(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    """Keys and values of a mapping; of anything else none."""
    return node.value if isinstance(node, yaml.MappingNode) else []


def in_flow(node: yaml.Node) -> bool:
    """Whether it stands within braces or brackets."""
    return bool(getattr(node, "flow_style", False))


def without(text: str, node: yaml.Node, word: str) -> Iterator[Edit]:
    """Take a word out of a mapping, with its line where it has one."""
    pairs = pairs_of(node)
    number = next((n for n, (key, _) in enumerate(pairs) if key.value == word), None)
    if number is None:
        return
    key, value = pairs[number]
    start, end = key.start_mark.index, end_of(value)
    if in_flow(node):
        if number:
            yield text.rindex(",", 0, start), end, ""
        else:
            yield start, pairs[1][0].start_mark.index if len(pairs) > 1 else end, ""
    elif len(pairs) == 1:
        yield start, end, "{}"
    elif text[end : line_after(text, end)].strip():
        yield start, end, ""  # a comment stays
    else:
        yield start - key.start_mark.column, line_after(text, end), ""


def changed(text: str, edits: Sequence[Edit]) -> str:
    """The text with all changes in it."""
    parts, at = [], 0
    for start, end, new in sorted(edits):
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])
