"""Rows too many to be ordered at once come in ranges, in the order of the statement alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.domain.reconciliation import Extract
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.duckdb import ordered_ranges
from afschrift.sources.duckdb import session as session_module
from afschrift.sources.duckdb.session import DuckSession
from afschrift.sources.registry import open_source

ROWS = 6_000
OFTEN = {
    "DOUBLE": "['nan', 'inf', '-inf', '-0.0', '0.0', '1e-300']",
    "DATE": "['infinity', '-infinity', '0044-03-15 (BC)', '0001-01-01', '9999-12-31']",
    "TIMESTAMP": "['infinity', '-infinity', '0044-03-15 (BC) 12:00:00', '2024-01-01 00:00:00.000001']",
    "TIMESTAMPTZ": "['infinity', '-infinity', '0044-03-15 (BC) 12:00:00+00', '2024-01-01 00:00:00+00']",
    "TIMESTAMP_NS": "['2024-01-01 00:00:00.000000001', '2024-01-01 00:00:00.000000002']",
    "VARCHAR": "['', 'a', 'A', 'é', 'e', 'Z', ' ', '''', '\"', chr(1), '😀', repeat('z', 300)]",
    "VARCHAR COLLATE NOCASE": "['a', 'A', 'b', 'B', 'é', 'É', '']",
    "VARCHAR COLLATE NOACCENT": "['e', 'é', 'E', 'f']",
    "ENUM('z', 'm', 'a')": "['a', 'm', 'z']",
    "UUID": "['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']",
    "HUGEINT": "['170141183460469231731687303715884105727', '-170141183460469231731687303715884105728', '0']",
    "DECIMAL(38, 10)": "['0.0000000001', '-1.5', '9999999999999999999999999999']",
    "BLOB": r"['\x00', '\xFF\x00', '', 'a']",
    "INTERVAL": "['1 month', '30 days', '-1 day', '0 seconds', '720 hours']",
    "TIME": "['24:00:00', '00:00:00', '12:00:00.000001']",
    "TIMETZ": "['12:00:00+02', '10:00:00+00', '00:00:00-15']",
    "BIT": "['0', '1', '0101', '10']",
    "BOOLEAN": "['true', 'false']",
    "JSON": """['1', '"a"', 'null', '[1]']""",
    "INTEGER[]": "['[]', '[1]', '[1, NULL]', '[NULL]', '[2]']",
    "STRUCT(a INTEGER, b VARCHAR)": "['{a: 1, b: x}', '{a: NULL, b: x}', '{a: 1, b: NULL}']",
}
"""Type of a key -> values that are rarely looked at; each is in many rows, and so is NULL."""

OWN = {
    "DOUBLE": "(i * 7919 % 6000) / 7.0",
    "DATE": "DATE '1000-01-01' + (i * 7919 % 6000)::INTEGER",
    "TIMESTAMP": "TIMESTAMP '1000-01-01' + i * 7919 % 6000 * INTERVAL 1 HOUR",
    "TIMESTAMPTZ": "TIMESTAMPTZ '1000-01-01 00:00:00+00' + i * 7919 % 6000 * INTERVAL 1 HOUR",
    "VARCHAR": "md5(i::VARCHAR)",
    "VARCHAR COLLATE NOCASE": "CASE WHEN i % 2 = 0 THEN upper(md5(i::VARCHAR)) ELSE md5(i::VARCHAR) END",
    "UUID": "md5(i::VARCHAR)",
    "HUGEINT": "i * 7919 % 6000",
    "DECIMAL(38, 10)": "(i * 7919 % 6000) / 8",
    "BLOB": "md5(i::VARCHAR)",
}
"""Another value for each row, where the type has so many."""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows are many, and no memory holds them."""
    monkeypatch.setattr(DuckSession, "_in_little", lambda self, statement: None)
    monkeypatch.setattr(ordered_ranges, "RANGE_BYTES", 4_000)
    monkeypatch.setattr(ordered_ranges, "_SAMPLED", 700)


def opened(path: Path, *statements: str, **options: Any) -> DuckSession:
    with duckdb.connect(str(path / "w.duckdb")) as con:
        for statement in statements:
            con.execute(statement)
    session = open_source("w", "duckdb", {"path": str(path / "w.duckdb"), **options})
    assert isinstance(session, DuckSession)
    return session


