"""Searches all tables of a source for the person, before an answer says that no data are held (R08, R09).

The ways of the inventory find rows by key, but not rows that name the person in another column or role. Here
the warehouse searches each column of text for the person's identifiers, columns of numbers for those that
are numbers, and for a short one only columns and members of documents whose name says that they hold it. It
counts the rows that hold one and that no way reaches; no value and no row leaves the warehouse.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from pathlib import Path

from afschrift.domain.decision import Protect
from afschrift.domain.errors import AfschriftError
from afschrift.domain.extracted import NotSearched, Passed, Searched, SearchLimits
from afschrift.domain.keys import Key
from afschrift.domain.plan import Place
from afschrift.domain.sources import ColumnType, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.joins import key_columns
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.law.person import below
from afschrift.selection.column_searches import ColumnSearch, SearchMaker
from afschrift.selection.identifiers import (
    BYTES_NAME,
    CATEGORIES,
    EDGES,
    UUID_NAME,
    Sought,
    is_former,
    kind_of,
    spelled_kind,
)
from afschrift.selection.key_names import in_source, person_words, says
from afschrift.selection.statements import render
from afschrift.selection.ways import WayFinder

_TEXTS = (ValueKind.TEXT, ValueKind.JSON)
_NUMBERS = (ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.NUMBER)
_LEAST = 10**7  # no smaller number is a telephone number or an account
_LARGE = 500_000  # rows from which a table may take longer than its budget
_SAMPLE = 50_000  # rows of such a table whose search tells how long the whole one would take


@dataclass(frozen=True)
class ResidualSearch:
    """Searches the tables of a source, in an open session whose key table holds the identifiers.

    Attributes:
        session: with the person's keys and `identifiers.search_keys` bound.
        keys: the same, as they were bound.
        hidden: `source.table` or `source.table.column` whose existence is hidden (R84).
        damaged: columns with a value that cannot be read.
    """

    inventory: Inventory
    declared: SourceFile
    session: Source
    keys: Sequence[Key]
    sql: Path
    limits: SearchLimits
    hidden: Collection[str] = ()
    damaged: Collection[Place] = ()

    def run(self) -> tuple[Searched, ...]:
        """Search each table that the inventory describes, once; results have the table's name in the source.

        Raises:
            ConfigurationError: a column that a way needs is not there.
            SourceDownError: the source is down.
        """
        catalogue = self.session.catalogue()
        history = self.session.structure().history
        finder = WayFinder(self.declared, self.inventory.identity, self.session.dialect, catalogue)
        entries: dict[str, list[str]] = {}
        for name, described in self.declared.tables.items():
            if not described.copy_of or described.unconfirmed:  # a copy repeats a table that is searched
                entries.setdefault(self.declared.in_source(name), []).append(name)
        return tuple(
            self._table(finder, table, names, catalogue.get(table), former=table in history)
            for table, names in entries.items()
            if not any(f"{self.declared.source}.{name}" in self.hidden for name in names)
        )

    def _table(
        self,
        finder: WayFinder,
        table: str,
        names: Sequence[str],
        columns: Mapping[str, ColumnType] | None,
        *,
        former: bool,
    ) -> Searched:
        """Search a table, with former rows if they are read; `FORMER`: that is not decided."""
        if columns is None:
            return Searched(table, reason=NotSearched.ABSENT)
        try:
            open_columns = dict(self._open(names, columns))
        except AfschriftError:  # no right to the table; if its rows are needed, the plan has asked
            return Searched(table, reason=NotSearched.RIGHT)
        looks = list(self._looks(names, open_columns))
        kinds: dict[str, tuple[str, ...]] = {}
        for look in looks:
            kinds[look.column] = tuple(dict.fromkeys((*kinds.get(look.column, ()), look.kind)))
        passed = dict(self._passed(names, columns, kinds))
        reason = self._not_whole(names, open_columns, kinds)
        if not looks:
            return Searched(table, reason=reason, passed=passed)
        history = {name: self.declared.tables[name].history for name in names}
        if former and None in history.values():
            reason = reason or NotSearched.FORMER
        relation = finder.all_rows(next((name for name in names if history[name] == "read"), names[0]))
        most = self.limits.rows + 1
        [[rows]] = self._counts("row_count.sql", relation=relation, most=most)
        if rows == most:
            return Searched(table, reason=NotSearched.ROWS, passed=passed)
        if rows > _LARGE and self._seconds(relation, looks) * rows / _SAMPLE > self.limits.seconds:
            return Searched(table, reason=NotSearched.TIME, passed=passed)
        held = self._first(relation, looks)
        of_ways = self._columns_of_ways(names)
        readable = [
            column
            for column, found in columns.items()
            if not found.closed and (column in of_ways or not self._is_damaged(names, column))
        ]
        found, once = self._found(finder, relation, names, readable, held) if held else ({}, {})
        return Searched(table, len(kinds), rows, found, reason, once, kinds, passed)

    def _found(
        self,
        finder: WayFinder,
        relation: str,
        names: Sequence[str],
        readable: Sequence[str],
        looks: Sequence[ColumnSearch],
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Column -> rows with an identifier there that no way reaches; those of a former one alone."""
        people = (name for name in names if self.declared.tables[name].personal)
        belongs = [way for name in people for way in finder.ways(name).belongs]
        columns = dict.fromkeys(look.column for look in looks)
        by_column = [[look for look in looks if look.column == column] for column in columns]
        counted = [[look.does for look in some] for some in by_column]
        if any(look.now != look.does for look in looks):
            counted += [[look.now for look in some] for some in by_column]
        texts = [text for look in looks for text in look.texts]
        may = [look.may for look in looks]
        parts = {"counted": counted, "belongs": belongs}
        [counts] = self._counted(relation, looks, texts, readable, may=may, **parts)
        found = dict(zip(columns, counts, strict=False))
        now = dict(zip(columns, counts[len(columns) :] or counts, strict=True))
        former = {column: count - now[column] for column, count in found.items()}
        return {c: n for c, n in found.items() if n}, {c: n for c, n in former.items() if n}

    def _passed(
        self, names: Sequence[str], columns: Mapping[str, ColumnType], asked: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[str, Passed]]:
        """Why columns were not looked into; hidden ones are not named."""
        tables = [self.declared.tables[name] for name in names]
        files = {file.column for table in tables for file in table.file}
        codes = self._columns_of_codes(names)
        numbers = any(Sought.NUMBER in kinds for kinds in asked.values())
        for column, found in columns.items():
            declared = [known for table in tables if (known := table.columns.get(column)) is not None]
            if any(self._is_hidden(name, column) for name in names):
                continue
            if self._is_damaged(names, column):
                yield column, Passed.DAMAGED
            elif any(known.mentions and known.mentions.settled == "not_searched" for known in declared):
                yield column, Passed.SETTLED
            elif found.closed:
                secret = any(known.protect is Protect.SECRET for known in declared)
                yield column, Passed.SECRET if secret else Passed.RIGHT
            elif column in files:
                yield column, Passed.FILE
            elif found.kind is ValueKind.BINARY:
                yield column, Passed.BINARY
            elif column in codes and found.kind in _TEXTS:
                yield column, Passed.KEY
            elif column not in asked and (found.kind is None or (found.kind in _NUMBERS and numbers)):
                yield column, Passed.TYPE

    def _not_whole(
        self, names: Sequence[str], columns: Mapping[str, ColumnType], asked: Collection[str]
    ) -> NotSearched | None:
        """Why not all columns are searched; None: they are. Columns of secrets hold no identifiers."""
        for column, found in columns.items():
            declared = [self.declared.tables[name].columns.get(column) for name in names]
            secret = any(known and known.protect is Protect.SECRET for known in declared)
            if found.closed and not secret:
                return NotSearched.RIGHT
            if found.kind is None and not found.closed and column not in asked:
                return NotSearched.TYPE
        return None

    def _seconds(self, relation: str, looks: Sequence[ColumnSearch]) -> float:
        """Seconds that the search of the first rows takes."""
        began = time.monotonic()
        names = ", ".join(dict.fromkeys(self.session.dialect.quote(look.column) for look in looks))
        some = f"(\nSELECT {names}\nFROM {relation} AS t\nLIMIT {_SAMPLE})"
        self._first(some, looks)
        return time.monotonic() - began

    def _first(self, relation: str, looks: Sequence[ColumnSearch]) -> list[ColumnSearch]:
        """Searches that may find something, by scans that compute little."""
        texts = [look for look in looks if look.text] if any(look.texts for look in looks) else []
        numbers = [look for look in looks if look not in texts]
        counted = [[f"{look.sign} AND {look.may}" if look.sign else look.may] for look in numbers]
        [counts] = self._counted(relation, numbers, counted=counted) if numbers else [()]
        return [*self._first_texts(relation, texts), *compress(numbers, counts)]

    def _first_texts(self, relation: str, looks: Sequence[ColumnSearch]) -> list[ColumnSearch]:
        """The same of texts, by a statement with each pattern once: to read a pattern takes time too."""
        dialect, maker, known = self.session.dialect, SearchMaker(self.session.dialect), self._known
        kinds = self._spelled().items()
        searches = [s for kind, of in kinds for s in maker.text("x", kind, 0, of, known, first=True)]
        if not looks or not searches:
            return []
        columns = list(dict.fromkeys(look.column for look in looks))
        texts = [dialect.text(f"t.{dialect.quote(column)}") for column in columns]
        cases = " ".join(f"WHEN {number} THEN {text}" for number, text in enumerate(texts))
        numbers = " UNION ALL ".join(f"SELECT {number} AS n" for number in range(len(columns)))
        text, number = dialect.quote("x"), dialect.quote("n")
        selected = f"SELECT CASE c.n {cases} END AS {text}, c.n AS {number}"
        signs = [look.sign for look in searches]
        rows = self._counted(
            f"({selected}\nFROM {relation} AS t\nCROSS JOIN ({numbers}) AS c)",
            (),
            [(f"t.{number}", number), *(text for look in searches for text in look.texts)],
            counted=[[look.may] for look in searches],
            signs=[maker.shows("x", "|".join(signs))] if all(signs) else (),
            by=f"t.{number}",
        )
        might = {(columns[at], search.kind) for *counts, at in rows for search in compress(searches, counts)}
        return [look for look in looks if any((look.column, kind) in might for kind in look.text)]

    def _counted(
        self,
        relation: str,
        looks: Sequence[ColumnSearch],
        texts: Sequence[tuple[str, str]] = (),
        readable: Sequence[str] = (),
        **parts: object,
    ) -> list[list[int]]:
        """Counts of rows by `counted`; with `by`, for each of its values, which is last.

        Args:
            relation: to search.
            looks: the searches.
            texts: of them.
            readable: further columns that the statement needs.
            parts: of the statement.
        """
        dialect = self.session.dialect
        needed = dict.fromkeys((*readable, *(look.column for look in looks if not look.texts)))
        columns = [(f"t.{dialect.quote(column)}", dialect.quote(column)) for column in needed]
        empty: dict[str, object] = {"belongs": (), "may": (), "signs": (), "by": ""}
        parts = empty | parts | {"texts": [*columns, *dict.fromkeys(texts)]}
        names = [name for of_kind in self._spelled().values() for name in of_kind]
        names = [*names, *(f"{name}:whole" for name in names)] if dialect.gathers_keys else []
        parts["lists"] = [(dialect.literal(name), dialect.quote(name)) for name in names]
        return self._counts("residual.sql", relation=relation, **parts)

    def _looks(self, names: Sequence[str], columns: Mapping[str, ColumnType]) -> Iterator[ColumnSearch]:
        """Searches of columns that may name the person: texts, and numbers that ways do not use."""
        spelled, looks = self._spelled(), SearchMaker(self.session.dialect)
        plain = {key.name for key in self.keys} & self.inventory.identity.keys.keys()
        codes, pointing = self._columns_of_codes(names), self._pointing(names)
        in_bytes = any(key.name == BYTES_NAME for key in self.keys)
        for number, (column, column_type) in enumerate(columns.items()):
            if column_type.closed:
                continue
            if column_type.kind in _TEXTS and column not in codes:
                for kind, of_kind in spelled.items():
                    # In a column of a way the map says by its periods whose a former key is.
                    some = [name for name in of_kind if column not in pointing or not is_former(name)]
                    yield from looks.text(column, kind, number, some, self._known)
            if column_type.kind in _NUMBERS and column not in codes:
                of_numbers = (*spelled.get(Sought.PHONE, ()), *spelled.get(Sought.NUMBER, ()))
                least = f"t.{self.session.dialect.quote(column)} >= {_LEAST}"
                text = (Sought.PHONE, Sought.NUMBER) if column_type.kind is ValueKind.INTEGER else ()
                yield from looks.number(column, column_type, of_numbers, Sought.NUMBER, least, text)
            elif column_type.kind is ValueKind.UUID:
                yield from looks.number(column, column_type, (UUID_NAME,), Sought.CODE, text=(Sought.CODE,))
            elif column_type.kind is ValueKind.BINARY and column not in codes and in_bytes:
                yield from looks.uuid_bytes(column, BYTES_NAME, Sought.CODE)
            held = key_columns(self.declared, names, column)
            if column not in pointing and column_type.kind in (*_TEXTS, *_NUMBERS, ValueKind.UUID):
                # Else the map says what the column holds, or it holds no key that can be compared.
                held |= {key for key, words in self._known.items() if says(column, words)}
            yield from looks.number(column, column_type, sorted(held & plain), Sought.NAMED)

    @cached_property
    def _known(self) -> dict[str, frozenset[str]]:
        """Key -> the words that say in this source that a column or member holds it."""
        return in_source(person_words(self.inventory), self.declared)

    def _spelled(self) -> dict[str, list[str]]:
        """Kind -> names of the person's spellings in the key table."""
        names = dict.fromkeys(key.name for key in self.keys)
        by_kind = {kind: [name for name in names if spelled_kind(name) == kind] for kind in EDGES}
        return {kind: found for kind, found in by_kind.items() if found}

    def _pointing(self, names: Sequence[str]) -> set[str]:
        """Columns of which the map says what they hold: of a way, a reference or the table's own key."""
        tables = [self.declared.tables[name] for name in names]
        found = {link.column for table in tables for link in table.subject.values()}
        found |= {column for table in tables for join in table.join for column in join}
        return found | {column for table in tables for column in table.references}

    def _columns_of_ways(self, names: Sequence[str]) -> set[str]:
        """Columns that say whose a row is: read even while other columns are passed over."""
        found = set()
        for table in (self.declared.tables[name] for name in names):
            of_ways = [column for link in table.subject.values() for column in link.columns]
            of_ways += [column for join in table.join for column in join]
            found |= {table.parts[name].column if name in table.parts else name for name in of_ways}
        return found

    def _columns_of_codes(self, names: Sequence[str]) -> set[str]:
        """Columns of a key that is no address or number, such as a device: the ways search those already."""
        country, found = self.inventory.controller.country, set()
        for table in (self.declared.tables[name] for name in names):
            for name, link in table.subject.items():
                own = [key.value for key in self.keys if key.name == name]
                described = table.columns.get(link.column)
                if own:
                    code = not any(kind_of(value, country) for value in own)
                else:  # the person has no such key: the data map's category decides
                    category = described.category if described else None
                    code = category is not None and not below(category, CATEGORIES)
                if code:
                    found.add(link.column)
        return found

    def _open(
        self, names: Sequence[str], columns: Mapping[str, ColumnType]
    ) -> Iterator[tuple[str, ColumnType]]:
        """The columns that are not excluded from the search."""
        for column, column_type in columns.items():
            declared = [self.declared.tables[name].columns.get(column) for name in names]
            out = any(c and c.mentions and c.mentions.settled == "not_searched" for c in declared)
            hidden = any(self._is_hidden(name, column) for name in names)
            if not out and not hidden and not self._is_damaged(names, column):
                yield column, column_type

    def _is_damaged(self, names: Sequence[str], column: str) -> bool:
        return any(Place(self.declared.source, name, column) in self.damaged for name in names)

    def _is_hidden(self, name: str, column: str) -> bool:
        """Whether a column is hidden; a document is if any part is, since it is searched as a whole."""
        members = (n for n, part in self.declared.tables[name].parts.items() if part.column == column)
        return any(f"{self.declared.source}.{name}.{member}" in self.hidden for member in (column, *members))

    def _counts(self, template: str, **parts: object) -> list[list[int]]:
        dialect = self.session.dialect
        statement = render(self.sql, template, keys=dialect.keys, **parts)
        return [[int(count) for count in row] for row in self.session.rows(statement)]
