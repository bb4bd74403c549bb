"""What is done beside writing while the rows of a source pass: constraints observed, uploads staged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pyarrow as pa

from afschrift.domain.extracted import TableExtract
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.sources import ForeignKey
from afschrift.extraction.constraints import Observer, references_that_hold
from afschrift.extraction.finder.find import SourceFinder
from afschrift.extraction.uploads import Uploads
from afschrift.services import Services
from afschrift.staging.encrypted import EncryptedStaging

Batches = Callable[[], Iterator[pa.RecordBatch]]


class RowObservers:
    """Watches the tables of one source, one after the other."""

    def __init__(
        self, services: Services, staging: EncryptedStaging, source: str, finding: SourceFinder
    ) -> None:
        self._finding = finding
        self._services = services
        self._staging = staging
        self._source = services.inventory.sources[source]
        self._known: tuple[ForeignKey, ...] = ()
        self._observers: dict[str, Observer] = {}
        self._uploads: dict[str, Uploads] = {}

    def know(self, keys: tuple[ForeignKey, ...]) -> None:
        """Foreign keys of the database, to compare too; before the first table is read."""
        self._known = keys

    def over(self, part: ExtractPlan, stream: Batches) -> Batches:
        """The same batches, watched; each call reads the table from its start."""
        name = self._source.source
        table = self._source.tables[part.table]
        open_store = partial(self._services.open_store, name)
        self._observers[part.table] = observer = Observer(part, self._source, self._known)
        self._uploads[part.table] = uploads = Uploads(
            self._staging, part, table, open_store, self._finding.file_texts(part)
        )

        def observed() -> Iterator[pa.RecordBatch]:
            observer.begin()
            uploads.begin()
            for batch in stream():
                observer.see(batch)
                uploads.see(batch)
                yield batch

        return observed

    def noted(self, table: TableExtract) -> TableExtract:
        """The table as written, with what was seen beside it."""
        uploads = self._uploads[table.table]
        return replace(
            table,
            uploads=tuple(uploads.held),
            missing=tuple(uploads.missing),
            seen=self._observers[table.table].seen(),
        )

    def references(self) -> dict[str, bool]:
        """Which relations among the tables hold in the person's rows."""
        return references_that_hold(self._source, self._observers, self._known)
