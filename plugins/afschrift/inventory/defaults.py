"""Defaults, made into columns when a source is loaded: nothing that comes after knows of them.

A default proposes. It counts for the columns that `confirmed` names; a column without a class
becomes a proposal with it, and one that says its own origin is what it says.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any

from afschrift.inventory.column import Column, Confirmation, Defaults, Session
from afschrift.inventory.table import Table
from afschrift.inventory.unconfirmed import (
    WAYS_OF,
    resting_on_guesses,
    set_back,
    unconfirmed_ways,
)

INHERITED = frozenset(
    {"origin", "category", "title", "meaning", "codes", "unit", "protect", "about", "third_party", "mask",
     "kind", "automated"}
)  # fmt: skip
"""What a look-up column takes from the one that it points to: not what goes by the table or by a person."""
NO_DEFAULT = ("decided", "mentions", "path", "proposed", "review", "why")
"""What a person says of one column."""
OF_OTHERS = ("third_party", "mask", "when")
"""What goes by `about: third_party`."""
_CARE = ("protect", "about", "third_party", "mask")
"""What keeps a value back, or part of it: to lose it gives more."""

Place = tuple[str, ...]


class Compiler:
    """Makes the columns of one source."""

    def __init__(self, tables: Mapping[str, Table], defaults: Defaults, sessions: dict[str, Session]) -> None:
        self._tables = tables
        self._defaults = defaults
        self._sessions = sessions
        self._filled: dict[tuple[str, str, bool], Column] = {}
        self._guessed = resting_on_guesses(tables)
        self._looked_at: set[tuple[str, str]] = set()

    def tables(self) -> dict[str, Table]:
        """The tables, each with its columns and `references` as the rest of the code knows them."""
        made = {name: self._table(name, table) for name, table in self._tables.items()}
        for name, awaits in unconfirmed_ways(made).items():
            columns = {column: set_back(said, awaits) for column, said in made[name].columns.items()}
            made[name] = made[name].model_copy(update={"columns": columns})
        return made

    def _table(self, name: str, table: Table) -> Table:
        confirmed = confirmed_in(table)
        names = [*confirmed, *(column for column in table.columns if column not in confirmed)]
        columns = {column: self._column(name, column, confirmed) for column in names}
        references = dict(self._references(name))
        if columns == table.columns and references == table.references:
            return table
        return table.model_copy(update={"columns": columns, "references": references})

    def _column(self, name: str, column: str, confirmed: Mapping[str, Confirmation]) -> Column:
        """A column as it counts, were each way confirmed."""
        if column in confirmed:
            return self._confirmed(name, column, confirmed[column])
        return self._open(name, column, self._tables[name].columns[column])

    def _confirmed(self, table: str, column: str, by: Confirmation) -> Column:
        filled = self._fill(table, column)
        if filled.review == "needed":  # a fault, and no confirmation
            return filled.set_aside()
        careful, awaits = filled, tuple[str, ...]()
        if (table, column) not in self._looked_at:
            self._looked_at.add((table, column))  # ends a circle
            careful, awaits = self._with_care(table, column, filled)
            self._looked_at.discard((table, column))
        words = careful.words()
        decided = by.decided(self._sessions, careful.why)
        if careful.decided is None and decided is not None:
            words["decided"] = decided
            words.pop("why", None)
        made = Column.made(words, careful.sources)
        return made.set_aside(awaits) if awaits else made

    def _with_care(self, table: str, column: str, filled: Column) -> tuple[Column, tuple[str, ...]]:
        """A confirmed column with the care of what it points to, and what a person must confirm of that.

        What is only a proposal gives it nothing, and a mask or protection that it took over may have become
        one: then it waits, and does not leave without.
        """
        target = self._target(table, column)
        if target is None or self._counts(*target):
            return filled, ()
        careful = self._fill(table, column, though_proposed=True)
        if all(getattr(careful, word) == getattr(filled, word) for word in _CARE):
            return filled, ()
        further = self._column(*target, confirmed_in(self._tables[target[0]])).awaits
        return careful, further or (
            f"{WAYS_OF}{target[0]}" if target[0] in self._guessed else ".".join(target),
        )

    def _open(self, table: str, column: str, written: Column) -> Column:
        """A column that no list of confirmed ones names."""
        declared = self._tables[table]
        if written.proposal is not None:
            return written
        waits = written.review == "needed"
        if written.review is None and declared.review == "needed":
            waits = written.decided is None
        if not waits and not declared.lacks_class(written):
            return written
        filled = self._fill(table, column)
        return filled.set_aside() if waits or filled.sources else written

    def _fill(self, table: str, column: str, *, though_proposed: bool = False) -> Column:
        """The words of a column, and those of its defaults that it does not say itself.

        `though_proposed`: as if each proposal among them were confirmed.
        """
        key = (table, column, though_proposed)
        if key not in self._filled:
            self._filled[key] = self._tables[table].columns.get(column) or Column()  # ends a circle
            self._filled[key] = self._made(table, column, though_proposed=though_proposed)
        return self._filled[key]

    def _made(self, table: str, column: str, *, though_proposed: bool) -> Column:
        declared = self._tables[table]
        written = declared.columns.get(column) or Column()
        words, places = written.words(), dict[str, Place]()
        own = set(words)
        for place, layer in self._layers(table, column, words, though_proposed=though_proposed):
            for word in layer.keys() - words.keys():
                if (word == "unit" and "unit_from" in words) or (word == "unit_from" and "unit" in words):
                    continue
                words[word], places[word] = layer[word], place
        if words.get("about", "subject") == "subject":
            for word in OF_OTHERS:
                if word not in own:
                    words.pop(word, None)
                    places.pop(word, None)
        return Column.made(words, places) if words.keys() != own else written

    def _layers(
        self, table: str, column: str, words: Mapping[str, Any], *, though_proposed: bool
    ) -> Iterator[tuple[Place, Mapping[str, Any]]]:
        """The defaults of a column, the nearest first; `words`: what is known of it by then."""
        declared = self._tables[table]
        target = self._target(table, column)
        if target is not None and (though_proposed or self._counts(*target)):
            found = self._fill(*target, though_proposed=though_proposed).words()
            place = ("tables", target[0], "columns", target[1])
            yield place, {word: found[word] for word in found.keys() & INHERITED}
        yield ("tables", table, "defaults"), declared.defaults.words()
        by_row = {"origin"} if declared.origin is not None else set()
        pattern = self.pattern(column)
        if pattern is not None:
            found = self._defaults.columns[pattern].words()
            yield ("defaults", "columns", pattern), {w: found[w] for w in found.keys() - by_row}
        category = nearest(words.get("category"), self._defaults.categories)
        if category is not None:
            found = self._defaults.categories[category].words()
            yield ("defaults", "categories", category), {w: found[w] for w in found.keys() - by_row}

    def _counts(self, table: str, column: str) -> bool:
        """Whether a column is more than a proposal, so that another one may take over what it says."""
        declared = self._tables[table]
        found = self._column(table, column, confirmed_in(declared))
        return table not in self._guessed and not declared.lacks_class(found)

    def _target(self, table: str, column: str) -> tuple[str, str] | None:
        """The column that a look-up column points to; a table that is not personal says nothing of it."""
        declared = self._tables[table]
        joined = (join[column] for join in declared.join if column in join)
        path = next(joined, None) or dict(self._references(table)).get(column, "")
        other, _, name = path.rpartition(".")
        known = self._tables.get(other)
        if known is None or not known.personal:
            return None
        return (other, name) if name in known.columns or name in confirmed_in(known) else None

    def _references(self, table: str) -> Iterator[tuple[str, str]]:
        declared = self._tables[table]
        if "references" in declared.model_fields_set or declared.copy_of or not declared.personal:
            yield from declared.references.items()
            return
        joined = {column for join in declared.join for column in join}
        for column, target in self._defaults.references.items():
            there = column in declared.columns or column in confirmed_in(declared)
            if there and column not in joined and target != f"{table}.{column}":
                yield column, target

    def pattern(self, column: str) -> str | None:
        """The pattern that counts for a name."""
        return next((pattern for pattern, form in self._patterns.items() if form.fullmatch(column)), None)

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        return {pattern: form_of(pattern) for pattern in self._defaults.columns}


@lru_cache(maxsize=10_000)
def form_of(pattern: str) -> re.Pattern[str]:
    """A pattern of names, with `*` for any letters and `?` for one, whatever their case."""
    return re.compile(fnmatch.translate(pattern), re.IGNORECASE)


def nearest(category: str | None, of: Mapping[str, object]) -> str | None:
    """The category itself, or else the nearest above it, among some."""
    while category:
        if category in of:
            return category
        category = category.rpartition(".")[0]
    return None


def confirmed_in(table: Table) -> dict[str, Confirmation]:
    """The columns that are confirmed, each with the confirmation that names it."""
    return {column: listed for listed in table.confirmed for column in listed.columns}
