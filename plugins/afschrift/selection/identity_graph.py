"""Finds all keys of a person, starting from the keys given at intake.

Only keys that always belong to one person are followed, and only through tables whose ways are confirmed. A
key that is passed on or shared selects rows within its interval and is never followed. If a second person is
reached, the run stops and asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, MINYEAR, datetime
from pathlib import Path
from typing import Any

from afschrift.domain.instants import rfc3339
from afschrift.domain.keys import Key, KeyMatch, Unique, key_form
from afschrift.domain.sources import Source, SourceFactory
from afschrift.inventory.model import Inventory, SourceFile, key_matches
from afschrift.selection.key_statements import KeyStatements


@dataclass(frozen=True)
class Identity:
    """Result of the expansion.

    Attributes:
        keys: all keys of the person, sorted.
        persons: number of values of the person's own key that were reached; if more than one, a person
            decides.
        shared: key name -> number of values that others use at the same time.
        others: each of these values -> number of others who use it.
        led: if there are several persons, each value of the person's own key -> other keys that lead to it.
    """

    keys: tuple[Key, ...]
    persons: int
    shared: Mapping[str, int]
    shared_keys: tuple[Key, ...] = ()
    others: Mapping[Key, int] = field(default_factory=dict, repr=False)
    led: Mapping[str, tuple[Key, ...]] = field(default_factory=dict, repr=False)


class Expansion:
    """Follows keys through all tables with more than one key (R14).

    A key leads to the person who has it at the instant of receipt (R07), as far as intervals say; an earlier
    state of a row cannot be read.
    """

    def __init__(
        self,
        inventory: Inventory,
        open_source: SourceFactory,
        sql: Path,
        at: str,
        later: Collection[str] = (),
        hidden: Collection[str] = (),
    ) -> None:
        """Prepare; sources in `later` are not opened, so their tables link no keys.

        With `hidden`, what a hidden restriction keeps back links none either: the keys that are found may be
        named to the person (R84).
        """
        self._inventory = inventory
        self._open = open_source
        self._sql = sql
        self._at = at
        self._later = later
        self._hidden = hidden
        self._person = inventory.identity.person
        self._matches = key_matches(inventory)

    def run(self, given: Sequence[Key], *, only: bool = False) -> Identity:
        """Expand the given keys. Sources are opened only where a table links keys.

        Args:
            given: keys as verified at intake.
            only: keep to the given values of the person's own key; keys that lead to other persons are
                dropped.
        """
        own = {key for key in given if key.name == self._person}
        with ExitStack() as stack:
            links = [link for source in self._linked() for link in self._session(stack, source)]
            found = set(given) | (set() if only else self._start(links, given))
            while True:
                followed = [key for key in found if self._unique(key.name) is Unique.YES]
                more = {key for link in links for key in link.given(followed, self._at)}
                if only:
                    tying = {key for key in more - own if self._ties(links, key, own)}
                    more = {key for key in more - tying if key.name != self._person or key in own}
                if more <= found:
                    break
                found |= more
            keys = self._tidy(found)
            shared = self._shared(links, keys)
            persons = {key.value for key in keys if key.name == self._person}
            led = self._led(links, keys, persons) if len(persons) > 1 else {}
        counts = Counter(key.name for key in shared)
        return Identity(keys, len(persons), counts, tuple(shared), shared, led)

    def _linked(self) -> Iterator[SourceFile]:
        for source in self._inventory.sources.values():
            if source.source not in self._later and any(
                len(table.links) > 1 and source.may_follow(name) for name, table in source.tables.items()
            ):
                yield source

    def _session(self, stack: ExitStack, declared: SourceFile) -> Iterator[_LinkTable]:
        session = stack.enter_context(self._open(declared.source))
        identity, catalogue = self._inventory.identity, session.catalogue()
        statements = KeyStatements(self._sql, declared, identity, session.dialect, catalogue, self._hidden)
        for name, table in declared.tables.items():
            unique = any(self._unique(key) is Unique.YES for key in table.links)
            if len(table.links) > 1 and unique and declared.may_follow(name):
                yield _LinkTable(session, statements, name)

    def _start(self, links: Sequence[_LinkTable], given: Sequence[Key]) -> set[Key]:
        """Values of the person's own key that the given keys lead to at the instant of the request."""
        return {
            Key(self._person, value)
            for link in links
            for key in given
            if key.name != self._person
            for value in link.owners(key, self._at)
        }

    def _tidy(self, found: set[Key]) -> tuple[Key, ...]:
        """Sorted keys; a key without an interval is dropped if the same key with one is known."""
        found = self._folded(found)
        bounded = {(k.name, self._value(k)) for k in found if k.valid_from or k.valid_to}
        kept = [k for k in found if k.valid_from or k.valid_to or (k.name, self._value(k)) not in bounded]
        return tuple(sorted(kept, key=_order))

    def _folded(self, found: set[Key]) -> set[Key]:
        """Keys without further spellings that some table compares as equal."""
        firsts: dict[tuple[object, ...], Key] = {}
        for key in sorted(found, key=_order):
            firsts.setdefault((key.name, self._value(key), key.valid_from, key.valid_to), key)
        return set(firsts.values())

    def _value(self, key: Key) -> str:
        """The value as the warehouse compares it."""
        return key_form(key.value, self._matches.get(key.name, KeyMatch.EXACT))

    def _shared(self, links: Sequence[_LinkTable], keys: Sequence[Key]) -> dict[Key, int]:
        """Keys that others use too -> number of others, in the table with the most."""
        own = [key for key in keys if key.name == self._person]
        found = {
            key: max((link.sharers(key, own, self._at) for link in links), default=0)
            for key in keys
            if self._unique(key.name) is not Unique.YES
        }
        return {key: others for key, others in found.items() if others}

    def _led(
        self, links: Sequence[_LinkTable], keys: Sequence[Key], persons: Collection[str]
    ) -> dict[str, tuple[Key, ...]]:
        others = [key for key in keys if key.name != self._person]
        owners = {key: {owner for link in links for owner in link.owners(key, self._at)} for key in others}
        return {person: tuple(key for key in others if person in owners[key]) for person in sorted(persons)}

    def _ties(self, links: Sequence[_LinkTable], key: Key, own: set[Key]) -> bool:
        """Whether a key that should belong to one person belongs to another too."""
        if key.name == self._person or self._unique(key.name) is not Unique.YES:
            return False
        return any(link.sharers(key, sorted(own), self._at) for link in links)

    def _unique(self, key: str) -> Unique:
        return self._inventory.identity.keys[key].unique


