"""Every type of every adapter, alone and in lists, structs and maps: exact, given as text, or refused.

A value that comes out is held against the database's own text, which another client than the product's reads
and other code than the product's translates. What is refused names the column and what to do. What comes out is
what the reconciliation of it says, and another value is not: else a request would never leave. The tables of
`zoo/types.md` say which is which: `AFSCHRIFT_ZOO_PAGE=write pytest tests/contract/test_type_zoo.py` writes
it anew.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest
from tests.bundles.test_frame_values import check, frame_of, reader_of
from tests.contract.plain_readers import same
from tests.contract.zoo import (
    duckdb_zoo,
    files_zoo,
    log_zoo,
    mysql_zoo,
    parquet_zoo,
    postgres_zoo,
    sqlalchemy_zoo,
    sqlite_zoo,
)
from tests.contract.zoo.cages import SHAPES, TABLE, Outcome, Row, Zoo, is_member, look
from tests.support.warehouses import database_of
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
    """What stopped it, whether its values are hashed and not only counted, and changed values that were let pass."""

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


PAGE = Path(__file__).parent / "zoo" / "types.md"
_HEAD = (
    "| Types | Alone | In lists, structs, maps | With `kind: text` | Reconciled |\n|---|---|---|---|---|\n"
)


def section(rows: Sequence[Row], seen: Mapping[str, Outcome], reconciled: ReconciledColumns) -> str:
    """A row for each way in which types come out, with the types."""
    found: dict[tuple[str, ...], list[str]] = {}
    for number, row in enumerate(rows):
        alone = seen[f"value_{number}"]
        members = [seen[f"{shape}_{number}"] for shape in SHAPES[1:] if f"{shape}_{number}" in seen]
        inside = {"exact" if member.form is not None else "refused" for member in members}
        assert len(inside) < 2, row.label
        texts = {outcome.text is not None for outcome in (alone, *members)}
        given = {(True,): "its text", (False,): "refused"}.get(tuple(texts), "its text, alone only")
        says = "exact" if alone.form is not None else "refused"
        way = (says, *(inside or {"-"}), given, _reconciled(number, reconciled))
        labels = found.setdefault(way, [])
        if row.label not in labels:
            labels.append(row.label)
    lines = [f"| {', '.join(labels)} | {' | '.join(way)} |" for way, labels in found.items()]
    return _HEAD + "\n".join(lines) + "\n"


def _reconciled(number: int, reconciled: ReconciledColumns) -> str:
    """Whether the source hashes a type's values, or where it only counts them."""
    ways = {
        "alone": [reconciled.typed.get(f"value_{number}")],
        "in others": [reconciled.typed.get(f"{shape}_{number}") for shape in SHAPES[1:]],
        "as text": [reconciled.as_text.get(f"{shape}_{number}") for shape in SHAPES],
    }
    hashed = {way: {column.hashed for column in some if column} for way, some in ways.items()}
    counted = [way for way, found in hashed.items() if False in found]
    if not any(True in found for found in hashed.values()):
        return "counted" if counted else "-"
    return f"hashed; counted {' and '.join(counted)}" if counted else "hashed"


ZOOS: dict[str, ModuleType | log_zoo.LogZoo] = {
    "delta": log_zoo.DELTA,
    "duckdb": duckdb_zoo,
    "files": files_zoo,
    "iceberg": log_zoo.ICEBERG,
    "mysql": mysql_zoo,
    "parquet": parquet_zoo,
    "postgres": postgres_zoo,
    "sqlalchemy": sqlalchemy_zoo,
    "sqlite": sqlite_zoo,
}
Seen = dict[str, Outcome]


@pytest.fixture(scope="module", params=sorted(ZOOS))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def zoo(kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zoo]:
    with database_of(kind, request) as database:
        yield ZOOS[kind].build(tmp_path_factory.mktemp(kind), database)


@pytest.fixture(scope="module")
def seen(zoo: Zoo) -> Seen:
    return look(zoo)


