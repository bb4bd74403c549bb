"""Confirmations that reviews wrote into hand-written files, moved into the files that programs own."""

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
"""Of an occasion, as a review gives it: what bears another one was written by hand, and stays."""
_ITEM = rf"[ ]+- \{{in: {_NAME}, columns: \[[^\]#]*\]\}}\r?\n"
_LISTS = re.compile(rf"^[ ]+confirmed:\r?\n(?:{_ITEM})+(?![ ]*- )|^{_ITEM}", re.MULTILINE)
_OCCASION = re.compile(rf"^  ({_NAME}):(?: \{{[^#\n]*\}}\r?\n|\r?\n(?:    [^#\n]*\n)+)", re.MULTILINE)
_NO_OCCASION = re.compile(r"^confirmations:\r?\n(?! )", re.MULTILINE)


@dataclass(frozen=True)
class TakenOver:
    """What was moved.

    Attributes:
        files: that are new or changed.
        columns: how many confirmations of columns were moved.
        left: file and table of what stays where it is: it is not in lines of its own, or bears a comment.
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
            "Nothing was moved, as the map would not say the same as before.",
            remedy="leave the files as they are: what is confirmed in them counts.",
        )
    replace_files(folder, files, new)
    return TakenOver(tuple(new), columns, tuple(left))


def _rest(text: str) -> str:
    """The text of a file without the lines that reviews wrote."""
    rest = _LISTS.sub("", text)
    if rest == text:
        return text
    rest = _OCCASION.sub(lambda found: found[0] if f"in: {found[1]}," in rest else "", rest)
    return _NO_OCCASION.sub("", rest)


def _by_reviews(source: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Table -> column -> occasion of a review."""
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
    """The file of confirmations with those of `source`; `files` has its file without them."""
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
    occasions = {name: said for name, said in source["confirmations"].items() if name in used}
    return as_file(
        path.name, {"confirmations": {**of.confirmed.get("confirmations", {}), **occasions}, "tables": tables}
    )


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
