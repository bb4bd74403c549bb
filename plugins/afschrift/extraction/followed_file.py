"""One file of a table: written, deflated, staged and read back, all at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, BinaryIO, Self, cast

import pyarrow as pa

from afschrift.domain.errors import RewriteError
from afschrift.domain.extracted import FileEntry
from afschrift.domain.file_format import Format
from afschrift.domain.files import ReadBack
from afschrift.domain.plan import FieldPlan
from afschrift.extraction.deflate import DeflatingSink
from afschrift.extraction.follower import Follower
from afschrift.formats.check.file_finding import FileFinding
from afschrift.formats.check.validate_file import differences

Options = Mapping[str, str]


class CollidedError(Exception):
    """A file of the table has to be written again with other options."""

    def __init__(self, format_: str, options: Options) -> None:
        super().__init__(format_)
        self.format = format_
        self.options = options


class FollowedFile:
    """One file being written, and read back. Use as a context manager.

    Args:
        format_: writes and reads it.
        path: below `data/`.
        raw: the staged file.
        fields: the selected columns of the plan.
        options: of an earlier attempt that was given up.
        forms: whether each value that is read back is held against the form of its kind.
    """

    def __init__(
        self,
        format_: Format,
        path: str,
        raw: BinaryIO,
        fields: Sequence[FieldPlan],
        options: Options,
        *,
        forms: bool,
    ) -> None:
        self._format, self._path = format_, path
        with ExitStack() as stack:
            self._follower = stack.enter_context(Follower(raw, format_, path, fields, forms=forms))
            self._sink = DeflatingSink(cast(BinaryIO, self._follower), hashed=False)
            self._writer = format_.writer(cast(BinaryIO, self._sink), fields, options)
            self._follower.begin(dict(self._writer.options))
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stack.__exit__(*exc)

    def write(self, text: pa.RecordBatch) -> None:
        """Append value forms.

        Raises:
            CollidedError: the table has to be written again.
            ValidationFailedError: what was written before does not read back.
        """
        try:
            self._writer.write(text)
        except RewriteError as collision:
            raise CollidedError(self._format.name, collision.options) from None

    def close(self) -> None:
        """Write to the end; the reader may still be behind."""
        self._writer.close()
        self._sink.finish()
        self._follower.end()

    def compared(self, rows: int, checksums: Mapping[str, str]) -> tuple[FileEntry, list[FileFinding]]:
        """The file's entry, and where what it holds is not what was extracted.

        Args:
            rows: number of rows extracted.
            checksums: of their columns.

        Raises:
            ValidationFailedError: the file cannot be read.
        """
        read = self._follower.read()
        written = self._sink.entry(self._path, self._format.name, dict(self._writer.options))
        back = ReadBack(read.deflated_sha256, self._format.read_by)
        findings = differences(self._path, read.contents, rows, checksums)
        if (read.bytes, read.crc32) != (written.bytes, written.crc32):
            rule = "the file holds the bytes that were written"
            findings.append(FileFinding("crc32", self._path, None, None, rule))
        return replace(written, sha256=read.sha256, read_back=back), findings
