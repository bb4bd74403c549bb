"""Checks that the models cannot make: names that must exist elsewhere, and rules across columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from afschrift.domain.decision import About, Protect
from afschrift.domain.extracted import UPLOADS
from afschrift.domain.keys import Unique
from afschrift.domain.nearest import hint
from afschrift.domain.plan import Medium
from afschrift.domain.sources import SourceKind
from afschrift.domain.vocabulary import BASES, CONSENT, SPECIAL_CONDITIONS, Origin
from afschrift.inventory.base import fides_categories
from afschrift.inventory.check_columns import (
    missing,
    near_column,
    plain_faults,
    processing_faults,
    source_faults,
    table_faults,
)
from afschrift.inventory.check_defaults import default_faults, written_at
from afschrift.inventory.column import Column
from afschrift.inventory.document import Document, Fault, FaultAt
from afschrift.inventory.joins import find_table, leads_to_person
from afschrift.inventory.model import Inventory, SourceFile, manual_faults
from afschrift.inventory.organisation import PolicyFile
from afschrift.inventory.processing import AutomatedDecision, DecisionException
from afschrift.inventory.run_in import SOURCE_NAME
from afschrift.inventory.sheet_gaps import column_purposes
from afschrift.inventory.table import Table

_KEY_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


def check(
    inventory: Inventory,
    documents: dict[str, Document],
    identity: Document,
    kinds: Mapping[str, SourceKind] | None,
) -> list[Fault]:
    """Return all faults of an inventory of which each file is valid by itself; `kinds` as of `load`."""
    faults = [
        identity.fault(["keys", name], "name a key with small letters, digits and _")
        for name in inventory.identity.keys
        if not _KEY_NAME.fullmatch(name)
    ]
    if inventory.identity.person not in inventory.identity.keys:
        faults.append(identity.fault(["person"], "this key is not among `keys`"))
    faults += [identity.fault([word], message) for word, message in _age_column(inventory)]
    for name, source in inventory.sources.items():
        document = documents[name]
        found = [*_source_name(name), *_purposes(inventory, source), *_tables(inventory, source)]
        found += default_faults(source)
        found += _of_kind(source, kinds or {})
        found += _names(source, source.defaults.purposes, ["defaults", "purposes"])
        faults.extend(document.fault(written_at(source, where), message) for where, message in found)
    for name, manual in inventory.manual.items():
        found = [*_source_name(name), *manual_faults(manual, inventory.identity.keys)]
        faults.extend(documents[name].fault(where, message) for where, message in found)
    return faults


def _age_column(inventory: Inventory) -> Iterator[tuple[str, str]]:
    """Require one age column, in a table with a `subject`: there each row is of one person."""
    given = {"birth_date": inventory.identity.birth_date, "age": inventory.identity.age}
    if all(given.values()):
        yield "age", "one column is enough for the age: keep `birth_date` and leave this out"
    for word, path in given.items():
        if path is None:
            continue
        source, table, column = [*path.split("."), "", "", ""][:3]
        known = inventory.sources[source].tables.get(table) if source in inventory.sources else None
        if known is None or column not in known.columns or path.count(".") != 2:
            yield word, "no source has this column; write source.table.column"
        elif column in known.parts:
            yield word, "this column is of a document: it cannot be used to find rows"
        elif not known.subject:
            yield word, "this table has no key of the person itself: it needs a `subject`"


def policy_faults(policy: PolicyFile) -> Iterator[FaultAt]:
    """Yield the faults of the policy that its model cannot see."""
    for number, category in enumerate(policy.case_categories):
        if category not in fides_categories():
            yield ["case_categories", str(number)], "this category is not in the Fides taxonomy"


def controller_faults(inventory: Inventory) -> Iterator[FaultAt]:
    """Yield what the controller says of the search and the data map refutes, or what it lacks."""
    scope = inventory.controller.search
    declared = {source.medium for source in inventory.manual.values()}
    for number, place in enumerate(scope.not_searched):
        declared.add(place.medium)
        if place.medium is Medium.BACKUP and place.kept is None:
            where = ["search", "not_searched", str(number)]
            yield where, "say how long this back-up is kept, as `kept: {nl: 30 dagen, en: 30 days}`"
    for number, medium in enumerate(scope.none):
        if medium in declared:
            yield ["search", "none", str(number)], f"there is a {medium}, as another entry says: take it out"
    if isinstance(scope.access_log, str) and scope.access_log not in dict(inventory.tables()):
        yield ["search", "access_log"], "no source has this table: write source.table, or false"


def search_hints(inventory: Inventory) -> Iterator[str]:
    """Yield what every answer says is not stated."""
    scope = inventory.controller.search
    left = map(str, scope.unstated({source.medium for source in inventory.manual.values()}))
    if words := ", ".join([*left, *(["access_log"] if scope.access_log is None else [])]):
        yield (
            f"controller.yml: `search` says nothing of {words}, and every answer says so: describe it under "
            "`not_searched` or `none`, or as a system that people search; `access_log: false`: none is kept."
        )


def contact_hints(inventory: Inventory) -> Iterator[str]:
    """Yield the sources of data that the person's rows name, without a word on how to reach them."""
    for path, table in inventory.tables():
        given = {"": table.source, **{f".columns.{n}": c.source for n, c in table.columns.items()}}
        for place, source in given.items():
            if source is not None and source.from_ and source.contact is None:
                file, _, name = path.partition(".")
                yield (
                    f"{file}.yml: tables.{name}{place}.source: say under `contact` how a person reaches each "
                    f"name in {source.from_}, as `contact: {{Example Ltd: privacy@example.org}}`"
                )


