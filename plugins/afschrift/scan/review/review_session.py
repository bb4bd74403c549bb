"""A review: questions, answers written to the files at once, and the last ones taken back."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.faults import InventoryError
from afschrift.inventory.load import SINGLES, load
from afschrift.inventory.model import Inventory
from afschrift.inventory.quick_yaml import content
from afschrift.scan.review.answer_text import Answer, confirm
from afschrift.scan.review.groups import Group, groups
from afschrift.scan.review.same_words import altered


@dataclass(frozen=True)
class Step:
    """One answer that was written.

    Attributes:
        before, after: file -> its bytes.
        lines: that were written or changed.
    """

    group: Group
    answer: Answer
    before: Mapping[Path, bytes]
    after: Mapping[Path, bytes]
    lines: int


class Review:
    """The review of an inventory. What was answered is in the files; who stops loses nothing, and goes on.

    Raises:
        InventoryError: the inventory has faults already.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shown, self.inventory = _read(folder)
        self.done: list[Step] = []

    def waiting(self) -> list[Group]:
        """What is not answered yet."""
        return groups(self.inventory)

    def confirm(self, group: Group, answer: Answer) -> Step:
        """Write an answer.

        Raises:
            ConfigurationError: with it the inventory would have faults, or somebody changed a file meanwhile;
                nothing was written.
        """
        self._unchanged()
        files = [self._file(name) for name in dict.fromkeys(p.source for p in group.places)]
        before = {file: self._shown[file] for file in files}
        after = {file: _confirmed(file, before[file], group, answer) for file in files}
        inventory = self._checked(after)
        if others := list(altered(self.inventory, inventory, group, answer.words)):
            raise ConfigurationError(
                f"Nothing was written, as {', '.join(others[:3])} would not say what was shown and answered.",
                remedy="write the answer into the file by hand: docs/review.md.",
            )
        _replace(before, after)
        self.inventory, self._shown = inventory, self._shown | after
        step = Step(group, answer, before, after, sum(_lines(before[file], after[file]) for file in after))
        self.done.append(step)
        return step

    def undo(self) -> Step | None:
        """Take the last answer back; None: there is none of this review.

        Raises:
            ConfigurationError: somebody changed the file since; nothing was written.
        """
        if not self.done:
            return None
        step = self.done[-1]
        self._unchanged()
        inventory = self._checked(step.before)
        _replace(step.after, step.before)
        self.inventory, self._shown = inventory, {**self._shown, **step.before}
        return self.done.pop()

    def _file(self, source: str) -> Path:
        for path, read in self._shown.items():
            if path.name not in SINGLES and content(read.decode()).get("source") == source:
                return path
        raise ConfigurationError(f"No file describes {source} any more.", remedy="begin the review again.")

    def _unchanged(self) -> None:
        """Make sure that the files are those that were shown."""
        found = _files(self._folder)
        for path in sorted({*found, *self._shown}):
            if found.get(path) != self._shown.get(path):
                raise _changed_meanwhile(path)

    def _checked(self, files: Mapping[Path, bytes]) -> Inventory:
        """The inventory as it would be, loaded from elsewhere: what is there stays as it is till then."""
        with tempfile.TemporaryDirectory() as place:
            for path, written in {**self._shown, **files}.items():
                (Path(place) / path.name).write_bytes(written)
            try:
                return load(Path(place))
            except InventoryError as error:
                faults = "\n".join(f"  {fault}" for fault in error.faults)
                raise ConfigurationError(
                    f"Nothing was written, as the inventory would have faults:\n{faults}\n",
                    remedy="say it otherwise, or write it into the file by hand.",
                ) from None


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.glob("*.y*ml"))}


def _read(folder: Path) -> tuple[dict[Path, bytes], Inventory]:
    """The files, and the inventory of just these bytes."""
    while True:
        files, inventory = _files(folder), load(folder)
        if _files(folder) == files:
            return files, inventory


def _confirmed(file: Path, written: bytes, group: Group, answer: Answer) -> bytes:
    text = written.decode()
    newline = "\r\n" if "\r\n" in text else "\n"
    if text.startswith("\ufeff") or (newline == "\r\n" and "\n" in text.replace("\r\n", "")):
        raise ConfigurationError(
            f"{file.name} has a byte order mark, or line ends of two kinds; nothing was written.",
            remedy="save it as UTF-8 without the mark, with one kind of line ends, and begin again.",
        )
    name = content(text.replace("\r\n", "\n"))["source"]
    places = [place for place in group.places if place.source == name]
    columns: dict[str, list[str]] = {}
    for place in places:
        if place.column is not None:
            columns.setdefault(place.table, []).append(place.column)
    tables = [place.table for place in places if place.column is None]
    try:
        changed = confirm(text.replace("\r\n", "\n"), columns, tables, answer)
    except yaml.YAMLError:
        raise ConfigurationError(
            f"{file.name} is written in a way that the answer does not fit into; nothing was written.",
            remedy="write it into the file by hand: docs/review.md.",
        ) from None
    return changed.replace("\n", newline).encode()


def _replace(now: Mapping[Path, bytes], new: Mapping[Path, bytes]) -> None:
    """Put files in the place of others, each whole or not at all."""
    for path, expected in now.items():
        if path.read_bytes() != expected:
            raise _changed_meanwhile(path)
    for path, written in new.items():
        other = path.with_name(f".{path.name}.new")
        other.write_bytes(written)
        shutil.copymode(path, other)
        other.replace(path)


def _changed_meanwhile(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path.name} was changed by somebody else meanwhile; nothing was written.",
        remedy="begin the review again: what was answered stands in the files.",
    )


def _lines(before: bytes, after: bytes) -> int:
    """How many lines are other than before, or new."""
    return (Counter(after.splitlines()) - Counter(before.splitlines())).total()
