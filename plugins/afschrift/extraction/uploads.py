"""Uploaded files in their original bytes, staged with the rows that they belong to (R60).

A file is included if its column is. Its path is its row's number, `files/shop/upload/000001.png`: the name
that the person gave it is in the row and in the data package, never in a log, an event or an error.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import BinaryIO

import pyarrow as pa

from afschrift.domain.errors import OutsideStoreError, RetriableError, SourceDownError, ValidationFailedError
from afschrift.domain.extracted import UPLOADS, FileEntry, GivenFile, MissingFile, Upload
from afschrift.domain.files import FileStore
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.redaction import MASK
from afschrift.extraction.active_content.inspect import Inspector
from afschrift.extraction.deflate import CHUNK, DeflateError, DeflatingSink, InflatingReader
from afschrift.extraction.finder.text import FileTexts
from afschrift.extraction.media_type import extension, media_type_of
from afschrift.inventory.column import FileColumn
from afschrift.inventory.table import Table
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.values.forms import text_batch

FORMAT = "upload"
"""The format in the entry of an uploaded file, whatever its content."""

_DIGESTS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}

Row = Mapping[str, str | None]


class _ChangedError(Exception):
    """The file's size or digest is not the one in its row."""


class Uploads:
    """Stages the files of a table while its rows pass.

    Args:
        staging: the request's staging.
        part: the table's plan.
        table: the table in the inventory.
        open_store: opens a store of the source by its name.
        texts: searches the texts in the files; None if they are not searched.
    """

    def __init__(
        self,
        staging: EncryptedStaging,
        part: ExtractPlan,
        table: Table,
        open_store: Callable[[str], FileStore],
        texts: FileTexts | None = None,
    ) -> None:
        self._texts = texts
        self._staging = staging
        self._part = part
        whole = part.whole
        self._masked = {name for name, field in whole.items() if field.read_as is not None}
        self._files = [_readable(file, whole.keys()) for file in table.file if file.column in whole]
        self._key = [name for name in table.key if name in whole]
        wanted = {name for file in self._files for name in (file.column, *file.other_columns)} | set(
            self._key
        )
        self._fields = [field for name, field in whole.items() if name in wanted]
        self._stores = {file.store: open_store(file.store) for file in self._files if file.store}
        self.begin()

    def begin(self) -> None:
        """Forget everything: the table is read from its start."""
        self._row = 0
        self.held: list[Upload] = []
        self.missing: list[MissingFile] = []
        if self._texts:
            self._texts.begin()

    def see(self, batch: pa.RecordBatch) -> None:
        """Stage the files of the next rows, one after the other.

        Raises:
            RetriableError: a store is down.
        """
        if not self._files:
            return
        for start in range(batch.num_rows):  # row by row: a cell may be as large as a file
            (row,) = text_batch(
                batch.slice(start, 1).select([f.name for f in self._fields]), self._fields
            ).to_pylist()
            self._row += 1
            for file in self._files:
                self._take(file, self._declared(file, row))

    def _declared(self, file: FileColumn, row: Row) -> Row:
        """The row without values that a reviewer masked: a masked file is not staged. A masked name stays."""
        gone = {name for name in self._masked - {file.name} if MASK in (row.get(name) or "")}
        return {name: None if name in gone else value for name, value in row.items()}

    def _take(self, file: FileColumn, row: Row) -> None:
        cell = row[file.column]
        if cell is None or (file.store and not cell):
            return  # this row has no file
        try:
            with self._content(file, cell) as content:
                self._keep(file, row, content, cell)
        except FileNotFoundError:
            self._miss(file, "not_found")
        except OutsideStoreError:
            self._miss(file, "outside_store")
        except _ChangedError:
            self._miss(file, "changed")

    def _content(self, file: FileColumn, cell: str) -> AbstractContextManager[BinaryIO]:
        if file.store:
            return self._stores[file.store].open(cell)
        return io.BytesIO(base64.b64decode(cell))

    def _keep(self, file: FileColumn, row: Row, content: BinaryIO, cell: str) -> None:
        name = row[file.name] if file.name else None
        declared = row[file.media_type] if file.media_type else None
        called = name or (cell if file.store else None)
        ending = extension(called, declared)
        several = f".{self._files.index(file) + 1}" if len(self._files) > 1 else ""
        path = f"{UPLOADS}/{self._part.source}/{self._part.table}/{self._row:06}{several}.{ending}"
        expected = (row[file.digest] or "").strip().lower() if file.digest else ""
        algorithm = _DIGESTS.get(len(expected))
        check = hashlib.new(algorithm, usedforsecurity=False) if algorithm else None
        size = row[file.size] if file.size else None
        read = partial(self._texts.read, self._row) if self._texts else None
        inspector = Inspector(ending, declared, called, read)
        with self._staging.writer(f"data/{path}") as raw:
            sink = DeflatingSink(raw)
            for chunk in self._chunks(file, content):
                sink.write(chunk)
                inspector.write(chunk)
                if check:
                    check.update(chunk)
            sink.finish()
            if (check and check.hexdigest() != expected) or size not in (None, str(sink.bytes)):
                raise _ChangedError  # within the writer's block, so that nothing is staged
        entry = sink.entry(path, FORMAT)
        key = {column: row[column] for column in self._key}
        media_type, active = media_type_of(ending, declared), inspector.found()
        self.held.append(Upload(entry, file.column, self._row, media_type, name, key, active))

    def _chunks(self, file: FileColumn, content: BinaryIO) -> Iterator[bytes]:
        try:
            while chunk := content.read(CHUNK):
                yield chunk
        except OSError as error:  # its text may hold the file's name
            down = RetriableError(
                f"An uploaded file of {self._part.name}, row {self._row}, cannot be read to its end: "
                f"{error.strerror or type(error).__name__}.",
                remedy=f"see whether the store {file.store} works; the step is tried again.",
                code=type(error).__name__,
            )
            raise SourceDownError(self._part.source, down) from None

    def _miss(self, file: FileColumn, reason: str) -> None:
        self.missing.append(MissingFile(file.column, self._row, reason))


def verify_uploads(staging: EncryptedStaging, uploads: Sequence[Upload | GivenFile]) -> None:
    """Read every staged file again, and compare it with its entry.

    Raises:
        ValidationFailedError: names the file by its row's number.
    """
    for upload in uploads:
        entry, found, size = upload.entry, hashlib.sha256(), 0
        with staging.reader(f"data/{entry.path}") as staged, open_inflated(staged, entry) as stream:
            while chunk := stream.read(CHUNK):
                found.update(chunk)
                size += len(chunk)
        if (size, found.hexdigest()) != (entry.bytes, entry.sha256):
            raise ValidationFailedError(
                f"The staged file {entry.path} does not read back as what was uploaded.",
                remedy="clear its `extract_<source>` and what follows: it is written again.",
            )


@contextmanager
def open_inflated(staged: BinaryIO, entry: FileEntry) -> Iterator[BinaryIO]:
    """Open the plain content of a staged file.

    Raises:
        ValidationFailedError: it is no deflate stream.
    """
    try:
        with io.BufferedReader(InflatingReader(staged), CHUNK) as stream:
            yield stream
    except DeflateError:
        raise ValidationFailedError(
            f"The staged file {entry.path} is no deflate stream.",
            remedy="clear its `extract_<source>` and what follows: it is written again.",
        ) from None


def _readable(file: FileColumn, whole: Collection[str]) -> FileColumn:
    """The file column, with only those of its other columns that the request includes."""
    others = ("name", "media_type", "size", "digest")
    gone = {name: None for name in others if getattr(file, name) not in whole}
    return file.model_copy(update=gone)
