"""Records of an extraction: files, their parts, uploads, constraints that hold, the search, and overviews.

They are staged between tasks, so names of fields are data. What is recorded of the rows of a table has a
bounded size: enough for a chart and a summary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from afschrift.domain.event import digest
from afschrift.domain.files import ActivePart, ReadBack
from afschrift.domain.overdue import Overdue
from afschrift.domain.reconciliation import Sample
from afschrift.domain.sources import Structure

UPLOADS = "files"
"""Folder below `data/` of the files that the person uploaded."""


@dataclass(frozen=True)
class FileEntry:
    """A written file in staging, where it is deflated and encrypted.

    Attributes:
        path: path below `data/` of the bundle, for example `shop/orders.csv`.
        format: name in the registry of formats.
        bytes, sha256: of the plain content, hex.
        options: what a reader must know, for example the null marker of a CSV.
        crc32: of the plain content, as ZIP wants it.
        deflated_bytes, deflated_sha256: of the content as raw deflate (RFC 1951), which the bundle takes
            over as it is.
        read_back: None: it was not compared while it was written, so `validate` reads it.
    """

    path: str
    format: str
    bytes: int
    sha256: str
    options: dict[str, str] = field(default_factory=dict)
    crc32: int = 0
    deflated_bytes: int = 0
    deflated_sha256: str = ""
    read_back: ReadBack | None = None


@dataclass(frozen=True)
class TablePart:
    """A run of a table's rows, in a file of its own for each format.

    Attributes:
        rows: number of rows.
        checksums: column -> digest over its value forms in row order; stays in staging.
    """

    rows: int
    files: tuple[FileEntry, ...]
    checksums: dict[str, str]


@dataclass(frozen=True)
class Upload:
    """A file that the person uploaded, in its original bytes (R60).

    Attributes:
        entry: as staged; its path has the row's number, never the name that the person gave it.
        column: the column of the row that holds the file, or says where it lies.
        row: number of the row in the table's files, from 1 and over all parts.
        name: what the person called it; None where no column says.
        key: key column -> its value in that row, as value forms.
        active: parts of it that may run, or could not be inspected.
    """

    entry: FileEntry
    column: str
    row: int
    media_type: str
    name: str | None = None
    key: dict[str, str | None] = field(default_factory=dict)
    active: tuple[ActivePart, ...] = ()


LEFT_OUT, MASKED = "active_content", "masked"
"""Reasons why an existing file is not handed over: a person left it out, since something in it may run; or as
a reviewer masked all of it."""


@dataclass(frozen=True)
class MissingFile:
    """A file that a row names and that could not be handed back, or that a person left out.

    Attributes:
        column: of the row; empty for a file that a person found in a system that no query reaches.
        row: its number; of such a file its own.
        reason: `not_found`, `changed` (not the size or digest that the row tells), `outside_store`,
            `active_content` or `masked`.
    """

    column: str
    row: int
    reason: str


@dataclass(frozen=True)
class PersonRows:
    """Rows of a table by whose the value of a column is.

    Attributes:
        others: the key of another person, in the clear.
        masked: likewise, masked.
        own: the person's own value, masked.
    """

    others: int = 0
    masked: int = 0
    own: int = 0


@dataclass(frozen=True)
class Seen:
    """Properties of a table's rows: a constraint is described only if it holds for them.

    Attributes:
        nulls: column -> number of NULLs, where there are some.
        codes: column with codes or ranges in the inventory, or that gives a row's origin -> the distinct
            values found; a column with very many of them is left out.
        key_unique: no two rows have the same key.
        untyped: columns of dates and times with a value that Data Package has no type for: an infinite one,
            one before the year 1 or after 9999.
        persons: column with keys of persons, or with masks of the person's own values -> its rows.
    """

    nulls: dict[str, int] = field(default_factory=dict)
    codes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    key_unique: bool = True
    untyped: tuple[str, ...] = ()
    persons: dict[str, PersonRows] = field(default_factory=dict)


@dataclass(frozen=True)
class Compared:
    """The part of a table that was reconciled with the source, without differences.

    Attributes:
        rows: counted on both sides.
        hashed_rows: of them; fewer than `rows` where a sample was drawn.
        hashed: columns of which both sides hashed the values.
        counted: columns of which they counted the values that are not NULL, and no more.
        sample: None where all rows were hashed.
    """

    rows: int
    hashed_rows: int
    hashed: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    sample: Sample | None = None


@dataclass(frozen=True)
class Exchanged:
    """A table's rows for programs of a trade (`extraction.exchange`).

    Attributes:
        columns: value of the format -> column; one that is missing is not given, or not as it is.
        rows: number of rows in the file.
        left: rows that are not: by the value that does not fit, or `missing` for a required one.
        checksums: value -> digest over what was written.
        entry: None where no row could be written.
    """

    format: str
    columns: dict[str, str]
    rows: int
    left: dict[str, int]
    checksums: dict[str, str]
    entry: FileEntry | None = None


@dataclass(frozen=True)
class TableExtract:
    """One table's rows of one person, as written.

    Attributes:
        parts: in the order of the rows; more than one where the table is large.
        masked: column -> number of masked values.
        uploads, missing: files that its rows hold or name.
        seen: None: not recorded.
        compared: reconciled with the source; None in what was staged before there was a reconciliation.
        exchanged: its rows for programs of a trade.
    """

    source: str
    table: str
    parts: tuple[TablePart, ...]
    masked: dict[str, int] = field(default_factory=dict)
    uploads: tuple[Upload, ...] = ()
    missing: tuple[MissingFile, ...] = ()
    seen: Seen | None = None
    compared: Compared | None = None
    exchanged: tuple[Exchanged, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows of all parts."""
        return sum(part.rows for part in self.parts)

    @property
    def files(self) -> tuple[FileEntry, ...]:
        """The files of all parts, and those for programs of a trade."""
        of_parts = (entry for part in self.parts for entry in part.files)
        return (*of_parts, *(file.entry for file in self.exchanged if file.entry is not None))

    @property
    def digests(self) -> dict[str, str]:
        """Path -> SHA-256 of its files; one digest over all uploaded files together."""
        written = {entry.path: entry.sha256 for entry in self.files}
        if self.uploads or self.missing:
            of_uploads = {u.entry.path: u.entry.sha256 for u in self.uploads}
            gone = [[m.column, m.row, m.reason] for m in self.missing]
            written[f"{UPLOADS}/{self.source}/{self.table}"] = digest({"files": of_uploads, "missing": gone})
        return written


