"""The frozen plan of a request and the record of what was extracted by it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from afschrift.core.decision import Action
from afschrift.core.event import digest
from afschrift.core.kind import Kind
from afschrift.core.origin import Origin
from afschrift.core.right import Right


@dataclass(frozen=True)
class FieldPlan:
    """One column of the inventory with its decision.

    Attributes:
        name: column name in the source.
        kind: logical kind, from the source's catalogue; None where the column is not selected.
        action, rules, reason, mask: the column decision.
        origin: None where the origin goes by row; `origins` then holds the included ones.
        outside_art20: handed over voluntarily (R22).
    """

    name: str
    kind: Kind | None
    action: Action
    rules: tuple[str, ...]
    reason: str
    origin: Origin | None = None
    origins: tuple[Origin, ...] = ()
    mask: str | None = None
    outside_art20: bool = False
    about_others: bool = False


@dataclass(frozen=True)
class ExtractPlan:
    """One table: its column decisions and the statement that reads it.

    Attributes:
        statement: SQL text without any value; the person's keys are bound beside it.
        masked_statement: counts what each mask hides, in the order of the masked fields; may be empty.
        keys: names of the identity keys that the statement uses.
        order: the columns that give the rows their total order; empty: by digest of the row.
        row_rule: columns value -> in or out, where the origin goes by row.
        path: how the table leads to the person, in words for the officer.
    """

    source: str
    table: str
    fields: tuple[FieldPlan, ...]
    statement: str
    keys: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    row_rule: dict[str, Any] = field(default_factory=dict)
    path: str = ""
    masked_statement: str = ""

    @property
    def name(self) -> str:
        """`source.table`, unique in a plan."""
        return f"{self.source}.{self.table}"

    @property
    def selected(self) -> tuple[FieldPlan, ...]:
        """The columns that leave the warehouse, in the order of the file."""
        return tuple(f for f in self.fields if f.action in (Action.INCLUDE, Action.MASK))


@dataclass(frozen=True)
class Withheld:
    """A table of which nothing leaves the warehouse, and why."""

    source: str
    table: str
    fields: tuple[FieldPlan, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Distinct reasons in the order of the columns."""
        return tuple(dict.fromkeys(f.reason for f in self.fields))


@dataclass(frozen=True)
class Plan:
    """Everything that was decided before the first row is read.

    Attributes:
        frozen_at: RFC 3339 instant; the bundle says that the systems were read on this date.
        inventory, policy: digests of what the decisions rest on; a change stops the run (drift).
        package: version of the software.
        keys: fingerprint of the person's keys that the plan was made for.
        destination: where the bundle goes.
        consents: `source.purpose` -> state of the person's own consent.
    """

    request: str
    right: Right
    language: str
    formats: tuple[str, ...]
    extracts: tuple[ExtractPlan, ...]
    withheld: tuple[Withheld, ...]
    inventory: str
    policy: str
    package: str
    frozen_at: str
    keys: str = ""
    destination: str = ""
    consents: dict[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 over the plan in canonical JSON: what reviews and later steps are bound to."""
        return digest(asdict(self))

    def of_source(self, source: str) -> tuple[ExtractPlan, ...]:
        """The extracts of one source."""
        return tuple(e for e in self.extracts if e.source == source)

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources with something to extract, in order."""
        return tuple(dict.fromkeys(e.source for e in self.extracts))


@dataclass(frozen=True)
class FileEntry:
    """One written file, addressed in staging, where it lies deflated and encrypted.

    Attributes:
        path: path below `data/` of the bundle, for example `shop/orders.csv`.
        format: name in the registry of formats.
        bytes, sha256: of the plain content, hex.
        options: what a reader must know, for example the null marker of a CSV.
        crc32: of the plain content, as ZIP wants it.
        deflated_bytes, deflated_sha256: of the content as raw deflate (RFC 1951), which the bundle takes
            over as it is.
    """

    path: str
    format: str
    bytes: int
    sha256: str
    options: dict[str, str] = field(default_factory=dict)
    crc32: int = 0
    deflated_bytes: int = 0
    deflated_sha256: str = ""


@dataclass(frozen=True)
class Part:
    """A run of a table's rows, in a file of its own for each format.

    Attributes:
        rows: number of rows.
        checksums: column -> digest over its value forms in row order; stays in staging.
    """

    rows: int
    files: tuple[FileEntry, ...]
    checksums: dict[str, str]


@dataclass(frozen=True)
class TableExtract:
    """One table's rows of one person, as written.

    Attributes:
        parts: in the order of the rows; more than one where the table is large.
        masked: column -> number of masked values.
    """

    source: str
    table: str
    parts: tuple[Part, ...]
    masked: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows of all parts."""
        return sum(part.rows for part in self.parts)

    @property
    def files(self) -> tuple[FileEntry, ...]:
        """The files of all parts."""
        return tuple(entry for part in self.parts for entry in part.files)


@dataclass(frozen=True)
class SourceExtract:
    """What one source gave, on one snapshot."""

    source: str
    snapshot: str
    tables: tuple[TableExtract, ...]


@dataclass(frozen=True)
class Seal:
    """What a bundle is sealed with, fixed once a plan, so that packing again gives the same bytes.

    Attributes:
        sealed_at: RFC 3339 instant, UTC.
        trail_seq, trail_head: last event of the audit trail at sealing and its digest (hex); every
            bundle delivered is a witness of the trail.
    """

    sealed_at: str
    trail_seq: int
    trail_head: str
