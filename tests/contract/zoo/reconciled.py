"""What a reconciliation says of each column of a zoo: whether it agrees, and what it would stop."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
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


_CRASHES = (ValueError, LookupError, ArithmeticError, TypeError, pa.ArrowException)


def reconcile(zoo: Zoo, readable: Collection[str], *, as_text: bool = False) -> dict[str, ReconciledColumn]:
    """Read and compare columns out of which values come, or what `kind: text` gives of them."""
    found: dict[str, ReconciledColumn] = {}
    with zoo.warehouse.open() as planning:
        for table in dict.fromkeys(zoo.tables.get(name, TABLE) for name in readable):
            columns = chosen(planning, table, as_text=as_text)
            found |= _columns(zoo, planning, table, {n: columns[n] for n in columns if n in readable})
    return found


def _columns(
    zoo: Zoo, planning: Source, table: str, columns: Mapping[str, ColumnType]
) -> dict[str, ReconciledColumn]:
    """All at once; those that differ are found by halves, as a statement that fails may break its session."""
    fields = tuple(FieldPlan(name, column.kind, Action.INCLUDE, (), "") for name, column in columns.items())
    of = ExtractPlan("w", table, fields, statement(planning, table, columns, "WHERE 1 = 1\nORDER BY 1"))
    try:
        with zoo.warehouse.open() as reading:
            return _agreed(reading, of)
    except (AfschriftError, *_CRASHES) as why:
        if len(columns) == 1:
            return {name: ReconciledColumn(f"{type(why).__name__}: {why}", hashed=False) for name in columns}
    halves = list(columns)[: len(columns) // 2], list(columns)[len(columns) // 2 :]
    first, second = (_columns(zoo, planning, table, {n: columns[n] for n in half}) for half in halves)
    return first | second


def _agreed(reading: Source, of: ExtractPlan) -> dict[str, ReconciledColumn]:
    """Row by row: how the rows are batched does not matter."""
    batches = [text_batch(batch, of.selected) for batch in map(without_keys, reading.stream(of.statement))]
    comparison = Comparison(reading, of, 100, "seed")
    for batch in batches:
        for start in range(batch.num_rows):
            comparison.take(batch.slice(start, 1))
    hashed = comparison.require(lambda: map(without_keys, reading.stream(of.statement))).hashed
    kinds = {field.name: field.kind for field in of.selected}
    reconciliation = reading.reconciliation(Extract(of.statement, kinds, kinds.keys()))
    found = {}
    for name, kind in kinds.items():
        missed: list[str] = []
        if name in hashed:
            texts = [text for batch in batches for text in batch.column(name).to_pylist()]
            read = _sums(reconciliation, name, texts)
            others = _others(next(text for text in texts if text is not None), kind)
            missed = [new for new in others if _sums(reconciliation, name, _with(texts, new)) == read]
        found[name] = ReconciledColumn("", name in hashed, tuple(missed))
    return found


def _sums(reconciliation: Reconciliation, name: str, texts: Sequence[str | None]) -> Sums | None:
    """Our side alone: what was read is what the source says, so other sums are not. None where it stops."""
    side = FormSums(reconciliation, (name,), None)
    try:
        side.take(pa.RecordBatch.from_arrays([pa.array(texts, pa.string())], names=[name]))
    except ValidationFailedError:
        return None
    return side.sums()


def _with(texts: Sequence[str | None], new: str) -> list[str | None]:
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
