"""Writes the SQL that reads a person's rows from a source.

Each method of `Statements` fills a template of `include/sql/` with names that the dialect has quoted, and
with conditions from `ways`. A statement holds no value of a person: keys are rows of the session's key table.
To change what is read, change the template and its method; what a database spells differently is in its
`Dialect`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from afschrift.domain.decision import Action, Mask
from afschrift.domain.keys import KeyMatch
from afschrift.domain.plan import FieldPlan, Place
from afschrift.domain.redaction import MASK
from afschrift.domain.sources import Catalogue, ColumnType, Dialect
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.model import Consent, SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.inventory.processing import CountryOf
from afschrift.inventory.refutable import masks_others, person_columns
from afschrift.inventory.table import OTHER, OWN
from afschrift.selection.map_entries import of_entries
from afschrift.selection.mask_tokens import token_mask
from afschrift.selection.ways import Match, WayFinder, Ways

HELD_TEXT, HELD_VALUE = "afschrift_held_text_", "afschrift_held_value_"
"""Prefixes of columns that are read but not given: a row's keys, by their number in `subject`."""
_NONE: Mapping[Place, str] = {}
_BLANK_LINES = re.compile(r"\n\s*\n+")


@dataclass(frozen=True)
class Scope:
    """Restricts the rows of an extract to those with an `included` value in a column."""

    column: str
    included: tuple[str, ...]


SHORT, UUID = 3, 36
"""Characters of a text that is more likely a code than a word, and of a UUID."""


