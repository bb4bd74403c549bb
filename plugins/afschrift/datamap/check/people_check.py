"""Find columns with keys of people that no way of the map goes by: by values, of which none is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from afschrift.datamap.check.finding import Code, Finding, Severity, finding
from afschrift.datamap.check.probe import CheckedSource
from afschrift.datamap.matching.people_keys import Place, owners
from afschrift.datamap.matching.read_sketches import SketchReader, could_be_key, new_salt
from afschrift.datamap.matching.sketch import ColumnMatch, Sketch, compare
from afschrift.datamap.reader import NotAnsweredError
from afschrift.domain.decision import About
from afschrift.domain.errors import AfschriftError
from afschrift.domain.sources import ColumnType
from afschrift.inventory.column import Column
from afschrift.inventory.joins import Hop, foreign_keys
from afschrift.inventory.model import Inventory

_OF_NO_ONE = "the map says that the table is about no person"
_IGNORED = "the map ignores the table"
_NO_WAY = "no way of the table goes by it"
_SETTLED = "the map says that such rows are not given, though they may be the person's in another role"
_REMEDY = "give the table a way by this column (`subject` or `join`)"
_ENTRY = (
    "add an entry `{table}_{key}` with `table: {name}` and `subject: {{{key}: {column}}}`, which gives a "
    "person these rows; or say under `mentions` with `never_own` on what it rests that they are never the "
    "asking person's"
)


@dataclass(frozen=True)
class PassedOver:
    """A column that may hold keys of people, though the map does not say so.

    Attributes:
        place: source, table and column.
        says: what the map says.
        people: table that a foreign key of the database leads to; empty: none does.
        sketch: of its values; None: they were not looked at.
    """

    place: Place
    says: str
    people: str
    sketch: Sketch | None = None


@dataclass
class PeopleByValues:
    """The sketches of one check, over all its sources.

    Attributes:
        keys: column with a key of people -> name of the key, and its sketch.
        missed: columns with such a key that were not read.
    """

    inventory: Inventory
    salt: str = field(default_factory=new_salt, repr=False)
    keys: dict[Place, tuple[str, Sketch]] = field(default_factory=dict)
    pointers: list[PassedOver] = field(default_factory=list)
    missed: set[Place] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.missed |= {place for _, place in owners(self.inventory)}

    def look(self, of: CheckedSource) -> Iterator[Finding]:
        """Read the sketches of a source that has an entry for each table; yield what was not looked at."""
        reader = SketchReader(of.probe, self.salt, of.limits.sample)
        try:
            rows = of.probe.ask(lambda session: session.described()).rows
        except NotAnsweredError:
            rows = {}
        known = {name: rows.get(of.declared.in_source(name)) for name in of.declared.tables}
        for name, place in owners(self.inventory):
            source, table, column = place
            if source == of.declared.source and table in of.finder.tables:
                words = f"{of.path(table, column)}: no column was compared with these keys"
                found = self._key(of, reader, name, place, known[table])
                yield from of.unless_unanswered((table, column), words, (), found)
        for table in of.declared.tables:
            if table in of.finder.tables:
                words = f"{of.path(table)}: its values were not compared with keys of people"
                found = self._pointers(of, reader, table, known[table])
                yield from of.unless_unanswered((table,), words, {Code.HOLDS_KEYS}, found)

    def _key(
        self, of: CheckedSource, reader: SketchReader, name: str, place: Place, rows: int | None
    ) -> Iterator[Finding]:
        _, table, column = place
        found = of.finder.type_of(table, column)
        if could_be_key(found):
            self.keys[place] = name, reader.key(of.finder.relation(table), column, found, rows)
        self.missed.discard(place)
        yield from ()

    def _pointers(
        self, of: CheckedSource, reader: SketchReader, table: str, rows: int | None
    ) -> Iterator[Finding]:
        columns = dict(_columns(of, table))
        people = {
            hop.pairs[0][0]: hop.parent
            for hop in foreign_keys(table, of.named.foreign_keys)
            if self._leads(of, table, hop)
        }
        written = self.inventory.sources[of.declared.source].tables
        says = _NO_WAY if of.declared.tables[table].personal else _OF_NO_ONE if table in written else _IGNORED
        settled = {column for column, words in of.declared.tables[table].columns.items() if _asked(words)}
        made = [
            PassedOver(
                (of.declared.source, table, column),
                _SETTLED if column in settled else says,
                people.get(column, ""),
            )
            for column in columns
        ]
        at = len(self.pointers)
        self.pointers += [pointer for pointer in made if pointer.people]  # it is known without values
        if columns:
            sketches = reader.sample(of.finder.relation(table), columns, rows)
            self.pointers[at:] = [replace(p, sketch=sketches[p.place[2]]) for p in made]
        yield from ()

    def _leads(self, of: CheckedSource, table: str, hop: Hop) -> bool:
        """Whether a foreign key leads to rows of people; from a table with ways, to the people themselves."""
        subject = of.declared.tables[hop.parent].subject
        if not of.declared.tables[table].personal:
            return bool(subject)
        person = subject.get(self.inventory.identity.person)
        return person is not None and hop.pairs == ((hop.pairs[0][0], person.column),)

    def findings(self) -> Iterator[Finding]:
        """Compare what was read, and yield the columns with keys of people."""
        for pointer in self.pointers:
            yield from self._of(pointer)
        for source in sorted({pointer.place[0] for pointer in self.pointers}) if self.missed else ():
            places = ", ".join(".".join(place) for place in sorted(self.missed))
            words = f"{source}: its columns were not compared with {places}"
            remedy = "see why these were not read"
            yield finding(Code.NOT_LOOKED_AT, (source,), words, remedy, undecided={Code.HOLDS_KEYS})

    def _of(self, pointer: PassedOver) -> Iterator[Finding]:
        if pointer.says == _SETTLED:
            yield from self._settled(pointer)
            return
        person = self.inventory.identity.person
        matches: list[tuple[ColumnMatch, Place]] = [
            (compare(pointer.sketch, sketch), place)
            for place, (name, sketch) in self.keys.items()
            if pointer.sketch is not None and (name == person or pointer.says != _NO_WAY)
        ]
        known = [match for match in matches if match[0].proven or (pointer.people and match[0].alike)]
        path = ".".join(pointer.place)
        if known:
            match, place = max(known, key=lambda match: (match[0].share, match[0].found))
            sentence = f"{path}: {match.words('.'.join(place), alone=not pointer.people)}; {pointer.says}"
        elif pointer.people:
            sentence = (
                f"{path} is a foreign key to {pointer.people}, whose rows are of people; {pointer.says}"
            )
        else:
            return
        found = finding(Code.HOLDS_KEYS, pointer.place, sentence, _REMEDY)
        sure = known and pointer.says != _NO_WAY
        yield found if sure else replace(found, severity=Severity.WARNING)

    def _settled(self, pointer: PassedOver) -> Iterator[Finding]:
        """Yield a settled column with some value that is a key of people: they have a row in two roles."""
        for place, (name, sketch) in self.keys.items():
            if pointer.sketch is None or not sketch.distinctive or place == pointer.place:
                continue
            match = compare(pointer.sketch, sketch)
            if match.found:
                _, table, column = pointer.place
                sentence = (
                    f"{'.'.join(pointer.place)}: {match.words('.'.join(place), alone=False)}; {_SETTLED}"
                )
                in_source = self.inventory.sources[pointer.place[0]].in_source(table)
                remedy = _ENTRY.format(table=table, name=in_source, key=name, column=column)
                found = finding(Code.HOLDS_KEYS, pointer.place, sentence, remedy)
                yield replace(found, severity=Severity.WARNING)
                return


def _asked(words: Column) -> bool:
    return words.mentions is not None and words.mentions.is_asked


def _columns(of: CheckedSource, name: str) -> Iterator[tuple[str, ColumnType]]:
    """Yield the columns of a table that could hold keys, and on which the map does not decide."""
    declared = of.declared.tables[name]
    entries = [of.declared.tables[entry] for entry in of.declared.entries(of.declared.in_source(name))]
    if declared.copy_of is not None or declared.unconfirmed or any(e.copy_of for e in entries):
        return
    if not declared.personal and any(entry.personal for entry in entries):
        return
    decided = {
        column
        for entry in entries
        for column in (
            *(column for link in entry.subject.values() for column in link.columns),
            *(column for join in entry.join for column in join),
            *entry.references,
            *(
                c
                for c, words in entry.columns.items()
                if not _asked(words) and (words.mentions or words.about is not About.SUBJECT)
            ),
        )
    }
    try:
        found = dict(of.catalogue[name])
    except AfschriftError:  # the comparison of the table reports it
        return
    yield from ((c, type_) for c, type_ in found.items() if c not in decided and could_be_key(type_))
