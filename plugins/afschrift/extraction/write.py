"""Write one table: one pass over its rows, in every format, split into parts if it is large.

Rows stream through threads (the source, the value forms, one for each format), a bounded slice at a time, so
memory does not depend on their number. Small tables are written without threads, which would cost more time
than they save.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Generic, Self, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.extracted import Exchanged, TableExtract, TablePart
from afschrift.domain.files import Format
from afschrift.domain.overview import Overview, ProfileChoice
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.extraction.comparison import Comparison
from afschrift.extraction.exchange import ExchangePlan
from afschrift.extraction.followed_file import CollidedError, FollowedFile, Options
from afschrift.formats.validate_file import require_valid
from afschrift.services import WriteLimits
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.values.checksum import ColumnChecksums
from afschrift.values.forms import text_batch
from afschrift.values.table_profiler import FirstRows, Rows, TableProfiler

T = TypeVar("T")


class BackgroundWorker(Generic[T]):
    """A thread with a queue of one item. Use as a context manager.

    Memory stays bounded: the caller waits until the previous item is done. An error of the work is raised
    when the next item is handed over, or by `wait`.

    Args:
        work: called with each item.
        worth: whether an item is worth handing to the thread; if not, the caller works on it, after the
            previous ones. The thread starts with the first item that is.
    """

    def __init__(self, work: Callable[[T], None], worth: Callable[[T], bool] = lambda _: True) -> None:
        self._work, self._worth = work, worth
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._running: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def __call__(self, item: T) -> None:
        """Hand an item over."""
        self.wait()
        if self._worth(item):
            self._running = self._thread.submit(self._work, item)
        else:
            self._work(item)

    def wait(self) -> None:
        """Wait until everything handed over is done."""
        running, self._running = self._running, None
        if running is not None:
            try:
                running.result()
            finally:
                # A traceback refers to this frame, and the future to the error: without `del` this cycle
                # would keep files of the work open until the next garbage collection.
                del running


LITTLE = 1 << 18
"""Up to so many bytes of a table's values, writing takes less time than handing them to threads."""


@dataclass
class TableWriter:
    """Writes one table of a plan into staging.

    Attributes:
        formats: the chosen formats, in their order.
        choice: what to profile in every row.
        kept: bytes of first rows to keep.
        comparison: reconciles the rows with the source; None if they are not reconciled.
        exchanges: files for programs of a trade, of what fits their formats.
        sample: the first rows as value forms, after `write`.
        overview: the overview of all rows, after `write`.
    """

    staging: EncryptedStaging
    plan: ExtractPlan
    formats: Sequence[Format]
    limits: WriteLimits
    choice: ProfileChoice = field(default_factory=ProfileChoice)
    kept: int = 100_000
    comparison: Comparison | None = None
    exchanges: Sequence[ExchangePlan] = ()
    sample: Rows = field(default_factory=list)
    overview: Overview = field(default_factory=Overview)

    def write(self, stream: Callable[[], Iterator[pa.RecordBatch]], masked: dict[str, int]) -> TableExtract:
        """Write the table; if a text equals a file's marker for NULL, write it again with another marker.

        Args:
            stream: returns the table's batches from the start, at each call.
            masked: column -> number of masked values.
        """
        options: dict[str, Options] = {}
        while True:
            try:
                parts, exchanged = self._attempt(stream(), options)
            except CollidedError as collided:
                options[collided.format] = collided.options
            else:
                return TableExtract(self.plan.source, self.plan.table, parts, masked, exchanged=exchanged)

    def _attempt(
        self, stream: Iterator[pa.RecordBatch], options: Mapping[str, Options]
    ) -> tuple[tuple[TablePart, ...], tuple[Exchanged, ...]]:
        first, profiler = FirstRows(self.kept), TableProfiler(self.choice)
        valid = self.comparison.documents if self.comparison is not None else frozenset()
        if self.comparison is not None:
            self.comparison.begin()

        def take(batch: pa.RecordBatch) -> None:
            text = text_batch(batch, self.plan.selected, valid)
            if self.comparison is not None:
                self.comparison.take(text)
            first.take(text)
            profiler.take(text)
            parts.write(text)
            for exchange in exchanges:
                exchange.write(text)

        with (
            _Parts(lambda number: self._open(number, options), self.limits.part_bytes) as parts,
            ExitStack() as stack,
        ):
            exchanges = [stack.enter_context(plan.open(self.staging)) for plan in self.exchanges]
            with BackgroundWorker(take, _enough_for_threads()) as worker:
                for batch in stream:
                    for piece in slices(batch, self.limits.batch_bytes):
                        worker(piece)
                worker.wait()
            self.sample, self.overview = first.rows, profiler.overview()
            return parts.finish(), tuple(exchange.finish() for exchange in exchanges)

    def _open(self, number: int, options: Mapping[str, Options]) -> _Files:
        name = self.plan.table if number == 1 else f"{self.plan.table}.{number}"
        files = _Files(self.plan.selected)
        try:
            for format_ in self.formats:
                files.add(self.staging, f"{self.plan.source}/{name}", format_, options.get(format_.name, {}))
        except BaseException as error:
            files.__exit__(type(error), error, error.__traceback__)
            raise
        return files


