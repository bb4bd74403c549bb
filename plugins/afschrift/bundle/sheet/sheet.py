"""The information sheet of an access answer: Art. 15(1)(a)-(h) and 15(2) as they are for this person (R73).

Only what is there for this person: kinds of data with a value, the purposes that these serve, the recipients
that their own rows name (R74), how long each is kept (R75), decisions by a computer in plain words (R76). Of
these only the explanation of a decision may be shortened because of others' rights (R36).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from afschrift.bundle.contents import Contents
from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.extracted import TableExtract
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.vocabulary import CONSENT, PORTABLE, Origin
from afschrift.inventory.model import Purpose
from afschrift.inventory.processing import AutomatedDecision, DataSource
from afschrift.inventory.sheet_gaps import gaps, gaps_in_data, is_on_sheet, sheet_columns

PurposeKey = tuple[str, str]
"""Source and name of a table or purpose."""


@dataclass(frozen=True)
class HeldColumn:
    """A column of which the person's rows hold a value."""

    source: str
    table: str
    field: FieldPlan
    origins: frozenset[Origin]
    """Those of the person's own rows; more than one where the origin goes by row."""


class Processing:
    """What is done with the person's data, by the plan, the inventory and the facts read beside the rows."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents

    @cached_property
    def columns(self) -> tuple[HeldColumn, ...]:
        """The columns with a value, in the order of the plan."""
        return tuple(
            HeldColumn(planned.source, planned.table, field, self._origins(planned, field))
            for planned, written in self.contents.held
            for field in planned.fields
            if is_on_sheet(field)
            and has_values(written, field)
            and self.contents.may_hold(planned.source, planned.table, field.name)
        )

    @cached_property
    def purposes(self) -> Mapping[PurposeKey, tuple[HeldColumn, ...]]:
        """(source, purpose) -> the person's columns that serve it."""
        found: dict[PurposeKey, list[HeldColumn]] = {}
        for held in self.columns:
            for name in self.contents.purposes(held.source, held.table, held.field.name):
                found.setdefault((held.source, name), []).append(held)
        return {key: tuple(columns) for key, columns in found.items()}

    def purpose(self, key: PurposeKey) -> Purpose:
        """A purpose of the inventory."""
        return self.contents.source(key[0]).purposes[key[1]]

    def consent(self, key: PurposeKey) -> str | None:
        """State of the person's own consent for a purpose; None where it needs none."""
        return self.contents.plan.consents.get(".".join(key))

    def rows(self, source: str, field_path: str) -> tuple[tuple[str | None, ...], ...]:
        """What the data say at a place of the inventory."""
        return self.contents.facts(source, field_path)

    def _origins(self, planned: ExtractPlan, field: FieldPlan) -> frozenset[Origin]:
        by_row = self.contents.row_origins(planned.source, planned.table, field)
        return frozenset(by_row.values() or ((field.origin,) if field.origin else field.origins))

    def givers(self) -> Iterator[tuple[HeldColumn, DataSource, str]]:
        """Columns that are not from the person, with who gave them and the place that says so."""
        for held in self.columns:
            table = self.contents.table(held.source, held.table)
            own = self.contents.column(held.source, held.table, held.field.name).source
            if own is not None:
                yield held, own, f"tables.{held.table}.columns.{held.field.name}.source"
            elif table.source is not None and (
                Origin.THIRD_PARTY in held.origins
                if table.origin
                else not any(origin.made_by_controller for origin in held.origins)
            ):
                yield held, table.source, f"tables.{held.table}.source"

    def decisions(self) -> Iterator[tuple[PurposeKey, AutomatedDecision]]:
        """The automated decisions among the purposes that the person's data serve."""
        for key in self.purposes:
            decision = self.purpose(key).automated_decision
            if isinstance(decision, AutomatedDecision) and self.consent(key) != "withdrawn":
                yield key, decision


def require_whole(contents: Contents) -> None:
    """Refuse to pack a sheet with a field that is missing or boilerplate.

    Raises:
        ConfigurationError: names each such field of the inventory.
    """
    found = [*gaps(contents.inventory, sheet_columns(contents.plan))]
    for extract in contents.extracts:
        found += gaps_in_data(contents.inventory, contents.plan, extract)
    if found:
        raise ConfigurationError(
            f"The information sheet cannot be made. {'; '.join(map(str, found))}.",
            remedy="fill in these fields of the inventory; docs/datamap/inventory.md explains them.",
        )


