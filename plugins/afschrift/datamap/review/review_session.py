"""A review of the data map: its questions, answers that are written at once, and undo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from afschrift.datamap.review.decisions import Kind
from afschrift.datamap.review.groups import Group, Place, Pointers, groups, mark_of, words_of
from afschrift.datamap.review.map_files import (
    Files,
    digest_of,
    lines_other,
    must_be,
    read_whole,
    replace_files,
    uncollected,
)
from afschrift.datamap.review.offered import must_say_whose
from afschrift.datamap.review.written_files import Answer, confirmed_file
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.column import Column
from afschrift.inventory.document import Fault, InventoryError
from afschrift.inventory.layers import ITSELF, confirmed_of, layered, with_answer
from afschrift.inventory.load import load_files
from afschrift.inventory.model import Inventory
from afschrift.inventory.run_in import describes_source
from afschrift.inventory.titles import draft_table_title, draft_title
from afschrift.inventory.unconfirmed import unclassified
from afschrift.outside.read_yaml import read_yaml


class WouldBreakError(ConfigurationError):
    """The inventory would have faults with the answers, listed in `faults`; nothing was written."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        listing = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(
            f"Nothing was written, as the inventory would have faults:\n{listing}\n",
            remedy="answer otherwise, or edit the file by hand.",
        )


@dataclass(frozen=True)
class Step:
    """Answers that were written together.

    Attributes:
        answered: each question with its answer.
        before, after: the changed files, with their old and new content.
        lines: written or changed.
    """

    answered: tuple[tuple[Group, Answer], ...]
    before: Files
    after: Files
    lines: int

    @property
    def group(self) -> Group:
        """The question of a step with a single one."""
        return self.answered[0][0]

    @property
    def answer(self) -> Answer:
        """Its answer."""
        return self.answered[0][1]


