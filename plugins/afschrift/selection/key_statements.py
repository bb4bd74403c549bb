"""SQL that follows a person's keys, and the check that no row belongs to several persons by them.

If rows of several persons in a parent table have the same key, it is not known whose the child rows are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Unique, key_form
from afschrift.domain.sources import Source
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.joins import hops, is_look_up, on_the_way
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.inventory.table import Table
from afschrift.selection.statements import Statements
from afschrift.selection.ways import Match, Via, WayFinder


@dataclass(frozen=True)
class Bears:
    """The row refers to a row of a parent, under an alias, that belongs to any person by one of `bears`."""

    relation: str
    alias: str
    pairs: tuple[str, ...]
    bears: tuple[str | Bears, ...]


@dataclass(frozen=True)
class Crossing:
    """A join of a table to a parent in which rows of several persons may have the same key.

    Attributes:
        words: the columns and the parent.
        pairs: conditions that two rows of the parent, `t` and `o`, have the same key.
        theirs, own: the ways of the parent's rows, as `o` and as `t`.
        bears: its columns with a key of a person, and the rows that it refers to.
    """

    words: str
    relation: str
    pairs: tuple[str, ...]
    theirs: tuple[Match | Via, ...]
    own: tuple[Match | Via, ...]
    bears: tuple[str | Bears, ...]


def crossings(source: SourceFile, finder: WayFinder, table: str) -> Iterator[Crossing]:
    """The crossings of a table; none if its rows belong to each person: in a look-up, or as the map says."""
    if source.tables[table].shared_rows is not None:
        return
    for hop in hops(source, table):
        if is_look_up(source, table, hop):
            continue
        if own := finder.belongs(hop.parent, "t", table):
            theirs = finder.belongs(hop.parent, "o", table)
            pairs = (finder.equal((hop.parent, its, "t"), (hop.parent, its, "o")) for _, its in hop.pairs)
            bears = _bears(source, finder, hop.parent, "t", frozenset({table}))
            words = f"{', '.join(own for own, _ in hop.pairs)} -> {hop.parent}"
            yield Crossing(words, finder.relation(hop.parent), tuple(pairs), theirs, own, bears)


def _bears(
    source: SourceFile, finder: WayFinder, table: str, alias: str, seen: frozenset[str]
) -> tuple[str | Bears, ...]:
    """How a row belongs to any person: by a key in it, or by a row that it refers to."""
    links = source.tables[table].subject.values()
    found: list[str | Bears] = [finder.column(table, link.column, alias) for link in links]
    for number, hop in enumerate(hops(source, table), start=1):
        parent = f"{alias}{number}"
        if hop.parent in seen | {table}:
            continue
        if inner := _bears(source, finder, hop.parent, parent, seen | {table}):
            pairs = (finder.equal((table, own, alias), (hop.parent, its, parent)) for own, its in hop.pairs)
            found.append(Bears(finder.relation(hop.parent), parent, tuple(pairs), inner))
    return tuple(found)


class KeyStatements(Statements):
    """Writes the SQL that finds a person's keys; it reads hidden tables too, but for `links` and `start`."""

    def links(self, table: str) -> tuple[tuple[str, ...], str] | None:
        """Names of the keys that a table links, and the statement; None: it has fewer than two.

        Each row: for each key its text, from when and until when it held.
        """
        declared = self._source.tables[table]
        names = declared.links
        if len(names) < 2:
            return None
        links, subject = [self._link(table, declared, name) for name in names], declared.subject
        ways = (w for w in self.finder.ways(table).belongs if not self._is_hidden(table))
        seen = [w for w in ways if isinstance(w, Via) or not self._is_hidden(table, subject[w.name].column)]
        return names, self._render("links.sql", table, links=links, belongs=seen)

    def sharers(self, table: str, key: str) -> str | None:
        """Statement counting other persons who hold one of the person's keys at the same time."""
        parts = self._with_owner(table, key)
        person = self._dialect.literal(self._identity.person)
        return None if parts is None else self._render("sharers.sql", table, person=person, **parts)

    def start(self, table: str, key: str) -> str | None:
        """Statement finding the person's own key by another key given at intake, at that moment."""
        parts = self._with_owner(table, key)
        return None if parts is None else self._render("start.sql", table, **parts)

    def _with_owner(self, table: str, key: str) -> dict[str, Any] | None:
        """A key and the person's own key in a table; None where it does not link the two."""
        declared, person = self._source.tables[table], self._identity.person
        if key == person or not {key, person} <= set(declared.links):
            return None
        columns = ("", *(declared.subject[name].column for name in (key, person)))
        if any(self._is_hidden(table, column) for column in columns):
            return None
        link, owner = (self._link(table, declared, name) for name in (key, person))
        return {"key": self._dialect.literal(key), "link": link, "owner": owner}

    def crossings(self, table: str) -> Iterator[tuple[str, str]]:
        """Each join, in words, and how many rows of others have the key of a row that is the person's."""
        for found in crossings(self._source, self.finder, table):
            yield found.words, self._render("crossing.sql", table, **vars(found))

    def spellings(self, table: str, key: str) -> str | None:
        """How a key is spelled in the person's rows, byte by byte; None: it is no text."""
        match = self.finder.key_match(table, key)
        if match is None:
            return None
        stored = self.finder.stored(table, key)
        return self._render("spelled.sql", table, belongs=(match,), stored=stored, text=match.text)

    def repeated(self, table: str, key: str) -> str:
        """How many rows, of all persons, share their key with another row; 0: a row is a person."""
        return self._render("repeated.sql", table, stored=self.finder.stored(table, key))

    def _link(self, table: str, declared: Table, name: str) -> dict[str, Any]:
        link = declared.subject[name]
        finder = self.finder
        column = finder.column(table, link.column)
        text = self._dialect.key_text(column, finder.native(table, link.column))
        since, until = (
            None if at and self._is_hidden(table, at) else self._bound(table, at)
            for at in (link.valid_from, link.valid_to)
        )
        return {
            "column": column,
            "holds": finder.holds(table, name),
            "sides": finder.sides(table, name),
            "form": finder.form(table, name),
            "text": self._given(table, link.column, text),
            "from": since,
            "to": until,
        }


