"""Ports of files: writing and reading formats, encrypted staging, and where bundles go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol

from afschrift.domain.plan import FieldPlan


class Writer(Protocol):
    """Writes one file from batches of value forms (string columns, null where NULL)."""

    def write(self, batch: Any) -> None:
        """Append a `pyarrow.RecordBatch` of string columns."""

    def close(self) -> dict[str, str]:
        """Finish the file; what a reader must know to read it (`FileEntry.options`)."""


class Format(Protocol):
    """A file format. Adding one is a file and a line in the registry."""

    name: str
    extension: str
    media_type: str

    def writer(self, sink: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Writer:
        """A writer into a binary sink. `options` may carry choices of an earlier, abandoned attempt."""


class Reader(Protocol):
    """Reads a finished file again, with another library than its writer."""

    def __call__(
        self, stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]
    ) -> Iterator[Any]:
        """Batches of value forms, as the writer got them.

        Raises:
            ValidationFailedError: not well-formed, naming the row where that is known.
        """


@dataclass(frozen=True)
class Receipt:
    """Proof of a hand-over: where it lies (no secret in it), size and digest of what arrived."""

    uri: str
    bytes: int
    sha256: str


class Destination(Protocol):
    """Where a bundle goes."""

    name: str

    def deliver(self, name: str, chunks: Iterator[bytes]) -> Receipt:
        """Write under an opaque name; nothing is visible there until it is whole."""


class FileStore(Protocol):
    """Where files lie that people uploaded; read, never written."""

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open a file by the path or key that a row holds.

        Raises:
            OutsideStoreError: the path leads out of the store; nothing was opened.
            FileNotFoundError: there is no such file.
            RetriableError: the store is not there, or does not let us read.
        """


StoreFactory = Callable[[str, str], FileStore]
"""Opens a store by the names of its source and of the store."""


class Staging(Protocol):
    """Encrypted files of one request between its tasks."""

    def writer(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Open for writing; the content is encrypted with the request's data key."""

    def reader(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Open for reading, decrypted.

        Raises:
            RetriableError: the file is gone; says which step makes it again.
            StagedFileError: it is damaged, or was staged for another request or under another key.
        """

    def exists(self, path: str) -> bool:
        """Whether a whole file is staged under this path."""

    def wipe(self, under: str = "") -> None:
        """Destroy what is staged, or what is staged under a folder."""


@dataclass(frozen=True)
class StoredDocument:
    """A document of the case file, for what must go on with it.

    Attributes:
        name: of its file; may name a person.
        parts: its content in order. Whether it is whole shows only at its end.
    """

    name: str
    media_type: str
    parts: Iterator[bytes]


@dataclass(frozen=True)
class Held:
    """What is staged of one request.

    Attributes:
        touched: time of the newest file, UTC.
        bytes: encrypted size of all files.
    """

    request: str
    touched: datetime
    bytes: int
