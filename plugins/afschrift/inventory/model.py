"""The models of the inventory as a user writes it, with one YAML file for each source.

The JSON Schema for editors is generated from them (`afschrift inventory schema`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from afschrift.domain.keys import KeyMatch, loosest
from afschrift.domain.plan import Medium
from afschrift.domain.sources import Structure
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.base import Part, Text, Zone, as_list
from afschrift.inventory.column import ClassifiedBy, Column, Defaults, Session, Settled
from afschrift.inventory.defaults import Compiler
from afschrift.inventory.document import FaultAt
from afschrift.inventory.layers import Lapsed
from afschrift.inventory.organisation import IdentityFile, Organisation, PolicyFile
from afschrift.inventory.processing import (
    AutomatedDecision,
    OnlyFor,
    Recipient,
    Retention,
    Transfer,
    bare_period,
)
from afschrift.inventory.run_in import RunIn
from afschrift.inventory.table import Table
from afschrift.inventory.unconfirmed import unconfirmed_ways
from afschrift.law.manual_search import SEARCH_BY
from afschrift.law.roles import READ_ONLY_ROLES, Role


class Consent(Part):
    """Where the person's own consent for a purpose is stored.

    The person's row in `table` whose `column` holds `value` is their consent; it holds while
    `withdrawn` is NULL or, if `granted` is given, while that column is true.

    Attributes:
        table: of this source, or `source.table` of another one.
        column: that names the purpose.
        value: of that column for this purpose.
        granted: column that is true while the consent holds.
        withdrawn: column with the time at which it was withdrawn; NULL: it holds.
    """

    table: str
    column: str
    value: str
    granted: str | None = None
    withdrawn: str | None = None


class SpecialDecision(ClassifiedBy):
    """Who decided whether special data on another condition of Art. 9 than consent are portable (R20).

    Attributes:
        portable: whether they are given under Art. 20.
    """

    portable: bool


class Purpose(Part):
    """Why data are processed, with the legal basis of Art. 6 and, where needed, the condition of Art. 9.

    Attributes:
        basis: legal basis of Art. 6(1), by letter: `A6-1-a` (consent) to `A6-1-f` (legitimate interest).
        title: what the person reads under "why do we use it?".
        interest: with `A6-1-f`, the interest as a clause (Art. 13(1)(d)): "we want to keep accounts safe".
        special: condition of Art. 9(2), for special categories: `A9-2-a` to `A9-2-j`.
        special_decided: with a condition other than consent, who decided whether these data are portable;
            absent: each request asks.
        public_task: needed for a task in the public interest: nothing of it is portable (Art. 20(3)).
        consent: where the person's own consent is stored; left out, consent to a purpose on consent is
            assumed.
        retention: how long data are kept; an access answer needs it.
        recipients: who gets the data; an access answer needs it. `[]` says that there are none.
        transfers: countries outside the European Economic Area with a recipient.
        automated_decision: needed if the purpose uses inferred columns; false: there is none.
        only: the people whom it concerns; absent: all.
        direct_marketing: a person may object without giving reasons (Art. 21(2)).
    """

    basis: str
    title: Text
    interest: Text | None = None
    special: str | None = None
    special_decided: SpecialDecision | None = None
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
    only: OnlyFor | None = None
    direct_marketing: bool = False

    def served(self, recipients: tuple[Recipient, ...], transfers: tuple[Transfer, ...]) -> Self:
        """Return the purpose with the recipients of its whole source."""
        if self.recipients is None or not recipients:
            return self
        more = tuple(recipient for recipient in recipients if recipient not in self.recipients)
        also = tuple(transfer for transfer in transfers if transfer not in self.transfers)
        return self.model_copy(
            update={"recipients": (*self.recipients, *more), "transfers": (*self.transfers, *also)}
        )


class Store(Part):
    """A place of uploaded files: a folder, or an object store that fsspec knows (`s3://bucket/prefix`).

    Attributes:
        url: of the folder or store; `${NAME}` is replaced by a variable of the environment.
        connection: Airflow connection id; its extra holds fsspec's options.
    """

    url: str
    connection: str | None = None


class SourceFile(Part):
    """One file of the inventory: a source and its tables.

    Attributes:
        source: its name, unique in the inventory; the folder of its files in a bundle.
        title: name of the system for the person.
        purposes: name -> why data are processed; tables and columns refer to the names.
        recipients: who gets data for each purpose of the source, such as its host: they are added to its
            recipients. With `tables`, for each purpose of these tables.
        transfers: as for a purpose, for these recipients.
        tables: name -> table; one of another schema is `schema.table`.
        connection: Airflow connection id, or for a local source nothing.
        kind: adapter in the registry of sources.
        options: options of the adapter, for example `path`.
        zone: time zone of times without one; shown to the person.
        stores: name -> place of uploaded files.
        unlisted: effect of a table of the source that is not described here: at `ask` a request stops at a
            question, at `ignore` the table is left out. A table that is only proposed to be left out asks.
        run_in: where the tasks run that read it.
        defaults: words for columns without their own; `tables` has them resolved.
        confirmations: occasions on which columns were confirmed, by a name of your own.
        settled: findings of `afschrift inventory check` that need no more attention for a while, and who
            decided that.
    """

    source: str
    kind: str
    connection: str | None = None
    options: dict[str, Any] = {}
    zone: Zone | None = None
    unlisted: Literal["ask", "ignore"] = "ask"
    run_in: RunIn = RunIn()
    title: Text | None = None
    purposes: dict[str, Purpose] = {}
    recipients: Annotated[
        tuple[Recipient, ...],
        BeforeValidator(as_list, json_schema_input_type=Recipient | list[Recipient]),
    ] = ()
    transfers: tuple[Transfer, ...] = ()
    defaults: Defaults = Defaults()
    confirmations: dict[str, Session] = {}
    settled: tuple[Settled, ...] = ()
    stores: dict[str, Store] = {}
    tables: dict[str, Table]
    _worked_in: bool = PrivateAttr(False)
    _by_default: frozenset[str] = PrivateAttr(frozenset())

    @model_validator(mode="after")
    def _without_defaults(self) -> Self:
        """Resolve the defaults into the columns; `check` reports faults of the defaults."""
        if not self._worked_in:  # an instance is validated again when another model takes it
            tables = {name: self._with_purposes(table) for name, table in self.tables.items()}
            self._by_default = frozenset(
                name for name, table in tables.items() if table is not self.tables[name]
            )
            self.__dict__["tables"] = Compiler(tables, self.defaults, self.confirmations).tables()
            served = {
                name: purpose.served(self.recipients, self.transfers)
                for name, purpose in self.purposes.items()
            }
            self.__dict__["purposes"] = served
            self._worked_in = True
        return self

    def _with_purposes(self, table: Table) -> Table:
        """Return a personal table without purposes with those of the source's defaults."""
        if not self.defaults.purposes or "purposes" in table.model_fields_set:
            return table
        if table.copy_of is not None or not table.personal:
            return table
        return table.model_copy(update={"purposes": self.defaults.purposes})

    def default_purposes(self, table: str, column: Column) -> tuple[str, ...]:
        """Return the purposes that a column has from the source's `defaults`, if any."""
        return self.defaults.purposes if table in self._by_default and column.purposes is None else ()

    @cached_property
    def _leading_nowhere(self) -> frozenset[str]:
        return frozenset(unconfirmed_ways(self.tables))

    def may_follow(self, table: str, *columns: str | None) -> bool:
        """Whether a table's way to the person, and these columns of it, are confirmed.

        All code that looks for a person, or for facts about them, must ask this first.
        """
        declared = self.tables[table]
        return table not in self._leading_nowhere and not any(c and declared.waits(c) for c in columns)

    @cached_property
    def pointed_at(self) -> dict[str, frozenset[str]]:
        """Table -> its columns that joins and `references` of others lead to.

        Ways that are not confirmed, and columns that are not classified, do not count; nor do tables of which
        no column is from the person: portability gives none of their rows, so nothing is joined to them.
        """
        found: dict[str, set[str]] = {}
        for name, table in self.tables.items():
            if name in self._leading_nowhere or table.unconfirmed or table.of_controller:
                continue
            ways = (*(way for join in table.join for way in join.items()), *table.references.items())
            for own, target in ways:
                if table.personal and own in table.columns and table.lacks_class(table.columns[own]):
                    continue
                other, _, column = target.rpartition(".")
                found.setdefault(other, set()).add(column)
        return {name: frozenset(columns) for name, columns in found.items()}

    @cached_property
    def joined_to(self) -> dict[str, tuple[str, ...]]:
        """Table -> tables that are joined to it, in the order of the file."""
        found: dict[str, dict[str, None]] = {}
        for name, table in self.tables.items():
            for join in table.join:
                found.setdefault(next(iter(join.values())).rpartition(".")[0], {})[name] = None
        return {parent: tuple(names) for parent, names in found.items()}

    @cached_property
    def labelled(self) -> frozenset[str]:
        """The tables with a `label`."""
        return frozenset(name for name, table in self.tables.items() if table.label)

    def in_source(self, table: str) -> str:
        """Return the name that a table of the inventory has in the source."""
        return self.tables[table].table or table

    def entries(self, table: str) -> tuple[str, ...]:
        """Return the entries of the inventory for a table of the source, in order; none: not described."""
        return tuple(name for name in self.tables if self.in_source(name) == table)

    @cached_property
    def ignored_files(self) -> dict[str, tuple[str, ...]]:
        """Table of the source -> patterns of the files in its folder that are ignored."""
        found: dict[str, tuple[str, ...]] = {}
        for name, table in self.tables.items():
            patterns = tuple(pattern for ignored in table.ignore for pattern in ignored.files)
            if patterns:
                found[self.in_source(name)] = (*found.get(self.in_source(name), ()), *patterns)
        return found

    def structure(self, of: Structure, tables: Collection[str]) -> Structure:
        """Return the database's structure of some tables, by their names in the inventory.

        A table with several entries appears under each name; a table that `parts` leads to, under the
        source's name.
        """
        names = {name: self.in_source(name) for name in self.tables if name in tables}
        return Structure(
            tuple(
                replace(key, table=own, parent=theirs)
                for key in of.foreign_keys
                for own in names
                for theirs in names
                if (names[own], names[theirs]) == (key.table, key.parent)
            ),
            {name: of.parts[table] for name, table in names.items() if table in of.parts},
            tuple(name for name, table in names.items() if table in of.views),
            tuple(name for name, table in names.items() if table in of.history),
            of.hidden,
            versions={name: of.versions[table] for name, table in names.items() if table in of.versions},
        )

    def undescribed(self, tables: Collection[str]) -> list[str]:
        """Return the source's tables that no entry describes, under any name.

        An entry that only proposes that a table is a copy or not personal does not describe it.
        """
        known = {self.in_source(name) for name, table in self.tables.items() if not table.unconfirmed}
        return sorted(set(tables) - known)

    def not_passed_over(self, tables: Collection[str]) -> list[str]:
        """Return the undescribed tables at which a request stops; with `unlisted: ignore`, those proposed."""
        found = self.undescribed(tables)
        return found if self.unlisted == "ask" else [table for table in found if self.entries(table)]


