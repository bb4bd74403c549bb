"""What a reconciliation says of each column of a zoo: whether it agrees, and what it would stop."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from tests.contract.zoo.cages import TABLE, Zoo
from tests.unit.sources.reading import chosen, statement

from afschrift.domain.decision import Action
from afschrift.domain.errors import AfschriftError, ValidationFailedError
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.reconciliation import Extract, Reconciliation, Sums
from afschrift.domain.sources import ColumnType, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.comparison import Comparison, FormSums
from afschrift.extraction.own_rows import without_keys
from afschrift.values.forms import text_batch


@dataclass(frozen=True)
class ReconciledColumn:
    """Of one column.

    Attributes:
        stopped: what the reconciliation says of the values as they are read; empty where it agrees.
        hashed: its values are hashed, not only counted.
        missed: changed values that it let pass.
    """

    stopped: str
    hashed: bool
    missed: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReconciledColumns:
    """By column: as its type has it, and as `kind: text` does."""

    typed: Mapping[str, ReconciledColumn]
    as_text: Mapping[str, ReconciledColumn]


def reconcile(zoo: Zoo, readable: Sequence[str], *, as_text: bool = False) -> dict[str, ReconciledColumn]:
    """Read and compare each column by itself.

    Args:
        zoo: the filled warehouse.
        readable: the columns out of which values come.
        as_text: as `kind: text` has them.
    """
    found: dict[str, ReconciledColumn] = {}
    with zoo.warehouse.open() as planning:
        for table in dict.fromkeys(zoo.tables.get(name, TABLE) for name in readable):
            parts = {
                name: _part(planning, table, name, column)
                for name, column in chosen(planning, table, as_text=as_text).items()
                if name in readable
            }
            found |= _reconciled_columns(zoo, parts)
    return found


def _part(planning: Source, table: str, name: str, column: ColumnType) -> ExtractPlan:
    read = statement(planning, table, {name: column}, "WHERE 1 = 1\nORDER BY 1")
    return ExtractPlan("w", table, (FieldPlan(name, column.kind, Action.INCLUDE, (), ""),), read)


def _reconciled_columns(zoo: Zoo, parts: Mapping[str, ExtractPlan]) -> dict[str, ReconciledColumn]:
    """One session after another: a statement that fails may have broken its session."""
    found: dict[str, ReconciledColumn] = {}
    while left := [name for name in parts if name not in found]:
        with zoo.warehouse.open() as reading:
            for name in left:
                found[name] = _reconciled_column(reading, parts[name])
                if found[name].stopped:
                    break
    return found


def _reconciled_column(reading: Source, part: ExtractPlan) -> ReconciledColumn:
    """Row by row: neither how the rows are batched nor what their neighbours hold matters."""
    (field,) = part.selected
    try:
        batches = [
            text_batch(batch, part.selected) for batch in map(without_keys, reading.stream(part.statement))
        ]
        comparison = Comparison(reading, part, 100, "seed")
        for batch in batches:
            for start in range(batch.num_rows):
                comparison.take(batch.slice(start, 1))
        hashed = comparison.require(lambda: map(without_keys, reading.stream(part.statement))).hashed == (
            field.name,
        )
    except (AfschriftError, *_CRASHES) as why:
        return ReconciledColumn(f"{type(why).__name__}: {why}", hashed=False)
    if not hashed:
        return ReconciledColumn("", hashed)
    texts = [text for batch in batches for text in batch.column(0).to_pylist()]
    reconciliation = reading.reconciliation(Extract(part.statement, {field.name: field.kind}, {field.name}))
    read = _sums(reconciliation, field.name, texts)
    others = _others(next(text for text in texts if text is not None), field.kind)
    missed = (new for new in others if _sums(reconciliation, field.name, _with(texts, new)) == read)
    return ReconciledColumn("", hashed, tuple(missed))


_CRASHES = (ValueError, LookupError, ArithmeticError, TypeError, pa.ArrowException)


def _sums(reconciliation: Reconciliation, name: str, texts: Sequence[str | None]) -> Sums | None:
    """Our side alone: what was read is what the source says, so other sums are not. None where it stops."""
    side = FormSums(reconciliation, (name,), None)
    try:
        side.take(pa.RecordBatch.from_arrays([pa.array(texts, pa.string())], names=[name]))
    except ValidationFailedError:
        return None
    return side.sums()


def _with(texts: Sequence[str | None], new: str) -> list[str | None]:
    """The first value is another one."""
    at = next(n for n, text in enumerate(texts) if text is not None)
    return [*texts[:at], new, *texts[at + 1 :]]


def _others(text: str, kind: ValueKind | None) -> set[str]:
    """Other values of the same kind: one sign is another one."""
    if kind is ValueKind.BOOLEAN:
        return {{"true": "false", "false": "true"}[text]}
    signs = [found.start() for found in re.finditer("[0-9]", text)] or [
        found.start() for found in re.finditer(r"\w", text)
    ]
    if kind in (ValueKind.BINARY, ValueKind.NUMBER, ValueKind.JSON):
        signs = signs[:1]  # the last may say nothing: bits of base64 that are no byte, a float's last digit
    return {f"{text[:at]}{_other(text[at])}{text[at + 1 :]}" for at in (signs[:1] + signs[-1:])}


def _other(sign: str) -> str:
    if sign.isdigit():
        return str((int(sign) + 5) % 10)
    return "B" if sign == "A" else "A"
