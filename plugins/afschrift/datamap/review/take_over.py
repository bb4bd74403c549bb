"""Confirmations that reviews wrote into hand-written files, moved into the files that programs own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from afschrift.datamap.review.answers import as_file
from afschrift.datamap.review.map_files import Files, read_whole, replace_files
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.confirmed_layer import Digests
from afschrift.inventory.faults import InventoryError
from afschrift.inventory.layers import confirmed_of, is_layer, layered
from afschrift.inventory.load import SINGLES, load_files
from afschrift.inventory.model import Inventory
from afschrift.outside.read_yaml import compose, read_yaml

_OCCASION = re.compile(r"review-\d{4}-\d{2}-\d{2}(-\d+)?")
"""A name that a review gives: what bears another one was written by hand, and stays."""


@dataclass(frozen=True)
class TakenOver:
    """What was moved.

    Attributes:
        files: that are new or changed.
        columns: how many confirmations of columns were moved.
        left: file and line of what stays where it is: it shares a line, or bears a comment.
    """

    files: tuple[Path, ...]
    columns: int
    left: tuple[str, ...]


def take_over(folder: Path) -> TakenOver:
    """Move what reviews wrote into the files of an inventory; all of it, or nothing.

    Raises:
        InventoryError: the inventory has faults.
        ConfigurationError: it would say something else than before, or cannot be written.
    """
    files, before = read_whole(folder)
    new, columns, left = dict[Path, bytes](), 0, list[str]()
    for path, read in files.items():
        if path.name in SINGLES or is_layer(path):
            continue
        found = _written_by_reviews(read.decode())
        left += [f"{path.name}:{line + 1}" for line in found.left]
        columns += sum(map(len, found.tables.values()))
        if found.tables:
            kept = [line for number, line in enumerate(found.lines) if number not in found.moved]
            new[path] = "".join(kept).encode()
            new[confirmed_of(path)] = _confirmed(path, {**files, path: new[path]}, found)
    if not _same(before, folder, {**files, **new}):
        raise ConfigurationError(
            "Nothing was moved, as the map would not say the same as before.",
            remedy="leave the files as they are: what is confirmed in them counts.",
        )
    replace_files(folder, files, new)
    return TakenOver(tuple(new), columns, tuple(left))


@dataclass
class _Found:
    """What reviews wrote into one file.

    Attributes:
        tables: table -> column -> name of the occasion.
        occasions: name -> who, when and why.
        moved, left: numbers of lines, from 0.
    """

    lines: list[str]
    occasions: Mapping[str, Any]
    tables: dict[str, dict[str, str]] = field(default_factory=dict)
    moved: set[int] = field(default_factory=set)
    left: list[int] = field(default_factory=list)

    def own_lines(self, start: yaml.Mark, node: yaml.Node, before: str) -> set[int]:
        """The lines of a part of the file; none where something else, or a comment, is on them."""
        end = _end(node)
        lines = self.lines[start.line : end.line + 1]
        shared = lines[0][: start.column].strip() != before or lines[-1][end.column :].strip()
        if node.start_mark.line < start.line or shared or "#" in "".join(lines):
            self.left.append(start.line)
            return set()
        return set(range(start.line, end.line + 1))


def _written_by_reviews(text: str) -> _Found:
    found = _Found(text.splitlines(keepends=True), read_yaml(text).get("confirmations") or {})
    top, by_hand = _named(compose(text)), set[str]()
    for table, (_, entry) in (_named(top["tables"][1]) if "tables" in top else {}).items():
        if "confirmed" not in (words := _named(entry)):
            continue
        key, listed = words["confirmed"]
        items = listed.value if isinstance(listed, yaml.SequenceNode) else []
        for item in items:
            said = {name: value for name, (_, value) in _named(item).items()}
            occasion = said["in"].value if said.keys() == {"in", "columns"} else ""
            lines = found.own_lines(item.start_mark, item, "-") if _OCCASION.fullmatch(occasion) else set()
            found.moved |= lines
            if lines:
                columns = found.tables.setdefault(table, {})
                columns |= {one.value: occasion for one in said["columns"].value}
            elif occasion:
                by_hand.add(occasion)
        _take_head(found, key, items)
    if found.tables:
        key, sessions = top["confirmations"]
        used = {name for columns in found.tables.values() for name in columns.values()} - by_hand
        for name, (of, session) in _named(sessions).items():
            found.moved |= found.own_lines(of.start_mark, session, "") if name in used else set()
        _take_head(found, key, [of for of, _ in sessions.value])
    return found


def _take_head(found: _Found, key: yaml.Node, parts: list[yaml.Node]) -> None:
    """The line of a list, or of a mapping, of which all parts are taken."""
    head = found.lines[key.start_mark.line].strip() == f"{key.value}:"
    if parts and head and all(part.start_mark.line in found.moved for part in parts):
        found.moved.add(key.start_mark.line)


def _confirmed(path: Path, files: Files, found: _Found) -> bytes:
    """The file of confirmations; `files` has the file of the source without what is moved."""
    of = layered(path, files)
    digests, tables = Digests(of.proposed), dict(of.confirmed.get("tables", {}))
    for table, columns in found.tables.items():
        entry = tables.get(table) or {}
        moved = {
            column: {"in": occasion, "of": digests.of_column(table, column)}
            for column, occasion in columns.items()
        }
        tables[table] = {**entry, "columns": {**entry.get("columns", {}), **moved}}
    used = {name for columns in found.tables.values() for name in columns.values()}
    occasions = {name: found.occasions[name] for name in found.occasions if name in used}
    known = of.confirmed.get("confirmations", {})
    return as_file(path.name, {"confirmations": {**occasions, **known}, "tables": tables})


def _same(before: Inventory, folder: Path, files: Files) -> bool:
    """Whether files say the same as before of every table and column, and who confirmed it."""
    try:
        after = load_files(folder, files)
    except InventoryError:
        return False

    def said(inventory: Inventory) -> dict[str, Any]:
        return {
            name: (
                source.model_dump(exclude={"tables", "confirmations"}),
                {of: table.model_copy(update={"confirmed": ()}) for of, table in source.tables.items()},
            )
            for name, source in inventory.sources.items()
        }

    return said(before) == said(after) and before.lapsed == after.lapsed


def _named(node: yaml.Node | None) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Name -> key and value of a mapping; of anything else none."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return {key.value: (key, value) for key, value in pairs}


def _end(node: yaml.Node) -> yaml.Mark:
    """Behind the last sign of a part."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return node.end_mark
