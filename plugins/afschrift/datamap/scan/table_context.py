"""The table of a column: what it is to the people who ask, and what the names of its columns mean there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from afschrift.datamap.scan.concepts import ELSE, OTHERS, TOPIC, ByPlace, Candidate, Topic, Vocabulary
from afschrift.datamap.scan.schema import ScannedTable
from afschrift.domain.name_parts import flat, singulars, words
from afschrift.domain.vocabulary import Origin


class TableRole(StrEnum):
    """The relation of a table to the people who make requests."""

    PERSON = "person"  # the table of these people
    CHILD = "child"  # its rows lead to a person
    LOOKUP = "lookup"  # names of products or countries, to which a child points
    OTHER_PEOPLE = "other_people"  # other people, such as employees
    UNREACHED = "unreached"  # no way leads to a person


STAFF, HEALTH = "staff", "health"
ADDRESSED = "addressed"
"""Place of a column in a table with an address: a region there is part of it."""
_STREETS = frozenset({"user.contact.address", "user.contact.address.street"})
_PLACES = frozenset({"user.contact.address.city", "user.contact.address.postal_code"})
_PATIENTS = frozenset({"patient", "patients", "patienten"})
_ENTRY = frozenset({"code", "description"})
"""Words of columns that a coded entry has: of a finding, a treatment or a device."""
_NAMES_OF_PEOPLE = frozenset({"first", "last", "maiden", "middle", "given", "family", "prefix", "suffix"})

_TABLES_OF_OTHERS = {"family": Origin.PROVIDED, STAFF: Origin.ASSIGNED}
"""Topic of a table whose rows lead to the person but are about another person -> origin."""


@dataclass(frozen=True)
class Meaning:
    """Origin and category (None: open in the vocabulary), and why they differ from the usual ones."""

    origin: Origin | None
    category: str | None
    others: bool
    remarks: tuple[str, ...] = ()


class TableContext:
    """The table of a column: its topic, its role and its other columns."""

    def __init__(
        self, vocabulary: Vocabulary, table: ScannedTable, role: TableRole, people: tuple[str, ...] = ()
    ) -> None:
        self._vocabulary, self._table, self._role = vocabulary, table, role
        self.words = vocabulary.lexicon.words_of(table.name.rpartition(".")[2])
        topic = vocabulary.topic(self.words)
        if role is TableRole.CHILD and people and self._is_clinical(people[0]):
            topic = next(topic for topic in vocabulary.topics if topic.name == HEALTH)
        self.topic = topic if role is not TableRole.PERSON or (topic and topic.name == STAFF) else None
        self._theirs = frozenset().union(*({*words(name), *singulars(name)} for name in people))
        self._of_people = vocabulary.topic(vocabulary.lexicon.words_of(people[0])) if people else None

    def _is_clinical(self, people: str) -> bool:
        """Whether rows of a table of patients are entries in their record."""
        if not _PATIENTS & set(words(people)):
            return False
        named = {word for name in self._names for word in self._vocabulary.lexicon.words_of(name)}
        return named >= _ENTRY or "user.health_and_medical" in self._categories

    @property
    def record(self) -> str | None:
        """The category of what a clinical record holds that no name explains; None: it is none."""
        topic, clinical = self.topic, self._role is TableRole.CHILD
        return topic.category if clinical and topic is not None and topic.name == HEALTH else None

    def words_of(self, name: str) -> tuple[str, ...]:
        """The words of a column's name; `emp_no` in a table of employees' rows is a person's number."""
        own = {flat(other) for other in self._names} & _NAMES_OF_PEOPLE
        if self._role is TableRole.PERSON and flat(name) in own and len(own) > 1:
            name = f"{name} name"
        words_of, others = self._vocabulary.lexicon.words_of, self._vocabulary.others
        pieces = words(name)
        if not any(piece in self._theirs and others.keys() & words_of(piece) for piece in pieces):
            return words_of(name)
        return words_of(
            "_".join(
                "person" if piece in self._theirs and others.keys() & words_of(piece) else piece
                for piece in pieces
            )
        )

    @property
    def people(self) -> str | None:
        """The first data of people in the table, in words; None: it has none."""
        return self._vocabulary.of_people(self._names)

    def meaning(self, candidate: Candidate) -> Meaning:
        """Return the meaning of a concept in this table, with the other words of the name."""
        concept, remarks = candidate.concept, list[str]()
        others, theirs = self._others(candidate)
        category = self._at(concept.category, candidate, others, lambda topic: topic.category)
        named = self._at(concept.origin, candidate, others, lambda topic: topic.origin)
        origin = Origin(named) if named else None
        if others and not concept.others and (origin is Origin.PROVIDED or OTHERS in concept.category):
            origin = theirs
        if origin in (Origin.PROVIDED, Origin.OBSERVED) and self._vocabulary.figures & set(
            candidate.other_words
        ):
            remarks.append("a figure over several values")
            origin = None
        if self._second(candidate):
            remarks.append("a second one beside the person's own")
            origin = None
        return Meaning(origin, category, others, tuple(remarks))

    def identifies(self, candidate: Candidate) -> bool:
        """Whether it lets an officer recognise a person; only in the table of people."""
        by_role = candidate.concept.identifies
        return self._role is TableRole.PERSON and by_role.get(TableRole.PERSON, by_role.get(ELSE, False))

    @cached_property
    def _categories(self) -> frozenset[str | None]:
        """What its columns hold, whatever the table."""
        named = map(self._vocabulary.lexicon.words_of, self._names)
        firsts = (first.concept for each in named for first in self._vocabulary.candidates(each)[:1])
        return frozenset(concept.category.get(ELSE) for concept in firsts)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self._table.columns)

    def _at(
        self, by_place: ByPlace, candidate: Candidate, others: bool, of_topic: Callable[[Topic], str | None]
    ) -> str | None:
        """Return the word for the first place that has one."""
        other_topic = self._vocabulary.topic(candidate.other_words)
        for place in self._places(other_topic, others):
            if place in by_place:
                topic = self.topic or other_topic
                return by_place[place] if by_place[place] != TOPIC else of_topic(topic) if topic else None
        return None

    def _places(self, other_topic: Topic | None, others: bool) -> Iterator[str]:
        """Yield places in order: others, the table's topic, its role, the topic of other words, elsewhere."""
        yield from (OTHERS,) if others else ()
        yield from (self.topic.name,) if self.topic else ()
        yield self._role
        yield from (other_topic.name,) if other_topic else ()
        yield from (ADDRESSED,) if self._categories & _STREETS and self._categories & _PLACES else ()
        yield ELSE

    def _others(self, candidate: Candidate) -> tuple[bool, Origin | None]:
        """Whether it is about another person, and the origin of such data."""
        for word in candidate.other_words:
            if word in self._vocabulary.others and word not in self.words:
                return True, self._vocabulary.others[word]
        if self._role is TableRole.CHILD and self.topic and any(candidate.concept.identifies.values()):
            origin = _TABLES_OF_OTHERS.get(self.topic.name) if self.topic != self._of_people else None
            return origin is not None, origin
        return candidate.concept.others, None

    def _second(self, candidate: Candidate) -> bool:
        """Whether it is of a contact, next to the person's own column with the same meaning."""
        if "contact" not in candidate.other_words or self._role is not TableRole.PERSON:
            return False
        words = map(self._vocabulary.lexicon.words_of, self._names)
        firsts = (first for named in words for first in self._vocabulary.candidates(named)[:1])
        return any(
            first.concept is candidate.concept and "contact" not in first.other_words for first in firsts
        )
