"""Places in a YAML file, and changes to them that leave every other byte as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import yaml

from afschrift.datamap.review.yaml_insert import end_of, line_after, nodes
from afschrift.domain.errors import ConfigurationError
from afschrift.outside.read_yaml import compose

Edit = tuple[int, int, str]
"""From where to where, and what stands there instead."""


class FileMap:
    """The nodes of a file; what an anchor gives to several places is not changed in one of them."""

    def __init__(self, text: str) -> None:
        self.root = compose(text)
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

    def alone(self, key: yaml.Node, value: yaml.Node) -> None:
        """Make sure that a word may be changed where it stands.

        Raises:
            ConfigurationError: it is used in several places.
        """
        if self._used[id(value)] > 1:
            raise ConfigurationError(
                f"Line {key.start_mark.line + 1}, {key.value}: what stands there is used in several places "
                "(`&` and `*`), so it cannot be changed in one of them.",
                remedy="write it out there, and do the same again.",
            )


def pairs_of(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    """Keys and values of a mapping; of anything else none."""
    return node.value if isinstance(node, yaml.MappingNode) else []


def in_flow(node: yaml.Node) -> bool:
    """Whether it stands within braces or brackets."""
    return bool(getattr(node, "flow_style", False))


def without(described: FileMap, text: str, node: yaml.Node, word: str) -> Iterator[Edit]:
    """Take a word out of a mapping, with its line where it has one; comments stay.

    Raises:
        ConfigurationError: its value is used in several places.
    """
    pairs = pairs_of(node)
    number = next((n for n, (key, _) in enumerate(pairs) if key.value == word), None)
    if number is None:
        return
    key, value = pairs[number]
    described.alone(key, value)
    start, end = key.start_mark.index, end_of(value)
    if in_flow(node):
        comma = _comma(text, pairs[number - 1][0], key) if number else start
        if number and not text[comma + 1 : start].strip():
            yield comma, end, ""
        elif number + 1 < len(pairs):
            after = pairs[number + 1][0]
            comma = _comma(text, key, after)
            yield start, end, ""
            behind = text[comma + 1 : after.start_mark.index]
            yield comma, comma + 1 + (0 if behind.strip() else len(behind)), ""
        else:
            yield start, end, ""  # YAML allows the comma before it to be the last
    elif len(pairs) == 1:
        yield start, end, "{}"
    elif text[end : line_after(text, end)].strip():
        yield start, end, ""  # a comment stays
    else:
        yield start - key.start_mark.column, line_after(text, end), ""


def _comma(text: str, key: yaml.Node, after: yaml.Node) -> int:
    """Where the comma stands between two pairs, by YAML's rules: one in a comment or in quotes is none."""
    start = key.start_mark.index
    tokens = yaml.scan("{" + text[start : after.start_mark.index])
    commas = [one.start_mark.index for one in tokens if isinstance(one, yaml.FlowEntryToken)]
    return int(start + commas[-1] - 1)


def changed(text: str, edits: Sequence[Edit]) -> str:
    """The text with all changes in it."""
    parts, at = [], 0
    for start, end, new in sorted(edits):
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])
