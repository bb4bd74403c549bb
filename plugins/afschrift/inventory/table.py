"""One table of a source as the user describes it: its ways to the person and its columns."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from afschrift.domain.decision import Protect
from afschrift.domain.keys import KeyMatch
from afschrift.domain.value_kind import DocumentPart
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.base import Part, Text, as_list
from afschrift.inventory.column import (
    ClassifiedBy,
    Column,
    Confirmation,
    Confirmed,
    FileColumn,
    confirmations,
)
from afschrift.inventory.export import Export
from afschrift.inventory.processing import DataSource


class SubjectKey(Part):
    """How a column of the table holds an identity key.

    Attributes:
        column: that holds the key.
        match: how spellings of one key may differ: `exact`: in blanks around them and in the Unicode
            composition of letters; `casefold`: also in case; `email`: in the case of A to Z; `digits`: in all
            but the digits.
        decided: who decided, when and why, that it is another `match` than `exact`; required for `email` and
            `digits`.
        normal: who states, since when and why, that the column only holds keys in the normal form of
            `match`, so that an index of the column finds them. The check of the map compares the rows with
            this.
        at: column with the row's own time, for keys that can pass to another person;
            `any`: the row belongs to the key at any time.
            Absent: the row belongs to the person who has the key at the time of the request.
        valid_from: column with the start of the link's validity, inclusive; NULL: always.
        valid_to: column with its end, exclusive; NULL: it is valid now.
        changed: column with the time of the key's last change; a change shortly before a request is flagged
            to an officer (R12).
    """

    column: str
    match: KeyMatch = KeyMatch.EXACT
    decided: ClassifiedBy | None = None
    normal: ClassifiedBy | None = None
    at: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    changed: str | None = None

    @model_validator(mode="after")
    def _is_decided(self) -> Self:
        if self.match in (KeyMatch.EMAIL, KeyMatch.DIGITS) and self.decided is None:
            raise ValueError(f"`match: {self.match}` needs `decided`: by whom, on which day, and why")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that determine whose a row is."""
        at = None if self.at == "any" else self.at
        return tuple(c for c in (self.column, at, self.valid_from, self.valid_to) if c)


