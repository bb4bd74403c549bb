"""What a question about the person's keys shows: what each key found, and where.

It may hold values of the person, so it is kept in the register encrypted (`OpenQuestion.kept`), nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from afschrift.casework.decision.require_decision import hidden_places
from afschrift.domain.errors import ConfigurationError, NeedsPersonError
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source
from afschrift.inventory.model import Inventory
from afschrift.law.manual_search import SEARCH_BY
from afschrift.selection.identifiers import kind_of, own_identifiers
from afschrift.selection.identity_graph import Identity
from afschrift.selection.statements import Statements
from afschrift.services import Services

MOST_ACCOUNTS = 10
"""Accounts above this number are only counted."""


@dataclass(frozen=True)
class KeyFacts:
    """Looks up what keys find, as of the receipt (R07).

    Attributes:
        request: id of the request.
        at: instant of its receipt.
        later: sources that are left for later; they are not opened.
    """

    services: Services
    request: str
    at: str
    later: Collection[str]

    def shared(self, identity: Identity, name: str) -> dict[str, Any]:
        """Look up a key that others use too.

        Returns:
            `values`: value, from, until and number of other persons; `tables`: `source.table`, rows that the
            key finds, and rows that no other key finds.
        """
        mine = [key for key in identity.shared_keys if key.name == name]
        rest = [key for key in identity.keys if key not in mine]
        values = [[*_written(key), identity.others[key]] for key in mine]
        rows = [
            [table, found, whole - without]
            for table, found, whole, without in self._counts((mine, identity.keys, rest), name)
            if found
        ]
        return {"values": values, "tables": rows}

    def persons(self, identity: Identity, given: Sequence[Key], person: str) -> dict[str, Any]:
        """Look up the accounts to which the keys lead.

        Returns:
            `accounts`: `value`, `given` (at intake), and `by`: name, value, from and until of each key that
            led there; `tables`: `source.table` with the rows of each account; `more`: number of accounts that
            are not listed.
        """
        values = list(identity.led)[:MOST_ACCOUNTS]
        own = {key.value for key in given if key.name == person}
        accounts = [
            {
                "value": value,
                "given": value in own,
                "by": [[key.name, *_written(key)] for key in identity.led[value]],
            }
            for value in values
        ]
        found = self._counts([[Key(person, value)] for value in values], person)
        rows = [list(counted) for counted in found if any(counted[1:])]
        return {"accounts": accounts, "tables": rows, "more": len(identity.led) - len(values)}

    def _counts(self, sets: Sequence[Sequence[Key]], name: str) -> Iterator[tuple[Any, ...]]:
        """Yield `source.table` and its rows by each set of keys, for tables that a key of this name finds."""
        hidden = hidden_places(self.services.register, self.request)
        for source, declared in self.services.inventory.sources.items():
            tables = [n for n, t in declared.tables.items() if t.personal and f"{source}.{n}" not in hidden]
            if source in self.later or not tables:
                continue
            with self._reading(source) as (session, statements):
                counting = dict(_counting(statements, tables, name))
                found: dict[str, list[int]] = {table: [] for table in counting}
                for keys in sets:
                    session.bind(keys, self.at)
                    for table, statement in counting.items():
                        found[table].append(int(session.rows(statement)[0][0]) if keys else 0)
            yield from ((f"{source}.{table}", *rows) for table, rows in found.items())

    @contextmanager
    def _reading(self, source: str) -> Iterator[tuple[Source, Statements]]:
        services = self.services
        with services.open_source(source, self.request) as session:
            declared, identity = services.inventory.sources[source], services.inventory.identity
            yield session, Statements(services.sql, declared, identity, session.dialect, session.catalogue())


def _counting(statements: Statements, tables: Sequence[str], name: str) -> Iterator[tuple[str, str]]:
    for table in tables:
        try:
            if name in statements.ways(table).keys:
                yield table, statements.count(table)
        except (ConfigurationError, NeedsPersonError):  # the draft of the plan asks or fails for it itself
            continue


def _written(key: Key) -> tuple[str, str | None, str | None]:
    return key.value, key.valid_from, key.valid_to


def own_terms(
    inventory: Inventory, name: str, session: Source, statements: Statements
) -> Iterator[tuple[str, str]]:
    """The values of the person's own record by which systems are searched, in a session with their keys."""
    person, source = inventory.identity.person, inventory.sources[name]
    for kind in sorted({kind for system in inventory.manual.values() for kind in system.search_by}):
        if kind in SEARCH_BY:
            values = own_identifiers(source, session, statements, person, (SEARCH_BY[kind],))
            yield from ((kind, value) for value in values if value.strip())


def key_terms(inventory: Inventory, keys: Iterable[Key]) -> Iterator[tuple[str, str]]:
    """The same of the person's keys: by their name, and by their kind."""
    for key in keys:
        kind = kind_of(key.value, inventory.controller.country)
        yield from ((name, key.value) for name in {key.name, *([kind.value] if kind else [])})