class Review:
    """The review of an inventory. Each answer is in the files at once, so a review can stop at any time.

    Args:
        folder: of the inventory.
        titles: ask about titles that confirmed columns and tables lack, and about nothing else.

    Raises:
        InventoryError: the inventory has faults already.
    """

    def __init__(self, folder: Path, *, titles: bool = False) -> None:
        self._folder, self._titles = folder, titles
        self._shown, self.inventory = read_whole(folder)
        self._waiting: list[Group] | None = None
        self.done: list[Step] = []
        self._apart: set[str] = set()

    @property
    def digest(self) -> str:
        """Digest of the shown files."""
        return digest_of(self._shown)

    @property
    def size(self) -> int:
        """Bytes of the shown files."""
        return sum(map(len, self._shown.values()))

    def waiting(self) -> list[Group]:
        """Return the open questions."""
        if self._waiting is None:
            asked = title_groups(self.inventory) if self._titles else groups(self.inventory, self._apart)
            self._waiting = asked
        return self._waiting

    def left(self) -> int:
        """Return the number of open questions, with those that may follow the answer whose rows these are."""
        if self._titles:
            return len(self.waiting())
        asked = [table for _, table in self.inventory.tables() if table.asked and table.possible]
        return len(groups(self.inventory, self._apart, later=True)) + sum(len(t.columns) for t in asked)

    def take_apart(self, group: Group) -> None:
        """Ask about each place of a question separately, as the answers differ; a record first by table.

        Raises:
            ConfigurationError: it is about a single place.
        """
        if len(group.places) == 1:
            raise ConfigurationError(
                "This is about a single place.", remedy="answer it, or leave it for later (n)."
            )
        tables = {mark_of(group.kind, place) for place in group.places} if group.kind is Kind.HEALTH else ()
        self.keep_apart(tables if len(tables) > 1 else [place.path for place in group.places])

    @property
    def apart(self) -> list[str]:
        """What is asked about separately: paths of places, and marks of tables."""
        return sorted(self._apart)

    def keep_apart(self, paths: Iterable[str]) -> None:
        """Ask about these separately; those that are not asked about change nothing."""
        self._apart |= set(paths)
        self._waiting = None

    def confirm(self, group: Group, answer: Answer) -> Step:
        """Write one answer; raises as `confirm_all`."""
        return self.confirm_all([(group, answer)])

    def confirm_all(self, answered: Sequence[tuple[Group, Answer]]) -> Step:
        """Write answers of one person and reason to several questions: all of them, or none.

        Raises:
            WouldBreakError: the inventory would have faults; nothing was written.
            ConfigurationError: an answer does not say whose the rows are, other words would result than were
                shown and answered, a table already has `decided`, or a file was changed meanwhile; nothing
                was written.
            NotWritableError: the folder is not writable.
        """
        first, *rest = (answer.record() for _, answer in answered)
        if any(record != first for record in rest):
            raise ValueError("answers that are written together have one person, day and reason")
        for group, answer in answered:
            must_say_whose(group, answer.words)  # no fault of the map, which would be found below
        with uncollected():
            must_be(self._folder, self._shown)
            before, after = self._texts(answered)
            inventory = self._checked(after)
            answers = [(group, answer.words) for group, answer in answered]
            if others := list(altered(self.inventory, inventory, answers)):
                raise ConfigurationError(
                    f"Nothing was written, as {', '.join(others[:3])} would have other words than were shown "
                    "and answered.",
                    remedy="write the answer into the file by hand: docs/datamap/review.md.",
                )
        replace_files(self._folder, self._shown, after)
        self._now(inventory, after)
        lines = sum(lines_other(before[file], after[file]) for file in after)
        self.done.append(Step(tuple(answered), before, after, lines))
        return self.done[-1]

    def undo(self) -> Step | None:
        """Undo the last answers of this review; None: there are none.

        Raises:
            ConfigurationError: the file was changed since; nothing was written.
        """
        if not self.done:
            return None
        step = self.done[-1]
        self.put_back(step.before)
        return self.done.pop()

    def put_back(self, before: Files) -> None:
        """Restore files from before answers.

        Raises:
            ConfigurationError: a file was changed since, or the inventory would have faults; nothing was
                written.
            NotWritableError: the folder is not writable.
        """
        with uncollected():
            must_be(self._folder, self._shown)
            inventory = self._checked(before)
        replace_files(self._folder, self._shown, before)
        self._now(inventory, before)

    def digest_with(self, files: Files) -> str:
        """Return the digest of the shown files with some replaced."""
        return digest_of({**self._shown, **files})

    def named(self, name: str) -> Path:
        """Return a shown file by its name.

        Raises:
            RefusedError: there is none.
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
        """Return the files of confirmations that answers change, with old and new content."""
        by_source: dict[str, list[tuple[Place, Answer]]] = {}
        for group, answer in answered:
            for place in group.places:
                given = replace(answer, words={"titles": group.titles}) if group.titles else answer
                by_source.setdefault(place.source, []).append((place, given))
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
        """Return the inventory with these files, without writing them."""
        try:
            return load_files(self._folder, {**self._shown, **files})
        except InventoryError as error:
            raise WouldBreakError(error.faults) from None


def altered(
    before: Inventory, after: Inventory, answered: Sequence[tuple[Group, Mapping[str, Any]]]
) -> Iterator[str]:
    """Yield columns that would have other words than a person saw and answered.

    For example, a column that points to another one may lose a mask by that one's answer.

    Args:
        before: the shown inventory.
        after: with the answers.
        answered: each question, with the words of its answer.
    """
    answers = {place: words for group, words in answered for place in group.places}
    for table, titles in [(place, group.titles) for group, _ in answered for place in group.places]:
        answers |= {Place(table.source, table.table, name): {"title": text} for name, text in titles.items()}
    takers = {place for group, _ in answered for place in (*group.places, *group.takers)}
    asked = {
        (place.source, place.table)
        for group, words in answered
        if group.whose and words
        for place in group.places
    }
    now = _columns(after)
    for place, old in _columns(before).items():
        new = now.get(place)
        expected = with_answer(words_of(old), answers.get(place, {}))
        known = {} if new is None else words_of(new)
        lost = new is None or (old.proposal is None and new.proposal is not None)
        more = known != expected and place not in takers and (place.source, place.table) not in asked
        if lost or more or not expected.items() <= known.items():
            yield place.path


def _columns(inventory: Inventory) -> dict[Place, Column]:
    return {
        Place(source.source, name, column): known
        for source in inventory.sources.values()
        for name, table in source.tables.items()
        for column, known in table.columns.items()
    }


def title_groups(inventory: Inventory) -> list[Group]:
    """Return a question for each table that, or whose confirmed columns, lack a title that can be drafted."""
    languages, pointers = inventory.controller.languages, Pointers(inventory)
    found = []
    for source in inventory.sources.values():
        for name, table in source.tables.items():
            waiting = {*unclassified(table)}
            drafts = {ITSELF: {} if table.title else draft_table_title(name, "", languages)}
            for column, words in table.columns.items():
                given = words.origin != Origin.NOT_PERSONAL and not words.protect and column not in waiting
                drafts[column] = draft_title(column, "", languages) if given and not words.title else {}
            titles = {column: title for column, title in drafts.items() if title}
            if titles and table.personal and not table.copy_of:
                takers = pointers.takers([Place(source.source, name, column) for column in titles], ["title"])
                place = Place(source.source, name)
                found.append(Group(name, {}, (place,), takers=takers, titles=titles))
    return found
