"""One column of a table as the user describes it, its confirmation, and defaults of columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr

from afschrift.domain.decision import About, Protect, ThirdParty
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.base import Part, Text
from afschrift.inventory.processing import DataSource


class ClassifiedBy(Part):
    """Who classified a column, when, why, and when to review it.

    Attributes:
        by: who decided.
        on: the day.
        why: the reason.
        review: the day of the next review.
    """

    by: str
    on: date
    why: str
    review: date | None = None


class Mentions(ClassifiedBy):
    """Who decided about rows in which this column names people whom no way of the table reaches (R08).

    Attributes:
        settled: `not_given`: such rows are about other persons; the answer says that they are not given.
            `not_searched`: the column cannot name a person and is not searched.
        never_own: with `not_given`, on what it rests that such rows are never those of the person who asks,
            in another role. Without it each request that finds some asks an officer.
        disclosed: false: the answer does not say whether there are such rows, as that would reveal another
            person, such as who has the address now (R31). Every answer says the same of the column instead.
        not_shown: why such rows are not given here, in words for the person.
    """

    settled: Literal["not_given", "not_searched"]
    never_own: Annotated[str, Field(min_length=1)] | None = None
    disclosed: bool = True
    not_shown: Text | None = None

    @property
    def is_asked(self) -> bool:
        """Whether what a search finds there is asked at each request."""
        return self.settled == "not_given" and self.never_own is None

    @property
    def lacks_reason(self) -> bool:
        """Whether the answer names such rows without a reason for the person."""
        return self.settled == "not_given" and self.disclosed and self.not_shown is None


class Settled(ClassifiedBy):
    """A finding of the check that a person settled: it counts no more until a day, or until it changes.

    Attributes:
        code: of the finding.
        of: digest of the finding and of the words that the map has at its place, as the check prints it.
        until: the last day on which it is settled.
        table: where it was found.
        column: where it was found.
    """

    code: str
    of: str
    until: date
    table: str = ""
    column: str = ""


class Proposed(Part):
    """How sure a program was of its proposal for a column, and why; no decision depends on it.

    Attributes:
        confidence: from 0 to 1.
        because: the reason.
    """

    confidence: Annotated[float, Field(ge=0, le=1)]
    because: str


class FileColumn(Part):
    """A column that holds an uploaded file, or its location (R60).

    The file is given if the column is: it has the classification of the column. The other columns are read
    if the request includes them.

    Attributes:
        column: holds the bytes, or with `store` a path or key there; NULL: the row has no file.
        store: name of a store under `stores`; the column then holds a path or key in it. Absent: the
            column holds the bytes.
        name: column with the name that the person gave the file.
        media_type: column with its media type.
        size: column with its size in bytes.
        digest: column with its MD5, SHA-1, SHA-256 or SHA-512 in hex: a file that was replaced is detected.
    """

    column: str
    store: str | None = None
    name: str | None = None
    media_type: str | None = None
    size: str | None = None
    digest: str | None = None

    @property
    def other_columns(self) -> tuple[str, ...]:
        """The other columns."""
        return tuple(c for c in (self.name, self.media_type, self.size, self.digest) if c)


class NumberRange(Part):
    """Numbers with one meaning, such as the scores that mean “no”.

    Attributes:
        from_: the lowest; absent: there is none.
        below: the first number above them, which is not in the range; absent: there is none.
        means: what a number in it means for the person, in a sentence.
    """

    from_: Decimal | None = Field(None, alias="from")
    below: Decimal | None = None
    means: Text

    def holds(self, number: Decimal) -> bool:
        return (self.from_ is None or self.from_ <= number) and (self.below is None or number < self.below)


def _without_gap(ranges: tuple[NumberRange, ...] | None) -> tuple[NumberRange, ...] | None:
    for lower, upper in pairwise(ranges or ()):
        if lower.below is None or lower.below != upper.from_:
            raise ValueError(
                f"the range from {upper.from_} does not begin where the one before it ends ({lower.below}): "
                "write them upwards, without overlap and without gap"
            )
    for part in ranges or ():
        if part.from_ is not None and part.below is not None and part.from_ >= part.below:
            raise ValueError(f"no number is from {part.from_} and below {part.below}")
    return ranges


class Column(Part):
    """One column: origin, category, purposes and whose data it is.

    Attributes:
        purposes: instead of the table's.
        title: shown to the person instead of the column's name.
        about: `subject`: the person who asks; `third_party`: another person, or another person too.
        protect: a value that needs care whatever its origin.
        automated: false for what is kept outside any automated processing, such as paper: outside Art. 20.
        note: shown to the person with the column.
        not_shown: why a masked or secret value is not shown here, and what that protects, in words for the
            person.
        decided: who classified it, when, why, and when to review it.
        origin: absent: the table's origin by row, or not classified yet; `mixed` asks a person.
        category: Fides data category, for example `user.contact.email`.
        meaning: range and use of a score or code; derived and inferred columns need it.
        third_party: with `about: third_party`, how others' data are handled.
        mask: what replaces a value about others: `token`, the same for the same value within one request, or
            `label`, the same for every value.
        mask_after: first words of a value that are about no one else and stay before the mask.
        when: rows to which `about` applies, by the table's `origin.by` value; absent: all.
        codes: code -> meaning.
        ranges: meanings of a number, upwards; each begins where the one before it ends.
        members: names in a document, such as `properties.value`, with a dot below another -> what they hold.
        unit: unit of a measurement (UCUM), or of an amount (ISO 4217, such as EUR).
        unit_from: column of the same row that holds the unit.
        free_text: typed by people in their own words, so others may be named in it; the finder searches it.
        required: every row has a value; the bundle says so if it is true of the person's rows.
        kind: overrides the logical kind, for example `json` for JSON kept in a text column.
        path: the column is a member of a document: the column of the source that holds it, then the names of
            members of objects, or of fields of structs, from the outside in.
        identifies: its value lets an officer recognise the person (a name, an address, since when): it is
            shown, for the keys as they were typed, before the identity is confirmed.
        mentions: absent: a request that finds the person here, in rows that no way reaches, stops at a
            question.
        source: who gave it, if not the person.
        review: `case`: if the person has values in it, an officer decides in each case whether it is given
            (tickets, recordings, answers of a machine, assigned numbers, invoices).
            `needed`: this is a proposal that is not confirmed. The validated column then only says that
            others may be named in it (`free_text`), like a column that is not classified; `proposal` has the
            written words.
        proposed: how sure the program was that wrote it, and why.
        why: reason for this column, if `confirmed` of the table gives who classified it and when.
    """

    origin: Origin | Literal["mixed"] | None = None
    category: str | None = None
    purposes: tuple[str, ...] | None = None
    title: Text | None = None
    meaning: Text | None = None
    about: About = About.SUBJECT
    third_party: ThirdParty | None = None
    mask: Literal["token", "label"] = "token"
    mask_after: tuple[str, ...] = ()
    when: tuple[str, ...] | None = None
    protect: Protect | None = None
    automated: bool = True
    codes: dict[str, Text] | None = None
    ranges: Annotated[tuple[NumberRange, ...] | None, AfterValidator(_without_gap)] = None
    members: dict[str, Text] | None = None
    unit: str | None = None
    unit_from: str | None = None
    free_text: bool = False
    required: bool = False
    kind: Literal["json", "text"] | None = None
    path: Annotated[tuple[str, ...], Field(min_length=2)] | None = None
    note: Text | None = None
    not_shown: Text | None = None
    source: DataSource | None = None
    decided: ClassifiedBy | None = None
    review: Literal["case", "needed"] | None = None
    mentions: Mentions | None = None
    identifies: bool = False
    proposed: Proposed | None = None
    why: str | None = None
    _proposal: Column | None = PrivateAttr(None)
    _awaits: tuple[str, ...] = PrivateAttr(())
    _sources: Mapping[str, tuple[str, ...]] = PrivateAttr(default_factory=dict)

    @property
    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """Place in the file of each word that a default gave."""
        return self._sources

    def words(self) -> dict[str, Any]:
        """Return the words that are set, in the file or by defaults."""
        return {word: getattr(self, word) for word in self.model_fields_set}

    @classmethod
    def from_words(cls, words: Mapping[str, Any], sources: Mapping[str, tuple[str, ...]]) -> Column:
        """Make a column of words that were validated before."""
        column = cls.model_construct(_fields_set=set(words), **words)
        column._sources = sources
        return column

    def range_of(self, value: str) -> NumberRange | None:
        """Return the range that a value form lies in; None: it is no number, or in none of them."""
        try:
            number = Decimal(value)
        except InvalidOperation:
            return None
        return next((p for p in self.ranges or () if number.is_finite() and p.holds(number)), None)

    def meaning_of(self, value: str) -> Text | None:
        """Return the words that `codes` or `ranges` have for a value form."""
        if self.codes and value in self.codes:
            return self.codes[value]
        part = self.range_of(value) if self.ranges else None
        return part.means if part else None

    @property
    def proposal(self) -> Column | None:
        """The written words of a column that is not confirmed: for display, never for decisions."""
        return self._proposal

    @property
    def awaits(self) -> tuple[str, ...]:
        """What a confirmed column depends on that is not confirmed: `table.column`, or `ways of table`.

        Empty if the words of the column itself are the proposal.
        """
        return self._awaits

    def set_aside(self, awaits: tuple[str, ...] = ()) -> Column:
        """Return a column that only says `review: needed`, with the words of this one as its proposal."""
        bare = type(self)(review="needed", proposed=self.proposed, free_text=self.free_text)
        if self.path:  # it defines the values of the column, and is no proposal
            bare = bare.model_copy(update={"path": self.path})
        bare._proposal, bare._awaits = self, awaits
        return bare


class Session(Part):
    """An occasion on which columns were confirmed; `confirmed: {in: NAME}` refers to it.

    Attributes:
        by: who confirmed.
        on: the day.
        why: the reason, for everything confirmed then.
        review: the day of the next review.
    """

    by: str
    on: date
    why: str | None = None
    review: date | None = None


class Confirmation(Part):
    """Columns of a table that were confirmed, and by whom.

    Attributes:
        columns: names of columns of the table.
        by: who confirmed, if no session is named.
        on: the day, if no session is named.
        review: the day of the next review, instead of the session's.
        within: name of a session, instead of `by` and `on` (`in` in the file).
        why: instead of the session's.
    """

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    within: str | None = Field(None, alias="in")
    by: str | None = None
    on: date | None = None
    why: str | None = None
    review: date | None = None

    def decided(self, sessions: dict[str, Session], why: str | None) -> ClassifiedBy | None:
        """Return who classified a column of this list; `why`: the column's own reason."""
        session = sessions.get(self.within or "")
        by, on = (session.by, session.on) if session else (self.by, self.on)
        reason = why or self.why or (session.why if session else None)
        if by is None or on is None or reason is None:
            return None
        return ClassifiedBy(by=by, on=on, why=reason, review=self.review or (session and session.review))


Confirmed = list[str] | Confirmation | list[Confirmation]
"""Forms in which it may be written."""


def confirmations(value: Any) -> Any:
    """Make a list of confirmations of a list of names, or of one confirmation."""
    if isinstance(value, dict | Confirmation):
        return [value]
    if not isinstance(value, list | tuple) or all(isinstance(entry, dict | Confirmation) for entry in value):
        return value
    if not all(isinstance(entry, str) for entry in value):
        raise ValueError("a list of names is expected, or {by, on, why, columns}, or a list of these")
    return [{"columns": value}]


class Defaults(Part):
    """Words for columns of a source that do not have their own.

    Attributes:
        columns: pattern of a name (`*_at`), in any case; only the first that matches applies.
        categories: Fides category, also for those below it; only the nearest applies.
        references: column -> `table.column` that it points to, in tables that have no `references`.
        purposes: of tables with rows of people that name none.
    """

    columns: dict[str, Column] = {}
    categories: dict[str, Column] = {}
    references: dict[str, str] = {}
    purposes: tuple[str, ...] = ()
