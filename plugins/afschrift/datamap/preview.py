"""The page of an answer without a request: rows in memory, and what a reader would not understand marked.

Nothing is staged, written or sent. The rows are a canary's, those of an invented person, or of a real person
with every value masked.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import cast

from afschrift.bundle.contents import Contents, Row
from afschrift.bundle.page.page import render_index
from afschrift.bundle.page.words import SheetWords
from afschrift.bundle.sheet.content import SheetContent
from afschrift.bundle.sheet.document import render_sheet
from afschrift.bundle.sheet.sheet import require_whole
from afschrift.casework.officer import Officer
from afschrift.datamap.check.probe import NO_PERSON
from afschrift.datamap.review.confirmations import must_review
from afschrift.datamap.review.decisions import named_keys
from afschrift.datamap.review.review_samples import SHOWN, masked
from afschrift.domain.decision import Action, ConsentState
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.extracted import SourceExtract, TableExtract, TablePart
from afschrift.domain.keys import Key
from afschrift.domain.plan import ExtractPlan, FieldPlan, Plan, Seal, Withheld
from afschrift.domain.redaction import MASK
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.domain.sources import Source
from afschrift.domain.state import State
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.linked_rows import linked_rows
from afschrift.extraction.own_rows import OwnRows
from afschrift.inventory.joins import hops, references
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.readable import GivenTable, Readability
from afschrift.inventory.unconfirmed import unreached
from afschrift.outside.read_yaml import packaged
from afschrift.selection.identity_graph import Expansion
from afschrift.selection.key_statements import KeyStatements
from afschrift.selection.mask_tokens import salt_key
from afschrift.selection.table_decision import Classifier, PersonFacts
from afschrift.services import Services
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.values.forms import text_batch
from afschrift.values.table_profiler import FirstRows


class Whose(StrEnum):
    """Whose rows are shown."""

    INVENTED = "invented"
    CANARY = "canary"
    PERSON = "person"


_KEPT, _INVENTED = 200_000, 3
_NO_LABEL = "a number without a name: the row that it points to has no `label`"


@dataclass(frozen=True)
class Preview:
    """The page, and the same in short.

    Attributes:
        page: HTML.
        rows: `source.table` -> number of rows.
        marks: `source.table` or `source.table.column` -> what is not clear there.
        waiting: columns that wait for a person and are left out.
        shown: columns of which values are on the page, and how many values.
    """

    page: bytes = field(repr=False)
    rows: Mapping[str, int]
    marks: Mapping[str, tuple[str, ...]]
    waiting: tuple[str, ...]
    shown: tuple[tuple[str, ...], int]
    contents: Contents = field(repr=False)

    def sheet(self, letters: Path) -> bytes:
        """Render the information sheet.

        Raises:
            ConfigurationError: the right has none, or the map lacks a field of it, which is named.
        """
        if not self.contents.plan.right.terms.information_sheet:
            raise ConfigurationError(
                "This right has no information sheet.", remedy="`afschrift preview access`."
            )
        require_whole(self.contents)
        words = SheetWords.of(letters, self.contents.language)
        return render_sheet(SheetContent(self.contents, words), letters)


def preview_invented(services: Services, right: Right, language: str) -> Preview:
    """Show an invented person's page; sources are only asked for their types.

    Raises:
        AfschriftError: a source is down, or the map cannot be used there.
    """
    return _Previewer(services, right, ()).preview(language, "an invented person")


def preview_canary(services: Services, right: Right, language: str, keys: Mapping[str, str]) -> Preview:
    """Show the canary's page, by its signed keys; errors as of `preview_invented`.

    Raises:
        RefusedError: its rows are not in the sources.
    """
    given = [Key(name, value) for name, value in keys.items()]
    return _Previewer(services, right, given).preview(language, "the canary")


def preview_person(
    officer: Officer, services: Services, right: Right, language: str, keys: Mapping[str, str]
) -> Preview:
    """Show the structure of a real person's page: counts, and the first values masked.

    The look is in the trail before anything is returned.

    Raises:
        NotAllowedError: the officer has no role that reviews the map; the attempt is in the trail.
        RefusedError: a key is not declared, leads to no row, or leads to several persons.
    """
    must_review(officer)
    declared = services.inventory.identity.keys
    if not keys or keys.keys() - declared.keys():
        raise RefusedError(
            "These are no identity keys of the data map.",
            remedy=f"name one or more of {', '.join(sorted(declared))}.",
        )
    given = [Key(name, value) for name, value in keys.items()]
    made = _Previewer(services, right, given, hide=True).preview(language, "a person, masked")
    columns, values = made.shown
    payload = {"columns": list(columns), "values": values}
    officer.register.trail.record(None, NewEvent(SHOWN, officer.by, payload))
    return made


class _Previewer:
    """Reads the rows of one preview.

    Args:
        services: of the installation; its register is not used.
        right: of the answer.
        given: keys of the person; none: the person is invented.
        hide: mask every value.
    """

    def __init__(self, services: Services, right: Right, given: Sequence[Key], *, hide: bool = False) -> None:
        self._services, self._right, self._hide = services, right, hide
        self._inventory, self._at = services.inventory, services.now()
        self._keys = self._expanded(given) if given else ()
        self._samples: dict[str, Sequence[Row]] = {}
        self._parts: list[ExtractPlan | Withheld] = []
        self._waiting: list[str] = []

    def preview(self, language: str, whose: str) -> Preview:
        """Read, and render the page."""
        extracts = [
            self._source(source)
            for source in self._inventory.sources.values()
            if any(table.personal for table in source.tables.values())
        ]
        rows = {f"{e.source}.{table.table}": table.rows for e in extracts for table in e.tables}
        if self._keys and not any(rows.values()):
            raise RefusedError(
                "No row of the sources has this key, so there is nothing to show.",
                remedy="compare the key with the source; of a canary, plant its rows first.",
            )
        contents, letters = self._contents(extracts, language), self._services.letters
        marks = find_marks(self._inventory, contents.plan)
        contents = replace(contents, marks=marks, preview=whose)
        shown = [(name, row) for name, found in self._samples.items() for row in found]
        columns = {f"{name}.{column}" for name, row in shown for column, value in row.items() if value}
        values = sum(value is not None for _, row in shown for value in row.values())
        page, waiting = render_index(contents, letters), tuple(self._waiting)
        return Preview(page, rows, marks, waiting, (tuple(sorted(columns)), values), contents)

    def _expanded(self, given: Sequence[Key]) -> tuple[Key, ...]:
        expansion = Expansion(self._inventory, self._services.open_source, self._services.sql, self._at)
        identity = expansion.run(given)
        if identity.persons > 1:
            raise RefusedError(
                f"The key leads to {identity.persons} persons.", remedy="name the key of one person."
            )
        return identity.keys

    def _source(self, source: SourceFile) -> SourceExtract:
        with self._services.open_source(source.source, tag="preview") as session:
            session.bind((*(self._keys or (NO_PERSON,)), salt_key(secrets.token_hex(32))), self._at)
            identity = self._inventory.identity
            made = KeyStatements(self._services.sql, source, identity, session.dialect, session.catalogue())
            theirs = named_keys(self._inventory) if not self._keys else ()  # no key of another role
            beyond = unreached(source.tables, theirs)
            tables = [
                self._table(session, made, source, name)
                for name, table in source.tables.items()
                if table.personal and name not in beyond
            ]
            structure = source.structure(session.structure(), source.tables)
        return SourceExtract(source.source, self._at, tuple(filter(None, tables)), structure=structure)

    def _table(
        self, session: Source, made: KeyStatements, source: SourceFile, name: str
    ) -> TableExtract | None:
        if name not in made.catalogue:
            raise ConfigurationError(
                f"{source.source}.{name} is not in the source.", remedy="`afschrift inventory check --live`."
            )
        consents = {
            f"{of}.{purpose}": ConsentState.GRANTED
            for of, declared in self._inventory.sources.items()
            for purpose, words in declared.purposes.items()
            if words.consent
        }
        classifier = Classifier(self._inventory, self._right, PersonFacts(consents))
        decision = classifier.table(source, name, made.columns(name))
        self._waiting += (column for columns in decision.asks.values() for column in columns)
        if not decision.selected:
            self._parts.append(Withheld(source.source, name, decision.fields))
            return None
        statement = made.extract(name, decision.fields, decision.scope)
        order = source.tables[name].key
        part = ExtractPlan(source.source, name, decision.fields, statement, order=order)
        self._parts.append(part)
        number = self._read(session, part) if self._keys else self._invent(part)
        return TableExtract(source.source, name, (TablePart(number, (), {}),))

    def _read(self, session: Source, part: ExtractPlan) -> int:
        table = self._inventory.sources[part.source].tables[part.table]
        first, number = FirstRows(_KEPT), 0
        own = OwnRows(part, table, self._inventory.identity, self._keys)
        for batch in own.over(partial(session.stream, part.statement))():
            first.take(text_batch(batch, part.selected))
            number += batch.num_rows
        rows: Sequence[Row] = first.rows
        if self._hide:
            rows = [{name: v and masked(v) for name, v in row.items()} for row in rows[:_INVENTED]]
        self._samples[part.name] = rows
        return number

    def _invent(self, part: ExtractPlan) -> int:
        source = self._inventory.sources[part.source]
        table = source.tables[part.table]
        own_record = table.key and {*table.key} <= {link.column for link in table.subject.values()}
        number = 1 if own_record else _INVENTED
        self._samples[part.name] = [
            {planned.name: _invented(source, part.table, planned, row) for planned in part.selected}
            for row in range(number)
        ]
        return number

    def _contents(self, extracts: Sequence[SourceExtract], language: str) -> Contents:
        inventory, at = self._inventory, self._at
        given = tuple(part for part in self._parts if isinstance(part, ExtractPlan))
        withheld = tuple(part for part in self._parts if isinstance(part, Withheld))
        digests, package = (inventory.digest, inventory.policy_digest), self._services.package
        plan = Plan("preview", self._right, language, (), given, withheld, *digests, package, at)
        zone = inventory.controller.zone
        request = Request("preview", "", self._right, at, zone, State.RECEIVED, 0, language)
        seal = Seal(at, 0, "", {extract.source: at for extract in extracts})
        contents = Contents(plan, extracts, inventory, request, self._samples, seal, self._services.formats)
        kept = (len(self._samples[f"{e.source}.{table.table}"]) for e in extracts for table in e.tables)
        if self._hide or [*kept] != [table.rows for e in extracts for table in e.tables]:
            return contents
        links = linked_rows(contents, cast("EncryptedStaging", None))  # all rows are here, and none is staged
        return replace(contents, linked=links)


def find_marks(inventory: Inventory, plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return what a reader would not understand, by table and by column."""
    given = [GivenTable(part.source, part.table, part.selected) for part in plan.extracts]
    tables = {(table.source, table.table): table for table in given}
    judge, marks = Readability(inventory, given), dict[str, tuple[str, ...]]()
    for table in given:
        source, name = inventory.sources[table.source], f"{table.source}.{table.table}"
        declared = source.tables[table.table]
        if declared.title is None:
            marks[name] = ("no title of the table",)
        lacks = judge.missing(table)
        found = {column: [need.in_words("lacks") for need in needs] for column, needs in lacks.items()}
        for hop in references(source, table.table):
            other = source.tables.get(hop.parent)
            if other is None or inventory.identity.person in other.subject or other.label:
                continue
            own = [column for column, _ in hop.pairs if column in table.names]
            if (table.source, hop.parent) in tables and own:
                found.setdefault(own[-1], []).append(_NO_LABEL)
        marks |= {f"{name}.{column}": tuple(words) for column, words in found.items()}
    return marks


def _invented(source: SourceFile, table: str, planned: FieldPlan, row: int) -> str:
    """Return a value of the column's kind; pointers hold what the rows that they point to hold."""
    if planned.action is Action.MASK:
        return MASK
    column = source.tables[table].columns.get(planned.name)
    if column and column.codes:
        return list(column.codes)[row % len(column.codes)]
    category = (column.category if column else None) or ""
    values = packaged("afschrift.datamap", "preview_values.yml")
    texts = (text for start, text in values["categories"].items() if category.startswith(start))
    text: str | None = next(texts, None)
    kind = planned.kind or ValueKind.TEXT
    if text is not None and kind is ValueKind.TEXT:
        return text
    subject = source.tables[table].subject.values()
    to_one = any(planned.name == link.column for link in subject) or any(
        planned.name in dict(hop.pairs) and source.tables[hop.parent].subject for hop in hops(source, table)
    )
    return str(values["kinds"][kind]).format(n=1 if to_one else row + 1)
