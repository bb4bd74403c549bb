"""How rows are a person's: a tree of key matches and ways over joins, in quoted identifiers only."""

from __future__ import annotations

from dataclasses import dataclass

from afschrift.domain.keys import KeyMatch


@dataclass(frozen=True)
class Near:
    """A condition by which an index finds rows, all that are the person's and perhaps others.

    Attributes:
        opening, closing: SQL around a SELECT of values, of which the row holds one.
        found: SQL of such a value.
    """

    opening: str
    found: str
    closing: str


@dataclass(frozen=True)
class Match:
    """The row holds a key of the person.

    Attributes:
        key: name of the key, as a literal.
        name: of the key.
        match: in what its spellings may differ, where the column holds texts; None: a value is compared.
        holds: condition that the column holds the bound key `k`.
        instant: the row's own time as an instant, for keys that change hands; None: see `timeless`.
        timeless: the row counts whatever its time (`at: any`, or a key that is for ever one person's).
        unless: columns of better keys; the row must hold none of them.
        sides: the column and the bound key, where the keys are to be gathered before rows are read.
        near: the keys among which the row's is at least, where EXISTS alone uses no index.
        text: SQL of the column's value as the text of a key.
        exact: what the database finds equal to a key has the normal form of its text, so that a row can be
            told to be this person's without the database.
    """

    key: str
    name: str
    match: KeyMatch | None
    holds: str
    instant: str | None
    timeless: bool
    unless: tuple[str, ...] = ()
    sides: tuple[str, str] | None = None
    near: Near | None = None
    text: str = ""
    exact: bool = False


@dataclass(frozen=True)
class Via:
    """A row of a parent table, under an alias, is the person's and this row points to it.

    Attributes:
        unless: columns of keys that are for ever one person's; a row that holds one is that person's,
            whatever it points to. Empty where the data map says that such rows are shared.
        theirs: the parent's columns in `pairs`, quoted, each with what its rows are grouped by.
        columns: all columns of the parent that may be read, quoted.
        alike: both sides of each pair have the same type, so that what is equal to a value is one value.
        near: the parents to which the row points at least, where EXISTS alone uses no index.
    """

    relation: str
    alias: str
    pairs: tuple[str, ...]
    belongs: tuple[Match | Via, ...]
    unless: tuple[str, ...] = ()
    theirs: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    alike: bool = False
    near: Near | None = None


@dataclass(frozen=True)
class Ways:
    """All the ways by which rows of a table are the person's; a row counts once by however many."""

    belongs: tuple[Match | Via, ...]
    keys: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class ForeignRows:
    """Rows that are close to the person's and are not given: they bear another key, or another spelling.

    Attributes:
        own: the ways of the rows that are the person's.
        near: over joins, as if no row bore a key of its own; and by what the database itself takes for equal.
    """

    own: tuple[Match | Via, ...]
    near: tuple[Match | Via, ...]