class Inventory(Part):
    """The whole data map.

    Attributes:
        manual: systems that a person searches; no name is both here and in `sources`.
        lapsed: source -> confirmations that do not apply.
    """

    sources: dict[str, SourceFile]
    manual: dict[str, ManualSource] = {}
    identity: IdentityFile
    controller: Organisation
    policy: PolicyFile
    digest: str
    policy_digest: str
    lapsed: dict[str, tuple[Lapsed, ...]] = {}

    def tables(self) -> Iterator[tuple[str, Table]]:
        """Yield `source.table` and table."""
        for source in self.sources.values():
            yield from ((f"{source.source}.{name}", table) for name, table in source.tables.items())


def key_matches(inventory: Inventory) -> Mapping[str, KeyMatch]:
    """Return the loosest comparison of each key over all tables whose way is confirmed."""
    found: dict[str, KeyMatch] = {}
    for source in inventory.sources.values():
        for of, table in source.tables.items():
            for name, link in table.subject.items():
                if source.may_follow(of):
                    found[name] = loosest((found.get(name, KeyMatch.EXACT), link.match))
    return found


def casefold_keys(inventory: Inventory) -> frozenset[str]:
    """Return the keys that some table compares without regard to case."""
    without = (KeyMatch.CASEFOLD, KeyMatch.EMAIL)
    return frozenset(name for name, match in key_matches(inventory).items() if match in without)