def has_values(written: TableExtract, field: FieldPlan) -> bool:
    """Whether some row has a value. Of a column that was not read that is not known, so it is named."""
    read = field.action in (Action.INCLUDE, Action.MASK)
    return not read or written.seen is None or written.seen.nulls.get(field.name, 0) < written.rows


_KEPT = {"A6-1-c": "erase_law", "A6-1-e": "erase_task"}
"""Bases on which erasure cannot be asked for (Art. 17(3)(b)), and the sentence that says why."""

_TO_OBJECT = frozenset({"A6-1-e", "A6-1-f"})


@dataclass(frozen=True)
class SheetRight:
    """A right that applies.

    Attributes:
        id: key of its name in the texts.
        texts: keys of its sentences, each with the purposes that it names.
        purposes: where it applies to some alone; empty: to all.
    """

    id: str
    texts: tuple[tuple[str, tuple[PurposeKey, ...]], ...]
    purposes: tuple[PurposeKey, ...] = ()


def rights(processing: Processing) -> tuple[SheetRight, ...]:
    """The rights in the order in which the sheet names them."""
    all_ = {key: processing.purpose(key) for key in processing.purposes}
    withdrawable = tuple(key for key, p in all_.items() if _consented(processing, key, p))
    objectable = tuple(key for key, p in all_.items() if p.basis in _TO_OBJECT)
    portable = tuple(key for key, p in all_.items() if _portable(processing, key, p))
    decided = tuple(key for key, _ in processing.decisions())
    marketing = ["object_marketing"] if any(all_[key].direct_marketing for key in objectable) else []
    found = [
        _right("correct", ["correct"], bool(all_)),
        _erase(all_, withdrawable, objectable),
        _right("restrict", ["restrict"], bool(all_)),
        _right("object", ["object", *marketing], bool(objectable), objectable),
        _right("port", ["port" if observed(processing) else "port_provided"], bool(portable), portable),
        _right("withdraw", ["withdraw"], bool(withdrawable), withdrawable),
        _right("human", ["human"], bool(decided), decided),
    ]
    return tuple(right for right in found if right is not None)


def _right(
    name: str, texts: list[str], applies: bool, purposes: tuple[PurposeKey, ...] = ()
) -> SheetRight | None:
    return SheetRight(name, tuple((text, ()) for text in texts), purposes) if applies else None


def _erase(
    all_: dict[PurposeKey, Purpose], withdrawable: tuple[PurposeKey, ...], objectable: tuple[PurposeKey, ...]
) -> SheetRight | None:
    kept = {text: tuple(key for key, p in all_.items() if p.basis == basis) for basis, text in _KEPT.items()}
    if sum(map(len, kept.values())) == len(all_):
        return None
    texts: list[tuple[str, tuple[PurposeKey, ...]]] = [("erase", ())]
    texts += [("erase_consent", ())] if withdrawable else []
    texts += [("erase_object", ())] if any(all_[key].basis not in _KEPT for key in objectable) else []
    texts += [(text, keys) for text, keys in kept.items() if keys]
    return SheetRight("erase", tuple(texts))


def _consented(processing: Processing, key: PurposeKey, purpose: Purpose) -> bool:
    """Rests on a consent that holds; where none is recorded it counts as given."""
    granted = processing.consent(key) in (None, "granted")
    return granted and bool({purpose.basis, purpose.special} & CONSENT)


def observed(processing: Processing) -> bool:
    """Whether the policy lets observed data be taken along."""
    return processing.contents.inventory.policy.observed.choice


def _portable(processing: Processing, key: PurposeKey, purpose: Purpose) -> bool:
    """Consent or contract, automated, and something provided, or observed if the policy gives that."""
    if purpose.public_task or not {purpose.basis, purpose.special} & PORTABLE:
        return False
    given = {Origin.PROVIDED, Origin.OBSERVED} if observed(processing) else {Origin.PROVIDED}
    return processing.consent(key) in (None, "granted") and any(
        processing.contents.column(held.source, held.table, held.field.name).automated
        and not given.isdisjoint(held.origins)
        for held in processing.purposes[key]
    )
