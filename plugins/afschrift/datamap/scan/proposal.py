"""Propose origin and category of a column from its name, type, comment and sample, with a confidence.

`propose` is called for each column of a scan; a person confirms its proposals later (`afschrift inventory
review`). `concepts.py` says what names can mean, `evidence.py` weighs type, sample and comment.

The confidence starts with `sure` of the concept (how often a column of such a name is that), times

- 0.85 for each unknown word of the name, 0.95 for each known word without meaning here, and 0.75 if such
  words end the name, as the last word names the thing;
- 0.95 if the type is not known, or is text for a concept with its own type;
- the share of the sample that has the expected form, if it is between a half and four fifths.

It rises by half of the rest to 1, times the share, times n / (n + 5) for n values of that form, and by a
quarter of the rest if the comment agrees. A type that does not fit, a sample of another form or a comment
that contradicts sets it to 0. Below `PROPOSED` the origin is left open: a wrong origin gives too much or too
little and costs about three times as much as a question, so a proposal must be right in more than two of
three cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from afschrift.datamap.scan.concepts import ELSE, Candidate, Concept, vocabulary
from afschrift.datamap.scan.evidence import (
    DECISIVE,
    SampleEvidence,
    TextSample,
    alien_form,
    by_name,
    by_sample,
    by_type,
    comment_origin,
    decisive_form,
    family,
    fits,
    look,
    said_of,
)
from afschrift.datamap.scan.schema import ScannedColumn, ScannedTable
from afschrift.datamap.scan.table_context import STAFF, TableContext, TableRole
from afschrift.domain.vocabulary import Origin
from afschrift.law.person import SPECIAL, below

PROPOSED = 0.67
"""Lowest confidence of a proposal; below it the origin is left open."""


@dataclass(frozen=True)
class ColumnProposal:
    """The proposal for a column, until a person confirms it.

    Attributes:
        origin: None: left open.
        category: Fides data category; None: left open.
        confidence: 0 to 1, of the origin, or of the category if the origin is open.
        reason: the evidence, or what would decide it; never a value.
        secret: a password hash or a token: `protect: secret`.
        unit: UCUM, or ISO 4217 for money, if the name contains it.
        explains: rule of `explained.yml` for what its values mean; empty: none.
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
    explains: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Surroundings:
    """What the ways of a scan say about a column.

    Attributes:
        people: the table of the people whose rows these are, and its key.
        pointer: of a look-up's key, label and pointers, the proposal for the column that points to its rows.
        pointed_from: where that column is, in words.
        number: of a pointer to people, the proposal for what it points to.
        shared: several people point to each row of the look-up, so that it is no one's own.
    """

    people: tuple[str, ...] = ()
    pointer: ColumnProposal | None = None
    pointed_from: str = ""
    number: ColumnProposal | None = None
    shared: bool = False


def propose(
    table: ScannedTable,
    column: ScannedColumn,
    role: TableRole,
    sample: TextSample | None = None,
    surroundings: Surroundings | None = None,
) -> ColumnProposal:
    """Return the proposal for a column. It never raises and is deterministic.

    Args:
        table: with all its columns: a look-up table with data of people is not treated as one.
        column: of the table.
        role: of the table.
        sample: values of the column, if they were read; none of them is in the result.
        surroundings: what else the scan found.
    """
    return _Judgement(table, column, role, look(sample), surroundings or Surroundings()).proposal()


