"""Searches of columns for kinds of identifiers, as conditions of SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import ColumnType, Dialect
from afschrift.selection.identifiers import (
    GAPS,
    SIGNS,
    Sought,
    coded,
    decoded,
    is_former,
    spelled_key,
)
from afschrift.selection.key_names import member_sign

SAME_TEXT: dict[str, str] = {Sought.NUMBER: Sought.PHONE}
"""Kinds whose gaps and signs are those of another one."""
_ODD = "?"  # what a first scan takes for a text that has another plain form than its small letters


@dataclass(frozen=True)
class ColumnSearch:
    """The search of a column for a kind of identifier, by the bound keys.

    Attributes:
        kind: of identifier.
        texts: SQL of the plain text, with its name, so that it is computed once for each row and not for each
            spelling; no texts for numbers.
        may: condition that it may hold an identifier; of a first scan, coded texts fulfil it too.
        does: exact condition.
        now: the same without former identifiers.
        sign: pattern of every text, or condition of every number, that matches; empty: there is none.
        text: kinds as which a first scan of the column's text finds what matches; empty: it does not.
    """

    column: str
    kind: str
    texts: tuple[tuple[str, str], ...]
    may: str
    does: str
    now: str
    sign: str = ""
    text: tuple[str, ...] = ()


@dataclass(frozen=True)
class SearchMaker:
    """Makes the searches in a dialect."""

    dialect: Dialect

    def text(
        self,
        column: str,
        kind: str,
        number: int,
        names: Sequence[str],
        known: Mapping[str, frozenset[str]],
        *,
        first: bool = False,
    ) -> Iterator[ColumnSearch]:
        dialect = self.dialect
        sign, gaps, group = SIGNS.get(kind, ""), GAPS.get(kind, ""), SAME_TEXT.get(kind, kind)
        if kind == Sought.NAMED:  # only the keys that this source may mean
            names = [name for name in names if spelled_key(name) in known]
            sign = member_sign({word for found in known.values() for word in found})
        shows = self.shows(column, sign)
        if not names or (kind == Sought.NAMED and not shows):
            return
        names_of = (f"afschrift_{form}_{group}_{number}" for form in ("whole", "bare"))
        whole, bare = map(dialect.quote, names_of)
        own = dialect.text(f"t.{dialect.quote(column)}")
        plain = self._plain(own, kind, first=first)
        texts = [(plain, whole), (dialect.without(plain, gaps), bare)]
        if shows and (not first or kind == Sought.NAMED):  # a first scan asks for all signs at once
            texts = [(f"CASE WHEN {shows} THEN {text} END", name) for text, name in texts]
        current = [name for name in names if not is_former(name)]
        may = self._any(names, t_bare := f"t.{bare}", lambda value: dialect.mentions(t_bare, value))
        does = now = may
        if dialect.matches(t_whole := f"t.{whole}", "k.value") is not None:
            does, now = (
                self._any(
                    [f"{name}:whole" for name in some], t_whole, lambda v: dialect.matches(t_whole, v) or ""
                )
                for some in (names, current)
            )
        may = f"({t_bare} = {dialect.literal(_ODD)} OR {may})" if first else may
        texts = texts[1:] if first else texts
        yield ColumnSearch(column, kind, tuple(texts), may, does, now, sign if shows else "", (kind,))

    def _any(self, names: Sequence[str], text: str, holds: Callable[[str], str]) -> str:
        """Condition on a text that holds for a key of some names; no other key is compared with the text."""
        dialect, named = self.dialect, self._named(names)
        if dialect.gathers_keys:
            lists = (f"list_filter(s.{dialect.quote(name)}, lambda v: {holds('v')})" for name in names)
            found = " OR ".join(f"coalesce(len({of_name}), 0) > 0" for of_name in lists) or "FALSE"
        else:
            held = f"CASE WHEN {named} THEN {holds('k.value')} END"
            found = f"EXISTS (SELECT 1 FROM {dialect.keys} AS k WHERE {held})"  # noqa: S608 - quoted
        return f"CASE WHEN {text} IS NOT NULL THEN {found} ELSE FALSE END"

    def _plain(self, text: str, kind: str, *, first: bool) -> str:
        """A text in its plain form, or with `first` then `_ODD`; most texts only need small letters."""
        dialect, plain = self.dialect, self.dialect.plain(text)
        odd = dialect.matches(text, dialect.literal(coded(kind)))
        for pattern, by in decoded(kind):
            plain = dialect.replaced(plain, pattern, by)
        plain = dialect.literal(_ODD) if first else plain
        return f"CASE WHEN {odd} THEN {plain} ELSE lower({text}) END" if odd else f"lower({text})"

    def number(
        self,
        column: str,
        column_type: ColumnType,
        names: Sequence[str],
        kind: str,
        sign: str = "",
        text: tuple[str, ...] = (),
    ) -> Iterator[ColumnSearch]:
        dialect = self.dialect
        if not names:
            return
        of = f"t.{dialect.quote(column)}", column_type.native
        try:
            holds = dialect.holds_key(*of)
        except ConfigurationError:  # a type that this server cannot compare with a text
            if kind == Sought.NAMED:
                raise
            return
        sides = dialect.key_sides(*of) if dialect.gathers_keys else None
        keys = f"FROM {dialect.keys} AS k WHERE"
        held = f"{sides[0]} IN (SELECT {sides[1]}" if sides else "EXISTS (SELECT 1"
        also = "" if sides else f" AND {holds}"
        current = [name for name in names if not is_former(name)]
        same, now = (f"{held} {keys} {self._named(some)}{also})" for some in (names, current))
        yield ColumnSearch(column, kind, (), same, same, now, sign, text)

    def uuid_bytes(self, column: str, name: str, kind: str) -> Iterator[ColumnSearch]:
        """The search of a column of bytes for keys whose hex digits have a name."""
        digits = self.dialect.uuid_digits(f"t.{self.dialect.quote(column)}")
        if digits is not None:
            same = f"{digits} IN (SELECT k.value FROM {self.dialect.keys} AS k WHERE {self._named([name])})"  # noqa: S608 - quoted
            yield ColumnSearch(column, kind, (), same, same, same)

    def _named(self, names: Sequence[str]) -> str:
        """Condition: the bound key has one of these names."""
        return f"k.name IN ({', '.join(map(self.dialect.literal, names)) or 'NULL'})"

    def shows(self, column: str, pattern: str) -> str:
        """Condition that a column's text has a sign; empty if the database has no regular expressions."""
        dialect = self.dialect
        text = dialect.text(f"t.{dialect.quote(column)}")
        return dialect.matches(text, dialect.literal(pattern)) or ""
