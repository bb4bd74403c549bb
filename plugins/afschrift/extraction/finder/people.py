"""The people in the warehouse, read for the finder: everyone's names, and the person's own data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.errors import ConfigurationError, NeedsPersonError, RetriableError
from afschrift.domain.keys import Key
from afschrift.domain.plan import Plan
from afschrift.domain.sources import Source
from afschrift.extraction.finder.person_names import NameIndex
from afschrift.extraction.finder.text import OwnData, People
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table
from afschrift.selection.statements import Statements
from afschrift.services import Services

TOO_MANY, OUT_OF_REACH, UNREADABLE = "too_many", "out_of_reach", "unreadable"
_MOST_OWN = 1_000  # rows of one person in a table of people
_NAME = "user.name"
_OWN = (_NAME, "user.contact", "user.financial", "user.government_id")
"""Categories of columns whose value in the person's own row is not data of others."""


class PeopleReader:
    """Reads the tables with `names` in the inventory, whatever their source.

    `own`: further values that are not data of others.

    Attributes:
        outcomes: `source.table` -> number of people read, or why none were; for the log and the evidence.
    """

    def __init__(self, services: Services, plan: Plan, keys: Sequence[Key], own: Iterable[str] = ()) -> None:
        self._services = services
        self._plan = plan
        self._keys = keys
        self.outcomes: dict[str, int | str] = {}
        self._names: set[str] = set()
        self._ignored: set[str] = set()
        self._own_names: set[str] = set()
        self._own_values = {key.value for key in keys} | set(own)

    def read(self) -> People:
        """Read everyone's names and the person's own data.

        A source that is down or refuses us must not keep the person waiting, nor must another person's text
        that is not UTF-8: those names are not searched for, and the reviewer is informed.

        Raises:
            ConfigurationError: a table or column is not in its source.
        """
        for source in self._services.inventory.sources.values():
            left = {name: table for name, table in source.tables.items() if table.names}
            # After an error the session may be unusable, so the remaining tables get a new one.
            while left:
                left = self._tables(source, left)
        unread = tuple(
            sorted(table_path for table_path, outcome in self.outcomes.items() if isinstance(outcome, str))
        )
        region = self._services.inventory.controller.country
        own = OwnData.of(self._own_values, self._own_names, region)
        return People(NameIndex(self._names, self._ignored), own, unread)

    def _tables(self, source: SourceFile, tables: dict[str, Table]) -> dict[str, Table]:
        """Read tables of a source in one session, up to an unreadable one. Return the tables after it."""
        left = dict(tables)
        try:
            with self._services.open_source(
                source.source, self._plan.request, **self._plan.opening(source.source)
            ) as session:
                session.bind(self._keys, self._plan.received_at)
                for name, table in tables.items():
                    del left[name]
                    if not self._table(session, source, name, table):
                        return left
        except (RetriableError, NeedsPersonError):
            for name in tables:
                self.outcomes.setdefault(f"{source.source}.{name}", OUT_OF_REACH)
        return {}

    def _table(self, session: Source, source: SourceFile, name: str, table: Table) -> bool:
        """Read a table; False if it is unreadable, True also if it has too many people."""
        assert table.names is not None
        identity = self._services.inventory.identity
        statements = Statements(self._services.sql, source, identity, session.dialect, session.catalogue())
        belongs, table_path = statements.ways(name).belongs, f"{source.source}.{name}"
        asked = statements.people(name, table.names.columns, table.names.most + 1)
        try:
            if belongs and source.may_follow(name):
                self._own(session, statements, name, table)
            rows, names = self._names_of_everyone(session, asked)
        except ConfigurationError as error:  # its text names the place and no value
            self._services.log(str(error))
            self.outcomes[table_path] = UNREADABLE
            return False
        except (pa.ArrowInvalid, UnicodeDecodeError):  # their texts quote the value
            self.outcomes[table_path] = UNREADABLE
            return False
        if rows > table.names.most:
            self.outcomes[table_path] = TOO_MANY
            return True
        self.outcomes[table_path] = rows
        self._names |= names
        self._ignored |= set(table.names.ignore)
        return True

    def _own(self, session: Source, statements: Statements, name: str, table: Table) -> None:
        assert table.names is not None
        category = {column: declared.category or "" for column, declared in table.columns.items()}
        named = {*table.names.columns, *(c for c, of in category.items() if of.startswith(_NAME))}
        known = statements.columns(name)
        settled = [c for c in category if c in known and not table.waits(c)]
        asked = [c for c in settled if c in named or category[c].startswith(_OWN)]
        if not asked:
            return
        for row in session.rows(statements.people(name, asked, _MOST_OWN, own=True)):
            for column, value in zip(asked, row, strict=True):
                if value is not None:
                    (self._own_names if column in named else self._own_values).add(str(value))

    @staticmethod
    def _names_of_everyone(session: Source, statement: str) -> tuple[int, set[str]]:
        rows, names = 0, set()
        for batch in session.stream(statement):
            rows += batch.num_rows
            names |= set(_values(batch))
        return rows, names


def _values(batch: pa.RecordBatch) -> Iterator[str]:
    for column in batch.columns:
        yield from filter(None, pc.unique(column.cast(pa.string())).to_pylist())
