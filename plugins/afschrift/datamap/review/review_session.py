"""A review: questions, answers written to the files at once, and the last ones taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afschrift.datamap.review.groups import Group, Place, groups, words_of
from afschrift.datamap.review.map_files import (
    Files,
    digest_of,
    lines_other,
    must_be,
    read_whole,
    replace_files,
    uncollected,
)
from afschrift.datamap.review.written_files import Answer, confirmed_file
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.inventory.column import Column
from afschrift.inventory.document import Fault, InventoryError
from afschrift.inventory.layers import confirmed_of, layered, with_answer
from afschrift.inventory.load import load_files
from afschrift.inventory.model import Inventory
from afschrift.inventory.run_in import describes_source
from afschrift.outside.read_yaml import read_yaml


class WouldBreakError(ConfigurationError):
    """With the answers the inventory would have faults, which `faults` lists; nothing was written."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        listing = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(
            f"Nothing was written, as the inventory would have faults:\n{listing}\n",
            remedy="say it otherwise, or write it into the file by hand.",
        )


@dataclass(frozen=True)
class Step:
    """Answers that were written together.

    Attributes:
        answered: each question with its answer.
        before, after: the files that changed, as they were and as they are.
        lines: that were written or changed.
    """

    answered: tuple[tuple[Group, Answer], ...]
    before: Files
    after: Files
    lines: int

    @property
    def group(self) -> Group:
        """The question, of a step with one."""
        return self.answered[0][0]

    @property
    def answer(self) -> Answer:
        """Its answer."""
        return self.answered[0][1]


class Review:
    """The review of an inventory. What was answered is in the files; who stops loses nothing, and goes on.

    Raises:
        InventoryError: the inventory has faults already.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shown, self.inventory = read_whole(folder)
        self._waiting: list[Group] | None = None
        self.done: list[Step] = []
        self._apart: set[Place] = set()

    @property
    def digest(self) -> str:
        """Of the files that are shown."""
        return digest_of(self._shown)

    @property
    def size(self) -> int:
        """Bytes of the files that are shown."""
        return sum(map(len, self._shown.values()))

    def waiting(self) -> list[Group]:
        """What is not answered yet."""
        if self._waiting is None:
            self._waiting = groups(self.inventory, self._apart)
        return self._waiting

    def take_apart(self, group: Group) -> None:
        """From now on each place of a question is a question, as the answer is not the same for all.

        Raises:
            ConfigurationError: it is about one place.
        """
        if len(group.places) == 1:
            raise ConfigurationError(
                "This is about one place alone.", remedy="answer it, or leave it for later (n)."
            )
        self._apart |= set(group.places)
        self._waiting = None

    def confirm(self, group: Group, answer: Answer) -> Step:
        """Write one answer; raises as `confirm_all`."""
        return self.confirm_all([(group, answer)])

    def confirm_all(self, answered: Sequence[tuple[Group, Answer]]) -> Step:
        """Write answers of one person and reason to several questions: all of them, or none.

        Raises:
            WouldBreakError: with them the inventory would have faults; nothing was written.
            ConfigurationError: something else would be said than was shown and answered, a table says
                already who decided, or a file was changed meanwhile; nothing was written.
            NotWritableError: the folder takes no files.
        """
        first, *rest = (answer.record() for _, answer in answered)
        if any(record != first for record in rest):
            raise ValueError("answers that are written together have one person, day and reason")
        with uncollected():
            must_be(self._folder, self._shown)
            before, after = self._texts(answered)
            inventory = self._checked(after)
            said = [(group, answer.words) for group, answer in answered]
            if others := list(altered(self.inventory, inventory, said)):
                raise ConfigurationError(
                    f"Nothing was written, as {', '.join(others[:3])} would not say what was shown and "
                    "answered.",
                    remedy="write the answer into the file by hand: docs/datamap/review.md.",
                )
        replace_files(self._folder, self._shown, after)
        self._now(inventory, after)
        lines = sum(lines_other(before[file], after[file]) for file in after)
        self.done.append(Step(tuple(answered), before, after, lines))
        return self.done[-1]

    def undo(self) -> Step | None:
        """Take the last answers back; None: there are none of this review.

        Raises:
            ConfigurationError: the file was changed since; nothing was written.
        """
        if not self.done:
            return None
        step = self.done[-1]
        self.put_back(step.before)
        return self.done.pop()

    def put_back(self, before: Files) -> None:
        """Put files back as they were before answers.

        Raises:
            ConfigurationError: a file was changed since, or the inventory would have faults; nothing was
                written.
            NotWritableError: the folder takes no files.
        """
        with uncollected():
            must_be(self._folder, self._shown)
            inventory = self._checked(before)
        replace_files(self._folder, self._shown, before)
        self._now(inventory, before)

    def digest_with(self, files: Files) -> str:
        """Of the files that are shown, with others in their places."""
        return digest_of({**self._shown, **files})

    def named(self, name: str) -> Path:
        """A file that is shown, by its name.

        Raises:
            RefusedError: there is none of this name.
        """
        for path in self._shown:
            if path.name == name:
                return path
        raise RefusedError("The inventory has no such file.", remedy="begin the review again.")

    def _now(self, inventory: Inventory, files: Files) -> None:
        shown = {**self._shown, **files}
        self.inventory, self._waiting = inventory, None
        self._shown = {path: read for path, read in shown.items() if read}

    def _texts(self, answered: Sequence[tuple[Group, Answer]]) -> tuple[Files, Files]:
        """The files of confirmations that answers change, as they are and as they would be."""
        by_source: dict[str, list[tuple[Place, Answer]]] = {}
        for group, answer in answered:
            for place in group.places:
                by_source.setdefault(place.source, []).append((place, answer))
        written = {self._file(source): answers for source, answers in by_source.items()}
        before = {confirmed_of(file): self._shown.get(confirmed_of(file), b"") for file in written}
        after = {
            confirmed_of(file): confirmed_file(layered(file, self._shown), answers)
            for file, answers in written.items()
        }
        return before, after

    def _file(self, source: str) -> Path:
        for path, read in self._shown.items():
            if describes_source(path) and read_yaml(read, path.name).get("source") == source:
                return path
        raise ConfigurationError(f"No file describes {source} any more.", remedy="begin the review again.")

    def _checked(self, files: Files) -> Inventory:
        """The inventory as it would be; what is there stays as it is till then."""
        try:
            return load_files(self._folder, {**self._shown, **files})
        except InventoryError as error:
            raise WouldBreakError(error.faults) from None


def altered(
    before: Inventory, after: Inventory, answered: Sequence[tuple[Group, Mapping[str, Any]]]
) -> Iterator[str]:
    """Columns of which something else would be said than a person saw and answered.

    A column that points to another one may lose a mask by what that says from now on.

    Args:
        before: what was shown.
        after: with the answers in it.
        answered: each question, with the words of its answer.
    """
    answers = {place: words for group, words in answered for place in group.places}
    takers = {place for group, _ in answered for place in (*group.places, *group.takers)}
    now = _columns(after)
    for place, old in _columns(before).items():
        new = now.get(place)
        said = with_answer(words_of(old), answers.get(place, {}))
        known = {} if new is None else words_of(new)
        lost = new is None or (old.proposal is None and new.proposal is not None)
        more = known != said and place not in takers
        if lost or more or not said.items() <= known.items():
            yield place.path


def _columns(inventory: Inventory) -> dict[Place, Column]:
    return {
        Place(source.source, name, column): said
        for source in inventory.sources.values()
        for name, table in source.tables.items()
        for column, said in table.columns.items()
    }
