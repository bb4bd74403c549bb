"""Rows too many to be ordered at once come in ranges, in the order of the statement alone."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.support.data import lines

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.domain.reconciliation import Extract
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.duckdb import ordered_ranges
from afschrift.sources.duckdb import session as session_module
from afschrift.sources.duckdb.session import DuckSession
from afschrift.sources.duckdb.time_limit import TimeLimit
from afschrift.sources.registry import open_source

ROWS = 6_000
KEYS = lines(str(Path(__file__).parent), "duckdb_keys.tsv")
"""Types of a key; `often` are values that are rarely looked at, each in many rows, as NULL is; `own` is another value
for each row, where the type has so many."""


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
@pytest.mark.parametrize("key", KEYS, ids=lambda key: key["type"])
def test_every_type_of_a_key_keeps_its_order(tmp_path: Path, key: dict[str, str]) -> None:
    kind, plain = key["type"], key["type"].partition(" COLLATE")[0]
    often = f"CAST({key['often']}[1 + i % len({key['often']})] AS {plain})"
    own = f"CAST({key['own']} AS {plain})" if key["own"] else often
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


PADDED = "CREATE TABLE t AS SELECT i * 7919 % {n} AS id, 1 AS of, {pad} AS pad FROM range({n}) r(i)"
WITH_PAD = statement('t."id"', 't."id" AS "id", t."pad" AS "pad"')


def must_come_in_order(session: DuckSession, of: str, rows: int) -> None:
    last = -1
    for batch in session.stream(of):
        ids = batch.column(0).to_numpy()
        assert ids[0] == last + 1
        assert (ids[1:] > ids[:-1]).all()
        last = ids[-1]
    assert last == rows - 1


def test_more_rows_than_the_memory_limit_holds_come_in_their_order(tmp_path: Path) -> None:
    """Ordered at once they need more than the limit."""
    made = PADDED.format(n=300_000, pad="repeat(chr(65 + (i % 26)::INT), 500)")
    with opened(tmp_path, made, memory="128MB", threads=2) as session:
        must_come_in_order(session, WITH_PAD, 300_000)


def test_a_range_beyond_its_memory_is_read_again_with_all_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_OF_A_RANGE", "24MB")
    made = PADDED.format(n=200_000, pad="repeat(chr(65 + (i % 26)::INT), 500)")
    mine = "EXISTS (SELECT 1 FROM afschrift_key AS k WHERE k.value = CAST(t.of AS VARCHAR))"
    of = WITH_PAD.replace('t."of" = 1', mine)
    with opened(tmp_path, made) as session:
        session.bind((Key("customer_id", "1"),), "2026-01-01T00:00:00Z")
        must_come_in_order(session, of, 200_000)


def test_rows_that_fit_in_no_range_name_the_limit_to_raise(tmp_path: Path) -> None:
    made = "CREATE TABLE t AS SELECT i AS id, 1 AS of, repeat('a', 6000000) AS pad FROM range(6) r(i)"
    with (
        opened(tmp_path, made, memory="16MB", threads=1) as session,
        pytest.raises(ConfigurationError, match=r"more memory than its limit while w\.t .* raise `memory`"),
    ):
        list(session.stream(WITH_PAD))


def test_a_range_that_memory_does_not_hold_is_halved(tmp_path: Path) -> None:
    """Most rows are small, so ranges are cut large; then come 100 MB of large ones in 64 MB of memory."""
    pad = "repeat(chr(65 + (i % 26)::INT), CASE WHEN i * 7919 % 120000 > 115000 THEN 20000 ELSE 20 END)"
    made = PADDED.format(n=120_000, pad=pad)
    tried: list[bool] = []
    with opened(tmp_path, made, memory="64MB", threads=1) as session:
        in_all = session._in_all

        def counting(text: str):  # type: ignore[no-untyped-def]
            found = in_all(text)
            tried.append(found is not None)
            return found

        session._in_all = counting  # type: ignore[method-assign]
        must_come_in_order(session, WITH_PAD, 120_000)
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
    session = open_source("w", "parquet", {"root": str(tmp_path), "threads": 1})
    with session:
        reconciliation = session.reconciliation(Extract(WITH_PAD, {"id": ValueKind.INTEGER}, {"id"}))
        must_come_in_order(session, WITH_PAD, 120_000)
        assert reconciliation.sums(("id",), None).rows == 120_000


SLOW = "SELECT count(*) FROM range(1000000000) a, range(1000) b"


Interrupts = list[float]
"""When there was one."""


@pytest.fixture
def interrupts() -> Interrupts:
    return []


@pytest.fixture
def limit(interrupts: Interrupts) -> Iterator[TimeLimit]:
    made = TimeLimit(0.2, lambda: interrupts.append(time.monotonic()))
    yield made
    made.close()


def test_queries_within_their_limit_are_not_interrupted(limit: TimeLimit, interrupts: Interrupts) -> None:
    for _ in range(30):
        with limit.statement():
            time.sleep(0.02)  # longer than the limit in all
    time.sleep(0.3)
    assert interrupts == []


def test_a_query_beyond_its_limit_is_interrupted_among_shorter_ones(
    limit: TimeLimit, interrupts: Interrupts
) -> None:
    began = time.monotonic()
    with limit.statement():
        while not interrupts and time.monotonic() - began < 5:
            with limit.statement():
                time.sleep(0.01)
    assert 0.2 <= interrupts[0] - began < 2


def test_a_later_one_is_watched_anew(limit: TimeLimit, interrupts: Interrupts) -> None:
    with limit.statement():
        pass
    time.sleep(0.15)
    began = time.monotonic()
    with limit.statement():
        while not interrupts and time.monotonic() - began < 5:
            time.sleep(0.01)
    assert 0.2 <= interrupts[0] - began < 2


def test_on_a_connection_and_its_thread_ends_with_the_session() -> None:
    before = threading.active_count()
    with duckdb.connect() as connection:
        limit = TimeLimit(0.2, connection.interrupt)
        with pytest.raises(duckdb.InterruptException), limit.statement():
            connection.execute(SLOW).fetchall()
        with limit.statement():
            assert connection.execute("SELECT 1").fetchall() == [(1,)]
        assert threading.active_count() > before
        limit.close()
    assert threading.active_count() == before
