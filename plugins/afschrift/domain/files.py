"""Protocols of destinations, file stores and file formats, and records about files.

A `Format` is cheap to import: the trigger form, the command line's help and the bundle's description read it.
Only calling its `writer` or `reader` loads a library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, runtime_checkable

from afschrift.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from afschrift.domain.plan import FieldPlan
    from afschrift.domain.value_kind import ValueKind


# After the id at most: the right, the part of the answer, its number, the number of the attempt, suffixes.
_NAME = re.compile(r"(?:afschrift-)?[a-z]{1,4}-[0-9a-z]{12}(?:[.-][0-9a-z]{1,20}){1,6}")


@dataclass(frozen=True)
class Receipt:
    """Proof of a delivery: address of the bundle (no secret in it), size and digest of what arrived."""

    uri: str
    bytes: int
    sha256: str


class Destination(Protocol):
    """Where a bundle goes."""

    name: str

    def deliver(self, name: str, chunks: Iterator[bytes]) -> Receipt:
        """Write a bundle under an opaque name; it becomes visible only when `chunks` has ended."""

    def find(self, name: str) -> Receipt | None:
        """Read what has a name there; None: nothing has it.

        A part of the same name that a killed try left beside it is removed.

        Raises:
            ConfigurationError, RetriableError: as `reach`.
        """

    def address(self, name: str) -> str:
        """Where a file of this name lies, as in a receipt."""

    def reach(self) -> None:
        """Check that the destination is usable, and leave nothing behind.

        Raises:
            ConfigurationError: it is not usable.
            RetriableError: it does not answer.
        """

    def remove(self, name: str) -> bool:
        """Remove a file, and what a broken delivery left of it; False: nothing was there.

        Raises:
            ConfigurationError, RetriableError: as `reach`, or it is still there.
        """

    def link(self, name: str, until: datetime) -> str | None:
        """Make an address at which anyone can read a file until an instant, at most `LONGEST_LINK` from now.

        It can be revoked only by `remove`, so make one only for an encrypted file. None: the destination
        makes no such addresses, or the instant is past.
        """


LONGEST_LINK = timedelta(days=7)
"""What S3 and Google Cloud Storage sign at most."""


@runtime_checkable
class KeepsBundles(Protocol):
    """A destination from which a bundle can be read again."""

    def opened(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a bundle by its name, from any position.

        Raises:
            FileNotFoundError: it is not there any more.
            ConfigurationError, RetriableError: as `Destination.reach`.
        """


@dataclass(frozen=True)
class Announcement:
    """What a portal gets to know of a file before its first byte, in words for its page; nothing of a person.

    Attributes:
        bytes: of the file that is sent.
        language: of the request.
        expires_at: when the portal ends it by itself.
        facts: `controller`, `contact`, `case`, `right`, `state_of`, `part`, `verify`.
    """

    bytes: int
    language: str
    expires_at: datetime
    facts: Mapping[str, str]


@dataclass(frozen=True)
class PortalReceipt:
    """What a portal says of a file, under its signature, which was checked.

    Attributes:
        name: of the file, as far as it is known; None: of no file that was asked about.
        kind: `fetched`, `confirmed`, `frozen` or `expired`.
        at: RFC 3339, by the portal's clock.
    """

    id: str
    name: str | None
    kind: str
    at: str


@runtime_checkable
class ShowsBundles(Destination, Protocol):
    """A destination with a page of its own for the person: a portal."""

    def announce(self, name: str, about: Announcement) -> None:
        """Say what is about to be delivered; the same again changes nothing.

        Raises:
            ConfigurationError, RetriableError: as `Destination.reach`, or another file has this name.
        """

    def renew(self, name: str, until: datetime) -> None:
        """Let it lie longer. Raises as `unfreeze`."""

    def unfreeze(self, name: str) -> None:
        """Let it be fetched again after too many wrong tries.

        Raises:
            RefusedError: it is not there.
            ConfigurationError, RetriableError: as `Destination.reach`.
        """

    def missing(self, names: Sequence[str]) -> list[str]:
        """Those of these names that it does not know. Raises as `Destination.reach`."""

    def receipts(self, names: Sequence[str]) -> tuple[list[PortalReceipt], int]:
        """Receipts that were not acknowledged, oldest first, and how many have a wrong signature.

        `names`: of the files that they may be about. Raises as `Destination.reach`.
        """

    def acknowledge(self, receipt: str) -> None:
        """Let the portal forget a receipt. Raises as `Destination.reach`."""


def occupied(name: str, destination: str) -> ConfigurationError:
    """The error of a file that lies where another is to lie."""
    return ConfigurationError(
        f"Another file named {name} already lies in the destination '{destination}'.",
        remedy="find out whether it was handed over, move it away, and deliver again.",
    )


def bundle_name(stem: str, bundle: str, ending: str = ".zip") -> str:
    """Name of a bundle at its destination; another bundle of the request has another name.

    A number would tell the person that an earlier bundle was replaced, and so that something was decided.

    Args:
        stem: the request's id, its right, and which part of the answer it is.
        bundle: its SHA-256.
        ending: `.zip`, and what follows it when it is encrypted to a key.

    Raises:
        ConfigurationError: as `check_name`.
    """
    name = f"{stem}-{bundle[:8]}{ending}"
    check_name(name)
    return name


