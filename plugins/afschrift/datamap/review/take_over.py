"""Move confirmations that earlier versions wrote into hand-written files to the files that programs own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afschrift.datamap.review.map_files import Files, read_whole, replace_files
from afschrift.datamap.review.written_files import as_file
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.document import InventoryError
from afschrift.inventory.draft_layer import confirmations_of
from afschrift.inventory.layers import Digests, confirmed_of, layered
from afschrift.inventory.load import load_files
from afschrift.inventory.model import Inventory
from afschrift.inventory.run_in import describes_source
from afschrift.outside.read_yaml import read_yaml

_NAME = r"review-\d{4}-\d\d-\d\d(?:-\d+)?"
"""Name of an occasion, as a review gives it: confirmations with another one are hand-written, and remain."""
_ITEM = rf"[ ]+- \{{in: {_NAME}, columns: \[[^\]#]*\]\}}\r?\n"
_LISTS = re.compile(rf"^[ ]+confirmed:\r?\n(?:{_ITEM})+(?![ ]*- )|^{_ITEM}", re.MULTILINE)
_OCCASION = re.compile(rf"^  ({_NAME}):(?: \{{[^#\n]*\}}\r?\n|\r?\n(?:    [^#\n]*\n)+)", re.MULTILINE)
_NO_OCCASION = re.compile(r"^confirmations:\r?\n(?! )", re.MULTILINE)


@dataclass(frozen=True)
class TakenOver:
    """The result of moving.

    Attributes:
        files: new or changed ones.
        columns: number of confirmations of columns that were moved.
        left: file and table of confirmations that remain: they are not in their own lines, or have a comment.
    """

    files: tuple[Path, ...]
    columns: int
    left: tuple[str, ...]


def take_over(folder: Path) -> TakenOver:
    """Move all confirmations that reviews wrote in the files of an inventory, or none.

    Raises:
        InventoryError: the inventory has faults.
        ConfigurationError: its content would change, or it cannot be written.
    """
    files, before = read_whole(folder)
    new, columns, left = dict[Path, bytes](), 0, list[str]()
    for path, read in files.items():
        if not describes_source(path):
            continue
        rest = _rest(read.decode())
        was, stays = (_by_reviews(read_yaml(text)) for text in (read, rest))
        left += [f"{path.name}: {table}" for table, names in stays.items() if names]
        moved = {name: {**was[name]} for name in was if was[name] != stays[name]}
        for name, names in moved.items():
            moved[name] = {
                column: occasion for column, occasion in names.items() if column not in stays[name]
            }
        if moved:
            columns += sum(map(len, moved.values()))
            new[path] = rest.encode()
            new[confirmed_of(path)] = _confirmed(path, {**files, **new}, moved, read_yaml(read))
    if not _same(before, folder, {**files, **new}):
        raise ConfigurationError(
            "Nothing was moved, as the content of the map would change.",
            remedy="leave the files unchanged: the confirmations in them apply.",
        )
    replace_files(folder, files, new)
    return TakenOver(tuple(new), columns, tuple(left))


def _rest(text: str) -> str:
    """Return the text of a file without the lines that reviews wrote."""
    rest = _LISTS.sub("", text)
    if rest == text:
        return text
    rest = _OCCASION.sub(lambda found: found[0] if f"in: {found[1]}," in rest else "", rest)
    return _NO_OCCASION.sub("", rest)


def _by_reviews(source: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return table -> column -> occasion of a review."""
    return {
        name: {
            column: listed["in"]
            for listed in confirmations_of(table or {})
            if re.fullmatch(_NAME, listed.get("in", ""))
            for column in listed["columns"]
        }
        for name, table in (source.get("tables") or {}).items()
    }


def _confirmed(
    path: Path, files: Files, moved: Mapping[str, Mapping[str, str]], source: Mapping[str, Any]
) -> bytes:
    """Return the file of confirmations with those of `source`; `files` has its file without them."""
    of = layered(path, files)
    digests, tables = Digests(of.proposed), dict(of.confirmed.get("tables", {}))
    for table, columns in moved.items():
        entry = tables.get(table) or {}
        more = {
            column: {"in": occasion, "of": digests.of_column(table, column)}
            for column, occasion in columns.items()
        }
        tables[table] = {**entry, "columns": {**entry.get("columns", {}), **more}}
    used = {occasion for columns in moved.values() for occasion in columns.values()}
    occasions = {name: record for name, record in source["confirmations"].items() if name in used}
    return as_file(
        path.name, {"confirmations": {**of.confirmed.get("confirmations", {}), **occasions}, "tables": tables}
    )


def _same(before: Inventory, folder: Path, files: Files) -> bool:
    """Whether files have the same content as before, with the same confirmations."""
    try:
        after = load_files(folder, files)
    except InventoryError:
        return False

    def content(inventory: Inventory) -> dict[str, Any]:
        return {
            name: (
                source.model_dump(exclude={"tables", "confirmations"}),
                {of: table.model_copy(update={"confirmed": ()}) for of, table in source.tables.items()},
            )
            for name, source in inventory.sources.items()
        }

    return content(before) == content(after) and before.lapsed == after.lapsed