def statement(order: str, columns: str = 't."id" AS "id"') -> str:
    return f'SELECT\n  {columns}\nFROM "t" AS t\nWHERE (t."of" = 1)\n\nORDER BY {order}\n'


def read(session: DuckSession, of: str) -> tuple[list[Any], int]:
    """The first column as it is streamed, and in how many batches."""
    batches = list(session.stream(of))
    return [value for batch in batches for value in batch.column(0).to_pylist()], len(batches)


def assert_as_alone(session: DuckSession, of: str, *, at_once: bool = False) -> None:
    with session:
        alone = [row[0] for row in session.rows(of)]
        streamed, batches = read(session, of)
        assert streamed == alone
        assert (batches <= 1) == at_once


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("kind", OFTEN)
def test_every_type_of_a_key_keeps_its_order(tmp_path: Path, kind: str) -> None:
    plain = kind.partition(" COLLATE")[0]
    often = f"CAST({OFTEN[kind]}[1 + i % len({OFTEN[kind]})] AS {plain})"
    own = f"CAST({OWN[kind]} AS {plain})" if kind in OWN else often
    value = f"CASE WHEN i % 3 = 0 THEN {often} WHEN i % 3 = 1 THEN {own} END"
    session = opened(
        tmp_path,
        f"CREATE TABLE t (id BIGINT, of INTEGER, k {kind})",
        f"INSERT INTO t SELECT i, 1 + (i % 10 = 0)::INTEGER, {value} FROM range({ROWS}) r(i)",
    )
    assert_as_alone(session, statement('t."k", t."id"'))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "key",
    [
        "i % 100 = 0, i % 7",  # nine of ten rows share a value
        "1, i % 3",  # all do
        "NULL::INT, i % 3",  # none has one
        "CASE WHEN i % 50 = 0 THEN i END, NULL::INT",
        "hash(i), i % 3",
        "CASE WHEN i % 2 = 0 THEN 1 ELSE i END, i % 2",
    ],
)
def test_values_that_many_rows_share_are_ordered_by_what_follows(tmp_path: Path, key: str) -> None:
    first, second = key.rsplit(", ", 1)
    made = f"CREATE TABLE t AS SELECT i AS id, 1 AS of, {first} AS a, {second} AS b FROM range({ROWS}) r(i)"
    session = opened(tmp_path, made)
    assert_as_alone(session, statement('t."a", t."b", t."id"'))


