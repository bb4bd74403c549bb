"""The questions of a review: unconfirmed columns and tables, grouped if alike, in the order of dependence."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from afschrift.datamap.review.decisions import NUMBER, Decision, Decisions, Kind
from afschrift.domain.language import gettext
from afschrift.domain.notation import count
from afschrift.inventory.column import Column
from afschrift.inventory.defaults import INHERITED
from afschrift.inventory.model import Inventory
from afschrift.inventory.table import PROVES_LITTLE, Table
from afschrift.inventory.unconfirmed import WAYS_OF, resting_on_guesses, same_number, unclassified


@dataclass(frozen=True)
class Place:
    """A column, or a table where `column` is None."""

    source: str
    table: str
    column: str | None = None

    @property
    def path(self) -> str:
        """`source.table.column`."""
        return ".".join(filter(None, (self.source, self.table, self.column)))


Member = tuple[Place, Mapping[str, Any], Column]
"""A column's place, its proposed words, and the column itself."""
_NAMED = 3
_NOT_ASKED = {"review", "proposed", "decided", "why"}


@dataclass(frozen=True)
class Group:
    """One question.

    Attributes:
        name: of its columns or its table; the title of the decision where the names differ.
        proposed: the words for all of them, and the default that gives their `purposes`; for a
            table, `personal`, `copy_of` or `ways`.
        varied: word that is not the same for all -> proposed values, with how often each.
        places: all columns or the table that the answer is for, in the order of the files.
        sure: the lowest confidence among them; None: no program gave one.
        reasons: of the proposals, each once.
        takers: columns that point to them, directly or not, and take over words; for ways, the tables that
            have their key of a person from this table.
        kind: of the decision; None: about tables.
        whose: of tables with `ways`, each answer that is no plain yes -> its words in the file.
        evidence: of each such answer.
        titles: of confirmed columns that lack one, and of the table itself, drafted.
    """

    name: str
    proposed: Mapping[str, Any]
    places: tuple[Place, ...]
    varied: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    sure: float | None = None
    reasons: tuple[str, ...] = ()
    takers: tuple[Place, ...] = ()
    kind: Kind | None = None
    whose: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_table(self) -> bool:
        """Whether it asks about a table, and not about columns."""
        return self.places[0].column is None

    @property
    def is_grouped(self) -> bool:
        """Whether its name is not that of a table or of columns."""
        return len({(place.column or place.table).casefold() for place in self.places}) > 1

    @property
    def tables(self) -> int:
        return len({(place.source, place.table) for place in self.places})

    @property
    def size(self) -> str:
        """Such as `24 columns of 6 tables`."""
        tables = count(self.tables, "table")
        return tables if self.is_table else f"{count(len(self.places), 'column')} of {tables}"

    @property
    def key(self) -> str:
        """Identifies the question: the same for the same words of the same places."""
        return json.dumps([[place.path for place in self.places], self.proposed, self.varied], sort_keys=True)

    @property
    def id(self) -> str:
        """A digest of `key`, of twenty characters."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:20]


def mark_of(kind: Kind | None, place: Place) -> str:
    """Return the mark of a table whose columns of one kind of decision are a question of their own."""
    return f"{kind} {place.source}.{place.table}"


def groups(inventory: Inventory, apart: Collection[str] = (), *, later: bool = False) -> list[Group]:
    """Return all questions: ways, then columns by decisions of law, then tables of no one.

    Columns are one question if they wait for the same decision for the same reason; categories and titles
    may differ, and each column keeps its own. So are tables with the same guessed way, and those of no one
    or of which nothing says whose they are, if no column of theirs looks like a person's. What no key of the
    people who ask reaches is not asked, unless it finds rows or others depend on it. Each path or mark of a
    table in `apart` is its own question. Columns of tables whose way is guessed come after that way was
    answered, or with `later`.

    A column takes over words from the column that it points to. So that one is asked first, and its question
    shows the columns that take over its words: they may be confirmed already.
    """
    decisions, awaited, pointers = Decisions(inventory), _awaited(inventory), Pointers(inventory)
    found: dict[tuple[Decision, str], list[Member]] = {}
    needed = awaited | pointers.ends(decisions.is_reached)
    for place, column in _columns(inventory, later=later):
        if place not in needed and not decisions.is_asked(place.source, place.table, str(place.column)):
            continue
        values = words_of(column) | _default_purposes(inventory, place, column)
        decision = decisions.of(place.source, place.table, str(place.column), values, column)
        parts = (place.path, mark_of(decision.kind, place))
        alone = next((part for part in parts if part in apart), "")
        found.setdefault((decision, alone), []).append((place, values, column))
    made = [_group(members, decision.kind) for (decision, _), members in found.items()]
    kinds = [None, *Kind]
    largest = sorted(made, key=lambda g: (awaited.isdisjoint(g.places), kinds.index(g.kind), -len(g.places)))
    order = pointers.first([group.places for group in largest])
    tables = list(_tables(inventory, apart))
    ways = [group for group in tables if "ways" in group.proposed]
    rest = [group for group in tables if "ways" not in group.proposed]
    columns = [
        replace(group, takers=pointers.takers(group.places, [*group.proposed, *group.varied]))
        for group in map(largest.__getitem__, order)
    ]
    return [*ways, *columns, *rest]


def _awaited(inventory: Inventory) -> frozenset[Place]:
    """Return the columns on which confirmed columns depend, which apply only once these are confirmed."""
    return frozenset(
        Place(source.source, *awaited.rsplit(".", 1))
        for source in inventory.sources.values()
        for table in source.tables.values()
        for column in table.columns.values()
        for awaited in column.awaits
        if not awaited.startswith(WAYS_OF)
    )


def words_of(column: Column) -> dict[str, Any]:
    """Return the proposed words of a column, as in a file."""
    written = column.proposal or column
    return written.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=_NOT_ASKED)


def _default_purposes(inventory: Inventory, place: Place, column: Column) -> dict[str, str]:
    """Return the purposes that a column has by default: they decide whether it is portable."""
    source = inventory.sources[place.source]
    names = source.default_purposes(place.table, column.proposal or column)
    bases = [f"{name} ({source.purposes[name].basis})" for name in names]
    return {"purposes": f"{', '.join(bases)} by the defaults of the source"} if bases else {}


def _columns(inventory: Inventory, *, later: bool) -> Iterator[tuple[Place, Column]]:
    for source in inventory.sources.values():
        guessed = frozenset() if later else resting_on_guesses(source.tables)
        for name, table in source.tables.items():
            if name in guessed:
                continue  # its way is asked first
            for column in unclassified(table):
                written = table.columns[column]
                if not written.awaits:  # else it is confirmed, and its way or the columns of that are asked
                    yield Place(source.source, name, column), written


def _group(members: list[Member], kind: Kind) -> Group:
    names = list(
        {str(place.column).casefold(): str(place.column) for place, _, _ in reversed(members)}.values()
    )
    proposed = [column.proposed for _, _, column in members if column.proposed is not None]
    words = list(dict.fromkeys(word for _, values, _ in members for word in values))
    common, varied = {}, {}
    for word in words:
        found = [values.get(word) for _, values, _ in members]
        if all(value == found[0] for value in found):
            common[word] = found[0]
        else:
            varied[word] = dict(Counter(in_both_languages(value) for value in found))
    return Group(
        _name(names, kind, common),
        common,
        tuple(place for place, _, _ in members),
        varied,
        min((proposal.confidence for proposal in proposed), default=None),
        tuple(dict.fromkeys(proposal.because for proposal in proposed)),
        kind=kind,
    )


def _name(names: Sequence[str], kind: Kind, common: Mapping[str, Any]) -> str:
    """Return the name of a question: of its columns, in the spelling of the first, or of the decision."""
    if len(names) == 1 or kind is Kind.NAME:
        return ", ".join([*reversed(names[-_NAMED:]), *["..."] * (len(names) > _NAMED)])
    if kind is Kind.MEANING and "category" in common:
        return f"{common['category']}, {common['origin']}"
    return str(kind.value)


def in_both_languages(value: object) -> str:
    """Return a text in its languages, codes with theirs, the names of a list, or another value as text."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if not isinstance(value, Mapping):
        return "nothing" if value is None else str(value)
    coded = any(isinstance(text, Mapping) for text in value.values())
    parts = [f"{code}: {in_both_languages(text)}" if coded else str(text) for code, text in value.items()]
    return (", " if coded else " / ").join(parts)