class _Parts:
    """The parts of a table, one open at a time."""

    def __init__(self, open_part: Callable[[int], _Files], limit: int) -> None:
        self._open = open_part
        self._limit = limit
        self._done: list[TablePart] = []
        self._taken = 0
        self._files = open_part(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: Any) -> None:
        self._files.__exit__(*exc)

    def write(self, text: pa.RecordBatch) -> None:
        for piece in cut(text, self._limit, self._taken):
            if piece is None:
                self._done.append(self._files.finish())
                self._files = self._open(len(self._done) + 1)
                self._taken = 0
            else:
                self._files.write(piece)
                self._taken += pc.sum(_row_bytes(piece)).as_py() or 0

    def finish(self) -> tuple[TablePart, ...]:
        self._done.append(self._files.finish())
        return tuple(self._done)


class _Files:
    """The files of one part, written and read back side by side."""

    def __init__(self, fields: Sequence[FieldPlan]) -> None:
        self._fields = fields
        self._checksums = ColumnChecksums(fields)
        self._rows = 0
        self._stack = ExitStack()
        self._files: list[FollowedFile] = []
        self._workers: list[BackgroundWorker[pa.RecordBatch]] = []

    def __exit__(self, *exc: Any) -> None:
        self._stack.__exit__(*exc)

    def add(self, staging: EncryptedStaging, path: str, format_: Format, options: Options) -> None:
        path = f"{path}.{format_.extension}"
        raw = self._stack.enter_context(staging.writer(f"data/{path}"))
        # Once a part suffices: files with the same checksums have the same value forms.
        forms = not self._files
        file = FollowedFile(format_, path, raw, self._fields, options, forms=forms)
        self._files.append(self._stack.enter_context(file))
        self._workers.append(self._stack.enter_context(BackgroundWorker(file.write, _enough_for_threads())))

    def write(self, text: pa.RecordBatch) -> None:
        for worker in self._workers:
            worker(text)
        self._checksums.update(text)
        self._rows += text.num_rows

    def finish(self) -> TablePart:
        """Write the rest of the part, and require that its files read back as what was extracted.

        Raises:
            ValidationFailedError: a file does not; nothing of the part is staged.
        """
        for worker in self._workers:
            worker.wait()
        for file in self._files:
            file.close()
        checksums = self._checksums.digests()
        compare = [file.compare(self._rows, checksums) for file in self._files]
        require_valid([finding for _, findings in compare for finding in findings])
        self._stack.close()
        return TablePart(self._rows, tuple(entry for entry, _ in compare), checksums)


def _enough_for_threads() -> Callable[[pa.RecordBatch], bool]:
    """Return a function that says whether threads are worth their cost: once more than `LITTLE` bytes came.

    It adds up batches, since a source that waits for its server returns many small ones.
    """
    seen_bytes: int = 0

    def worth(batch: pa.RecordBatch) -> bool:
        nonlocal seen_bytes
        seen_bytes += int(batch.nbytes)
        return seen_bytes > LITTLE

    return worth


def slices(batch: pa.RecordBatch, limit: int) -> Iterator[pa.RecordBatch]:
    """Cut a batch into slices of about `limit` bytes with equal numbers of rows; a row is never cut."""
    rows = max(1, -(-batch.num_rows // max(1, round(batch.nbytes / limit))))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def cut(text: pa.RecordBatch, limit: int, taken: int) -> Iterator[pa.RecordBatch | None]:
    """Yield the rows, with None where a part ends: before the row that would exceed the limit.

    A row's size is that of its value forms in UTF-8, plus one byte a value. So the parts are the same however
    the rows were batched.

    Args:
        text: value forms.
        limit: bytes of a part. A row larger than that is a part of its own.
        taken: bytes of the rows in the open part.
    """
    if taken + text.nbytes + text.num_rows * text.num_columns < limit:  # usual, and needs no sums
        yield text
        return
    sizes = _row_bytes(text)
    start = 0
    while start < text.num_rows:
        upto = pc.cumulative_sum(sizes.slice(start))
        fits = pc.sum(pc.less_equal(upto, limit - taken)).as_py() or 0
        if fits == 0 and taken == 0:
            fits = 1
        if fits:
            yield text.slice(start, fits)
        start += fits
        if start < text.num_rows:
            yield None
            taken = 0


def _row_bytes(text: pa.RecordBatch) -> pa.Array:
    lengths = (pc.fill_null(pc.binary_length(column), 0).cast(pa.int64()) for column in text.columns)
    return reduce(pc.add, lengths, pa.repeat(pa.scalar(text.num_columns, pa.int64()), text.num_rows))