class Statements:
    """Writes the SQL of a source for a person's request.

    Statements about what is given find no row of a hidden table and no value of a hidden column, as for a
    person who has none (R84).

    Attributes:
        tables: tables that the source has now, by its own names.
        catalogue: tables and columns by the names of the inventory.
        finder: finds the ways to the person.
    """

    _several, _salt = "", ""
    """For a batch: condition on the rows of several persons, and SQL of the salt of their masks."""
    _whose: tuple[tuple[str, str], ...] = ()
    """For a batch: further columns of a row, which say whose it is."""

    def __init__(
        self,
        folder: Path,
        source: SourceFile,
        identity: IdentityFile,
        dialect: Dialect,
        catalogue: Catalogue,
        hidden: Collection[str] = (),
        as_text: Mapping[Place, str] = _NONE,
    ) -> None:
        """Prepare.

        Args:
            folder: of the templates.
            source: as the data map has it.
            identity: the identity keys.
            dialect: of the session.
            catalogue: of the session.
            hidden: `source.table` or `source.table.column` whose existence is hidden (R84).
            as_text: column -> code of a damaged value, for which it is read as text.
        """
        self._hidden = frozenset(hidden)
        self._folder = folder
        self._source = source
        self._identity = identity
        self._dialect = dialect
        self.tables = catalogue.keys()
        self.catalogue = of_entries(source, catalogue, dialect)
        for place, damage in as_text.items():
            if place.source == source.source and place.column in (of := self.catalogue.get(place.table, {})):
                read = {**of, place.column: of[place.column].as_text(damage)}
                self.catalogue = {**self.catalogue, place.table: read}
        self.finder = WayFinder(source, identity, dialect, catalogue)

    def columns(self, table: str) -> Mapping[str, ColumnType]:
        """The columns of a table as the source has them now."""
        return self.catalogue[table]

    def extract(self, table: str, fields: Sequence[FieldPlan], scope: Scope | None) -> str:
        """The person's rows of a table: selected columns, in a total order by key."""
        declared = self._source.tables[table]
        selected = [f for f in fields if f.action in (Action.INCLUDE, Action.MASK)]
        expressions = [self._expression(table, field) for field in selected]
        quote = self._dialect.quote
        order = [
            self._dialect.order(f"t.{quote(column)}", self.finder.native(table, column))
            for column in declared.key
        ]
        if not order or declared.history == "read":  # a former row has the same key as the current one
            order.append(self._dialect.row_order(expressions))
        order = [*(expression for expression, _ in self._whose[:1]), *order]
        named = ((expr, quote(f.name)) for expr, f in zip(expressions, selected, strict=True))
        columns = [*named, *self._held(table), *self._whose]  # last: ORDER BY may use positions
        return self._render_all(
            "extract.sql", table, columns=columns, order=order, scope=self._scope(table, scope)
        )

    def _held(self, table: str) -> Iterator[tuple[str, str]]:
        """SQL and names of the keys in a row by which it may be the person's."""
        ways = {way.name: way for way in self.finder.ways(table).belongs if isinstance(way, Match)}
        for number, (name, link) in enumerate(self._source.tables[table].subject.items()):
            if name in ways and not self._is_hidden(table, link.column):
                way = ways[name]
                prefix = HELD_VALUE if way.match is None else HELD_TEXT
                yield way.text, self._dialect.quote(f"{prefix}{number}")

    def count(self, table: str, scope: Scope | None = None) -> str:
        """How many rows of a table are the person's."""
        return self._render_all("count.sql", table, scope=self._scope(table, scope))

    def cells(self, table: str, fields: Sequence[FieldPlan], scope: Scope | None) -> str:
        """Per column how many values the rows hold, how many texts exceed `SHORT`, and how many are no UUID.

        A text counts as a UUID by its length.
        """
        columns = []
        for field in fields:
            column = self.finder.column(table, field.name)
            text = self._dialect.text(column)
            beginning = partial(self._dialect.beginning, text)
            longer = f"{text} <> {beginning(SHORT)}"
            other = f"{text} <> {beginning(UUID)} OR {text} = {beginning(UUID - 1)}"
            columns.append((column, (longer, other) if field.kind is ValueKind.TEXT else ("1 = 1", "1 = 1")))
        return self._render_all("cells.sql", table, columns=columns, scope=self._scope(table, scope))

    def exists(self, table: str, scope: Scope | None, any_of: Sequence[str]) -> str:
        """Whether a row of the person holds a value in one of some columns; no row: no."""
        columns = [self._given(table, name, self.finder.column(table, name)) for name in any_of]
        return self._render_all("exists.sql", table, scope=self._scope(table, scope), columns=columns)

    def masked(self, table: str, fields: Sequence[FieldPlan], scope: Scope | None) -> str:
        """How many values each masked column hides, in the order of the fields; empty without masks."""
        masked = [
            (self._given(table, f.name, self.finder.column(table, f.name)), self._when(table, f))
            for f in fields
            if f.action is Action.MASK
        ]
        if not masked:
            return ""
        return self._render_all("masked.sql", table, masked=masked, scope=self._scope(table, scope))

    def changed(self, table: str, column: str) -> str:
        """Whether a time in a column of the person's rows is at or after the bound instant."""
        return self._render("changed.sql", table, changed=self._bound(table, column))

    def unknown_origins(self, table: str) -> str:
        """How many of the person's rows have an origin that the inventory does not name."""
        origin = self._source.tables[table].origin
        assert origin is not None
        known = [self._dialect.literal(value) for value in origin.values]
        return self._render_all("unknown_origins.sql", table, by=self._row_origin(table), known=known)

    def foreign(self, table: str) -> str | None:
        """How many rows nearly belong to the person but have another key; None: there can be none."""
        found = None if self._is_hidden(table) else self.finder.foreign(table)
        return None if found is None else self._render_all("foreign.sql", table, foreign=found)

    def names(
        self, table: str, column: str, *, country: CountryOf | None = None, present: str | None = None
    ) -> tuple[tuple[FieldPlan, ...], str]:
        """The distinct values of a column in the person's rows.

        Args:
            table: the table.
            column: the column.
            country: table with the country of each value, which is read in a second column.
            present: only rows with a value in this column too.
        """
        given = self._given(table, column, self.finder.column(table, column))
        columns = [self._named("name", given, self.finder.native(table, column))]
        lookup = None
        if country is not None:
            country_table, name = country.table, country.name
            on = self.finder.equal((table, column, "t"), (country_table, name, "l"))
            lookup = {"relation": self.finder.relation(country_table), "on": on}
            of = self.finder.column(country_table, country.country, "l")
            columns.append(self._named("country", of, self.finder.native(country_table, country.country)))
        fields = tuple(_fact(name, ValueKind.TEXT) for name in ("name", "country")[: len(columns)])
        also = [self._given(table, present, self.finder.column(table, present))] if present else []
        return fields, self._render_given(
            "names.sql", table, columns=columns, present=[given, *also], lookup=lookup
        )

    def _named(self, name: str, expression: str, native: str) -> tuple[str, str, str]:
        """SQL of a text, its name, and the SQL to group by."""
        text = self._dialect.text(expression)
        by = self._dialect.text_bytes(expression, native) if self._dialect.compares_bytes else text
        return text, self._dialect.quote(name), by

    def span(self, table: str, column: str) -> tuple[tuple[FieldPlan, ...], str]:
        """The first and the last value of a column in the person's rows, and how many rows have none."""
        quoted, of = self._given(table, column, self.finder.column(table, column)), self._read(table, column)
        columns = [
            (of.expression.format(column=f"min({quoted})"), self._dialect.quote("first")),
            (of.expression.format(column=f"max({quoted})"), self._dialect.quote("last")),
            (self._dialect.text(f"(count(*) - count({quoted}))"), self._dialect.quote("without")),
        ]
        fields = (
            *(_fact(name, of.kind or ValueKind.TEXT) for name in ("first", "last")),
            _fact("without", ValueKind.TEXT),
        )
        return fields, self._render_given("span.sql", table, columns=columns)

    def people(self, table: str, names: Sequence[str], most: int, *, own: bool = False) -> str:
        """Some columns, as text, of a table of people: of all rows, or of the person's own (`own`)."""
        columns = [(self._dialect.text(self.finder.column(table, n)), self._dialect.quote(n)) for n in names]
        return self._render("people.sql", table, columns=columns, most=most, own=own)

    def consent(self, table: str, consent: Consent) -> str:
        """The person's rows for one consent: how many hold, how many there are, the last withdrawal."""
        quote, text = self._dialect.quote, self._dialect.text
        return self._render(
            "consent.sql",
            table,
            column=quote(consent.column),
            value=self._dialect.literal(consent.value),
            granted=quote(consent.granted) if consent.granted else None,
            withdrawn=quote(consent.withdrawn) if consent.withdrawn else None,
            last=text(f"t.{quote(consent.withdrawn)}") if consent.withdrawn else None,
        )

    def ways(self, table: str) -> Ways:
        """The ways of a table to the person."""
        return self.finder.ways(table)

    def _bound(self, table: str, column: str | None) -> str | None:
        return self._dialect.bound(self.finder.instant(table, column)) if column else None

    def _read(self, table: str, name: str) -> ColumnType:
        """How a column is read: as its type, or as the database's own text where the inventory says so."""
        declared = self._source.tables[table].columns.get(name)
        found = self.catalogue[table][name]
        return found.as_text() if declared is not None and declared.kind == "text" else found

    def _is_hidden(self, table: str, column: str = "") -> bool:
        """Whether a table is hidden, or a column of it alone."""
        path = f"{self._source.source}.{table}"
        return (f"{path}.{column}" if column else path) in self._hidden

    def _given(self, table: str, column: str, expression: str) -> str:
        """An expression over a column; if that is hidden, NULL of the same type."""
        return f"CASE WHEN 1 = 0 THEN {expression} END" if self._is_hidden(table, column) else expression

    def _expression(self, table: str, field: FieldPlan) -> str:
        return self._given(table, field.name, self._shown(table, field))

    def _shown(self, table: str, field: FieldPlan) -> str:
        """SQL that reads a column, with its mask if it has one."""
        quoted = self.finder.column(table, field.name)
        column = self._read(table, field.name)
        if field.action is not Action.MASK:
            return column.expression.format(column=quoted)
        exact = self._dialect.text((column.text or column.expression).format(column=quoted))
        masked = self._dialect.literal(MASK)
        if field.mask == "last4":
            masked = f"{masked} || {self._dialect.last_four(self._dialect.text(quoted))}"
        elif field.mask == Mask.TOKEN:
            masked = token_mask(self._dialect, exact, self._salt)
        declared = self._source.tables[table].columns.get(field.name)
        for word in declared.mask_after if declared else ():
            start, before = self._dialect.literal(word), self._dialect.literal(f"{word} ")
            begins = f"substr({exact}, 1, {len(word)}) = {start}"
            masked = f"CASE WHEN {begins} THEN {before} || {masked} ELSE {masked} END"
        when = self._when(table, field)
        other = exact if when else masked
        condition = f"{quoted} IS NOT NULL" + (f" AND {when}" if when else "")
        keep = other if when else "NULL"
        return f"CASE WHEN {condition} THEN {masked} ELSE {keep} END"

    def _when(self, table: str, field: FieldPlan) -> str | None:
        """Condition for the rows whose value is masked; None: all rows are.

        The person's own key is never masked as data of others.
        """
        declared, person = self._source.tables[table], self._identity.person
        column = declared.columns.get(field.name)
        if column is None:
            return None
        conditions = []
        if column.when and declared.origin is not None:
            values = ", ".join(self._dialect.literal(value) for value in column.when)
            conditions.append(f"{self._row_origin(table)} IN ({values})")
        if masks_others(column):
            held = dict.fromkeys(person_columns(self._source, table, person), (person, KeyMatch.EXACT))
            held |= {link.column: (key, link.match) for key, link in declared.subject.items()}
            if field.name in held:
                key, match = held[field.name]
                own = self.finder.bears(table, field.name, key, of_row=bool(self._several), match=match)
                conditions.append(f"NOT ({own})")
        return " AND ".join(conditions) or None

    def _scope(self, table: str, scope: Scope | None) -> tuple[str, list[str]] | None:
        if scope is None:
            return None
        literals = [self._dialect.literal(value) for value in scope.included]
        return self._row_origin(table), literals

    def _row_origin(self, table: str) -> str:
        """SQL of the word for a row's origin: a column's value, or whether that is the person's key."""
        origin = self._source.tables[table].origin
        assert origin is not None
        if origin.person_key is None:
            return f"t.{self._dialect.quote(origin.by)}"
        own = self.finder.bears(table, origin.by, origin.person_key, of_row=bool(self._several))
        by = self.finder.column(table, origin.by)
        return f"CASE WHEN {by} IS NULL THEN NULL WHEN {own} THEN '{OWN}' ELSE '{OTHER}' END"

    def row_origins(self, table: str) -> tuple[tuple[FieldPlan, ...], str]:
        """The words for the origins of the person's rows, each with the number of rows."""
        origin = self._source.tables[table].origin
        assert origin is not None
        return self._counted(table, self._given(table, origin.by, self._row_origin(table)))

    def held(self, table: str, column: str) -> tuple[tuple[FieldPlan, ...], str]:
        """How many of the person's rows have a value in a column, which is not read; without one, no row."""
        given = self._given(table, column, self.finder.column(table, column))
        return self._counted(table, f"CASE WHEN {given} IS NOT NULL THEN 'held' END")

    def _counted(self, table: str, word: str) -> tuple[tuple[FieldPlan, ...], str]:
        quote = self._dialect.quote
        number = self._dialect.text("count(*)"), quote("number")
        fields = _fact("word", ValueKind.TEXT), _fact("number", ValueKind.TEXT)
        return fields, self._render_given("row_words.sql", table, word=(word, quote("word")), number=number)

    def _render_all(self, template: str, table: str, **parts: object) -> str:
        """Render over former rows too, if the inventory says so; ways over joins use current rows alone."""
        return self._render_given(template, table, **parts, relation=self.finder.all_rows(table))

    def _render_given(self, template: str, table: str, **parts: object) -> str:
        """Render over the person's rows that may be given; none of a hidden table."""
        return self._render(template, table, **parts, **({"belongs": ()} if self._is_hidden(table) else {}))

    def _render(self, template: str, table: str, **parts: object) -> str:
        parts = {"relation": self.finder.relation(table), "belongs": self.finder.ways(table).belongs, **parts}
        parts |= {"keys": self._dialect.keys, "one_row": self._dialect.one_row, "several": self._several}
        return render(self._folder, template, **parts)


def _fact(name: str, kind: ValueKind) -> FieldPlan:
    return FieldPlan(name, kind, Action.INCLUDE, ("R73",), "information_sheet")


@cache
def sql_templates(folder: Path) -> Environment:
    """The templates of `include/sql`; compiled once a process, and again if a file changes."""
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  SQL, not HTML: everything that comes in is quoted by the dialect
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(folder: Path, template: str, **parts: Any) -> str:
    """Fill a template of `include/sql/` with quoted identifiers."""
    text = sql_templates(folder).get_template(template).render(**parts)
    return _BLANK_LINES.sub("\n", text).strip() + "\n"
