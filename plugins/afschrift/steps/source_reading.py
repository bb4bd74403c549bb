"""One reading of a source on one snapshot: its tables, its uploaded files, the facts for the sheet."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from functools import cached_property, partial
from typing import Any

from afschrift.casework.columns.judged_files import active_counts, judged_files
from afschrift.casework.partial_response.damaged import damaged_columns, unsearched
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.errors import GateError
from afschrift.domain.extracted import Compared, Searched, SourceExtract, TableExtract
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.overview import Overview
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.sources import Source, Structure
from afschrift.extraction.comparison import Comparison
from afschrift.extraction.exchange import exchange_plans
from afschrift.extraction.finder.find import SourceFinder
from afschrift.extraction.own_rows import OwnRows
from afschrift.extraction.profile_columns import choices, kept_bytes
from afschrift.extraction.redact import redact_batches
from afschrift.extraction.row_observers import Batches, RowObservers
from afschrift.extraction.row_persons import RowPersons
from afschrift.extraction.staged_records import stage_observations, stage_record
from afschrift.extraction.write import TableWriter
from afschrift.questions.ask import ask, asking
from afschrift.questions.kind import OpenQuestion
from afschrift.selection.mask_tokens import SALT_OF, salt_key
from afschrift.selection.table_decision import NO_ROWS
from afschrift.steps.keyed_digests import keyed_files
from afschrift.steps.plan_gates import Gate
from afschrift.steps.residual import bound_keys, evidence, search, unsettled
from afschrift.steps.sheet_facts import read_facts, require_complete
from afschrift.steps.staging_faults import staged_identifiers
from afschrift.values.table_profiler import Rows


class SourceReading:
    """Reads the tables of a source, one after the other, into encrypted staging."""

    def __init__(self, gate: Gate, source: str, keys: Sequence[Key]) -> None:
        services, plan = gate.services, gate.plan
        self._services, self._plan, self._source, self._keys = services, plan, source, keys
        self._staging, self._hidden, self._mac = gate.staging, gate.hidden, gate.fingerprint
        self._results = gate.results
        self._finding = SourceFinder(services, plan, keys)
        self._observers = RowObservers(services, self._staging, source, self._finding, plan, self._persons)
        self._chosen, self._kept = choices(services.inventory, plan), kept_bytes(len(plan.extracts))
        self._seconds: dict[str, float] = {}
        self._searched: dict[str, Any] = {}
        self._bound: tuple[Key, ...] = ()
        self._found: tuple[Searched, ...] = ()
        self._structure = Structure()
        self._samples: dict[str, Rows] = {}
        self._overviews: dict[str, Overview] = {}

    def _persons(self, part: ExtractPlan, columns: Collection[str]) -> RowPersons:
        return RowPersons(
            part,
            columns,
            person=self._services.inventory.identity.person,
            keys=self._keys,
            values=self._identifiers,
            salt=self._mac(SALT_OF),
        )

    @cached_property
    def _identifiers(self) -> tuple[str, ...]:
        return staged_identifiers(self._staging)

    def run(self, received_at: str, ask_again: Callable[[], None]) -> SourceExtract:
        """Read and stage. The record is staged last, so files without one are no extract.

        Args:
            received_at: RFC 3339 instant as of which the person's keys hold.
            ask_again: the second gate, before the record is staged.

        Raises:
            GateError: since the plan was frozen, values were added that lack a consent or a class.
            ValidationFailedError: the rows differ from what the source itself computes of them, or a file
                does not read back as what was extracted.
            NeedsPersonError: something that only a person can settle; the question is in the register.
            SourceDownError: the source is down.
            RetriableError: the staging is down.
        """
        services, plan, source = self._services, self._plan, self._source
        with (
            asking(services.register, plan.request, KINDS),
            services.open_source(source, plan.request, **plan.opening(source)) as session,
        ):
            keys, at = self.keys(received_at)
            session.bind(keys, at)
            asked = self.search(session)
            record = None if asked else self._read(session)
        if record is None:
            raise ask(services.register, plan.request, asked)
        ask_again()
        return self.stage(record)

    def keys(self, received_at: str) -> PersonKeys:
        """Return the rows of the key table (keys, spellings, the salt of masks), and the instant."""
        own = staged_identifiers(self._staging)
        self._bound = bound_keys(self._services, self._keys, own, received_at)
        return (*self._bound, salt_key(self._mac(SALT_OF))), received_at

    def search(self, session: Source) -> tuple[OpenQuestion, ...]:
        """Run the residual search; return its open questions."""
        services, plan, source = self._services, self._plan, self._source
        damaged = unsearched(damaged_columns(services, plan.request, self._results))
        self._found = search(services, source, session, self._bound, self._hidden, damaged)
        self._searched = evidence(self._found, self._bound, services.inventory)
        return unsettled(services, plan.request, source, self._found, self._bound)

    def _read(self, session: Source) -> SourceExtract:
        self.begin(session)
        tables = []
        for part in self._plan.of_source(self._source):
            table = self.table(session, part)
            table.write()
            tables.append(table.finish())
        return self.end(session, tables)

    def begin(self, session: Source) -> None:
        """Before the first table: read the structure that the database itself declares."""
        parts = self._plan.of_source(self._source)
        declared = self._services.inventory.sources[self._source]
        self._structure = declared.structure(session.structure(), {part.table for part in parts})
        self._observers.know(self._structure.foreign_keys)

    def table(self, session: Source, part: ExtractPlan) -> TableReading:
        """Prepare to read a table."""
        services = self._services
        hidden = {f.name for f in part.selected if f"{part.name}.{f.name}" in self._hidden}
        percent, seed = services.limits.hashed_percent, self._plan.digest()
        comparison = Comparison(session, part, percent, seed, hidden)
        formats = [services.formats[name] for name in self._plan.formats]
        inventory = services.inventory
        source = inventory.sources[self._source]
        portable = self._plan.right.terms.provided_only
        exchanges = exchange_plans(part, source, services.exchanges) if portable else ()
        chosen, kept = self._chosen[part.name], self._kept
        writer = TableWriter(
            self._staging, part, formats, services.limits, chosen, kept, comparison, exchanges
        )
        declared = source.tables[part.table]
        own = OwnRows(part, declared, inventory.identity, self._keys)
        read = redact_batches(part, own.over(partial(session.stream, part.statement)), self._mac)
        stream = self._finding.over(part, self._observers.over(part, read))
        return TableReading(self, part, comparison, writer, read, stream, _masked(session, part))

    def with_observations(
        self, table: TableExtract, part: ExtractPlan, writer: TableWriter, seconds: float
    ) -> TableExtract:
        """Note what was observed of a table while it was written; return the table with it."""
        self._samples[part.name], self._overviews[part.name] = writer.sample, writer.overview
        self._seconds[part.table] = round(seconds, 1)
        return self._observers.with_observations(table)

    def end(self, session: Source, tables: Sequence[TableExtract]) -> SourceExtract:
        """After the last table: read the facts for the sheet; return the record.

        Raises:
            NeedsPersonError: the sheet has a gap.
        """
        plan, source = self._plan, self._source
        facts = read_facts(session, [fact for fact in plan.facts if fact.source == source])
        seen = self._observers.references()
        record = SourceExtract(
            source,
            session.snapshot,
            tuple(tables),
            seen,
            facts,
            structure=self._structure,
            searched=self._found,
            overdue=self._observers.overdue(facts),
        )
        require_complete(self._services.inventory, plan, record)
        return record

    def stage(self, record: SourceExtract) -> SourceExtract:
        """Stage the observations, and the record last.

        Raises:
            NeedsPersonError: a file has active content, and it is not decided whether it is included.
        """
        request = self._plan.request
        record = judged_files(self._services.register, self._staging, record, request, self._mac)
        stage_observations(self._staging, self._source, self._samples, self._overviews)
        self._finding.stage(self._staging, self._source)
        stage_record(self._staging, record)
        return record

    def evidence(self, record: SourceExtract) -> dict[str, Any]:
        """Return what the trail keeps of the tables: counts and keyed digests."""
        tables, parts = record.tables, self._plan.of_source(self._source)
        return {
            "tables": {t.table: t.rows for t in tables},
            "files": keyed_files(self._services, record.digests),
            "read_back": sum(entry.read_back is not None for entry in record.entries),
            **({"versions": record.structure.versions} if record.structure.versions else {}),
            "masked": {t.table: t.masked for t in tables if t.masked},
            "redacted": {p.table: len(p.redactions) for p in parts if p.redactions},
            "uploads": {t.table: len(t.uploads) for t in tables if t.uploads},
            "missing": {t.table: len(t.missing) for t in tables if t.missing},
            **({"active": active} if (active := _active(tables)) else {}),
            "compared": {t.table: _evidence(t.compared) for t in tables if t.compared},
            **({"slowest": self._slowest()} if tables else {}),
            **self._searched,
            **self._finding.evidence(),
        }

    def _slowest(self) -> dict[str, Any]:
        """Return the table that took longest, and its seconds."""
        table = max(self._seconds, key=self._seconds.__getitem__)
        return {"table": table, "seconds": self._seconds[table]}


class TableReading:
    """One table: written while its rows are read, and then reconciled with the source."""

    def __init__(
        self,
        reading: SourceReading,
        part: ExtractPlan,
        comparison: Comparison,
        writer: TableWriter,
        read: Batches,
        stream: Batches,
        masked: dict[str, int],
    ) -> None:
        """`read`: the rows for a second reading, if they must be compared again; `stream`: with observers.

        `accounted`: the rows that were written are reconciled with the source.
        """
        self._reading, self._part, self._comparison, self._writer = reading, part, comparison, writer
        self._read, self._stream, self._masked = read, stream, masked
        self._seconds = 0.0
        self._table: TableExtract | None = None
        self.accounted = False

    def write(self) -> None:
        """Write every file of the table; nothing else reads the source meanwhile."""
        begun = time.monotonic()
        self._table = self._writer.write(self._stream, self._masked)
        self._seconds += time.monotonic() - begun

    def finish(self) -> TableExtract:
        """Reconcile the table with the source and return it.

        Raises:
            ValidationFailedError: the rows differ from what the source itself computes of them.
            GateError: since the plan was frozen, values were added that lack a consent or a class.
        """
        assert self._table is not None
        begun, part = time.monotonic(), self._part
        compared = self._comparison.require(self._read)
        self.accounted = True
        self._seconds += time.monotonic() - begun
        table = self._reading.with_observations(self._table, part, self._writer, self._seconds)
        table = replace(table, compared=compared)
        nulls = table.seen.nulls if table.seen else {}
        if any(f.reason == NO_ROWS and nulls.get(f.name, 0) < table.rows for f in part.selected):
            raise GateError(
                f"{part.name} now holds values of the person that lack a consent, or a class.",
                remedy="clear `classify` and what follows: a person must decide on them.",
            )
        return table


def _active(tables: Sequence[TableExtract]) -> dict[str, dict[str, int]]:
    """Return the active content of uploaded files by table: kind -> number of files."""
    found = {table.table: active_counts(table.uploads) for table in tables}
    return {table: counts for table, counts in found.items() if counts}


def _evidence(compared: Compared) -> dict[str, Any]:
    """Return what was reconciled: numbers of rows and columns, and the sample."""
    return {
        "rows": compared.rows,
        "hashed_rows": compared.hashed_rows,
        "hashed_columns": len(compared.hashed),
        **({"counted_columns": list(compared.counted)} if compared.counted else {}),
        **({"sample": asdict(compared.sample)} if compared.sample else {}),
    }


def _masked(session: Source, part: ExtractPlan) -> dict[str, int]:
    """Return how many values each mask hides, counted in the warehouse on the same snapshot."""
    if not part.masked_statement:
        return {}
    names = [f.name for f in part.selected if f.mask]
    counts = session.rows(part.masked_statement)[0]
    return {name: int(count) for name, count in zip(names, counts, strict=True)}
