"""A review: questions, answers written to the files at once, and the last ones taken back."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
        self.inventory: Inventory = load(folder)
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
        before = {self._file(name): b"" for name in dict.fromkeys(p.source for p in group.places)}
        after = {}
        for file in before:
            before[file] = file.read_bytes()
            after[file] = _confirmed(before[file], group, answer)
        inventory = self._checked(after)
        if others := list(altered(self.inventory, inventory, group, answer.words)):
            raise ConfigurationError(
                f"Nothing was written, as {', '.join(others[:3])} would not say what was shown and answered.",
                remedy="write the answer into the file by hand: docs/review.md.",
            )
        _replace(before, after)
        self.inventory = inventory
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
        inventory = self._checked(step.before)
        _replace(step.after, step.before)
        self.inventory = inventory
        return self.done.pop()

    def _file(self, source: str) -> Path:
        for path in sorted(self._folder.glob("*.y*ml")):
            if path.name not in SINGLES and content(path.read_text(encoding="utf-8")).get("source") == source:
                return path
        raise ConfigurationError(f"No file describes {source} any more.", remedy="begin the review again.")

    def _checked(self, files: Mapping[Path, bytes]) -> Inventory:
        """The inventory as it would be, loaded from elsewhere: what is there stays as it is till then."""
        with tempfile.TemporaryDirectory() as place:
            for path in self._folder.glob("*.y*ml"):
                shutil.copy(path, place)
            for path, written in files.items():
                (Path(place) / path.name).write_bytes(written)
            try:
                return load(Path(place))
            except InventoryError as error:
                faults = "\n".join(f"  {fault}" for fault in error.faults)
                raise ConfigurationError(
                    f"Nothing was written, as the inventory would have faults:\n{faults}\n",
                    remedy="say it otherwise, or write it into the file by hand.",
                ) from None


def _confirmed(written: bytes, group: Group, answer: Answer) -> bytes:
    text = written.decode()
    newline = "\r\n" if "\r\n" in text else "\n"
    name = content(text.replace("\r\n", "\n"))["source"]
    places = [place for place in group.places if place.source == name]
    columns: dict[str, list[str]] = {}
    for place in places:
        if place.column is not None:
            columns.setdefault(place.table, []).append(place.column)
    tables = [place.table for place in places if place.column is None]
    changed = confirm(text.replace("\r\n", "\n"), columns, tables, answer)
    return changed.replace("\n", newline).encode()


def _replace(now: Mapping[Path, bytes], new: Mapping[Path, bytes]) -> None:
    """Put files in the place of others, each whole or not at all."""
    for path, expected in now.items():
        if path.read_bytes() != expected:
            raise ConfigurationError(
                f"{path.name} was changed by somebody else meanwhile; nothing was written.",
                remedy="begin the review again: what was answered stands in the files.",
            )
    for path, written in new.items():
        other = path.with_name(f".{path.name}.new")
        other.write_bytes(written)
        shutil.copymode(path, other)
        other.replace(path)


def _lines(before: bytes, after: bytes) -> int:
    """How many lines are other than before, or new."""
    return (Counter(after.splitlines()) - Counter(before.splitlines())).total()