def _subject_key(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


FORMER_ROWS = " FOR SYSTEM_TIME ALL"
"""SQL after the name of a system-versioned table to read former rows too (SQL:2011; for MariaDB only)."""


OWN, OTHER = "own", "other"
"""Rows with a key of the person in the column that says who wrote, and those with another."""


class OriginByRow(BaseModel):
    """Origin by a column's value: `{by: author_type, customer: provided, agent: assigned, else: block}`.

    Attributes:
        by: column whose value gives the origin of the row; every other word is such a value, with its origin.
        person_key: identity key that the column holds, where it says who wrote: the words are then `own` for
            the person's rows and `other` for those of others; a row without a value blocks.
        otherwise: effect of a value that is not named: `block` stops the request and asks (file: `else`).
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    by: str
    person_key: str | None = None
    otherwise: Literal["block"] = Field("block", alias="else")
    __pydantic_extra__: dict[str, Origin]

    @model_validator(mode="after")
    def _own_and_other(self) -> Self:
        if self.person_key is not None and self.values.keys() != {OWN, OTHER}:
            raise ValueError(
                f"with `person_key`, give an origin for `{OWN}` and for `{OTHER}`, and no other word"
            )
        return self

    @property
    def values(self) -> dict[str, Origin]:
        """Column value -> origin."""
        return self.__pydantic_extra__


class NameColumns(Part):
    """The columns of a table with names of people.

    Attributes:
        columns: a first name, a last name, or both together.
        most: most people; of a table with more, no names are searched for, and the result says so.
        ignore: names that mostly mean something else in your texts, such as Best.
    """

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    most: Annotated[int, Field(ge=1)] = 200_000
    ignore: tuple[str, ...] = ()


class Ignored(ClassifiedBy):
    """Files of a lake that are no part of a table, and who decided that.

    Attributes:
        files: patterns of their paths below the table's folder: `*` matches a part of a name, `**` folders
            at any depth.
    """

    files: Annotated[
        tuple[str, ...],
        Field(min_length=1),
        BeforeValidator(as_list, json_schema_input_type=str | list[str]),
    ]


PROVES_LITTLE = ", but too few or small numbers, which prove nothing alone"
"""How such evidence of a possible way ends; a review asks about these tables together."""


class PossibleWay(Part):
    """A way that the values of a table leave possible, and that a person confirms or not.

    Attributes:
        subject, join: one of them, as the table has it once a person says that its rows are these people's.
        because: the evidence.
    """

    subject: dict[str, str] = {}
    join: dict[str, str] = {}
    because: str


class Table(Part):
    """One table.

    Attributes:
        title: heading of the table for the person.
        description: text below the title, for the person.
        decided: who classified the table, when, why, and when to review it.
        table: its name in the source, if this entry has another: a table that holds people in several
            roles has an entry for each, with its own ways, origins and words.
        subject: identity key -> column, if the table itself holds a key of the person.
        join: ways to a table that holds a key of the person: `{order_id: orders.order_id}`; several
            entries of one mapping are a composite key, several mappings are alternatives (OR).
        shared_rows: who decided, when and why, that a row belongs to each person to whom a join leads, even
            if it has another person's key. Absent: a row with another person's key is not given, and a
            request that finds one stops at a question; a row without such a key is given to each person, and
            the check of the map reports it.
        copy_of: for a view, the table of the same source that it repeats; it then has only a title, no rows
            of its own, and its rows are given only with that table.
        complete: for a view, who confirmed, when and why, that it holds every row of its tables that is the
            person's. Absent: the answer says that this is not proven.
        history: for a table with system versioning (MariaDB), `read`: former rows are given too; or who
            decided, when and why, that they are not.
        ignore: for a lake, files in the table's folder that are not read, and who decided.
        key: columns of the primary key, in order; empty: rows are ordered by all columns.
        label: columns that name the row in words, such as a title, or a first and a last name; the person's
            page shows them with a number that points to the row. One that points on is shown as that row.
        references: column -> `table.column` of the same source that it points to, outside the joins.
        export: formats of a trade in which portability gives the rows too (R57).
        file: columns with uploaded files.
        names: columns with names of people, which the finder searches for in free text.
        personal: False for a table that holds no personal data.
        purposes: default of the columns.
        origin: default by row.
        note: shown to the person with the table, for data known to be wrong (R28).
        source: who gave its data, if not the person.
        review: default of the columns. `needed`, with `personal: false` or `copy_of`: the table counts as not
            described.
        ways: `guessed`: a program proposed `subject` or `join`. Until a person removes the word, all columns
            wait for confirmation: here, in each table that is joined to this one, and in each that has its
            key of a person by `references`. `asked`: a scan could not say whose rows these are; the table
            counts as not described, and every request stops there, until `subject`, `join` or
            `personal: false` replaces `ways` and `possible`.
        possible: with `ways`, those that were guessed or that the values leave possible, with the evidence.
        defaults: of its columns, before those of the source.
        confirmed: columns that were confirmed; they need no entry under `columns`.
        columns: as written; of a validated source, with the words of the defaults.
    """

    title: Text | None = None
    description: Text | None = None
    table: str | None = None
    subject: dict[
        str, Annotated[SubjectKey, BeforeValidator(_subject_key, json_schema_input_type=str | SubjectKey)]
    ] = {}
    join: Annotated[
        tuple[dict[str, str], ...],
        BeforeValidator(as_list, json_schema_input_type=dict[str, str] | list[dict[str, str]]),
    ] = ()
    shared_rows: ClassifiedBy | None = None
    copy_of: str | None = None
    complete: ClassifiedBy | None = None
    history: Literal["read"] | ClassifiedBy | None = None
    ignore: Annotated[
        tuple[Ignored, ...],
        BeforeValidator(as_list, json_schema_input_type=Ignored | list[Ignored]),
    ] = ()
    key: tuple[str, ...] = ()
    label: Annotated[tuple[str, ...], BeforeValidator(as_list, json_schema_input_type=str | list[str])] = ()
    references: dict[str, str] = {}
    export: Annotated[
        tuple[Export, ...], BeforeValidator(as_list, json_schema_input_type=Export | list[Export])
    ] = ()
    file: Annotated[
        tuple[FileColumn, ...],
        BeforeValidator(as_list, json_schema_input_type=FileColumn | list[FileColumn]),
    ] = ()
    names: NameColumns | None = None
    personal: bool = True
    purposes: tuple[str, ...] = ()
    origin: OriginByRow | None = None
    note: Text | None = None
    source: DataSource | None = None
    decided: ClassifiedBy | None = None
    review: Literal["case", "needed"] | None = None
    ways: Literal["guessed", "asked"] | None = None
    possible: tuple[PossibleWay, ...] = ()
    defaults: Column = Column()
    confirmed: Annotated[
        tuple[Confirmation, ...], BeforeValidator(confirmations, json_schema_input_type=Confirmed)
    ] = ()
    columns: dict[str, Column] = {}

    @model_validator(mode="before")
    @classmethod
    def _nothing_of_its_own(cls, given: Any) -> Any:
        none = isinstance(given, dict) and (given.get("copy_of") or given.get("ways") == "asked")
        return {**given, "personal": False} if none else given

    def lacks_class(self, column: Column) -> bool:
        """Whether a column of this table is not classified, so that a request stops at a question (R18).

        It has no origin, of its own or by row, or it is a proposal (`review: needed`). A secret needs no
        origin: its value is never given.
        """
        if column.review == "needed":
            return True
        return column.origin is None and self.origin is None and column.protect is not Protect.SECRET

    def waits(self, column: str) -> bool:
        """Whether a column is a proposal; without an entry, whether its table is."""
        described = self.columns.get(column)
        return (described.review if described is not None else self.review) == "needed"

    @property
    def unconfirmed(self) -> bool:
        """Whether the table is only proposed as a copy or as one without personal data, or is asked about."""
        return (self.review == "needed" and not self.personal) or self.asked

    @property
    def asked(self) -> bool:
        """Whether nothing says whose its rows are, and a person is asked."""
        return self.ways == "asked"

    @property
    def of_controller(self) -> bool:
        """Whether the origin of no column, of those known, lets portability give a row of the table."""
        origins = {column.origin for column in self.columns.values()}
        own = {Origin.ASSIGNED, Origin.DERIVED, Origin.INFERRED, Origin.NOT_PERSONAL}
        return self.personal and self.origin is None and bool(origins) and origins <= own

    @property
    def parts(self) -> dict[str, DocumentPart]:
        """The columns that are parts of documents: each member, and the rest of its document."""
        found: dict[str, DocumentPart] = {}
        for name, column in self.columns.items():
            if column.path:
                holder, *path = column.path
                found[name] = DocumentPart(holder, tuple(path))
                rest = found.get(holder, DocumentPart(holder))
                found[holder] = DocumentPart(holder, named=(*rest.named, tuple(path)))
        return found

    @property
    def links(self) -> tuple[str, ...]:
        """Keys that a row links to each other. A key with `at` was recorded at an event and links nothing."""
        return tuple(name for name, link in self.subject.items() if link.at is None)
