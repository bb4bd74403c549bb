"""Read a file back and compare it with what was extracted.

Compared are the form of the values, the number of rows, the values in their order, the size and the digest.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import pyarrow as pa

from afschrift.domain.errors import ConfigurationError, ValidationFailedError
from afschrift.domain.extracted import FileEntry
from afschrift.domain.files import Format
from afschrift.domain.plan import FieldPlan
from afschrift.formats.file_finding import FileFinding, UnreadableFileError
from afschrift.formats.registry import FORMATS
from afschrift.formats.trade import EXCHANGES
from afschrift.values.checksum import ColumnChecksums
from afschrift.values.shapes import first_offence
from afschrift.values.written import written_kind

_BLOCK = 1 << 20
_ROWS, _BYTES = 8_192, 8 << 20
_SHOWN = 10


class ValueTypes:
    """Finds the first value of each field that does not have the form of its kind.

    JSON documents are not parsed again: extraction did so (`values.json_text`), and equal checksums show that
    they did not change.
    """

    def __init__(self, file: str, fields: Sequence[FieldPlan]) -> None:
        self._file = file
        self._fields = [(field.name, written_kind(field)) for field in fields]
        self._first: dict[str, FileFinding] = {}
        self._rows = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Check the next rows."""
        for (name, kind), column in zip(self._fields, batch.columns, strict=True):
            if name not in self._first and (position := first_offence(column, kind)) is not None:
                rule = f"every value has the form of a {kind}"
                self._first[name] = FileFinding("type", self._file, name, self._rows + position + 1, rule)
        self._rows += batch.num_rows

    def findings(self) -> list[FileFinding]:
        """At most one finding a field."""
        return list(self._first.values())


class DigestStream(io.RawIOBase):
    """Passes a stream on, and computes its size and digest."""

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
        """Read to the end, and compare size and digest with the file's entry."""
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


@dataclass(frozen=True)
class FileContents:
    """The contents of a file as read back.

    Attributes:
        rows: number of rows.
        checksums: column -> digest of `ColumnChecksums` over the value forms that were read.
        offences: the first value of each column that does not have the form of its kind.
    """

    rows: int
    checksums: dict[str, str]
    offences: tuple[FileFinding, ...] = ()


def validate(
    entry: FileEntry,
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    rows: int,
    checksums: Mapping[str, str],
) -> list[FileFinding]:
    """Find every difference between a file and what was extracted.

    Args:
        entry: the file as written.
        stream: its plain content, read once from the start.
        fields: the selected columns of the plan.
        rows: number of rows extracted.
        checksums: column -> digest of `ColumnChecksums` over the value forms as extracted.

    Raises:
        ConfigurationError: there is no reader for the format.
    """
    known = {**FORMATS, **EXCHANGES}
    if entry.format not in known:
        raise ConfigurationError(
            f"No reader checks the format {entry.format}.",
            remedy="add one to `formats.registry`; nothing is delivered unchecked.",
        )
    source = DigestStream(stream)
    try:
        found = read_contents(known[entry.format], entry.path, cast(BinaryIO, source), fields, entry.options)
    except UnreadableFileError as error:
        # counts and checksums of half a file would only repeat that
        findings = [error.finding(entry.path)]
    else:
        findings = differences(entry.path, found, rows, checksums)
    return findings + source.findings(entry)


def read_contents(
    format_: Format,
    path: str,
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    options: Mapping[str, str],
    *,
    forms: bool = True,
) -> FileContents:
    """Read a file with its format's reader.

    Args:
        format_: the format.
        path: path of the file, for findings.
        stream: its plain content, read once from the start.
        fields: the selected columns of the plan.
        options: options of the file.
        forms: check whether each value has the form of its kind.

    Raises:
        UnreadableFileError: the reader cannot go on.
    """
    types, sums = ValueTypes(path, fields), ColumnChecksums(fields)
    updates = [types.update, sums.update] if forms else [sums.update]
    _check_while_reading(regroup(format_.reader(stream, fields, options)), updates)
    return FileContents(sums.rows, sums.digests(), tuple(types.findings()))


def differences(path: str, found: FileContents, rows: int, checksums: Mapping[str, str]) -> list[FileFinding]:
    """Compare the contents of a file with what was extracted.

    Args:
        path: path of the file.
        found: its contents.
        rows: number of rows extracted.
        checksums: checksums of their columns.
    """
    findings = list(found.offences)
    if found.rows != rows:
        rule = f"the file holds the {rows} rows extracted; {found.rows} were read"
        findings.append(FileFinding("row_count", path, None, None, rule))
    rule = "the column reads back as the values extracted, in order"
    findings += [
        FileFinding("checksum", path, name, None, rule)
        for name, digest in found.checksums.items()
        if checksums.get(name) != digest
    ]
    return findings


def regroup(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Merge batches into ones of about 8,192 rows or 8 MiB, in the same order; memory stays flat."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= _ROWS or size >= _BYTES:
            yield from _merge(held)
            held = []
            rows = size = 0
    yield from _merge(held)


def _merge(held: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Merge into one batch, or several if a column would hold more than 2 GiB of text."""
    return held if len(held) < 2 else pa.Table.from_batches(held).combine_chunks().to_batches()


def _check_while_reading(batches: Iterator[Any], updates: Sequence[Callable[[Any], None]]) -> None:
    """Check a batch while the next one is read: Arrow and hashing release the interpreter's lock."""

    def look(batch: Any) -> None:
        for update in updates:
            update(batch)

    with ThreadPoolExecutor(max_workers=1) as checker:
        checking: Future[None] | None = None
        for batch in batches:
            if checking is not None:
                checking.result()
            checking = checker.submit(look, batch)
        if checking is not None:
            checking.result()


def require_valid(findings: Sequence[FileFinding]) -> None:
    """Stop delivery if there is a finding.

    Raises:
        ValidationFailedError: with file, field, row and rule of the first findings; never a value.
    """
    if findings:
        more = f"; and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
        raise ValidationFailedError(
            "The files read back differ from what was extracted: "
            f"{'; '.join(map(str, findings[:_SHOWN]))}{more}.",
            remedy="clear their `extract_<source>` and what follows: the files are written "
            "again; if the error returns, report it.",
        )