class ManualSource(Part):
    """A mailbox, paper, a processor, a service on the web or a backup, which a person searches.

    Attributes:
        source: its name, unique in the inventory.
        kind: `manual`: a person searches it.
        title: name of the system for the person.
        medium: what it is; portability does not reach paper (R23).
        owner: who searches: a role that answers questions (`keeper`, `officer`), or a name of the roles file.
        instruction: what to search, where, and by which data of the person.
        search_by: what the person who searches is shown of the person concerned, besides the keys that they
            gave: `name`, `email`, `phone`, `address`, `iban`, or an identity key.
        holds: origins of its data; a portability request asks only if some are provided or observed.
    """

    source: str
    kind: Literal["manual"]
    title: Text
    medium: Medium
    owner: str = Field(min_length=1)
    instruction: Text
    search_by: tuple[str, ...] = Field(default=("name", "email"), min_length=1)
    holds: tuple[Origin, ...] = Field(min_length=1)

    @property
    def role(self) -> Role:
        """The role that is asked: the owner's, or that of source owners."""
        return Role(self.owner) if self.owner in set(Role) else Role.SOURCE_OWNER

    @property
    def person(self) -> str | None:
        """The one employee who is asked, by the name in the roles file; None: everyone with the role."""
        return None if self.owner in set(Role) else self.owner


def manual_faults(source: ManualSource, keys: Collection[str]) -> Iterator[FaultAt]:
    """Yield the faults that the model cannot see; `keys`: names of the identity keys."""
    known = {*SEARCH_BY, *keys}
    if not known.issuperset(source.search_by):
        yield ["search_by"], f"not known by what to search: name some of {', '.join(sorted(known))}"
    if source.role in (*READ_ONLY_ROLES, Role.INTAKE):
        yield ["owner"], f"a {source.owner} answers no questions: name keeper, officer or a person"
    if Origin.NOT_PERSONAL in source.holds:
        yield ["holds"], "name the origins of the personal data in it; without such data, leave the file out"