@pytest.fixture(scope="module")
def reconciled(zoo: Zoo, seen: Seen) -> ReconciledColumns:
    typed = [name for name, cell in seen.items() if cell.form is not None]
    texts = [name for name, cell in seen.items() if cell.text is not None]
    return ReconciledColumns(reconcile(zoo, typed), reconcile(zoo, texts, as_text=True))


def cells(zoo: Zoo, shape: str) -> Iterator[tuple[str, int]]:
    for number in range(len(zoo.rows)):
        if f"{shape}_{number}" in zoo.own:
            yield f"{shape}_{number}", number


def test_every_type_is_here(kind: str, zoo: Zoo) -> None:
    natives = {row.native.split("(")[0].removesuffix("[]") for row in zoo.rows}
    assert ZOOS[kind].types() - natives == set()


def test_a_value_is_exact_or_refused(zoo: Zoo, seen: Seen) -> None:
    wrong = {}
    for column, number in cells(zoo, "value"):
        row, own, outcome = zoo.rows[number], zoo.own[column], seen[column]
        if outcome.form is None:
            continue
        assert outcome.kind is not None
        expected = row.form or zoo.holds(outcome.kind, own or "")
        if not same([_number(outcome.form, outcome.kind)], [_number(expected, outcome.kind)], ValueKind.TEXT):
            wrong[row.label] = (outcome.form, expected)
    assert wrong == {}


def test_a_frame_of_the_bundle_has_the_same_value(zoo: Zoo, seen: Seen) -> None:
    found = {name: outcome for name, outcome in seen.items() if outcome.form is not None}
    fields = [FieldPlan(name, outcome.kind, Action.INCLUDE, (), "") for name, outcome in found.items()]
    texts = [pa.array([outcome.form], pa.string()) for outcome in found.values()]
    rows = pa.RecordBatch.from_arrays(texts, names=list(found))
    for format_ in ("csv", "parquet"):
        check(frame_of(reader_of(format_, fields, rows)), fields, rows)


def _number(text: str, kind: ValueKind) -> str:
    return repr(float(text)) if kind is ValueKind.NUMBER else text


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_a_member_is_what_the_value_is_alone(zoo: Zoo, seen: Seen, shape: str) -> None:
    wrong = {}
    for column, number in cells(zoo, shape):
        alone, inside = seen[f"value_{number}"], seen[column]
        if inside.form is None:
            continue
        form, kind = alone.form, alone.kind
        if form is None or kind is None or not is_member(inside.form, shape, form, kind):
            wrong[zoo.rows[number].label] = (inside.form, form)
    assert wrong == {}


def test_kind_text_gives_the_text_of_the_database(zoo: Zoo, seen: Seen) -> None:
    wrong = {
        column: (outcome.text, zoo.own[column])
        for column, outcome in seen.items()
        if outcome.text is not None and outcome.text != zoo.own[column]
    }
    assert wrong == {}


def test_the_source_says_the_same_and_of_another_value_it_does_not(
    zoo: Zoo, reconciled: ReconciledColumns
) -> None:
    both = [*reconciled.typed.items(), *reconciled.as_text.items()]
    labels = {column: zoo.rows[int(column.rpartition("_")[2])].label for column, _ in both}
    stopped = [(labels[column], result.stopped) for column, result in both if result.stopped]
    missed = [(labels[column], result.missed) for column, result in both if result.missed]
    assert (stopped, missed) == ([], [])


def test_the_page_says_what_was_found(kind: str, zoo: Zoo, seen: Seen, reconciled: ReconciledColumns) -> None:
    found, text = section(zoo.rows, seen, reconciled), PAGE.read_text(encoding="utf-8")
    of_kind = re.compile(rf"(<!-- types of {kind}, written by \S+ -->\n)(.*?)(<!-- end -->)", re.DOTALL)
    if os.environ.get("AFSCHRIFT_ZOO_PAGE") == "write":
        text = of_kind.sub(lambda old: old[1] + found + old[3], text)
        PAGE.write_text(text, encoding="utf-8")
    assert [part[1] for part in of_kind.findall(text)] == [found], "run again with AFSCHRIFT_ZOO_PAGE=write"