def _source_name(name: str) -> Iterator[FaultAt]:
    if name == UPLOADS:
        yield ["source"], "this name is the folder of uploaded files in a bundle"
    if not SOURCE_NAME.fullmatch(name):
        yield ["source"], "name a source with small letters, digits, - and _"


def _purposes(inventory: Inventory, source: SourceFile) -> Iterator[FaultAt]:
    for name, purpose in source.purposes.items():
        where = ["purposes", name]
        if purpose.basis not in BASES:
            yield [*where, "basis"], f"choose one of {', '.join(BASES)}"
        if purpose.special and purpose.special not in SPECIAL_CONDITIONS:
            yield [*where, "special"], f"choose one of {', '.join(SPECIAL_CONDITIONS)}"
        if purpose.special_decided and purpose.special in (None, *CONSENT):
            yield [*where, "special_decided"], "it is about a condition of Art. 9 other than consent"
        yield from processing_faults(source, purpose, where)
        if isinstance(decision := purpose.automated_decision, AutomatedDecision):
            yield from _decision(inventory, source, name, decision)
            if (basis := _BASIS.get(decision.exception)) not in (None, purpose.basis):
                message = f"`{decision.exception}` permits what rests on {basis}, not on {purpose.basis}"
                yield [*where, "automated_decision", "exception"], message
        kept, ends = purpose.retention, bool(purpose.consent and purpose.consent.withdrawn)
        if kept and kept.withdrawal and (kept.from_ or not ends):
            message = "it needs a `consent` with the column `withdrawn`, and no `from`"
            yield [*where, "retention", "withdrawal"], message
        if purpose.consent is None:
            continue
        if not {purpose.basis, purpose.special} & CONSENT:
            yield [*where, "consent"], "this purpose does not rest on consent"
        found = find_table(inventory, source.source, purpose.consent.table)
        table = found and inventory.sources[found[0]].tables[found[1]]
        columns = (purpose.consent.column, purpose.consent.granted, purpose.consent.withdrawn)
        if table is None:
            yield (
                [*where, "consent", "table"],
                f"no such table in the inventory{hint(purpose.consent.table, source.tables)}",
            )
        else:
            for column in columns:
                if column and column not in table.columns:
                    yield (
                        [*where, "consent"],
                        f"table {purpose.consent.table} has no column {column}{hint(column, table.columns)}",
                    )
                elif column in table.parts:
                    yield [*where, "consent"], f"{column} is of a document: it cannot be used to find rows"


_BASIS: Mapping[DecisionException | None, str] = {
    DecisionException.CONTRACT: "A6-1-b",
    DecisionException.CONSENT: "A6-1-a",
}
"""Exception of Art. 22(2) -> legal basis of Art. 6 that the purpose then has."""


