"""The statements that follow one key of a person to the next: links, sharers, and whose a key is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from afschrift.inventory.table import Table
from afschrift.selection.crossings import crossings
from afschrift.selection.statements import Statements


class KeyStatements(Statements):
    """Writes the SQL that finds a person's keys; it looks into every table, hidden or not."""

    def links(self, table: str) -> tuple[tuple[str, ...], str] | None:
        """Keys that a table gives for its person, and the statement; None where it gives none.

        Each row: for each key its text, from when and until when it held.
        """
        declared = self._source.tables[table]
        names = declared.links
        if len(names) < 2:
            return None
        links = [self._link(table, declared, name) for name in names]
        return names, self._render("links.sql", table, links=links)

    def sharers(self, table: str, key: str) -> str | None:
        """Statement counting other persons who hold one of the person's keys at the same time."""
        declared = self._source.tables[table]
        person = self._identity.person
        if key == person or not {key, person} <= set(declared.links):
            return None
        return self._render(
            "sharers.sql",
            table,
            key=self._dialect.literal(key),
            person=self._dialect.literal(person),
            link=self._link(table, declared, key),
            owner=self._link(table, declared, person),
        )

    def start(self, table: str, key: str) -> str | None:
        """Statement finding the person's own key by another key given at intake, at that moment."""
        declared = self._source.tables[table]
        person = self._identity.person
        if key == person or not {key, person} <= set(declared.links):
            return None
        return self._render(
            "start.sql",
            table,
            key=self._dialect.literal(key),
            link=self._link(table, declared, key),
            owner=self._link(table, declared, person),
        )

    def crossings(self, table: str) -> Iterator[tuple[str, str]]:
        """Each join, in words, and how many rows of others have the key of a row that is the person's."""
        for found in crossings(self._source, self.finder, table):
            yield found.words, self._render("crossing.sql", table, **vars(found))

    def spellings(self, table: str, key: str) -> str | None:
        """How a key is spelled in the person's rows, byte by byte; None: it is no text."""
        match = self.finder.key_match(table, key)
        if match is None:
            return None
        stored = self.finder.stored(table, key)["stored"]
        return self._render("spelled.sql", table, belongs=(match,), stored=stored, text=match.text)

    def repeated(self, table: str, key: str) -> str:
        """How many rows of everybody have a key that another row has: none where a row is a person."""
        return self._render("repeated.sql", table, **self.finder.stored(table, key))

    def _link(self, table: str, declared: Table, name: str) -> dict[str, Any]:
        link = declared.subject[name]
        finder = self.finder
        column = finder.column(table, link.column)
        return {
            "column": column,
            "holds": finder.holds(table, name),
            "sides": finder.sides(table, name),
            "form": finder.form(table, name),
            "text": self._dialect.key_text(column, finder.native(table, link.column)),
            "from": self._bound(table, link.valid_from),
            "to": self._bound(table, link.valid_to),
        }
