"""Sessions on files, by DuckDB and SQLite: one snapshot beside a writer, and what is damaged or closed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.two_sessions import open_two
from tests.unit.sources.reading import forms, select
from upath import UPath

from afschrift.domain.errors import ConfigurationError, NeedsPersonError, RetriableError
from afschrift.domain.sources import Source
from afschrift.sources.registry import open_source

OTHER_UID = 65534


def lake_of(folder: Path | str, **options: object) -> Source:
    return open_two("w", "parquet", {"root": str(folder), **options})


def sqlite_of(path: Path, **options: object) -> Source:
    return open_two("w", "sqlite", {"path": str(path), **options})


def write(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, timeout=0)) as con:
        for statement in statements:
            con.execute(statement)
        con.commit()


def part(folder: Path, name: str, values: pa.Array) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"a": values}), folder / name)
    return folder / name


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_sqlite_beside_a_writer(tmp_path: Path, journal: str) -> None:
    path = tmp_path / "w.sqlite"
    write(
        path,
        f"PRAGMA journal_mode = {journal}",
        "CREATE TABLE t (a INTEGER)",
        "INSERT INTO t VALUES (1), (2)",
    )
    with sqlite_of(path) as session:
        if journal == "wal":
            write(path, "DELETE FROM t")
        else:  # without a log of its own a writer waits
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                write(path, "DELETE FROM t")
        assert session.rows("SELECT count(*) FROM t") == [(2,)]


def test_a_duckdb_file_has_no_writer_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS a")
    writer = f"import duckdb; duckdb.connect({str(path)!r}).execute('DELETE FROM t')"
    with open_source("w", "duckdb", {"path": str(path)}) as session:
        ended = subprocess.run([sys.executable, "-c", writer], capture_output=True, text=True, check=False)
        assert "Could not set lock" in ended.stderr
        assert session.rows("SELECT count(*) FROM t") == [(1,)]


def test_files_added_to_a_lake_belong_to_the_next_snapshot(tmp_path: Path) -> None:
    part(tmp_path / "t", "1.parquet", pa.array([1, 2]))
    with lake_of(tmp_path) as session:
        part(tmp_path / "t", "2.parquet", pa.array([3]))
        part(tmp_path / "u", "1.parquet", pa.array([3]))
        assert [row["a"] for row in forms(session, "t")] == ["1", "2"]
        assert set(session.catalogue()) == {"t"}
    with lake_of(tmp_path) as session:
        assert len(forms(session, "t")) == 3


def test_a_lake_in_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of objects that fsspec reads; this one is in memory, and its options come with a connection."""
    root = f"memory://lake-{os.getpid()}"
    for day in ("2024-01-01", "2024-01-02"):
        with UPath(f"{root}/beat/day={day}/1.parquet").open("wb") as file:
            pq.write_table(pa.table({"a": [1, 2]}), file)
    monkeypatch.setenv("AIRFLOW_CONN_STORE", '{"conn_type": "s3", "extra": {"skip_instance_cache": true}}')
    with open_source("w", "parquet", {"root": root}, connection="store") as session:
        assert [c.native for c in session.catalogue()["beat"].values()] == ["BIGINT", "DATE"]
        rows = forms(session, "beat")
        assert sorted(row["day"] for row in rows) == ["2024-01-01"] * 2 + ["2024-01-02"] * 2
        assert session.rows("SELECT count(*) FROM beat") == [(4,)]
    with pytest.raises(RetriableError, match="root folder does not exist"), lake_of("nosuch://lake"):
        pass


def test_a_damaged_file_stops_its_own_table(tmp_path: Path) -> None:
    part(tmp_path / "t", "1.parquet", pa.array([1]))
    (tmp_path / "u").mkdir()
    (tmp_path / "u/1.parquet").write_bytes(b"PAR1 no footer, and its length: \5\0\0\0PAR1")
    with lake_of(tmp_path) as session:
        assert set(session.catalogue()) == {"t", "u"}
        assert forms(session, "t") == [{"a": "1"}]
        with pytest.raises(RetriableError, match=r"Table w\.u cannot be read"):
            forms(session, "u")