class SoleOwnerCheck:
    """Checks the tables of a source, each once, for rows that belong to several persons by their keys."""

    def __init__(
        self, source: SourceFile, identity: IdentityFile, session: Source, statements: KeyStatements
    ) -> None:
        self._source, self._identity = source, identity
        self._session, self._statements = session, statements
        self._spelled: set[str] = set()
        self._crossed: set[str] = set()

    def require(self, name: str) -> None:
        """Check a table and the tables on its way to the person.

        For a look-up without personal data, of which no row is given, the way is not checked.

        Raises:
            ConfigurationError: another person's row has a key of the person.
        """
        columns = self._source.tables[name].columns.values()
        given = any(column.origin is not Origin.NOT_PERSONAL for column in columns)
        for table in on_the_way(self._source, name) if given else (name,):
            if table not in self._spelled:
                self._spelled.add(table)
                self._require_spelled(table)
            if given and table not in self._crossed:
                self._crossed.add(table)
                self._require_crossed(table)

    def _require_spelled(self, table: str) -> None:
        for key, link in self._source.tables[table].subject.items():
            own = self._source.tables[table].key == (link.column,)
            if not own and self._identity.keys[key].unique is not Unique.YES:
                continue
            if self._alike(table, key) and (own or self._is_person(table, key)):
                raise ConfigurationError(
                    f"Rows of {self._source.source}.{table} have keys {key} that differ in their spelling "
                    "alone, and each row is a person there: whose they are is not known.",
                    remedy="correct these keys in the source: `afschrift inventory check --live` "
                    "counts them.",
                )

    def _alike(self, table: str, key: str) -> bool:
        """Whether two spellings in the person's rows have one normal form, by `key_form` and not by SQL."""
        statement = self._statements.spellings(table, key)
        if statement is None:
            return False
        match = self._source.tables[table].subject[key].match
        texts = [str(text) for (text,) in self._session.rows(statement)]
        return len({key_form(text, match) for text in texts}) < len(texts)

    def _is_person(self, table: str, key: str) -> bool:
        """Whether no two rows of the table have the same key, so that each row is a person."""
        return not int(self._session.rows(self._statements.repeated(table, key))[0][0])

    def _require_crossed(self, table: str) -> None:
        for words, statement in self._statements.crossings(table):
            if int(self._session.rows(statement)[0][0]):
                raise ConfigurationError(
                    f"{self._source.source}.{table} by {words}: rows of several persons have the same key "
                    "there, so it is not known whose the rows are that point to it.",
                    remedy="let the join name a column more, or correct the keys; where such rows are of "
                    "each, say `shared_rows`, with who decided.",
                )