class _Judgement:
    """The judgement of one column; `_sure` and `_said` collect its confidence and reasons."""

    def __init__(
        self,
        table: ScannedTable,
        column: ScannedColumn,
        role: TableRole,
        seen: SampleEvidence,
        around: Surroundings,
    ) -> None:
        self._vocabulary = vocabulary()
        self._context = TableContext(self._vocabulary, table, role, around.people)
        self._column, self._role, self._around, self._key = column, role, around, table.key
        self._seen = look(None) if column.points_to else seen  # a number there is no city's name
        self._words = self._context.words_of(column.name)
        self._hashes = seen.share("password hash") >= _MOST
        self._said: list[str] = []
        self._sure = 1.0

    def proposal(self) -> ColumnProposal:
        """Judge by the name; without a known one by the comment, and without that by the values."""
        if self._role is TableRole.LOOKUP:
            return self._in_a_lookup()
        named = self._vocabulary.candidates(self._words)
        fitting = [candidate for candidate in named if fits(candidate.concept, self._column.type)]
        if fitting:
            return self._of(fitting[0], "name")
        if named:
            kind = family(self._column.type)
            self._said.append(f"name: {named[0].concept.title}; but the type is {kind}")
            secret = named[0].concept.secret and kind not in ("boolean", "date")
            return self._open("what it holds decides", secret=secret)
        for candidate in self._vocabulary.candidates(self._vocabulary.lexicon.words_of(self._column.comment)):
            if fits(candidate.concept, self._column.type):
                self._sure = _BY_COMMENT
                return self._of(candidate._replace(other_words=(), at_end=True), "comment")
        return self._by_values()

    def _of(self, candidate: Candidate, by: str) -> ColumnProposal:
        """Judge by a concept that the name or the comment means."""
        concept, meaning = candidate.concept, self._context.meaning(candidate)
        self._said += [f"{by}: {concept.title}", *meaning.remarks]
        alien = alien_form(concept, self._seen)
        self._weigh(candidate, alien)
        flags = {
            "secret": concept.secret or self._hashes,
            "about_others": meaning.others,
            "free_text": self._is_free_text(concept),
        }
        if self._sure == 0:
            self._sure = _BY_VALUES if alien else 0.0
            return self._open("what it holds decides", DECISIVE.get(alien or ""), **flags)
        origin = self._with_comment(meaning.origin, concept, by)
        if self._sure < PROPOSED:
            return self._open("what it holds decides", meaning.category if concept.secret else None, **flags)
        if self._role is TableRole.UNREACHED:
            return self._open(
                "no way leads to a person: whose rows they are decides", meaning.category, **flags
            )
        if self._role is TableRole.OTHER_PEOPLE and origin is not Origin.ASSIGNED:
            return self._open(
                "of other people than those who ask: whose it is decides", meaning.category, **flags
            )
        plain_key = meaning.category == "user.unique_id" and origin in (None, Origin.ASSIGNED)
        if self._column.points_to and plain_key:
            return self._one_of_a_list(**flags)
        if origin is None:
            return self._open(concept.open or "who gave it decides", meaning.category, **flags)
        identifies = self._context.identifies(candidate) and not meaning.others
        return self._made(origin, meaning.category, identifies=identifies, **flags)

    def _one_of_a_list(self, **flags: bool) -> ColumnProposal:
        """Judge a pointer to a look-up by what its table is about: the film of a rental was rented."""
        to, topic = self._column.points_to, self._context.topic
        if topic is None or not (topic.origin or topic.name == STAFF) or flags.get("about_others"):
            return self._open(f"it is one of the list {to}: who chose it decides", None, **flags)
        self._sure = _POINTER
        self._said.append(f"one of the list {to}, in a table of {topic.name}")
        return self._made(Origin(topic.origin or Origin.ASSIGNED), topic.category, **flags)

    def _weigh(self, candidate: Candidate, alien: str | None) -> None:
        self._sure *= candidate.concept.sure
        self._sure *= by_name(self._vocabulary, candidate, self._context.words)
        self._sure *= by_type(candidate.concept, self._column.type)
        seen = by_sample(candidate.concept, self._seen, alien)
        self._sure *= seen.factor
        self._sure += (1 - self._sure) * seen.rise
        self._said += [seen.remark] if seen.remark else []

    def _is_free_text(self, concept: Concept) -> bool:
        """Whether it is free text: by the concept, unless a few values repeat; or by sentences in values."""
        sentences = self._seen.share("sentence") >= _SENTENCES
        if concept.free_text:
            return sentences or not self._seen.few
        return sentences and concept.sample is None

    def _with_comment(self, origin: Origin | None, concept: Concept, by: str) -> Origin | None:
        """Return the origin after the comment; adjust the confidence by whether it agrees."""
        named = comment_origin(self._vocabulary, self._column.comment)
        if named is None or named is origin:
            words = self._vocabulary.lexicon.words_of(self._column.comment)
            same = any(candidate.concept is concept for candidate in self._vocabulary.candidates(words)[:1])
            if named or (same and by == "name"):
                self._sure += (1 - self._sure) / 4
                self._said.append("the comment says so too")
            return origin
        if origin is None:
            self._sure = max(self._sure, _BY_COMMENT)
            self._said.append(f"the comment says {named.value}")
            return named
        self._sure = 0.0
        self._said.append(f"but the comment says {named.value}")
        return None

    def _in_a_lookup(self) -> ColumnProposal:
        """Judge a column of a look-up: not personal, unless the table has data of people."""
        people, shown = self._context.people, decisive_form(self._seen)
        named = [candidate.concept for candidate in self._vocabulary.candidates(self._words)[:1]]
        secret = self._hashes or any(concept.secret for concept in named)
        if self._around.shared and not secret:
            people = shown = None
        if people is None and shown is None and not self._hashes:
            if self._around.pointer is not None:
                return self._named_by(self._around.pointer)
            self._sure = _LOOKUP
            self._said.append("in a look-up table without data of people")
            return self._made(Origin.NOT_PERSONAL, None)
        self._said += [f"the look-up table holds {people}"] if people else []
        self._said += [said_of(self._seen, shown)] if shown else []
        of_people = (concept.category.get(ELSE) for concept in named if concept.of_people)
        category = next(of_people, DECISIVE.get(shown or ""))
        return self._open("whether its rows are people or places of theirs decides", category, secret=secret)

    def _named_by(self, pointer: ColumnProposal) -> ColumnProposal:
        """Judge what says which row of a look-up it is: it is what the column says that points to it."""
        self._said.append(f"says what {self._around.pointed_from} points to")
        if pointer.origin is None:
            return self._open("what that means decides", pointer.category)
        self._sure = pointer.confidence
        own = [candidate.concept.category.get(ELSE) for candidate in self._vocabulary.candidates(self._words)]
        address = below(pointer.category, (_ADDRESS,))
        category = next((c for c in own if address and below(c, (_ADDRESS,))), pointer.category)
        return self._made(pointer.origin, category)

    def _by_values(self) -> ColumnProposal:
        """Judge by the forms of the values, without a known word."""
        self._said.append("the name says nothing known")
        if self._column.points_to and self._role in (TableRole.PERSON, TableRole.CHILD):
            return self._one_of_a_list()
        named = comment_origin(self._vocabulary, self._column.comment)
        shown = "password hash" if self._hashes else decisive_form(self._seen)
        free = self._seen.share("sentence") >= _SENTENCES
        if shown is not None:
            self._said.append(said_of(self._seen, shown))
            self._sure = _BY_VALUES
            if self._role is TableRole.PERSON and not self._hashes:
                return self._made(Origin.OBSERVED if shown == "ip" else Origin.PROVIDED, DECISIVE[shown])
            category = "user.authorization.password" if self._hashes else DECISIVE[shown]
            return self._open("whose they are decides", category, secret=self._hashes)
        if named is not None and self._role in (TableRole.PERSON, TableRole.CHILD):
            self._sure = _BY_COMMENT
            self._said.append(f"the comment says {named.value}")
            return self._made(named, None, free_text=free)
        if free:
            return self._open("who typed it decides", free_text=True)
        if self._seen.few:
            return self._open("a few values come again and again: what they mean decides")
        return self._open("what it holds decides")

    def _of_a_number(self) -> Origin | None:
        """Return the origin of what identifies the row or its person, and is called by no known name."""
        name, kind, number = self._column.name, family(self._column.type), self._around.number
        if number is not None and number.category == _NUMBER:
            self._said.append("points to people")
            return number.origin
        own = (name,) == self._key or (self._role in _PEOPLE and name in self._around.people[1:])
        if own and kind in ("integer", "uuid") and self._role in (*_PEOPLE, TableRole.CHILD):
            self._said.append("distinguishes the rows")
            return Origin.ASSIGNED
        return None

    def _open(self, why: str, category: str | None = None, **flags: bool) -> ColumnProposal:
        if category in (None, _NUMBER) and not flags.get("about_others") and (origin := self._of_a_number()):
            return self._made(origin, _NUMBER, **flags)
        self._said.append(f"left open: {why}")
        category = category or self._context.record
        if category is None:
            self._sure = min(self._sure, _OPEN)
        return self._made(None, category, **flags)

    def _made(self, origin: Origin | None, category: str | None, **flags: Any) -> ColumnProposal:
        flags["about_others"] = flags.get("about_others", False) or self._role is TableRole.OTHER_PEOPLE
        words = {*self._words, *self._context.words}
        child = "child" in words or (flags["about_others"] and "kind" in words)  # Dutch for a child
        self._said += cautions(category, secret=flags.get("secret", False), child=child)
        numeric = family(self._column.type) in ("integer", "number")
        unit = self._vocabulary.units.get(self._words[-1]) if numeric and self._words else None
        reason = "; ".join(self._said)
        return ColumnProposal(origin, category, round(self._sure, 2), reason, unit=unit or None, **flags)