def check_name(name: str) -> None:
    """Refuse a name that is not built from a request's id, as `afschrift-req-7k3m9x2p4v0q.zip` is.

    Names at a destination must be opaque, since listings and access logs show them.

    Raises:
        ConfigurationError: the name may contain a path, or say something about the person.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            "A bundle is left only under a name that is built from its request's id.",
            remedy="name it 'afschrift-', the id of the request, and '.zip'.",
        )


class FileStore(Protocol):
    """A store of files that people uploaded; it is only read."""

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open a file by the path or key that a row holds.

        Raises:
            OutsideStoreError: the path leads out of the store; nothing was opened.
            FileNotFoundError: there is no such file.
            RetriableError: the store is not there, or does not let us read.
        """


StoreFactory = Callable[[str, str], FileStore]
"""Opens a store by the names of its source and of the store."""


@dataclass(frozen=True)
class StoredDocument:
    """A document of the case file, for the steps that pass it on.

    Attributes:
        name: of its file; may name a person.
        parts: its content in order. Whether it is whole shows only at its end.
    """

    name: str
    media_type: str
    parts: Iterator[bytes]


@dataclass(frozen=True)
class StagedRequest:
    """Summary of what is staged of a request.

    Attributes:
        touched: time of the newest file, UTC.
        bytes: encrypted size of all files.
    """

    request: str
    touched: datetime
    bytes: int


class ActiveKind(StrEnum):
    """Why a person must look at a file before it goes into a bundle."""

    PROGRAM = "program"
    MACRO = "macro"
    SCRIPT = "script"
    ACTION = "action"
    DDE = "dde"
    OBJECT = "embedded_object"
    FILE = "embedded_file"
    XFA = "xfa"
    REMOTE = "remote_content"
    OLD_OFFICE = "old_office"
    OTHER_KIND = "other_kind"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, order=True)
class ActivePart:
    """A finding in a file: its position and kind; never a name or a value.

    Attributes:
        position: "" is the file itself; else from outside to inside, such as `attachment.2/archived.5`: the
            fifth file of the archive that is the second attachment of the e-mail. The words before the
            numbers are `text` (of an e-mail), `attachment` (of an e-mail), `message` (of a mailbox),
            `archived` (in an archive) and `embedded` (in a PDF).
        kind: an `ActiveKind`.
    """

    position: str
    kind: str


@dataclass(frozen=True)
class ReadBack:
    """Proof that a file was read again while it was written, and holds what was extracted.

    Attributes:
        deflated_sha256: of what was read, which is what went into staging.
        reader: the library that read it (`Format.read_by`).
    """

    deflated_sha256: str
    reader: str


SLOW = 100


class Writer(Protocol):
    """Writes one file from batches of value forms (string columns, null where NULL).

    Attributes:
        options: what a reader must know of the file (`FileEntry.options`). They must be set before the first
            write, since the file is read back while it is written; `close` may add further information.
    """

    options: dict[str, str]

    def write(self, batch: Any) -> None:
        """Append a `pyarrow.RecordBatch` of string columns."""

    def close(self) -> None:
        """Finish the file."""


class Reader(Protocol):
    """Reads a file again, with another library than its writer."""

    def __call__(
        self, stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]
    ) -> Iterator[Any]:
        """Batches of value forms, as the writer got them.

        Raises:
            ValidationFailedError: not well-formed, naming the row where that is known.
        """


@dataclass(frozen=True)
class SchemaColumn:
    """A column, as the schema of a file describes it.

    Attributes:
        kind: of the values as they are written.
        texts: `title` and `description` in the person's language, as far as the inventory has them.
        codes: value -> meaning, where every value of the column is one of them; else empty.
    """

    name: str
    kind: ValueKind
    texts: Mapping[str, str]
    codes: Mapping[int | str, str]


@dataclass(frozen=True)
class FileSchema:
    """A schema file next to the files of a table, one for all its parts, for programs that read them.

    Attributes:
        suffix: of its file, after the name of the table: `.xsd`.
        media_type: of its file.
        make: its content, from `source.table` and the columns in order.
    """

    suffix: str
    media_type: str
    make: Callable[[str, Sequence[SchemaColumn]], bytes]


@dataclass(frozen=True)
class Format:
    """A file format. Adding one is a folder in `formats/` and a line in its registry.

    Attributes:
        name: as requests, the form and the bundle call it.
        extension: of its files, without the dot.
        writer: opens a file to write, from a binary sink, the fields, and options that may carry choices of
            an earlier, abandoned attempt; loads its library when it is called.
        reader: reads a file from its start to its end; loads its library when it is called.
        read_by: the library that reads it, as the record of a file names it that was read back.
        schema: file next to the files; None: the files describe their columns themselves.
        tabular: Data Package v2 allows such a file as a table.
        counted: the validator of that standard (Frictionless) checks `bytes` of such a file correctly; if
            not, `bytes` is left out, or it would refuse a valid file.
        missing: kind -> what that validator reads in place of a NULL, where it does not read NULL.
        dialect: its Table Dialect of Data Package v2.
        note: what a reader of the bundle's description must know of values in this format alone.
        extra: of the package, with a library that no other format needs.
        reading: rank in the order in which a part's files are tried when staged rows are read again; the
            fastest comes first.
    """

    name: str
    extension: str
    media_type: str
    writer: Callable[[BinaryIO, Sequence[FieldPlan], Mapping[str, str]], Writer]
    reader: Reader
    read_by: str
    schema: FileSchema | None = None
    tabular: bool = True
    counted: bool = True
    missing: Mapping[ValueKind, str] = field(default_factory=dict)
    dialect: Mapping[str, Any] | None = None
    note: str = ""
    extra: str | None = None
    reading: int = SLOW
