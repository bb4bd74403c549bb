"""Members of lists, structs and maps that Arrow does not carry exactly."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from tests.support.two_sessions import open_two
from tests.unit.sources.reading import forms

from afschrift.domain.value_kind import ValueKind

LARGEST = str(2**128 - 1)
CASES = [
    (f"[5::UHUGEINT, {LARGEST}::UHUGEINT, NULL]", f'["5","{LARGEST}",null]'),
    ("""{'a b': '101'::BIT, 'q''"{x}': [1::BIGNUM]}""", '{"a b":"101","q\'\\"{x}":["1"]}'),
    (
        "MAP{'k': '10:00:00.5+01:02:03'::TIMETZ, 'z': '10:00:00+00'::TIMETZ, 'y': '10:00:00-05:30'::TIMETZ}",
        '{"k":"10:00:00.500000+01:02:03","z":"10:00:00Z","y":"10:00:00-05:30"}',
    ),
    ("[TIMETZ '10:00:00+02', NULL]", '["10:00:00+02:00",null]'),
    ("MAP{5::UHUGEINT: INTERVAL '1 year 2 days 3 seconds'}", '{"5":"P1Y2DT3S"}'),
    ("[[{'x': '1'::BIT}, NULL]]", '[[{"x":"1"},null]]'),
    ("[1, 2]::UHUGEINT[2]", '["1","2"]'),
    ("[NULL::STRUCT(a BIT)]", "[null]"),
    ("NULL::MAP(VARCHAR, BIT)", None),
    ("MAP{}::MAP(VARCHAR, BIT)", "{}"),
    ("[]::BIT[]", "[]"),
    ("[TIMESTAMPTZ_NS '2024-01-01 10:00:00.123456789+02']", '["2024-01-01T08:00:00.123456789Z"]'),
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("duckdb") / "w.duckdb"
    columns = ", ".join(f"{literal} AS c{number}" for number, (literal, _) in enumerate(CASES))
    with duckdb.connect(str(path)) as con:
        con.execute(f"CREATE TABLE t AS SELECT {columns}, [union_value(a := 1)] AS odd")
    return path


@pytest.mark.parametrize("number", range(len(CASES)))
def test_members_are_exact(path: Path, number: int) -> None:
    with open_two("w", "duckdb", {"path": str(path)}) as session:
        assert forms(session, "t", [f"c{number}"]) == [{f"c{number}": CASES[number][1]}]


def test_a_member_that_is_not_known_makes_the_column_unknown(path: Path) -> None:
    with open_two("w", "duckdb", {"path": str(path)}) as session:
        assert session.catalogue()["t"]["odd"].kind is None
        assert session.catalogue()["t"]["c0"].kind is ValueKind.JSON
        assert forms(session, "t", ["odd"], as_text=True) == [{"odd": "[1]"}]
