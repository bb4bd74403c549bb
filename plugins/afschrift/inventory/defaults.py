"""Resolve the defaults of a source into its columns when it is loaded, so that no other code knows defaults.

A default is a proposal. It applies to the columns that `confirmed` names. A column that is not classified
becomes a proposal with the default's words; a column with its own origin keeps its words.
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
    {"origin", "category", "title", "meaning", "codes", "ranges", "members", "unit", "protect", "about",
     "third_party", "mask", "mask_after", "not_shown", "kind", "automated"}
)  # fmt: skip
"""Words that a column takes over from the one it points to; the others depend on the table or on a person."""
NO_DEFAULT = ("decided", "mentions", "path", "proposed", "review", "why")
"""Words that are decided for each column."""
OF_OTHERS = ("third_party", "mask", "mask_after", "when")
"""Words that need `about: third_party`."""
_CARE = ("protect", "about", "third_party", "mask")
"""Words that keep a value back, wholly or in part: without them more would be given."""

Place = tuple[str, ...]


class Compiler:
    """Resolves the columns of one source.

    `confirmed` columns and those of look-ups depend on other columns, also in circles, so a result is stored
    before it is computed (`_fill`, `_looked_at`).
    """

    def __init__(self, tables: Mapping[str, Table], defaults: Defaults, sessions: dict[str, Session]) -> None:
        self._tables = tables
        self._defaults = defaults
        self._sessions = sessions
        self._filled: dict[tuple[str, str, bool], Column] = {}
        self._guessed = resting_on_guesses(tables)
        self._looked_at: set[tuple[str, str]] = set()

    def tables(self) -> dict[str, Table]:
        """Return the tables with resolved columns and `references`.

        All columns of a table whose way to the person is not confirmed become proposals: its rows may be
        another person's.
        """
        resolved = {name: self._table(name, table) for name, table in self._tables.items()}
        for name, awaits in unconfirmed_ways(resolved).items():
            columns = {column: set_back(known, awaits) for column, known in resolved[name].columns.items()}
            resolved[name] = resolved[name].model_copy(update={"columns": columns})
        return resolved

    def _table(self, name: str, table: Table) -> Table:
        confirmed = confirmed_in(table)
        names = [*confirmed, *(column for column in table.columns if column not in confirmed)]
        columns = {column: self._column(name, column, confirmed) for column in names}
        references = dict(self._references(name))
        if columns == table.columns and references == table.references:
            return table
        return table.model_copy(update={"columns": columns, "references": references})

    def _column(self, name: str, column: str, confirmed: Mapping[str, Confirmation]) -> Column:
        """Resolve a column as if each way were confirmed."""
        if column in confirmed:
            return self._confirmed(name, column, confirmed[column])
        return self._open(name, column, self._tables[name].columns[column])

    def _confirmed(self, table: str, column: str, by: Confirmation) -> Column:
        filled = self._fill(table, column)
        if filled.review == "needed":  # contradicts the confirmation: `check_defaults` reports it
            return filled.set_aside()
        careful, awaits = filled, tuple[str, ...]()
        if (table, column) not in self._looked_at:
            self._looked_at.add((table, column))  # stops at a circle of references
            careful, awaits = self._with_care(table, column, filled)
            self._looked_at.discard((table, column))
        words = careful.words()
        decided = by.decided(self._sessions, careful.why)
        if careful.decided is None and decided is not None:
            words["decided"] = decided
            words.pop("why", None)
        confirmed = Column.from_words(words, careful.sources)
        return confirmed.set_aside(awaits) if awaits else confirmed

    def _with_care(self, table: str, column: str, filled: Column) -> tuple[Column, tuple[str, ...]]:
        """Return a confirmed column with the protection of its target, and what must be confirmed first.

        A column takes over nothing from a target that is only a proposal. If the target would protect or mask
        the value, the column waits until the target is confirmed: otherwise it would be given without.
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
        """Resolve a column that is not in `confirmed`."""
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
        """Return a column with its own words, and those of its defaults that it does not have itself.

        `though_proposed`: as if each proposal among them were confirmed.
        """
        key = (table, column, though_proposed)
        if key not in self._filled:
            # Its own words first: a circle of references that comes back here finds them and stops.
            self._filled[key] = self._tables[table].columns.get(column) or Column()
            self._filled[key] = self._with_defaults(table, column, though_proposed=though_proposed)
        return self._filled[key]

    def _with_defaults(self, table: str, column: str, *, though_proposed: bool) -> Column:
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
        return Column.from_words(words, places) if words.keys() != own else written

    def _layers(
        self, table: str, column: str, words: Mapping[str, Any], *, though_proposed: bool
    ) -> Iterator[tuple[Place, Mapping[str, Any]]]:
        """Yield place and words of a column's defaults, the nearest first: reference, table, name, category.

        `words`: those of the column so far. The caller adds to them while it iterates, so the last layer is
        chosen by a category that an earlier one gave.
        """
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
        """Whether a column is no proposal, so that another one may take over its words."""
        declared = self._tables[table]
        found = self._column(table, column, confirmed_in(declared))
        return table not in self._guessed and not declared.lacks_class(found)

    def _target(self, table: str, column: str) -> tuple[str, str] | None:
        """Return the column that a column points to, if it is in a personal table: others have no classes."""
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
        """Return the first pattern that matches a name."""
        return next((pattern for pattern, form in self._patterns.items() if form.fullmatch(column)), None)

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        return {pattern: form_of(pattern) for pattern in self._defaults.columns}


@lru_cache(maxsize=10_000)
def form_of(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of names: `*` for any characters, `?` for one, in any case."""
    return re.compile(fnmatch.translate(pattern), re.IGNORECASE)


def nearest(category: str | None, of: Mapping[str, object]) -> str | None:
    """Return the category itself, or the nearest one above it, that is in `of`."""
    while category:
        if category in of:
            return category
        category = category.rpartition(".")[0]
    return None


def confirmed_in(table: Table) -> dict[str, Confirmation]:
    """Return the confirmed columns, each with its confirmation."""
    return {column: listed for listed in table.confirmed for column in listed.columns}