def _tables(inventory: Inventory, apart: Collection[str]) -> Iterator[Group]:
    for source in inventory.sources.values():
        resting: dict[str, list[Place]] = {}
        for name, table in source.tables.items():
            for people in same_number(table, source.tables):
                resting.setdefault(people, []).append(Place(source.source, name))
        found: dict[tuple[str, str], list[Group]] = {}
        asked = {name for name, table in source.tables.items() if table.asked}
        first = {name: not asked & _ends(table) for name, table in source.tables.items()}
        for name in sorted(source.tables, key=lambda name: not first[name]):
            table, place = source.tables[name], Place(source.source, name)
            title, group = "", Group(name, {"personal": False}, (place,))
            if table.ways is not None:
                group = _whose(place, table, tuple(resting.get(name, ())))
                title = "" if table.asked else f"Rows of people by {group.proposed['ways']}"
            elif table.copy_of:
                group = Group(name, {"copy_of": table.copy_of}, (place,))
            proof = [way for way in table.possible if not way.because.endswith(PROVES_LITTLE)]
            if not (title or table.copy_of or proof or _looks_personal(table)):
                title = _NOT_SAID if table.asked else _NO_ONES
                title = _SMALL_NUMBERS if table.possible else title
            if table.ways is not None or table.unconfirmed:
                found.setdefault((title, name if place.path in apart or not title else ""), []).append(group)
        for (title, _), alike in sorted(found.items(), key=lambda item: item[0][0] == _NO_ONES):
            yield _as_one(title, alike)