def _decision(
    inventory: Inventory, source: SourceFile, name: str, decision: AutomatedDecision
) -> Iterator[FaultAt]:
    """Yield faults of the columns by which a decision is explained to the person (C-203/22)."""
    where = ["purposes", name, "automated_decision"]
    if decision.outcome is None and (decision.inputs or decision.at or decision.change):
        yield where, "`inputs`, `at` and `change` explain an `outcome`: name its column"
    named = [("outcome", decision.outcome), ("at", decision.at), *(("inputs", p) for p in decision.inputs)]
    for word, path in ((word, path) for word, path in named if path):
        of, _, column = path.rpartition(".")
        found = find_table(inventory, source.source, of)
        declared = inventory.sources[found[0]] if found else source
        table = declared.tables[found[1]] if found and (word != "outcome" or declared is source) else None
        if table is None or found is None or column not in table.columns:
            near = near_column(source, path)
            message = f"there is no column {path}: write `table.column`; of another source only inputs{near}"
            yield [*where, word], message
        elif not leads_to_person(declared, found[1]):
            yield [*where, word], f"no way leads from table {of} to the person"
        elif word != "at" and declared is source and name not in column_purposes(source, of, column):
            yield [*where, word], f"{path} does not serve this purpose: add {name} to the column's `purposes`"
        elif word == "outcome":
            yield from _outcome(table, path, decision.at, where)


def _outcome(table: Table, path: str, day: str | None, where: list[str]) -> Iterator[FaultAt]:
    name, _, column = path.rpartition(".")
    written = table.columns[column].proposal or table.columns[column]
    if not written.codes and not written.ranges:
        yield [*where, "outcome"], f"write under `ranges` or `codes` of {path} what each outcome means"
    yield from plain_faults(written, [*where, "outcome"])
    single = table.key and {*table.key} <= {link.column for link in table.subject.values()}
    if not single and (day or "").rpartition(".")[0] != name:
        yield [*where, "at"], f"a person may have several: name the column of {name} with their day"


def _tables(inventory: Inventory, source: SourceFile) -> Iterator[FaultAt]:
    for name, table in source.tables.items():
        where = ["tables", name]
        if table.copy_of is not None:
            yield from _copy(source, table, where)
            continue
        if table.personal and not leads_to_person(source, name):
            yield where, "no way leads from this table to the person: give `subject` or `join`"
        yield from _history(inventory, table, where)
        yield from _ignored(table, where)
        yield from missing(table, [*where, "key"], *table.key)
        yield from _subject(inventory, table, where)
        yield from _joins(source, table, where)
        yield from _files(source, table, where)
        yield from table_faults(source, name, where)
        if table.origin:
            yield from missing(table, [*where, "origin", "by"], table.origin.by)
            yield from _author(inventory, table.origin.person_key, [*where, "origin", "person_key"])
        if table.purposes != source.defaults.purposes:  # faults of the defaults are reported once
            yield from _names(source, table.purposes, [*where, "purposes"])
        if table.personal:
            for column_name, column in table.columns.items():
                yield from _column(source, table, column, [*where, "columns", column_name])


def _author(inventory: Inventory, key: str | None, where: list[str]) -> Iterator[FaultAt]:
    """Check the key that says who wrote a row: one that passed to another would name the wrong person."""
    keys = inventory.identity.keys
    if key is not None and (key not in keys or keys[key].unique is not Unique.YES):
        named = ", ".join(name for name, of in keys.items() if of.unique is Unique.YES)
        yield where, f"name a key of identity.yml that always belongs to one person: {named}"


def _copy(source: SourceFile, table: Table, where: list[str]) -> Iterator[FaultAt]:
    of = source.tables.get(table.copy_of or "")
    if of is None or of.copy_of is not None:
        yield (
            [*where, "copy_of"],
            f"the source has no such table, or it is a copy itself{hint(table.copy_of, source.tables)}",
        )
    if more := sorted(table.model_fields_set - {"copy_of", "personal", "title", "description", "review"}):
        yield where, f"a copy is described where the table is: leave out {', '.join(more)}"


def _history(inventory: Inventory, table: Table, where: list[str]) -> Iterator[FaultAt]:
    """Check `history: read`. If a key can pass to another person, a former row may be an earlier owner's."""
    if table.history != "read":
        return
    keys = inventory.identity.keys
    if any(key in keys and keys[key].unique is Unique.YES for key in table.subject):
        return
    for key, link in table.subject.items():
        if link.at is None:
            yield (
                [*where, "history"],
                f"former rows may be of the person who had {key} before: add `at` in `subject`",
            )


def _of_kind(source: SourceFile, kinds: Mapping[str, SourceKind]) -> Iterator[FaultAt]:
    """Yield what tables ask of the source and its kind has not."""
    if source.kind not in kinds:
        return
    kind = kinds[source.kind]
    for name, table in source.tables.items():
        if table.history == "read" and not kind.reads_history:
            yield ["tables", name, "history"], f"no former rows are read in a source of kind {source.kind}"
        if table.ignore and not kind.skips_files:
            yield ["tables", name, "ignore"], f"a source of kind {source.kind} has no files to ignore"


