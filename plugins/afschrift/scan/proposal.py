"""What a column is taken for, with a confidence and the reason, until a person decides.

The confidence is `sure` of the concept that the name stands for (how often such a name is that), times

- 0.85 for each word of the name that is not known, 0.95 for each known one that says nothing here, and 0.75
  where such words end the name, as the last word says what a thing is;
- 0.95 where the type is not known or is a text for what has a type of its own;
- the share of the sample that has the form, where it is between a half and four fifths.

It rises by half of what is missing to 1, times the share, times n / (n + 5), where n values have the form,
and by a quarter of it where the comment says the same. A type, a sample of another form or a comment that
says otherwise sets it to 0. Below `PROPOSED` the origin is left open: a wrong origin gives too much or too
little, and costs about three times what it takes to ask, so a proposal has to be right in more than two of
three cases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from afschrift.domain.origin import Origin
from afschrift.scan.cautions import cautions
from afschrift.scan.concepts import ELSE, OTHERS, TOPIC, ByPlace, Candidate, Concept, Topic, vocabulary
from afschrift.scan.evidence import DECISIVE, Evidence, look
from afschrift.scan.sample import Sample
from afschrift.scan.schema import ScannedColumn, ScannedTable
from afschrift.scan.weights import (
    alien_form,
    by_name,
    by_sample,
    by_type,
    comment_origin,
    decisive_form,
    family,
    fits,
    said_of,
)

PROPOSED = 0.67
"""The least confidence of a proposal that is not left open."""


class TableRole(StrEnum):
    """What a table is to the people whose data are asked for."""

    PERSON = "person"  # the table of people
    CHILD = "child"  # its rows reach a person
    LOOKUP = "lookup"  # names of products, countries, to which a child points
    OTHER_PEOPLE = "other_people"  # employees beside customers
    UNREACHED = "unreached"  # no way leads to a person


@dataclass(frozen=True)
class Proposal:
    """What a column is taken for until a person confirms it.

    Attributes:
        origin: None: left open.
        category: Fides data category; None: left open.
        confidence: 0 to 1, of the origin, or of the category where the origin is open.
        reason: what it rests on, or what would decide it; never a value.
        secret: a password hash, a token: `protect: secret`.
        unit: UCUM, or ISO 4217 for money, where the name says it.
    """

    origin: Origin | None
    category: str | None
    confidence: float
    reason: str
    secret: bool = False
    about_others: bool = False
    free_text: bool = False
    identifies: bool = False
    unit: str | None = None


def propose(
    table: ScannedTable, column: ScannedColumn, role: TableRole, sample: Sample | None = None
) -> Proposal:
    """What a column is taken for. It never raises, and the same question has the same answer.

    Args:
        table: with all its columns: a look-up table that has data of people is none.
        column: one of them.
        role: what the table is to the people whose data are asked for.
        sample: values of the column, where it was read; nothing of them is in the answer.
    """
    return _Judgement(table, column, role, look(sample)).proposal()


class _Judgement:
    """One column on its way from its name to a proposal."""

    def __init__(self, table: ScannedTable, column: ScannedColumn, role: TableRole, seen: Evidence) -> None:
        self._vocabulary = vocabulary()
        self._table, self._column, self._role, self._seen = table, column, role, seen
        lexicon = self._vocabulary.lexicon
        self._table_words = lexicon.words_of(table.name.rpartition(".")[2])
        self._words = lexicon.words_of(column.name)
        topic = self._vocabulary.topic(self._table_words) if role is not TableRole.PERSON else None
        self._table_topic, self._topic = topic, topic or self._vocabulary.topic(self._words)
        self._said: list[str] = []
        self._sure = 1.0

    def proposal(self) -> Proposal:
        """By the name; where it says nothing, by the comment; where neither does, by the values."""
        named = self._vocabulary.candidates(self._words)
        for candidate in named:
            if fits(candidate.concept, self._column.type):
                return self._of(candidate, "name")
        if named:
            self._said.append(f"name: {named[0].concept.title}; but the type is {family(self._column.type)}")
            return self._open("what it holds decides")
        for candidate in self._vocabulary.candidates(self._vocabulary.lexicon.words_of(self._column.comment)):
            if fits(candidate.concept, self._column.type):
                self._sure = _BY_COMMENT
                return self._of(candidate._replace(beside=(), at_end=True), "comment")
        return self._by_values()

    def _of(self, candidate: Candidate, by: str) -> Proposal:
        """What a concept comes to in this table."""
        concept = candidate.concept
        self._said.append(f"{by}: {concept.title}")
        others, theirs = self._others(candidate)
        category = self._place(concept.category, others, lambda topic: topic.category)
        if self._role is TableRole.LOOKUP:
            return self._in_a_lookup(concept, category)
        told = self._place(concept.origin, others, lambda topic: topic.origin)
        origin = Origin(told) if told else None
        if others and not concept.others and (origin is Origin.PROVIDED or OTHERS in concept.category):
            origin = theirs
        if self._second(candidate):
            self._said.append("a second one beside the person's own")
            origin = None
        alien = alien_form(concept, self._seen)
        self._weigh(candidate, alien)
        if self._sure == 0:
            category = DECISIVE.get(alien or "")
        else:
            origin = self._with_comment(origin, concept)
        free = concept.free_text and not (self._seen.few and self._seen.share("sentence") < _SENTENCES)
        return self._judged(concept, origin, category, others=others, free=free)

    def _weigh(self, candidate: Candidate, alien: str | None) -> None:
        self._sure *= candidate.concept.sure
        for weight in (
            by_name(self._vocabulary, candidate, self._table_words),
            by_type(candidate.concept, self._column.type),
            by_sample(candidate.concept, self._seen, alien),
        ):
            self._sure *= weight.factor
            self._sure += (1 - self._sure) * weight.rise
            self._said += [weight.said] if weight.said else []

    def _place(self, by_place: ByPlace, others: bool, of_topic: Callable[[Topic], str | None]) -> str | None:
        """What holds of others, else by the table's topic, else by its role, else by the column's topic."""
        table = self._table_topic.name if self._table_topic else ""
        column = self._topic.name if self._topic else ""
        for place in (OTHERS if others else "", table, self._role.value, column, ELSE):
            if place in by_place:
                found = by_place[place]
                return found if found != TOPIC else of_topic(self._topic) if self._topic else None
        return None

    def _others(self, candidate: Candidate) -> tuple[bool, Origin | None]:
        """Whether it is about somebody else, and where such data come from."""
        for word in candidate.beside:
            if word in self._vocabulary.others and word not in self._table_words:
                return True, self._vocabulary.others[word]
        if self._role is TableRole.CHILD and self._table_topic and candidate.concept.of_people:
            origin = _TABLES_OF_OTHERS.get(self._table_topic.name)
            return origin is not None, origin
        return candidate.concept.others, None

    def _second(self, candidate: Candidate) -> bool:
        """Whether it is of a contact, beside a column of the person's own with the same meaning."""
        if "contact" not in candidate.beside or self._role is not TableRole.PERSON:
            return False
        names = [self._vocabulary.lexicon.words_of(one.name) for one in self._table.columns]
        return any(
            one.concept is candidate.concept and "contact" not in one.beside
            for words in names
            for one in self._vocabulary.candidates(words)[:1]
        )

    def _with_comment(self, origin: Origin | None, concept: Concept) -> Origin | None:
        """The origin, with what the comment says of it."""
        told = comment_origin(self._vocabulary, self._column.comment)
        if told is None or told is origin:
            words = self._vocabulary.lexicon.words_of(self._column.comment)
            same = any(one.concept is concept for one in self._vocabulary.candidates(words)[:1])
            if told or same:
                self._sure += (1 - self._sure) / 4
                self._said.append("the comment says so too")
            return origin
        if origin is None:
            self._sure = max(self._sure, _BY_COMMENT)
            self._said.append(f"the comment says {told.value}")
            return told
        self._sure = 0.0
        self._said.append(f"but the comment says {told.value}")
        return None

    def _in_a_lookup(self, concept: Concept | None, category: str | None = None) -> Proposal:
        people = self._vocabulary.of_people(tuple(column.name for column in self._table.columns))
        secret = concept is not None and concept.secret
        shown = decisive_form(self._seen)
        if people is None and shown is None:
            self._sure = _LOOKUP
            self._said.append("in a look-up table: a thing, nobody's data")
            return self._made(Origin.NOT_PERSONAL, None)
        self._said += [said_of(self._seen, shown)] if shown else []
        why = f"the look-up table holds {people}, so" if people else "so"
        self._said.append(f"{why} its rows may be people or places of theirs")
        return self._open(
            "whose they are decides", category if concept and concept.of_people else None, secret=secret
        )

    def _by_values(self) -> Proposal:
        """By what the values look like, where no word says anything."""
        self._said.append("the name says nothing known")
        if self._role is TableRole.LOOKUP:
            return self._in_a_lookup(None)
        secret = self._seen.share("password hash") >= 0.8
        shown = "password hash" if secret else decisive_form(self._seen)
        free = self._seen.share("sentence") >= _SENTENCES
        if shown is None:
            told = comment_origin(self._vocabulary, self._column.comment)
            if told is not None and self._role in (TableRole.PERSON, TableRole.CHILD):
                self._sure = _BY_COMMENT
                self._said.append(f"the comment says {told.value}")
                return self._made(told, None, free_text=free)
            if free:
                return self._open("somebody typed it: who, decides", free_text=True)
            few = "a few values come again and again: what they mean decides"
            return self._open(few if self._seen.few else "what it holds decides")
        self._said.append(said_of(self._seen, shown))
        self._sure = _BY_VALUES
        category = "user.authorization.password" if secret else DECISIVE[shown]
        if self._role is TableRole.PERSON and not secret:
            return self._made(Origin.OBSERVED if shown == "ip" else Origin.PROVIDED, category)
        return self._open("whose they are decides", category, secret=secret)

    def _judged(
        self, concept: Concept, origin: Origin | None, category: str | None, *, others: bool, free: bool
    ) -> Proposal:
        """The proposal, or what would decide it."""
        others = others or self._role is TableRole.OTHER_PEOPLE
        flags = {"secret": concept.secret, "about_others": others, "free_text": free}
        if self._sure < PROPOSED:
            keep = category if concept.secret or self._sure == 0 else None
            return self._open("what it holds decides", keep, **flags)
        if self._role is TableRole.UNREACHED:
            return self._open("no way leads to a person: whose rows they are decides", category, **flags)
        if self._role is TableRole.OTHER_PEOPLE and origin is not Origin.ASSIGNED:
            return self._open(
                "these are other people than those who ask: whether they may, decides", category, **flags
            )
        if origin is None:
            return self._open(concept.open or "who gave it decides", category, **flags)
        place = (self._role.value, ELSE)
        identifies = next((concept.identifies[p] for p in place if p in concept.identifies), False)
        flags["identifies"] = identifies and not others and self._role is TableRole.PERSON
        return self._made(origin, category, **flags)

    def _open(self, why: str, category: str | None = None, **flags: bool) -> Proposal:
        self._said.append(f"left open: {why}")
        if category is None:
            self._sure = min(self._sure, _OPEN)
        return self._made(None, category, **flags)

    def _made(self, origin: Origin | None, category: str | None, **flags: bool) -> Proposal:
        child = "child" in (*self._words, *self._table_words)
        self._said += cautions(category, secret=flags.get("secret", False), child=child)
        numeric = family(self._column.type) in ("integer", "number")
        unit = self._vocabulary.units.get(self._words[-1]) if numeric and self._words else None
        reason = "; ".join(self._said)
        return Proposal(origin, category, round(self._sure, 2), reason, unit=unit or None, **flags)


_BY_COMMENT, _BY_VALUES, _LOOKUP, _OPEN = 0.75, 0.7, 0.85, 0.5
_SENTENCES = 0.3
"""Share of a sample above which it is free text."""

_TABLES_OF_OTHERS = {"family": Origin.PROVIDED, "staff": Origin.ASSIGNED}
"""Topic of a table that reaches the person and is about somebody else."""
