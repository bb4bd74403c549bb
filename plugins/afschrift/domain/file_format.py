"""What a file format is: a record that costs nothing to read, and names what writes and checks its files.

The trigger form, the help of the command line and the bundle's description ask the record; only who calls
`writer` or `reader` loads a library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    from afschrift.domain.plan import FieldPlan
    from afschrift.domain.value_kind import ValueKind

SLOW = 100


class Writer(Protocol):
    """Writes one file from batches of value forms (string columns, null where NULL).

    Attributes:
        options: what a reader must know of the file (`FileEntry.options`). What it needs stands from the
            start, since the file is read back while it is written; `close` may add what is good to know.
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
    """A column, as the schema of a file tells of it.

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
    """What stands beside the files of a table, once for all its parts, for the programs that read them.

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
        schema: what stands beside the files; None: they tell their columns themselves.
        tabular: Data Package v2 can call such a file a table.
        counted: the validator of that standard (Frictionless) counts its bytes; where it does not, it would
            turn a sound file down whose `bytes` are told.
        missing: kind -> what that validator reads in place of a NULL, where it does not read NULL.
        dialect: how the file is spelt, as a Table Dialect of Data Package v2.
        note: what a reader of the bundle's description must know of values in this format alone.
        extra: of the package, that brings a library which no other format needs.
        reading: place in the order in which a part's files are tried when staged rows are read again, the
            fastest first.
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
