"""The inventory as a user writes it: what the tables hold, whose it is and where it comes from.

One YAML file a source. The JSON Schema for editors is generated from these models
(`afschrift inventory schema`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from afschrift.domain.decision import About, Protect, ThirdParty
from afschrift.domain.origin import Origin
from afschrift.inventory.base import Part, Text, as_list
from afschrift.inventory.manual import ManualSource
from afschrift.inventory.organisation import IdentityFile, Organisation, PolicyFile
from afschrift.inventory.processing import (
    AutomatedDecision,
    DataSource,
    Recipient,
    Retention,
    Transfer,
    bare_period,
)


class ClassifiedBy(Part):
    """Who classified a column, when, why, and when to look again."""

    by: str
    on: date
    why: str
    review: date | None = None


class Consent(Part):
    """Where the person's own consent for a purpose stands (RULES G.4).

    The person's row in `table` whose `column` holds `value` is their consent; it counts while
    `withdrawn` is NULL or, where `granted` is given, while that column is true.
    """

    table: str
    column: str
    value: str
    granted: str | None = None
    withdrawn: str | None = None


class Purpose(Part):
    """Why data are processed, with the legal basis of Art. 6 and, where needed, the condition of Art. 9.

    Attributes:
        retention, recipients: an access answer needs both; `recipients: []` says that nobody receives them.
        transfers: countries outside the European Economic Area with a recipient.
        automated_decision: needed where the purpose uses inferred columns; false: there is none.
        direct_marketing: whoever objects is heard without reasons (Art. 21(2)).
    """

    basis: str
    title: Text
    special: str | None = None
    public_task: bool = False
    consent: Consent | None = None
    retention: Annotated[
        Retention | None, BeforeValidator(bare_period, json_schema_input_type=str | Retention | None)
    ] = None
    recipients: Annotated[
        tuple[Recipient, ...] | None,
        BeforeValidator(as_list, json_schema_input_type=Recipient | list[Recipient] | None),
    ] = None
    transfers: tuple[Transfer, ...] = ()
    automated_decision: bool | AutomatedDecision | None = None
    direct_marketing: bool = False


class SubjectKey(Part):
    """How a column of the table holds an identity key.

    Attributes:
        match: `exact`, or `casefold` for keys compared without regard to case.
        at: column with the row's own time, for keys that are not for ever one person's;
            `any` where the row belongs to the key whatever its time.
            Absent: the row counts for the person who has the key at the time of the request.
        valid_from, valid_to: columns that say from when until when the link held.
        changed: column with the time when the key was changed last; a change shortly before a request is put
            before a person (R12).
    """

    column: str
    match: Literal["exact", "casefold"] = "exact"
    at: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    changed: str | None = None


def _subject_key(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class OriginByRow(BaseModel):
    """Origin by a column's value: `{by: author_type, customer: provided, agent: assigned, else: block}`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    by: str
    otherwise: Literal["block"] = Field("block", alias="else")
    __pydantic_extra__: dict[str, Origin]

    @property
    def values(self) -> dict[str, Origin]:
        """Column value -> origin."""
        return self.__pydantic_extra__


class FileColumn(Part):
    """A column that holds an uploaded file, or says where it lies (R60).

    The file goes along where the column does: its classification is the file's. The other columns are read
    where the request includes them.

    Attributes:
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


class Store(Part):
    """A place of uploaded files: a folder, or an object store that fsspec knows (`s3://bucket/prefix`).

    Attributes:
        connection: Airflow connection id; its extra holds fsspec's options.
    """

    url: str
    connection: str | None = None


class Column(Part):
    """One column: origin, category, purposes and whose data it is.

    Attributes:
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
        source: who gave it, where that was not the person.
        review: `case`: where the person has values in it, a person decides in each case whether it leaves
            (tickets, recordings, answers of a machine, assigned numbers, invoices; RULES G.11).
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
    note: Text | None = None
    source: DataSource | None = None
    decided: ClassifiedBy | None = None
    review: Literal["case"] | None = None


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


class Table(Part):
    """One table.

    Attributes:
        subject: identity key -> column, where the table itself knows the person.
        join: ways to a table that knows the person: `{order_id: orders.order_id}`; several
            entries of one mapping are a composite key, several mappings are alternatives (OR).
        key: columns of the primary key, in order; empty: rows are ordered by all columns.
        references: column -> `table.column` of the same source that it points to, beside the joins.
        file: columns with uploaded files.
        names: columns with the names of people, for which the finder looks in free text.
        personal: False for a table that holds no personal data.
        purposes: default of the columns.
        origin: default by row.
        note: said to the person beside the table, for data known to be wrong (R28).
        source: who gave its data, where that was not the person.
        review: default of the columns.
    """

    title: Text | None = None
    description: Text | None = None
    subject: dict[
        str, Annotated[SubjectKey, BeforeValidator(_subject_key, json_schema_input_type=str | SubjectKey)]
    ] = {}
    join: Annotated[
        tuple[dict[str, str], ...],
        BeforeValidator(as_list, json_schema_input_type=dict[str, str] | list[dict[str, str]]),
    ] = ()
    key: tuple[str, ...] = ()
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
    review: Literal["case"] | None = None
    columns: dict[str, Column] = {}

    @property
    def links(self) -> tuple[str, ...]:
        """Keys that a row ties together. One with `at` is what an event saw, and ties nothing."""
        return tuple(name for name, link in self.subject.items() if link.at is None)


class SourceFile(Part):
    """One file of the inventory: a source and its tables.

    Attributes:
        connection: Airflow connection id, or for a local source nothing.
        kind: adapter in the registry of sources.
        options: options of the adapter, for example `path`.
        zone: time zone of times without one; said to the person.
        stores: name -> where uploaded files lie.
        unlisted: what a table of the source that is not described here means for a request:
            `ask` stops at a person, `ignore` passes it over.
    """

    source: str
    kind: str
    connection: str | None = None
    options: dict[str, Any] = {}
    zone: str | None = None
    unlisted: Literal["ask", "ignore"] = "ask"
    title: Text | None = None
    purposes: dict[str, Purpose] = {}
    stores: dict[str, Store] = {}
    tables: dict[str, Table]


class Inventory(Part):
    """The whole data map.

    Attributes:
        manual: systems that a person searches; no name is both here and in `sources`.
    """

    sources: dict[str, SourceFile]
    manual: dict[str, ManualSource] = {}
    identity: IdentityFile
    controller: Organisation
    policy: PolicyFile
    digest: str
    policy_digest: str


def without(inventory: Inventory, tables: Collection[str]) -> Inventory:
    """The data map without some tables (`source.table`), for whoever may not know of them (R84)."""
    if not tables:
        return inventory
    kept = {
        name: source.model_copy(
            update={"tables": {t: one for t, one in source.tables.items() if f"{name}.{t}" not in tables}}
        )
        for name, source in inventory.sources.items()
    }
    return inventory.model_copy(update={"sources": {n: s for n, s in kept.items() if s.tables}})


def casefold_keys(inventory: Inventory) -> frozenset[str]:
    """Names of the keys that some table compares without regard to case."""
    return frozenset(
        name
        for source in inventory.sources.values()
        for table in source.tables.values()
        for name, link in table.subject.items()
        if link.match == "casefold"
    )
