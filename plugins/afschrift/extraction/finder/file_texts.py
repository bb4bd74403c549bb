"""Looks for others' data in the texts of the files of one table: e-mails, their attachments, notes, lists.

It says in which text of which file, by numbers, and how many; never what.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from afschrift.domain.pointer import TablePointers
from afschrift.extraction.finder.text import People, TextFinder

_COLUMN = "text"


class FileTexts:
    """Takes the texts of one file after the other.

    Args:
        region: the controller's country, for telephone numbers without one.
        people: gives the people; asked at the first text alone.
    """

    def __init__(self, region: str, people: Callable[[], People]) -> None:
        self._finder = TextFinder([_COLUMN], region, people, most=0)
        self.begin()

    def begin(self) -> None:
        """Forget everything: the table is read from its start."""
        self._finder.begin()
        self._places: dict[str, int] = {}

    def read(self, row: int, position: str, text: str) -> None:
        """Look through one text of the file of a row."""
        before = self._finder.found().total
        self._finder.take(pa.RecordBatch.from_pydict({_COLUMN: [text]}, pa.schema({_COLUMN: pa.string()})))
        if more := self._finder.found().total - before:
            place = f"{row}:{position}"
            self._places[place] = self._places.get(place, 0) + more

    def found(self) -> TablePointers:
        """Counts of all texts, and in which places they stand."""
        found = self._finder.found()
        return TablePointers((), found.counts, found.unread, dict(self._places))