@pytest.mark.usefixtures("small")
def test_rows_that_tie_in_the_whole_order_all_come(tmp_path: Path) -> None:
    session = opened(
        tmp_path, f"CREATE TABLE t AS SELECT i AS id, 1 AS of, i % 2 AS a FROM range({ROWS}) r(i)"
    )
    with session:
        streamed, _ = read(session, statement('t."a"'))
    assert sorted(streamed) == list(range(ROWS))
    assert [i % 2 for i in streamed] == [0] * (ROWS // 2) + [1] * (ROWS // 2)


@pytest.mark.usefixtures("small")
def test_a_table_without_a_key_and_names_with_every_sign(tmp_path: Path) -> None:
    made = f"""CREATE TABLE t AS SELECT i AS id, 1 AS of, i % 90 AS "a, (b""d" FROM range({ROWS}) r(i)"""
    session = opened(tmp_path, made)
    row_order = session.dialect.row_order(['t."id"', "'it''s, (' || t.\"a, (b\"\"d\""])
    assert_as_alone(session, statement(f't."a, (b""d", {row_order}'))
    assert_as_alone(session, statement(row_order))


def test_few_rows_are_ordered_at_once(tmp_path: Path) -> None:
    made = f"CREATE TABLE t AS SELECT i AS id, 1 AS of FROM range({ROWS}) r(i)"
    assert_as_alone(opened(tmp_path, made), statement('t."id" DESC'), at_once=True)


def test_a_person_without_rows_still_has_the_statement_checked(tmp_path: Path) -> None:
    session = opened(tmp_path, "CREATE TABLE t AS SELECT 1 AS id, 2 AS of")
    assert_as_alone(session, statement('t."id"'), at_once=True)
    with session, pytest.raises(ConfigurationError, match=r"does not understand the statement on w\.t"):
        list(session.stream(statement('t."id"', 't."gone" AS "gone"')))


def test_more_rows_than_the_memory_limit_holds_come_in_their_order(tmp_path: Path) -> None:
    """Ordered at once they need more than the limit."""
    made = (
        "CREATE TABLE t AS SELECT i * 7919 % 300000 AS id, 1 AS of, repeat(chr(65 + (i % 26)::INT), 500) AS pad "
        "FROM range(300000) r(i)"
    )
    of = statement('t."id"', 't."id" AS "id", t."pad" AS "pad"')
    with opened(tmp_path, made, memory="128MB", threads=2) as session:
        last = -1
        for batch in session.stream(of):
            ids = batch.column(0).to_numpy()
            assert ids[0] == last + 1
            assert (ids[1:] > ids[:-1]).all()
            last = ids[-1]
    assert last == 299_999


def test_a_range_beyond_its_memory_is_read_again_with_all_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_OF_A_RANGE", "24MB")
    made = (
        "CREATE TABLE t AS SELECT i * 7919 % 200000 AS id, 1 AS of, repeat(chr(65 + (i % 26)::INT), 500) AS pad "
        "FROM range(200000) r(i)"
    )
    mine = "EXISTS (SELECT 1 FROM afschrift_key AS k WHERE k.value = CAST(t.of AS VARCHAR))"
    of = statement('t."id"', 't."id" AS "id", t."pad" AS "pad"').replace('t."of" = 1', mine)
    with opened(tmp_path, made) as session:
        session.bind((Key("customer_id", "1"),), "2026-01-01T00:00:00Z")
        streamed, _ = read(session, of)
    assert streamed == list(range(200_000))


def test_rows_that_fit_in_no_range_name_the_limit_to_raise(tmp_path: Path) -> None:
    made = "CREATE TABLE t AS SELECT i AS id, 1 AS of, repeat('a', 6000000) AS pad FROM range(6) r(i)"
    of = statement('t."id"', 't."id" AS "id", t."pad" AS "pad"')
    with (
        opened(tmp_path, made, memory="16MB", threads=1) as session,
        pytest.raises(ConfigurationError, match=r"more memory than its limit while w\.t .* raise `memory`"),
    ):
        list(session.stream(of))


def test_a_range_that_memory_does_not_hold_is_halved(tmp_path: Path) -> None:
    """Most rows are small, so ranges are cut large; then come 100 MB of large ones in 64 MB of memory."""
    made = (
        "CREATE TABLE t AS SELECT i * 7919 % 120000 AS id, 1 AS of, "
        "repeat(chr(65 + (i % 26)::INT), CASE WHEN i * 7919 % 120000 > 115000 THEN 20000 ELSE 20 END) AS pad "
        "FROM range(120000) r(i)"
    )
    of = statement('t."id"', 't."id" AS "id", t."pad" AS "pad"')
    tried: list[bool] = []
    with opened(tmp_path, made, memory="64MB", threads=1) as session:
        in_all = session._in_all

        def counting(text: str):  # type: ignore[no-untyped-def]
            found = in_all(text)
            tried.append(found is not None)
            return found

        session._in_all = counting  # type: ignore[method-assign]
        last = -1
        for batch in session.stream(of):
            ids = batch.column(0).to_numpy()
            assert ids[0] == last + 1
            assert (ids[1:] > ids[:-1]).all()
            last = ids[-1]
    assert last == 119_999
    assert not all(tried)
    assert sum(not row for row in tried) < 12  # what was learned of one range holds for the next
    assert len(tried) < 60


def test_a_lake_accounts_for_rows_that_little_memory_did_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_OF_A_RANGE", "24MB")
    (tmp_path / "t").mkdir()
    made = "SELECT i * 7919 % 120000 AS id, 1 AS of, repeat('a', 500) AS pad FROM range(120000) r(i)"
    duckdb.sql(f"COPY ({made}) TO '{tmp_path / 't' / 'a.parquet'}' (FORMAT parquet, ROW_GROUP_SIZE 8192)")
    of = statement('t."id"', 't."id" AS "id", t."pad" AS "pad"')
    session = open_source("w", "parquet", {"root": str(tmp_path), "threads": 1})
    with session:
        reconciliation = session.reconciliation(Extract(of, {"id": ValueKind.INTEGER}, {"id"}))
        streamed, _ = read(session, of)  # type: ignore[arg-type]
        assert streamed == list(range(120_000))
        assert reconciliation.sums(("id",), None).rows == 120_000