@dataclass(frozen=True)
class FactValues:
    """The answer to a `FactPlan`: value forms of its fields, sorted. Personal data: stays in staging."""

    place: str
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True)
class GivenFile:
    """A file that a person found in a system that no query reaches, as staged.

    Attributes:
        entry: its path has a number, never the name.
        number: 1, 2, 3, ... within its source.
        name: as the person who found it named it; any text.
        active: parts of it that may run, or could not be inspected.
    """

    entry: FileEntry
    number: int
    media_type: str
    name: str
    active: tuple[ActivePart, ...] = ()


class NotSearched(StrEnum):
    """Why a table was not searched, or not all of it."""

    ROWS = "too_many_rows"
    TIME = "too_slow"
    TYPE = "unknown_type"
    FORMER = "former_rows"
    RIGHT = "no_right"
    ABSENT = "not_there"
    UNTRIED = "nobody_looked"


class Passed(StrEnum):
    """Why a column was not looked into."""

    SETTLED = "settled"
    SECRET = "secret"  # noqa: S105 - no password
    BINARY = "binary"
    FILE = "file"
    KEY = "key_of_ways"
    RIGHT = "no_right"
    TYPE = "unknown_type"
    DAMAGED = "damaged_value"


MENTIONED = "mentioned"
"""Reason why rows that name the person are not given: they are about another person."""


@dataclass(frozen=True)
class SearchLimits:
    """Limits of the search of a table.

    Attributes:
        rows: a table with more of them is not searched.
        seconds: nor one of which the first rows say that it would take longer.
    """

    rows: int = 20_000_000
    seconds: float = 60.0


@dataclass(frozen=True)
class Searched:
    """The result of searching a table of a source.

    Attributes:
        table: its name in the source.
        columns: how many of its columns were searched; the others cannot name a person.
        rows: how many rows were searched.
        found: column -> rows that hold an identifier of the person and that no way of the inventory reaches.
        reason: why it was not searched, or not all of it; None: it was.
        former: column -> of `found`, the rows that hold a former identifier alone.
        kinds: column -> kinds of identifiers that it was searched for.
        passed: column -> why it was not looked into; those that hold no text and no number are left out.
    """

    table: str
    columns: int = 0
    rows: int = 0
    found: dict[str, int] = field(default_factory=dict)
    reason: NotSearched | None = None
    former: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    passed: dict[str, Passed] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceExtract:
    """The extract of a source, of one snapshot.

    Attributes:
        references: a relation among its tables (`inventory.joins.reference_id`) -> whether every value was
            found on the other side; one with very many values is left out.
        facts: for the information sheet, read on the same snapshot.
        structure: what the database itself says of these tables.
        given: files of a source that a person searched; its snapshot is the moment of the answer.
        kept_back: files of such a source that a person left out since.
        searched: results of looking for the person in rows that no way reaches; None: not searched.
        overdue: table -> its rows that should have been removed; for the information sheet.
    """

    source: str
    snapshot: str
    tables: tuple[TableExtract, ...]
    references: dict[str, bool] = field(default_factory=dict)
    facts: tuple[FactValues, ...] = ()
    given: tuple[GivenFile, ...] = ()
    kept_back: tuple[MissingFile, ...] = ()
    structure: Structure = field(default_factory=Structure)
    searched: tuple[Searched, ...] | None = None
    overdue: dict[str, Overdue] = field(default_factory=dict)

    @property
    def compared(self) -> bool:
        """Whether every table was reconciled with the source."""
        return all(table.compared is not None and table.compared.rows == table.rows for table in self.tables)

    @property
    def digests(self) -> dict[str, str]:
        """Path -> SHA-256 of all that was written, as of a table."""
        written = {path: sha256 for table in self.tables for path, sha256 in table.digests.items()}
        return written | {file.entry.path: file.entry.sha256 for file in self.given}

    @property
    def entries(self) -> tuple[FileEntry, ...]:
        """Every staged file of it: of tables, uploaded and given ones."""
        tables = (e for t in self.tables for e in (*t.files, *(upload.entry for upload in t.uploads)))
        return (*tables, *(file.entry for file in self.given))
