"""Gaps of the inventory for the information sheet of an access answer (R73, R74, R75, R76).

With such gaps portability requests are answered; an access request waits until they are filled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from afschrift.domain.decision import Action
from afschrift.domain.extracted import SourceExtract
from afschrift.domain.plan import ExtractPlan, FieldPlan, Plan, Withheld
from afschrift.domain.redaction import MASK
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.base import Text
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.processing import AutomatedDecision, Recipient, Retention
from afschrift.law.clock.deadline import Period
from afschrift.law.information import boilerplate, names_criterion, names_event, outside_eea

SheetColumn = tuple[str, str, FieldPlan]
"""Source, table and column on the sheet."""

_EVENT = "name what the period runs from, such as “after you close your account” or “nadat u iets bestelde”"
_CRITERION = "name what decides it, such as “as long as your account is open” or “zolang u klant bent”"
_ON_SHEET = (Action.INCLUDE, Action.MASK, Action.EXISTS_ONLY)


@dataclass(frozen=True)
class Gap:
    """A field that is missing, or filled with words that fit every organisation.

    Attributes:
        source: name of the source; empty for `controller.yml`.
        where: path in its file, such as `purposes.shopping.retention`.
        what: the fault, as a clause.
    """

    source: str
    where: str
    what: str

    @property
    def path(self) -> str:
        """`purposes.shopping.retention of source shop`."""
        return f"{self.where} of source {self.source}" if self.source else f"{self.where} in controller.yml"

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def is_settled(source: SourceFile, *columns: str) -> bool:
    """Whether columns (`table.column`) are confirmed, so that what they hold of the person may be used."""
    return all(source.may_follow(*path.rsplit(".", 1)) for path in columns)


def is_on_sheet(field: FieldPlan) -> bool:
    """Whether a column appears on the sheet.

    These are columns that the person gets or is informed of, and those that others' rights keep back (R36);
    not those that the person's own limits leave out (R24).
    """
    withheld = field.action is Action.EXCLUDE and field.reason == "person_decided"
    return field.action in _ON_SHEET or withheld


def column_purposes(source: SourceFile, table: str, column: str) -> tuple[str, ...]:
    """Return the names of a column's purposes, or else of its table's."""
    declared = source.tables[table]
    own = declared.columns[column].purposes if column in declared.columns else None
    return declared.purposes if own is None else own


def sheet_columns(plan: Plan) -> Iterator[SheetColumn]:
    """Yield every column of a plan that appears on the sheet."""
    parts: list[ExtractPlan | Withheld] = [*plan.extracts, *plan.withheld]
    for part in parts:
        yield from ((part.source, part.table, field) for field in part.fields if is_on_sheet(field))


def all_columns(inventory: Inventory) -> Iterator[SheetColumn]:
    """Yield every column that may appear on some person's sheet, judged by the inventory alone."""
    for source in inventory.sources.values():
        for name, table in source.tables.items():
            by_row = tuple(table.origin.values.values()) if table.origin else ()
            for column, entry in table.columns.items() if table.personal else ():
                origins = (Origin(entry.origin),) if entry.origin not in (None, "mixed") else by_row
                origins = () if entry.review == "needed" else origins
                if Origin.NOT_PERSONAL not in origins:
                    field = FieldPlan(column, None, Action.INCLUDE, (), "", origins=origins)
                    yield source.source, name, field


def gaps(
    inventory: Inventory, columns: Iterable[SheetColumn], *, as_proposed: bool = False
) -> tuple[Gap, ...]:
    """Return what is missing or boilerplate for columns and the purposes that they serve.

    Args:
        inventory: the inventory.
        columns: to check.
        as_proposed: take proposed purposes for confirmed ones, to show what would be missing if all were
            confirmed. Never used for a sheet.
    """
    found = list(_controller(inventory))
    inferred: dict[tuple[str, str], bool] = {}
    for source, table, field in columns:
        purposes = _purposes_of(inventory.sources[source], table, field.name, as_proposed=as_proposed)
        found += _column(inventory, source, table, field, purposes)
        estimate = Origin.INFERRED in (field.origin, *field.origins)
        for name in purposes:
            inferred[source, name] = inferred.get((source, name), False) or estimate
    for (source, name), estimated in inferred.items():
        for at, what in _purpose(inventory, source, name, estimated):
            found.append(Gap(source, f"purposes.{name}{at}", what))
    return tuple(dict.fromkeys(found))