def test_a_file_that_is_cut_short_while_rows_come(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    file = tmp_path / "big/1.parquet"
    with duckdb.connect() as con:
        made = "SELECT md5(i::VARCHAR) || md5((i + 1)::VARCHAR) AS pad FROM range(400000) r(i)"
        con.execute(f"COPY ({made}) TO '{file}' (FORMAT parquet, ROW_GROUP_SIZE 20000)")
    with lake_of(tmp_path, threads=1) as session:
        stream = session.stream(select(session, "big"))
        next(stream)
        os.truncate(file, 1_000_000)
        with pytest.raises((RetriableError, ConfigurationError), match=r"w\.big"):
            list(stream)


def test_text_in_a_lake_that_is_not_utf8(tmp_path: Path) -> None:
    offsets, data = pa.py_buffer(b"\0\0\0\0\4\0\0\0"), pa.py_buffer(b"\xff\xfeab")
    part(tmp_path / "t", "1.parquet", pa.Array.from_buffers(pa.string(), 1, [None, offsets, data]))
    with lake_of(tmp_path) as session, pytest.raises(ConfigurationError, match=r"w\.t") as caught:
        forms(session, "t")
    assert "ab" not in str(caught.value).replace("unreadable", "")


def test_text_in_sqlite_that_is_not_utf8(tmp_path: Path) -> None:
    write(
        tmp_path / "w.sqlite",
        "CREATE TABLE t (a TEXT, b TEXT)",
        "INSERT INTO t VALUES ('é', CAST(x'ff41' AS TEXT))",
    )
    with sqlite_of(tmp_path / "w.sqlite") as session:
        assert forms(session, "t", ["a"]) == [{"a": "é"}]
        with pytest.raises(ConfigurationError, match="Column b of source w holds a text that is not UTF-8"):
            forms(session, "t")


@contextmanager
def without_root() -> Iterator[None]:
    """Root may read everything: for a moment this process is another user."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(OTHER_UID)
    try:
        yield
    finally:
        os.seteuid(0)


def test_no_right_on_one_table_of_a_lake() -> None:
    lake = Path(tempfile.mkdtemp(prefix="lake-"))  # another user may not look below pytest's folder
    try:
        part(lake / "t", "1.parquet", pa.array([1]))
        part(lake / "u", "1.parquet", pa.array([1])).chmod(0)
        lake.chmod(0o755)
        with without_root(), lake_of(lake) as session:
            assert forms(session, "t") == [{"a": "1"}]
            with pytest.raises(NeedsPersonError, match=r"no right to read w\.u") as caught:
                forms(session, "u")
    finally:
        shutil.rmtree(lake)
    assert (caught.value.question, caught.value.detail) == ("no_right", {"table": "w.u"})


def test_no_right_on_a_partition_of_a_lake() -> None:
    lake = Path(tempfile.mkdtemp(prefix="lake-"))
    try:
        for day in (1, 2):
            part(lake / f"t/day={day}", "1.parquet", pa.array([day]))
        (lake / "t/day=2").chmod(0)
        lake.chmod(0o755)
        with (
            without_root(),
            lake_of(lake) as session,
            pytest.raises(NeedsPersonError, match=r"no right to read w\.t"),
        ):
            forms(session, "t")
    finally:
        shutil.rmtree(lake)


def test_a_value_of_sqlite_that_its_declared_type_does_not_hold(tmp_path: Path) -> None:
    write(tmp_path / "w.sqlite", "CREATE TABLE t (n INTEGER)", "INSERT INTO t VALUES ('secret-word')")
    with (
        sqlite_of(tmp_path / "w.sqlite") as session,
        pytest.raises(ConfigurationError, match=r"A value of w\.t\.n is text, which") as caught,
    ):
        forms(session, "t")
    assert "secret" not in str(caught.value)


def test_a_view_of_sqlite_on_what_is_gone(tmp_path: Path) -> None:
    write(
        tmp_path / "w.sqlite",
        "CREATE TABLE old (a INTEGER)",
        "CREATE VIEW broken AS SELECT a FROM old",
        "CREATE TABLE t (a INTEGER)",
        "DROP TABLE old",
    )
    with sqlite_of(tmp_path / "w.sqlite") as session:
        assert {name: list(columns) for name, columns in session.catalogue().items()} == {
            "broken": [],
            "t": ["a"],
        }
        with pytest.raises(ConfigurationError, match=r"does not understand the statement on w\.broken"):
            session.rows('SELECT 1\nFROM "broken" AS t\n')


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_file_that_is_no_database(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "w"
    path.write_text("no database " * 100)
    with (
        pytest.raises(RetriableError, match="Source w cannot be opened"),
        open_source("w", kind, {"path": str(path)}),
    ):
        pass
    session = open_source("w", kind, {"path": str(path)})
    with pytest.raises(ConfigurationError, match="not open"):
        session.rows("SELECT 1")
    with pytest.raises(ConfigurationError, match="`pth`, which its kind does not know"):
        open_source("w", kind, {"path": str(path), "pth": "x"})


def test_duckdb_writes_no_row_to_a_disk_in_clear(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE t AS SELECT i AS a, md5(i::VARCHAR) AS b FROM range(1000000) r(i)")
    with (
        open_source("w", "duckdb", {"path": str(path), "memory": "50MB", "threads": 1}) as session,
        pytest.raises(ConfigurationError, match=r"more memory than its limit while w\.t .* `memory`"),
    ):
        list(session.stream("SELECT *\nFROM t AS t\nORDER BY b"))
    assert [p.name for p in tmp_path.iterdir()] == ["w.duckdb"]


def test_a_statement_that_is_done_leaves_no_clock_behind(tmp_path: Path) -> None:
    part(tmp_path / "t", "1.parquet", pa.array([1]))
    with lake_of(tmp_path) as session:
        forms(session, "t")
        for clock in [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]:
            clock.join(timeout=5)
            assert not clock.is_alive()