_BY_COMMENT, _BY_VALUES, _LOOKUP, _POINTER, _OPEN = 0.75, 0.7, 0.85, 0.75, 0.5
_MOST, _SENTENCES = 0.8, 0.3
"""Shares of a sample from which a column counts as password hashes, and as free text."""


_ADDRESS, _NUMBER = "user.contact.address", "user.unique_id"
_PEOPLE = (TableRole.PERSON, TableRole.OTHER_PEOPLE)
_CRIMINAL = "user.criminal_history"
_CAUTIONS = (
    (tuple(c for c in SPECIAL if c != _CRIMINAL), "special data: a purpose needs a condition of Art. 9(2)"),
    ((_CRIMINAL,), "criminal data (Art. 10)"),
    (("user.government_id.national_identification_number",), "on a statutory basis alone (UAVG 46)"),
    (("user.government_id.passport_number",), "mostly kept on a legal obligation"),
    (("user.financial.credit_card",), "payment data: the last four digits are enough"),
)


def cautions(category: str | None, *, secret: bool, child: bool) -> Iterator[str]:
    """Yield cautions for the person who confirms the proposal.

    Args:
        category: Fides data category.
        secret: its value must not be given.
        child: column or table are about a child.
    """
    if child:
        yield "about a child, for whom a parent asks up to 16 (R16)"
    if secret:
        yield "secret: that it exists is said, its value never leaves (R87)"
    yield from (caution for these, caution in _CAUTIONS if below(category, these))