def gaps_in_data(inventory: Inventory, plan: Plan, extract: SourceExtract) -> tuple[Gap, ...]:
    """Return gaps that only the person's data show: a country without safeguard, a code without meaning."""
    if extract.source not in inventory.sources:  # a manual source has no columns
        return ()
    source = inventory.sources[extract.source]
    found = []
    for fact in extract.facts:
        kind, name, *rest = fact.place.split(".")
        if kind == "purposes" and rest[:1] == ["recipients"]:
            known = {t.country for t in source.purposes[name].transfers}
            countries = {row[1] for row in fact.rows if len(row) > 1 and row[1]}
            unknown = sorted(c for c in countries - known if outside_eea(c))
            found += [_no_safeguard(extract.source, name, country) for country in unknown]
    found += _without_purpose(source, plan, extract)
    computed = {
        (table, field.name)
        for path, table, field in sheet_columns(plan)
        if path == extract.source and {Origin.DERIVED, Origin.INFERRED} & {field.origin, *field.origins}
    }
    for table in extract.tables:
        for column, codes in (table.seen.codes if table.seen else {}).items():
            declared = source.tables[table.table].columns[column]
            without = [v for v in codes if v != MASK and not declared.meaning_of(v)]
            if (table.table, column) in computed and without:
                what = f"{len(without)} value(s) in the data have no meaning"
                word, way = ("ranges", ": widen them, or use `codes`") if declared.ranges else ("codes", "")
                where = f"tables.{table.table}.columns.{column}.{word}"
                found.append(Gap(extract.source, where, what + way))
    return tuple(found)


def _without_purpose(source: SourceFile, plan: Plan, extract: SourceExtract) -> Iterator[Gap]:
    """Yield columns with a value of the person whose purposes all concern other people."""
    facts = {fact.place: {row[0] for row in fact.rows} for fact in extract.facts}
    others = {
        name
        for name, purpose in source.purposes.items()
        if purpose.only
        and facts.get(f"purposes.{name}.only", {*purpose.only.values}).isdisjoint(purpose.only.values)
    }
    nulls = {table.table: table.seen.nulls if table.seen else {} for table in extract.tables}
    rows = {table.table: table.rows for table in extract.tables}
    for path, table, field in sheet_columns(plan) if others else ():
        purposes = column_purposes(source, table, field.name) if path == source.source else ()
        has_value = table in rows and rows[table] > nulls[table].get(field.name, 0)
        if has_value and purposes and others.issuperset(purposes):
            where = f"tables.{table}.columns.{field.name}.purposes"
            yield Gap(source.source, where, f"none concerns this person: {', '.join(purposes)} have `only`")


def _no_safeguard(source: str, purpose: str, country: str) -> Gap:
    return Gap(source, f"purposes.{purpose}.transfers", f"a recipient is in {country}, without a safeguard")


def _controller(inventory: Inventory) -> Iterator[Gap]:
    for language, text in inventory.controller.authority.items():
        if not any(char.isdigit() for char in text):
            yield Gap("", f"authority.{language}", "the address of the authority is missing")


def _purpose(inventory: Inventory, source: str, name: str, inferred: bool) -> Iterator[tuple[str, str]]:
    purpose = inventory.sources[source].purposes[name]
    yield from _text(".title", purpose.title)
    yield from _retention(purpose.retention)
    if purpose.retention and purpose.retention.from_:
        yield from _proposed(inventory.sources[source], ".retention.from", purpose.retention.from_)
    if purpose.recipients is None:
        yield ".recipients", "is missing; `[]` says that there are no recipients"
    known = {t.country for t in purpose.transfers}
    for number, recipient in enumerate(purpose.recipients or ()):
        yield from _recipient(f".recipients.{number}", recipient)
        for part, path in recipient.read:
            yield from _proposed(inventory.sources[source], f".recipients.{number}.{part}", path)
        country = recipient.country
        if isinstance(country, str) and outside_eea(country) and country not in known:
            yield ".transfers", _no_safeguard(source, name, country).what
    for transfer in purpose.transfers:
        where = f".transfers.{transfer.country}.safeguard"
        if transfer.safeguard is None:
            yield where, "is missing"
        yield from _text(where, transfer.safeguard)
    yield from _decision(purpose.automated_decision, inferred)