def _ignored(table: Table, where: list[str]) -> Iterator[FaultAt]:
    for ignored in table.ignore:
        for pattern in ignored.files:
            if not all(part and part not in (".", "..") for part in pattern.split("/")):
                yield [*where, "ignore"], f"{pattern} is no path below the table's folder: `old/**`, `*.csv`"
            elif any("**" in part and part != "**" for part in pattern.split("/")):
                yield (
                    [*where, "ignore"],
                    f"in {pattern} `**` is not alone between two `/`: write `*` or `old/**`",
                )


def _subject(inventory: Inventory, table: Table, where: list[str]) -> Iterator[FaultAt]:
    for key, link in table.subject.items():
        path = [*where, "subject", key]
        if key not in inventory.identity.keys:
            near = hint(key, inventory.identity.keys)
            yield path, f"this key is not declared in identity.yml{near}"
        at = None if link.at == "any" else link.at
        yield from missing(table, path, link.column, at, link.valid_from, link.valid_to, link.changed)


def _joins(source: SourceFile, table: Table, where: list[str]) -> Iterator[FaultAt]:
    if table.shared_rows is not None and not table.join:
        yield [*where, "shared_rows"], "it is about rows that a `join` reaches"
    for join in table.join:
        for column, target in join.items():
            path = [*where, "join", column]
            other, _, key = target.rpartition(".")
            if column not in table.columns:
                yield path, f"the table has no column {column}{hint(column, table.columns)}"
            if other not in source.tables:
                yield (
                    path,
                    f"the source has no table {other or target}; across sources use `subject` keys"
                    f"{hint(other, source.tables)}",
                )
            elif key not in source.tables[other].columns:
                yield path, f"table {other} has no column {key}{hint(key, source.tables[other].columns)}"
        if len({target.rpartition(".")[0] for target in join.values()}) > 1:
            yield [*where, "join"], "a composite key leads to one table; write alternatives as a list"


def _files(source: SourceFile, table: Table, where: list[str]) -> Iterator[FaultAt]:
    for own, target in table.references.items():
        other, _, key = target.rpartition(".")
        yield from missing(table, [*where, "references", own], own)
        if other not in source.tables or key not in source.tables[other].columns:
            yield (
                [*where, "references", own],
                f"the source has no column {target}{near_column(source, target)}",
            )
    for file in table.file:
        yield from missing(table, [*where, "file"], file.column, *file.other_columns)
        if file.store and file.store not in source.stores:
            yield [*where, "file"], f"store {file.store} is not declared under `stores`"


def _names(source: SourceFile, names: tuple[str, ...] | None, where: list[str]) -> Iterator[FaultAt]:
    for name in names or ():
        if name not in source.purposes:
            yield where, f"purpose {name} is not declared"


def _may_identify(table: Table, column: Column) -> bool:
    return bool(table.subject) and column.about is About.SUBJECT and column.protect is None


def _column(source: SourceFile, table: Table, column: Column, where: list[str]) -> Iterator[FaultAt]:
    written = column.proposal or column
    column = written if column.awaits else column  # confirmed words are checked as such
    yield from _names(source, written.purposes, [*where, "purposes"])
    if written.category and written.category not in fides_categories():
        yield [*where, "category"], "this category is not in the Fides taxonomy"
    yield from source_faults(table, column.source, where)
    computed = column.origin in (Origin.DERIVED, Origin.INFERRED)
    if computed and column.meaning is None and column.protect is not Protect.SECRET:
        yield where, "a derived or inferred column needs `meaning`: range, what high means, its use"
    if column.about is About.SUBJECT and (column.third_party or column.when):
        yield where, "`third_party` and `when` go with `about: third_party`"
    if column.unit_from and (column.unit or column.unit_from not in table.columns):
        yield [*where, "unit_from"], "name a column of the table, without a `unit`"
    if column.identifies and not _may_identify(table, column):
        yield (
            [*where, "identifies"],
            "it is read before the identity is confirmed: mark a column about the person, without "
            "`protect`, in a table with a `subject`",
        )
    if column.when and not table.origin:
        yield [*where, "when"], "`when` needs the table's `origin: {by: ...}`"
    elif column.when and table.origin:
        for value in column.when:
            if value not in table.origin.values:
                yield [*where, "when"], f"{value} is no value of the table's `origin`"