def _ends(table: Table) -> set[str]:
    """Return the tables at which the possible ways of a table end: they are asked about first."""
    return {end.rpartition(".")[0] for way in table.possible for end in way.join.values()}


def _as_one(title: str, alike: Sequence[Group]) -> Group:
    """Return questions of the same decision as a single one."""
    places = tuple(place for group in alike for place in group.places)
    takers = dict.fromkeys(place for group in alike for place in group.takers)
    if len(alike) == 1:
        return alike[0]
    common = [group.whose.items() for group in alike]
    whose = {way: words for way, words in common[0] if all((way, words) in of for of in common)}
    fits = "each table has its own evidence, which proves nothing alone"
    evidence = {way: alike[0].evidence[way] if way == NO_ONE else fits for way in whose}
    return replace(alike[0], name=title, places=places, takers=tuple(takers), whose=whose, evidence=evidence)


NO_ONE, _NO_ONES = "no_one", "Tables about no one"
_NOT_SAID = "Tables of which nothing says whose they are"
_SMALL_NUMBERS = "Tables in which small numbers are those of people too"


def _whose(place: Place, table: Table, takers: tuple[Place, ...]) -> Group:
    """Return the question whose the rows of a table are."""
    whose: dict[str, Mapping[str, Any]] = {NO_ONE: {"personal": False}}
    evidence = {NO_ONE: "they are about no person: never read"}
    for way in table.possible if table.asked else ():
        [(own, to)] = [*way.join.items(), *((column, key) for key, column in way.subject.items())]
        whose[f"{own}:{to}"] = way.model_dump(include={"subject", "join"}, exclude_defaults=True)
        evidence[f"{own}:{to}"] = way.because
    proposed = {"ways": "asked" if table.asked else _ways(table)}
    return Group(place.table, proposed, (place,), takers=takers, whose=whose, evidence=evidence)


def _looks_personal(table: Table) -> bool:
    """Whether a column of a table looks like a person's data, so that the table is its own question."""
    words = [column.proposal or column for column in table.columns.values()]
    return any(word.free_text or word.category not in (None, NUMBER) for word in words)


_COLUMNS = 12  # of a table, in a question about it


