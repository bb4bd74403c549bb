"""One table of a source, as a user describes it: whose rows they are and what its columns hold."""

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
from afschrift.inventory.processing import DataSource


class SubjectKey(Part):
    """How a column of the table holds an identity key.

    Attributes:
        column: that holds the key.
        match: in what spellings of one key may differ: `exact`: in blanks around them and in how Unicode
            composes a letter; `casefold`: in capitals too; `email`: in the capitals A to Z; `digits`: in all
            but the digits.
        decided: who decided, when and why, that it is another `match` than `exact`; of `email` and `digits`
            it must be there.
        normal: who says, since when and why, that the column holds nothing but keys in the normal form of
            `match`, so that an index of the column itself finds them. The check of the map holds the rows
            against it.
        at: column with the row's own time, for keys that are not for ever one person's;
            `any` where the row belongs to the key whatever its time.
            Absent: the row counts for the person who has the key at the time of the request.
        valid_from: column that says from when the link held, inclusive; NULL: always.
        valid_to: column that says until when, exclusive; NULL: it holds.
        changed: column with the time when the key was changed last; a change shortly before a request is put
            before a person (R12).
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
        """The columns that say whose a row is."""
        at = None if self.at == "any" else self.at
        return tuple(c for c in (self.column, at, self.valid_from, self.valid_to) if c)


def _subject_key(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


FORMER_ROWS = " FOR SYSTEM_TIME ALL"
"""Behind a table with system versioning in SQL: its former rows too (SQL:2011; read of MariaDB alone)."""


class OriginByRow(BaseModel):
    """Origin by a column's value: `{by: author_type, customer: provided, agent: assigned, else: block}`.

    Attributes:
        by: column whose value tells the origin of the row; every other word is such a value, with its origin.
        otherwise: what a value does that is not named: `block` stops the request and asks (file: `else`).
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    by: str
    otherwise: Literal["block"] = Field("block", alias="else")
    __pydantic_extra__: dict[str, Origin]

    @property
    def values(self) -> dict[str, Origin]:
        """Column value -> origin."""
        return self.__pydantic_extra__


class NameColumns(Part):
    """Where the names of people stand in a table.

    Attributes:
        columns: a first name, a last name or both together.
        most: people at most; of a table with more of them no name is looked for, and that is said.
        ignore: names that mostly mean something else in your texts, such as Best.
    """

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    most: Annotated[int, Field(ge=1)] = 200_000
    ignore: tuple[str, ...] = ()


class Ignored(ClassifiedBy):
    """Files of a lake that are no part of a table, and who decided that.

    Attributes:
        files: patterns of their paths below the table's folder: `*` stands for a part of a name, `**` for
            folders at any depth.
    """

    files: Annotated[
        tuple[str, ...],
        Field(min_length=1),
        BeforeValidator(as_list, json_schema_input_type=str | list[str]),
    ]


class Table(Part):
    """One table.

    Attributes:
        title: what the person reads above it.
        description: what the person reads below the title.
        decided: who classified the table, when, why, and when to look again.
        table: its name in the source, where this entry has another: a table that knows people in several
            roles has an entry for each, with its own ways, origins and words.
        subject: identity key -> column, where the table itself knows the person.
        join: ways to a table that knows the person: `{order_id: orders.order_id}`; several
            entries of one mapping are a composite key, several mappings are alternatives (OR).
        shared_rows: who decided, when and why, that a row is of each person to whom a join leads, also
            where it bears another one's key. Absent: a row with another person's key stays, and a request
            that meets one asks; without such a key each person gets it, and the check of the map says so.
        copy_of: the table of the same source that this one repeats, for a view; it then has a title and no
            more, holds nothing of its own, and its rows leave with that table alone.
        complete: of a view, who confirmed, when and why, that it holds every row of its tables that is the
            person's. Absent: the answer says that this is not proven.
        history: of a table with system versioning (MariaDB), `read`: former rows are given too; or who
            decided, when and why, that they are not.
        ignore: of a lake, files in the table's folder that are not read, and who decided.
        key: columns of the primary key, in order; empty: rows are ordered by all columns.
        label: columns that say in words which row it is, such as a title, or a first and a last name; the
            person's page shows them beside a number that points to the row.
        references: column -> `table.column` of the same source that it points to, beside the joins.
        file: columns with uploaded files.
        names: columns with the names of people, for which the finder looks in free text.
        personal: False for a table that holds no personal data.
        purposes: default of the columns.
        origin: default by row.
        note: said to the person beside the table, for data known to be wrong (R28).
        source: who gave its data, where that was not the person.
        review: default of the columns. `needed`, with `personal: false` or `copy_of`: the table counts as one
            that nobody described.
        ways: `guessed`: a program took `subject` or `join` for a way. Until a person takes the word out, each
            column waits for one, here, in each table that is joined to this one, and in each that bears its
            number of a person by `references`.
        defaults: of its columns, before those of the source.
        confirmed: columns that people confirmed; they need no entry under `columns`.
        columns: as written; of a source that was validated, with what the defaults give.
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
    ways: Literal["guessed"] | None = None
    defaults: Column = Column()
    confirmed: Annotated[
        tuple[Confirmation, ...], BeforeValidator(confirmations, json_schema_input_type=Confirmed)
    ] = ()
    columns: dict[str, Column] = {}

    @model_validator(mode="before")
    @classmethod
    def _nothing_of_its_own(cls, given: Any) -> Any:
        return {**given, "personal": False} if isinstance(given, dict) and given.get("copy_of") else given

    def lacks_class(self, column: Column) -> bool:
        """Whether a request that meets a column of this table asks, if the table is personal (R18).

        It has no origin, of its own or by row, or what is written of it is a proposal (`review: needed`). A
        secret needs no origin: its value never leaves.
        """
        if column.review == "needed":
            return True
        return column.origin is None and self.origin is None and column.protect is not Protect.SECRET

    def waits(self, column: str) -> bool:
        """Whether what is said of a column is a proposal; of one that has no entry, what the table says."""
        described = self.columns.get(column)
        return (described.review if described is not None else self.review) == "needed"

    @property
    def unconfirmed(self) -> bool:
        """Whether a program took the table for a copy or for one without personal data, and no person did."""
        return self.review == "needed" and not self.personal

    @property
    def parts(self) -> dict[str, DocumentPart]:
        """The columns that are parts of documents: each member, and of its document the rest."""
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
        """Keys that a row ties together. One with `at` is what an event saw, and ties nothing."""
        return tuple(name for name, link in self.subject.items() if link.at is None)
