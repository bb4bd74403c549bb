"""What a concept comes to in one table: origin, category and whose data it is, by what the table is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from afschrift.datamap.scan.concepts import ELSE, OTHERS, TOPIC, ByPlace, Candidate, Topic, Vocabulary
from afschrift.datamap.scan.schema import ScannedTable
from afschrift.domain.origin import Origin

_PERSON, _CHILD, _STAFF = "person", "child", "staff"

_TABLES_OF_OTHERS = {"family": Origin.PROVIDED, _STAFF: Origin.ASSIGNED}
"""Topic of a table that reaches the person and is about somebody else."""


@dataclass(frozen=True)
class Meaning:
    """Origin and category (None: the vocabulary leaves them open), and why they are not the usual ones."""

    origin: Origin | None
    category: str | None
    others: bool
    said: tuple[str, ...] = ()


class TableContext:
    """One table as the judgement of its columns needs it.

    Args:
        role: a `TableRole`.
    """

    def __init__(self, vocabulary: Vocabulary, table: ScannedTable, role: str) -> None:
        self._vocabulary, self._table, self._role = vocabulary, table, role
        self.words = vocabulary.lexicon.words_of(table.name.rpartition(".")[2])
        topic = vocabulary.topic(self.words)
        self._topic = topic if role != _PERSON or (topic and topic.name == _STAFF) else None

    @property
    def people(self) -> str | None:
        """What of people the table has; None: nothing."""
        return self._vocabulary.of_people(self._names)

    def meaning(self, candidate: Candidate) -> Meaning:
        """What a concept comes to here, by the words of the name beside it."""
        concept, said = candidate.concept, list[str]()
        others, theirs = self._others(candidate)
        category = self._at(concept.category, candidate, others, lambda topic: topic.category)
        named = self._at(concept.origin, candidate, others, lambda topic: topic.origin)
        origin = Origin(named) if named else None
        if others and not concept.others and (origin is Origin.PROVIDED or OTHERS in concept.category):
            origin = theirs
        if origin in (Origin.PROVIDED, Origin.OBSERVED) and self._vocabulary.figures & set(candidate.beside):
            said.append("a figure over several values")
            origin = None
        if self._second(candidate):
            said.append("a second one beside the person's own")
            origin = None
        return Meaning(origin, category, others, tuple(said))

    def identifies(self, candidate: Candidate) -> bool:
        """Whether an officer may tell by it who somebody is: in the table of people alone."""
        by_role = candidate.concept.identifies
        return self._role == _PERSON and by_role.get(_PERSON, by_role.get(ELSE, False))

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self._table.columns)

    def _at(
        self, said: ByPlace, candidate: Candidate, others: bool, of_topic: Callable[[Topic], str | None]
    ) -> str | None:
        """What holds at the first place of which anything is said."""
        beside = self._vocabulary.topic(candidate.beside)
        for place in self._places(beside, others):
            if place in said:
                topic = self._topic or beside
                return said[place] if said[place] != TOPIC else of_topic(topic) if topic else None
        return None

    def _places(self, beside: Topic | None, others: bool) -> Iterator[str]:
        """Others, the topic of the table, its role, the topic of the rest of the name, elsewhere."""
        yield from (OTHERS,) if others else ()
        yield from (self._topic.name,) if self._topic else ()
        yield self._role
        yield from (beside.name,) if beside else ()
        yield ELSE

    def _others(self, candidate: Candidate) -> tuple[bool, Origin | None]:
        """Whether it is about somebody else, and where such data come from."""
        for word in candidate.beside:
            if word in self._vocabulary.others and word not in self.words:
                return True, self._vocabulary.others[word]
        if self._role == _CHILD and self._topic and any(candidate.concept.identifies.values()):
            origin = _TABLES_OF_OTHERS.get(self._topic.name)
            return origin is not None, origin
        return candidate.concept.others, None

    def _second(self, candidate: Candidate) -> bool:
        """Whether it is of a contact, beside a column of the person's own with the same meaning."""
        if "contact" not in candidate.beside or self._role != _PERSON:
            return False
        words = map(self._vocabulary.lexicon.words_of, self._names)
        firsts = (one for named in words for one in self._vocabulary.candidates(named)[:1])
        return any(one.concept is candidate.concept and "contact" not in one.beside for one in firsts)