def about_tables(inventory: Inventory, group: Group) -> Iterator[tuple[str, str]]:
    """Yield what is known of the tables of a question: their columns, and what points from and to them."""
    for column, title in group.titles.items():
        yield "title", f"{column}: {' / '.join(title.values())}"
    if group.name == _SMALL_NUMBERS:
        yield "possible", PROVES_LITTLE.removeprefix(", but ")
    for place in group.places if group.is_table and not group.titles else ():
        tables = inventory.sources[place.source].tables
        table = tables[place.table]
        names = list(table.columns)
        more = [gettext("and {number} more", number=len(names) - _COLUMNS)] * (len(names) > _COLUMNS)
        yield "columns", f"{place.table}: " + (", ".join([*names[:_COLUMNS], *more]) or gettext("not known"))
        for way in table.possible:
            own = ", ".join((*way.join, *way.subject.values()))
            because = way.because.removesuffix(PROVES_LITTLE) if len(group.places) > 1 else way.because
            yield "possible", f"{place.table}.{own}: {because}"
        for name, other in tables.items():
            ways = (way for join in other.join for way in join.items())
            for own, end in (*ways, *other.references.items()):
                if place.table in (name, end.rpartition(".")[0]):
                    yield "points", gettext("{own} to {end}", own=f"{name}.{own}", end=end)


def _ways(table: Table) -> str:
    """Return the guessed ways in words."""
    subject = [f"subject {key}: {link.column}" for key, link in table.subject.items()]
    joins = [", ".join(f"join {own}: {to}" for own, to in join.items()) for join in table.join]
    return "; or ".join([*subject, *joins])


_MAY_BE_SAID = frozenset({"origin", "category"})
"""Words that an answer can add to the proposal."""


class Pointers:
    """The references and joins between columns of an inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._columns: dict[Place, Column] = {}
        self._to: dict[Place, Place] = {}
        self._from: dict[Place, list[Place]] = {}
        for source in inventory.sources.values():
            for name, table in source.tables.items():
                ways = dict(table.references)
                for join in reversed(table.join):  # the first way counts, as for defaults
                    ways |= join
                for own, target in ways.items():
                    if own in table.columns:
                        other, _, column = target.rpartition(".")
                        at, to = Place(source.source, name, own), Place(source.source, other, column)
                        self._columns[at] = table.columns[own]
                        self._to[at] = to
                        self._from.setdefault(to, []).append(at)

    def ends(self, of: Callable[[str, str], bool]) -> set[Place]:
        """Return the columns to which those of some tables point."""
        return {to for at, to in self._to.items() if of(at.source, at.table)}

    def first(self, questions: Sequence[Sequence[Place]]) -> list[int]:
        """Return the numbers of questions in an order in which none precedes those its columns point to.

        Questions in a circle keep their order.

        Args:
            questions: the columns of each.
        """
        of = {place: number for number, places in enumerate(questions) for place in places}
        before = [sorted({of[to] for to in map(self._to.get, places) if to in of}) for places in questions]
        found: dict[int, None] = {}
        entered: set[int] = set()
        waiting = list(reversed(range(len(questions))))
        while waiting:
            entered.add(number := waiting[-1])
            left = [earlier for earlier in before[number] if earlier not in entered]
            if left:
                waiting += reversed(left)
            else:
                found[waiting.pop()] = None
        return list(found)

    def takers(self, places: Iterable[Place], words: Iterable[str]) -> tuple[Place, ...]:
        """Return other columns that take over some of these words, directly or by columns in between.

        Words that an answer can add are included.
        """
        wanted = INHERITED & {*words, *_MAY_BE_SAID}
        waiting = list(places)
        own, found = set(waiting), dict[Place, None]()
        while waiting:
            for taker in self._from.get(waiting.pop(), ()):
                if taker not in found and wanted - _own(self._columns[taker]):
                    found[taker] = None
                    waiting.append(taker)
        return tuple(taker for taker in found if taker not in own)


def _own(column: Column) -> set[str]:
    """Return a column's own words, without those of defaults."""
    part = column.proposal or column
    return part.words().keys() - part.sources.keys()