@dataclass(frozen=True)
class _LinkTable:
    """A table with more than one key of the person, in an open session."""

    session: Source
    statements: KeyStatements
    table: str

    def given(self, keys: Sequence[Key], at: str) -> Iterator[Key]:
        """Keys that the person's rows give, with their intervals."""
        linked = self.statements.links(self.table)
        if linked is None:
            return
        names, statement = linked
        self.session.bind(keys, at)
        for row in self.session.rows(statement):
            for number, name in enumerate(names):
                value, valid_from, valid_to = row[3 * number : 3 * number + 3]
                if value is not None:
                    yield Key(name, str(value), _instant(valid_from), _instant(valid_to))

    def owners(self, key: Key, at: str) -> Iterator[str]:
        statement = self.statements.start(self.table, key.name)
        if statement is None:
            return
        self.session.bind([replace(key, valid_from=None, valid_to=None)], at)
        for (value,) in self.session.rows(statement):
            yield str(value)

    def sharers(self, key: Key, own: Sequence[Key], at: str) -> int:
        statement = self.statements.sharers(self.table, key.name)
        if statement is None:  # the table lacks the person's own key, so others cannot be counted
            return 0
        self.session.bind([key, *own], at)
        return int(self.session.rows(statement)[0][0])


def _order(key: Key) -> tuple[str, ...]:
    return key.name, key.value, key.valid_from or "", key.valid_to or ""


def _instant(value: Any) -> str | None:
    """A time of the source as RFC 3339 in UTC."""
    if value is None:
        return None
    if isinstance(value, datetime):
        if value.year in (MINYEAR, MAXYEAR):  # infinity is no bound
            return None
        return rfc3339(value.astimezone())
    return str(value)
