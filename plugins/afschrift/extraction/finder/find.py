"""Finds others' data in the free text of a source while it is read, and keeps the positions for a reviewer.

It only points out: no value is changed, and no run stops (R31, R32).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
import pyarrow as pa

from afschrift.domain.decision import Action
from afschrift.domain.keys import Key
from afschrift.domain.plan import ExtractPlan, Plan
from afschrift.domain.redaction import TablePointers
from afschrift.extraction.finder.people import PeopleReader
from afschrift.extraction.finder.text import FileTexts, TextFinder
from afschrift.extraction.staged_records import pointers_path
from afschrift.extraction.write import slices
from afschrift.inventory.refutable import may_hold_others_key
from afschrift.services import Services
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.values.forms import text_batch

Batches = Callable[[], Iterator[pa.RecordBatch]]


class SourceFinder:
    """Searches the tables of a source, one after the other.

    The names of people are read once, at the first text: a request without free text costs nothing.
    """

    def __init__(self, services: Services, plan: Plan, keys: Sequence[Key]) -> None:
        self._services = services
        self._reader = PeopleReader(services, plan, keys)
        self._people = cache(self._reader.read)
        self._finders: dict[str, TextFinder] = {}
        self._file_texts: dict[str, FileTexts] = {}

    def over(self, part: ExtractPlan, stream: Batches) -> Batches:
        """Return a stream of the same batches that searches them; each call begins at the table's start."""
        columns = self._free_text(part)
        if not columns:
            return stream
        fields = [f for f in part.selected if f.name in columns]
        region = self._services.inventory.controller.country
        masked = {f.name for f in fields if f.action is Action.MASK}
        finder = TextFinder(columns, region, self._people, masked=masked)
        self._finders[part.table] = finder

        def looked_through() -> Iterator[pa.RecordBatch]:
            finder.begin()
            for batch in stream():
                for piece in slices(batch.select(columns), self._services.limits.batch_bytes):
                    finder.take(text_batch(piece, fields))
                yield batch

        return looked_through

    def file_texts(self, part: ExtractPlan) -> FileTexts:
        """Return what searches the texts in the files of a table."""
        region = self._services.inventory.controller.country
        self._file_texts[part.table] = texts = FileTexts(region, self._people)
        return texts

    def _free_text(self, part: ExtractPlan) -> list[str]:
        """Columns of free text or keys, except those of which every value is masked.

        A row that is found by another key may hold the e-mail address of another person.
        """
        table = self._services.inventory.sources[part.source].tables[part.table]
        person = self._services.inventory.identity.person
        return [
            field.name
            for field in part.selected
            if (column := table.columns.get(field.name)) is not None
            and (column.free_text or may_hold_others_key(table, field.name, person))
            and (field.action is not Action.MASK or column.when)
        ]

    def stage(self, staging: EncryptedStaging, source: str) -> None:
        """Stage the findings with the extracted files."""
        with staging.writer(pointers_path(source)) as sink:
            sink.write(msgspec.json.encode(self._found()))

    def evidence(self) -> dict[str, Any]:
        """Counts by table and kind, and the outcome of reading each table of people; never a value."""
        found = {table: pointers.counts for table, pointers in self._found().items() if pointers.total}
        people = self._reader.outcomes
        return ({"pointed_out": found} if found else {}) | ({"people": people} if people else {})

    def _found(self) -> dict[str, TablePointers]:
        found = {table: self._of(table) for table in {**self._finders, **self._file_texts}}
        return {table: pointers for table, pointers in found.items() if pointers.total or pointers.unread}

    def _of(self, table: str) -> TablePointers:
        """Findings in the columns of a table and in its files."""
        columns = self._finders[table].found() if table in self._finders else TablePointers()
        files = self._file_texts[table].found() if table in self._file_texts else TablePointers()
        counts = dict(sorted((Counter(columns.counts) + Counter(files.counts)).items()))
        unread = tuple(dict.fromkeys((*columns.unread, *files.unread)))
        return TablePointers(columns.pointers, counts, unread, files.in_files)
