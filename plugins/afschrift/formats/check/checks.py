"""The rules over a file: the form of values, how many rows, which values in which order, size and digest."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import BinaryIO

import pyarrow as pa

from afschrift.domain.extracted import FileEntry
from afschrift.domain.plan import FieldPlan
from afschrift.formats.check.file_finding import FileFinding
from afschrift.values.checksum import ColumnChecksums
from afschrift.values.shapes import first_offence
from afschrift.values.written import written_kind

_BLOCK = 1 << 20


class ValueTypes:
    """Finds the first value of each field that has not the form of its kind.

    JSON documents are not parsed again: extraction did (`values.json_text`), and their checksum says that
    they are the same.
    """

    def __init__(self, file: str, fields: Sequence[FieldPlan]) -> None:
        self._file = file
        self._fields = [(field.name, written_kind(field)) for field in fields]
        self._first: dict[str, FileFinding] = {}
        self._rows = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Look at the next rows."""
        for (name, kind), column in zip(self._fields, batch.columns, strict=True):
            if name not in self._first and (position := first_offence(column, kind)) is not None:
                rule = f"every value has the form of a {kind}"
                self._first[name] = FileFinding("type", self._file, name, self._rows + position + 1, rule)
        self._rows += batch.num_rows

    def findings(self) -> list[FileFinding]:
        """One finding a field at most."""
        return list(self._first.values())


class RowSums:
    """Counts rows and takes the same checksums as extraction."""

    def __init__(self, fields: Sequence[FieldPlan]) -> None:
        self._checksums = ColumnChecksums(fields)
        self.rows = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Add the next rows."""
        self._checksums.update(batch)
        self.rows += batch.num_rows

    def digests(self) -> dict[str, str]:
        """Column -> digest."""
        return self._checksums.digests()


class DigestStream(io.RawIOBase):
    """Passes a stream on and keeps its size and digest."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._digest = hashlib.sha256()
        self._bytes = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
        block = self._stream.read(size)
        self._digest.update(block)
        self._bytes += len(block)
        return block

    def findings(self, entry: FileEntry) -> list[FileFinding]:
        """Read what is left and hold size and digest against the file's entry."""
        while self.read(_BLOCK):
            pass
        found = []
        if self._bytes != entry.bytes:
            found.append(
                FileFinding("size", entry.path, None, None, "the file has the size that was written")
            )
        if self._digest.hexdigest() != entry.sha256:
            found.append(
                FileFinding("sha256", entry.path, None, None, "the file has the digest that was written")
            )
        return found