def _retention(retention: Retention | None) -> Iterator[tuple[str, str]]:
    """Check a period, and what starts it: words that name an event, or a column (R75)."""
    if retention is None:
        yield ".retention", "is missing"
        return
    for language, words in (retention.criterion or {}).items():
        if not names_criterion(words, language):
            yield f".retention.criterion.{language}", f"“{words}” names nothing that ends it: {_CRITERION}"
    if retention.period is None:
        return
    if Period.parse(retention.period) is None:
        yield ".retention", f"“{retention.period}” is no period, such as P2Y"
    elif retention.trigger is None and retention.from_ is None:
        yield ".retention.trigger", "is missing: name what the period runs from"
    for language, words in (retention.trigger or {}).items():
        if not names_event(words, language):
            yield f".retention.trigger.{language}", f"“{words}” names no event: {_EVENT}"


def _recipient(where: str, recipient: Recipient) -> Iterator[tuple[str, str]]:
    if recipient.name is not None and boilerplate(recipient.name):
        yield f"{where}.name", f"“{recipient.name}” is no name"
    if recipient.name is not None and recipient.country is None:
        yield f"{where}.country", "is missing"
    yield from _text(f"{where}.group", recipient.group)
    if recipient.group is not None and recipient.why is None:
        yield f"{where}.why", "is missing: give the reason why no name can be given"
    yield from _text(f"{where}.why", recipient.why)
    yield from _text(f"{where}.does", recipient.does)


def _decision(decision: AutomatedDecision | bool | None, inferred: bool) -> Iterator[tuple[str, str]]:
    where = ".automated_decision"
    if decision is None and inferred:
        yield (
            where,
            "is missing: the purpose uses estimates of the person; set false, or explain the decision",
        )
    elif decision is True:
        yield where, "says only that there is one: explain logic, significance and consequences"
    elif isinstance(decision, AutomatedDecision):
        for part, text in decision.texts.items():
            if text is None:
                yield f"{where}.{part}", "is missing"
            yield from _text(f"{where}.{part}", text)


def _purposes_of(source: SourceFile, table: str, column: str, *, as_proposed: bool) -> tuple[str, ...]:
    declared = source.tables[table].columns.get(column)
    if as_proposed and declared is not None and declared.proposal is not None:
        proposed = declared.proposal.purposes
        return source.tables[table].purposes if proposed is None else proposed
    return column_purposes(source, table, column)


def _column(
    inventory: Inventory, source: str, table: str, field: FieldPlan, purposes: tuple[str, ...]
) -> Iterator[Gap]:
    declared = inventory.sources[source].tables[table]
    column = declared.columns.get(field.name)
    path = f"tables.{table}.columns.{field.name}"
    if not purposes:
        of_table = not declared.purposes and (column is None or column.purposes is None)
        where = f"tables.{table}" if of_table else path  # one gap for all columns of the table
        yield Gap(source, f"{where}.purposes", "is missing")
    origins = {field.origin, *field.origins}
    given = (column.source if column else None) or declared.source
    if Origin.THIRD_PARTY in origins and given is None:
        yield Gap(source, f"{path}.source", "is missing: name the source of these data")
    if given is not None:
        at = f"{path}.source" if column and column.source else f"tables.{table}.source"
        if given.from_:
            for where, what in _proposed(inventory.sources[source], f"{at}.from", f"{table}.{given.from_}"):
                yield Gap(source, where, what)
        for part, text in (("name", given.name), ("how", given.how)):
            for where, what in _text(f"{at}.{part}", text):
                yield Gap(source, where, what)


def _proposed(source: SourceFile, where: str, path: str) -> Iterator[tuple[str, str]]:
    if not is_settled(source, path):
        yield where, f"the way of {path} to the person, or what it holds, is not confirmed yet"


def _text(where: str, text: Text | None) -> Iterator[tuple[str, str]]:
    for language, words in text.items() if text else ():
        if boilerplate(words):
            yield f"{where}.{language}", f"“{words}” fits every organisation"
