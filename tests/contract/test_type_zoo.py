"""Every type of every adapter, alone and in lists, structs and maps: exact, given as text, or refused.

A value that comes out is held against the database's own text, which another client than the product's reads
and other code than the product's translates. What is refused names the column and what to do. What comes out is
what the reconciliation of it says, and another value is not: else a request would never leave. The tables of
`zoo/types.md` say which is which: `AFSCHRIFT_ZOO_PAGE=write pytest tests/contract/test_type_zoo.py` writes
it anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType

import pytest
from tests.contract.plain_readers import same
from tests.contract.zoo import (
    duckdb_zoo,
    mysql_zoo,
    page,
    parquet_zoo,
    postgres_zoo,
    sqlalchemy_zoo,
    sqlite_zoo,
)
from tests.contract.zoo.cages import SHAPES, Outcome, Zoo, is_member, look
from tests.contract.zoo.reconciled import ReconciledColumns, reconcile
from tests.support.warehouses import database_of

from afschrift.domain.value_kind import ValueKind

ZOOS: dict[str, ModuleType] = {
    "duckdb": duckdb_zoo,
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
    stopped = [
        (zoo.rows[number_of(column)].label, result.stopped) for column, result in both if result.stopped
    ]
    missed = [(zoo.rows[number_of(column)].label, result.missed) for column, result in both if result.missed]
    assert (stopped, missed) == ([], [])


def number_of(column: str) -> int:
    return int(column.rpartition("_")[2])


def test_the_page_says_what_was_found(kind: str, zoo: Zoo, seen: Seen, reconciled: ReconciledColumns) -> None:
    found = page.section(zoo.rows, seen, reconciled)
    if os.environ.get("AFSCHRIFT_ZOO_PAGE") == "write":
        page.write(kind, found)
    assert page.read(kind) == found, "run again with AFSCHRIFT_ZOO_PAGE=write"
