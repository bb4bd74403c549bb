"""Everything that goes into a bundle. Nothing else may influence its bytes: no clock, no environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from afschrift.domain.extracted import (
    FileEntry,
    GivenFile,
    MissingFile,
    Searched,
    SourceExtract,
    TableExtract,
)
from afschrift.domain.files import Format
from afschrift.domain.keys import Key
from afschrift.domain.overdue import Overdue
from afschrift.domain.overview import Overview
from afschrift.domain.plan import ExtractPlan, FieldPlan, Plan, Seal
from afschrift.domain.request import Request
from afschrift.domain.sources import Structure
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.column import Column
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.table import Table
from afschrift.selection.fact_plans import held_place

Row = Mapping[str, str | None]
Linked = tuple[str | None, ...]
"""Values of a row in its table's `label` columns; long texts are cut."""


@dataclass(frozen=True)
class SharedKey:
    """A key that others use too.

    Attributes:
        name: of the key.
        given: a person decided that the rows are given; else they are left out.
        values: the person's own.
        rows: `source.table` -> number of rows that nothing else finds.
    """

    name: str
    values: tuple[str, ...]
    rows: Mapping[str, int]
    given: bool = False


@dataclass(frozen=True, eq=False)
class Contents:
    """The plan, the extracts by it, and what explains them to the person.

    Attributes:
        extracts: one for each source that was read.
        samples: `source.table` -> its first rows as value forms; column -> text, None for NULL.
        overviews: `source.table` -> overview of all its rows.
        formats: the installation's formats, by name.
        linked: rows to which rows in the samples refer: `source.table` and the referenced columns -> their
            values -> the row's `label`.
        decided: `source.table` -> its rows of decisions, newest first; absent: the samples are all its rows.
        for_another: another party than the person made the request.
        access_asked: the message asks for access too, so the page of portability does not offer it.
        removed_by: the day by which rows that are held too long are removed, as an officer decided.
        denial: how it says that nothing is held (R09): `plain`, `part` (only what can be had), `evasive`.
        shared: keys that others use too, and that find rows.
        keys: by which rows were searched, as far as the person may know of them (R84).
        identifiers: likewise, further values of the person's own record for which texts were searched.
        preview: whose rows a preview shows; empty: it is an answer to a request.
        marks: in a preview, `source.table` or `source.table.column` -> what a reader would not understand.
    """

    plan: Plan
    extracts: Sequence[SourceExtract]
    inventory: Inventory
    request: Request
    samples: Mapping[str, Sequence[Row]]
    seal: Seal
    formats: Mapping[str, Format]
    overviews: Mapping[str, Overview] = field(default_factory=dict)
    linked: Mapping[tuple[str, tuple[str, ...]], Mapping[tuple[str, ...], Linked]] = field(
        default_factory=dict
    )
    decided: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    for_another: bool = False
    access_asked: bool = False
    removed_by: date | None = None
    denial: str = "part"
    shared: tuple[SharedKey, ...] = ()
    keys: tuple[Key, ...] = ()
    identifiers: tuple[str, ...] = field(default=(), repr=False)
    preview: str = ""
    marks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """Language of the person's texts."""
        return self.plan.language

    @cached_property
    def says_none(self) -> bool:
        """Whether a table or system without data is said to hold nothing of the person (R09)."""
        empty = (e for e in self.plan.extracts if (w := self.extracted(e.source, e.table)) and not w.rows)
        alike = self.plan.right.terms.provided_only or any(
            not extract.row_rule.get("whole", True) for extract in empty
        )
        return self.denial == "plain" and not alike

    def extracted(self, source: str, table: str) -> TableExtract | None:
        """The extract of a table; None if nothing was written."""
        return self._written.get((source, table))

    @cached_property
    def _written(self) -> dict[tuple[str, str], TableExtract]:
        return {(e.source, written.table): written for e in self.extracts for written in e.tables}

    def references(self, source: str) -> Mapping[str, bool]:
        """Reference in a source -> whether the person's rows satisfy it, if that was checked."""
        return next((e.references for e in self.extracts if e.source == source), {})

    def structure(self, source: str) -> Structure:
        """Structure of the read tables, from the source's catalogue."""
        return next((e.structure for e in self.extracts if e.source == source), Structure())

    def searched(self, source: str) -> tuple[Searched, ...]:
        """Results of searching a source's tables for the person besides the ways of the inventory."""
        return next((e.searched for e in self.extracts if e.source == source and e.searched), ())

    def overdue(self, source: str, table: str) -> Overdue | None:
        """Rows of a table that are held after their period; None: there are none."""
        return next((e.overdue.get(table) for e in self.extracts if e.source == source), None)

    @cached_property
    def _facts(self) -> dict[tuple[str, str], tuple[tuple[str | None, ...], ...]]:
        return {(e.source, fact.place): fact.rows for e in self.extracts for fact in e.facts}

    def facts(self, source: str, place: str) -> tuple[tuple[str | None, ...], ...]:
        """What the data say at a place of the inventory; empty where they say nothing, or were not asked."""
        return self._facts.get((source, place), ())

    def was_read(self, source: str, place: str) -> bool:
        """Whether the data were asked what they say at a place of the inventory."""
        return (source, place) in self._facts

    def may_hold(self, source: str, table: str, column: str) -> bool:
        """Whether the person has a value in a column that is not read, or that was not asked."""
        return bool(self._facts.get((source, held_place(table, column)), True))

    def concerns(self, source: str, purpose: str, recipient: int | None = None) -> bool:
        """Whether a purpose, or a recipient of it by number, concerns the person, by their own rows.

        It does where these were not asked.
        """
        declared, place = self.source(source).purposes[purpose], f"purposes.{purpose}"
        only = declared.only
        if recipient is not None:
            only, place = (declared.recipients or ())[recipient].only, f"{place}.recipients.{recipient}"
        found = self._facts.get((source, f"{place}.only"))
        return only is None or found is None or any(row[0] in only.values for row in found)

    def row_origins(self, source: str, table: str, column: FieldPlan) -> dict[str, Origin]:
        """The words by which the origin of a column differs in the person's rows; empty: it does not.

        Where it was not read which are there, every word of the inventory may be meant.
        """
        by_row = self.table(source, table).origin
        if by_row is None or column.origin is not None or self.column(source, table, column.name).origin:
            return {}
        if by_row.person_key:
            found = {row[0] for row in self.facts(source, f"tables.{table}.origin")}
        else:
            seen = written.seen if (written := self.extracted(source, table)) else None
            found = set(seen.codes.get(by_row.by, ())) if seen else set()
        named = {word: origin for word, origin in by_row.values.items() if origin in column.origins}
        return {word: origin for word, origin in named.items() if word in found} or named

    @cached_property
    def held(self) -> tuple[tuple[ExtractPlan, TableExtract], ...]:
        """The tables with rows, in the order of the plan; only their files are in the bundle."""
        found = ((planned, self.extracted(planned.source, planned.table)) for planned in self.plan.extracts)
        return tuple((planned, written) for planned, written in found if written and written.rows)

    @property
    def given(self) -> Iterator[tuple[str, GivenFile]]:
        """Files that a person found in systems that no query reaches, each with its source."""
        return ((extract.source, file) for extract in self.extracts for file in extract.given)

    def kept_back(self, source: str) -> tuple[MissingFile, ...]:
        """Files that a person found in a system, and a reviewer left out."""
        return next((extract.kept_back for extract in self.extracts if extract.source == source), ())

    def files(self) -> Iterator[FileEntry]:
        """The staged files to pack: of tables, uploaded by the person, found in systems by hand."""
        for _, written in self.held:
            yield from written.files
            yield from (upload.entry for upload in written.uploads)
        yield from (file.entry for _, file in self.given)

    @property
    def read_between(self) -> tuple[str, str]:
        """The first and the last RFC 3339 instant at which a system was read (R07).

        If none was read, both are the time at which that was decided.
        """
        moments = [m for source, m in self.seal.snapshots.items() if source in self.plan.sources]
        return min(moments, default=self.plan.frozen_at), max(moments, default=self.plan.frozen_at)

    def overview(self, extract: ExtractPlan) -> Overview:
        """Overview of all rows of a table; empty if there is none."""
        return self.overviews.get(extract.name) or Overview()

    def source(self, name: str) -> SourceFile:
        """A source of the inventory."""
        return self.inventory.sources[name]

    def table(self, source: str, table: str) -> Table:
        """A table of the inventory."""
        return self.source(source).tables[table]

    def column(self, source: str, table: str, column: str) -> Column:
        """A column of the inventory; empty if the inventory does not describe it."""
        return self.table(source, table).columns.get(column) or Column()

    def source_title(self, source: str) -> str:
        """Title of a source, or of a system that people search, in the person's language; else its name."""
        known = self.inventory.sources.get(source) or self.inventory.manual.get(source)
        return known.title.get(self.language) if known and known.title else source

    def table_title(self, source: str, table: str) -> str:
        """A table's title in the person's language, or else its name."""
        title = self.table(source, table).title
        return title.get(self.language) if title else table

    def column_title(self, source: str, table: str, column: str) -> str:
        """A column's title in the person's language, or else its name."""
        title = self.column(source, table, column).title
        return title.get(self.language) if title else column

    def purposes(self, source: str, table: str, column: str) -> tuple[str, ...]:
        """Ids of the purposes of a column, or else of its table, that concern the person."""
        own = self.column(source, table, column).purposes
        names = self.table(source, table).purposes if own is None else own
        return tuple(name for name in names if self.concerns(source, name))
