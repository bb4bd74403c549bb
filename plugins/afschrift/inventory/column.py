"""One column of a table, as a user describes it; who confirmed it, and what it is by default."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr

from afschrift.domain.decision import About, Protect, ThirdParty
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.base import Part, Text
from afschrift.inventory.processing import DataSource


class ClassifiedBy(Part):
    """Who classified a column, when, why, and when to look again.

    Attributes:
        by: who decided.
        on: the day.
        why: the reason.
        review: the day to look again.
    """

    by: str
    on: date
    why: str
    review: date | None = None


class Mentions(ClassifiedBy):
    """Who settled what it means that this column names people whom no way of the table reaches (R08).

    Attributes:
        settled: `not_given`: such rows are about somebody else, and the person is told that they are not
            given; `not_searched`: it cannot name anybody, so nobody looks.
    """

    settled: Literal["not_given", "not_searched"]


class Proposed(Part):
    """How sure a program was of what it proposes for a column, and why; no decision rests on it.

    Attributes:
        confidence: how sure, from 0 to 1.
        because: what it rests on.
    """

    confidence: Annotated[float, Field(ge=0, le=1)]
    because: str


class FileColumn(Part):
    """A column that holds an uploaded file, or says where it lies (R60).

    The file goes along where the column does: its classification is the file's. The other columns are read
    where the request includes them.

    Attributes:
        column: that holds the bytes, or with `store` a path or key there; NULL: the row has no file.
        store: name of a store under `stores`; the column then holds a path or key in it. Absent: the
            column holds the bytes.
        name: column with the name that the person gave the file.
        media_type: column with its media type.
        size: column with its size in bytes.
        digest: column with its MD5, SHA-1, SHA-256 or SHA-512 in hex: a file that is another one by now
            is found out.
    """

    column: str
    store: str | None = None
    name: str | None = None
    media_type: str | None = None
    size: str | None = None
    digest: str | None = None

    @property
    def beside(self) -> tuple[str, ...]:
        """The other columns."""
        return tuple(c for c in (self.name, self.media_type, self.size, self.digest) if c)


class Column(Part):
    """One column: origin, category, purposes and whose data it is.

    Attributes:
        purposes: instead of the table's.
        title: what the person reads for it; without it they read its name.
        about: `subject`: the person who asks; `third_party`: somebody else, or somebody else too.
        protect: a value that needs care whatever its origin.
        automated: false for what is kept outside any automated processing, such as paper: outside Art. 20.
        note: said to the person beside the column.
        decided: who classified it, when, why, and when to look again.
        origin: absent: the table's origin by row, or nobody classified it yet; `mixed` asks a person.
        category: Fides data category, for example `user.contact.email`.
        meaning: range and use of a score or code; derived and inferred columns need it.
        third_party: with `about: third_party`, how others' data are handled.
        mask: what stands instead of a value about others: `token`, the same for the same value within one
            request, or `label`, the same for every value.
        when: rows to which `about` applies, by the table's `origin.by` value; absent: all.
        codes: code -> meaning.
        unit: unit of a measurement (UCUM), or of an amount (ISO 4217, such as EUR).
        unit_from: column of the same row that says the unit.
        free_text: somebody typed it in their own words, so others may be named in it; the finder looks there.
        required: no row is without a value; said to readers where it is true of the person's rows.
        kind: overrules the logical kind, for example `json` for JSON kept in a text column.
        path: the column is a member of a document: the column of the source that holds it, then the names of
            members of objects, or of fields of structs, from the outside in.
        identifies: by its value an officer tells who somebody is (a name, an address, since when): it is
            shown, for the keys as they were typed, before the identity is confirmed.
        mentions: absent: a request that finds the person here, in rows that no way reaches, asks.
        source: who gave it, where that was not the person.
        review: `case`: where the person has values in it, a person decides in each case whether it leaves
            (tickets, recordings, answers of a machine, assigned numbers, invoices; RULES G.11).
            `needed`: what stands here is a proposal that nobody confirmed. A model that was validated then
            says no more than that others may be named in it (`free_text`), as of a column that nobody
            classified; `proposal` has what was written.
        proposed: how sure the program was that wrote it, and why.
        why: reason of this column, where `confirmed` of the table says who classified it and when.
    """

    origin: Origin | Literal["mixed"] | None = None
    category: str | None = None
    purposes: tuple[str, ...] | None = None
    title: Text | None = None
    meaning: Text | None = None
    about: About = About.SUBJECT
    third_party: ThirdParty | None = None
    mask: Literal["token", "label"] = "token"
    when: tuple[str, ...] | None = None
    protect: Protect | None = None
    automated: bool = True
    codes: dict[str, Text] | None = None
    unit: str | None = None
    unit_from: str | None = None
    free_text: bool = False
    required: bool = False
    kind: Literal["json", "text"] | None = None
    path: Annotated[tuple[str, ...], Field(min_length=2)] | None = None
    note: Text | None = None
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
        """Where in the file a word stands that a default gave."""
        return self._sources

    def words(self) -> dict[str, Any]:
        """What is said of it, without what is left out."""
        return {word: getattr(self, word) for word in self.model_fields_set}

    @classmethod
    def made(cls, words: Mapping[str, Any], sources: Mapping[str, tuple[str, ...]]) -> Column:
        """A column of words that were validated before."""
        made = cls.model_construct(_fields_set=set(words), **words)
        made._sources = sources
        return made

    @property
    def proposal(self) -> Column | None:
        """What was written of a column that waits for a person; to be shown, never to decide by."""
        return self._proposal

    @property
    def awaits(self) -> tuple[str, ...]:
        """What nobody confirmed and a column rests on that is confirmed: `table.column`, or `ways of table`.

        Empty where the words of the column itself are the proposal.
        """
        return self._awaits

    def set_aside(self, awaits: tuple[str, ...] = ()) -> Column:
        """A column that says nothing but that a person must look, with its words as a proposal."""
        bare = type(self)(review="needed", proposed=self.proposed, free_text=self.free_text)
        if self.path:  # which values it holds is no proposal
            bare = bare.model_copy(update={"path": self.path})
        bare._proposal, bare._awaits = self, awaits
        return bare


class Session(Part):
    """An occasion on which people confirmed columns; `confirmed: {in: NAME}` names it.

    Attributes:
        by: who confirmed.
        on: the day.
        why: the reason, for all that was confirmed there.
        review: the day to look again.
    """

    by: str
    on: date
    why: str | None = None
    review: date | None = None


class Confirmation(Part):
    """Columns of a table that were confirmed, and by whom.

    Attributes:
        columns: names of columns of the table.
        by: who confirmed, where no session is named.
        on: the day, where no session is named.
        review: the day to look again, instead of the session's.
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
        """Who classified a column that is named here; `why`: the column's own reason."""
        session = sessions.get(self.within or "")
        by, on = (session.by, session.on) if session else (self.by, self.on)
        reason = why or self.why or (session.why if session else None)
        if by is None or on is None or reason is None:
            return None
        return ClassifiedBy(by=by, on=on, why=reason, review=self.review or (session and session.review))


Confirmed = list[str] | Confirmation | list[Confirmation]
"""As it may be written."""


def confirmations(value: Any) -> Any:
    """A list of names, or one confirmation, stands for a list of one."""
    if isinstance(value, dict | Confirmation):
        return [value]
    if not isinstance(value, list | tuple) or all(isinstance(entry, dict | Confirmation) for entry in value):
        return value
    if not all(isinstance(entry, str) for entry in value):
        raise ValueError("a list of names is expected, or {by, on, why, columns}, or a list of these")
    return [{"columns": value}]


class Defaults(Part):
    """What columns of a source are taken for where they say nothing else.

    Attributes:
        columns: pattern of a name (`*_at`), whatever its case; the first that matches counts, alone.
        categories: Fides category, for those below it too; the nearest counts, alone.
        references: column -> `table.column` that it points to, in tables that have no `references`.
        purposes: of tables with rows of people that name none.
    """

    columns: dict[str, Column] = {}
    categories: dict[str, Column] = {}
    references: dict[str, str] = {}
    purposes: tuple[str, ...] = ()
