"""Sessions on files, by DuckDB and SQLite: one snapshot beside a writer, and what is damaged or closed."""

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
from tests.support.warehouses import at
from tests.unit.sources.reading import forms, laid, lake_of, select
from upath import UPath

from afschrift.domain.errors import ConfigurationError, NeedsPersonError, RetriableError
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.registry import open_source

OTHER_UID = 65534


def sqlite_of(path: Path, **options: object) -> Source:
    return open_two("w", "sqlite", {"path": str(path), **options})


def write(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, timeout=0)) as con:
        for statement in statements:
            con.execute(statement)
        con.commit()


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
    laid(tmp_path / "t" / "1.parquet", a=pa.array([1]))
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
    laid(tmp_path / "t" / "1.parquet", a=pa.Array.from_buffers(pa.string(), 1, [None, offsets, data]))
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


def test_no_right_on_a_file_or_a_partition_of_a_lake() -> None:
    lake = Path(tempfile.mkdtemp(prefix="lake-"))  # another user may not look below pytest's folder
    try:
        for folder in ("t", "u", "v/day=1", "v/day=2"):
            laid(lake / folder / "1.parquet", a=pa.array([1]))
        for closed in ("u/1.parquet", "v/day=2"):
            (lake / closed).chmod(0)
        lake.chmod(0o755)
        with without_root(), lake_of(lake) as session:
            assert forms(session, "t") == [{"a": "1"}]
            for table in ("u", "v"):
                with pytest.raises(NeedsPersonError, match=rf"no right to read w\.{table}") as caught:
                    forms(session, table)
                assert (caught.value.question, caught.value.detail) == ("no_right", {"table": f"w.{table}"})
    finally:
        shutil.rmtree(lake)


def test_a_task_that_is_killed_ends_its_statement_on_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path := tmp_path / "w.sqlite", "CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)")
    with open_source("w", "sqlite", {"path": str(path)}) as session:
        ended: list[bool] = []
        monkeypatch.setattr(session, "interrupt", lambda: ended.append(True))
        rows = session.stream("SELECT a FROM t")
        next(rows)
        with pytest.raises(KeyboardInterrupt):
            rows.throw(KeyboardInterrupt())
        assert ended == [True]


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
        pytest.raises(ConfigurationError, match="Source w cannot be opened: its `path` is no"),
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
    laid(tmp_path / "t" / "1.parquet", a=pa.array([1]))
    with lake_of(tmp_path) as session:
        forms(session, "t")
        for clock in [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]:
            clock.join(timeout=5)
            assert not clock.is_alive()


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """A file of SQLite whose columns hold and compare what they like."""
    path = tmp_path_factory.mktemp("sqlite") / "w.sqlite"
    write(
        path,
        "CREATE TABLE odd (a, b GEOMETRY, c INTEGER GENERATED ALWAYS AS (1) VIRTUAL)",
        "CREATE VIEW seen AS SELECT 1 + 1 AS two, CAST(x AS TEXT) AS x FROM (SELECT x'41' AS x)",
        "CREATE TABLE code (c TEXT COLLATE NOCASE, at DATETIME)",
        "INSERT INTO code VALUES ('ab', '2024-07-01 12:00:00'), ('AB', NULL), ('ÄB', 'never')",
    )
    with sqlite_of(path) as session:
        yield session


def test_a_column_without_a_known_type_has_no_kind(loose: Source) -> None:
    catalogue = loose.catalogue()
    assert [(c.native, c.kind) for c in catalogue["odd"].values()] == [
        ("none", None),
        ("GEOMETRY", None),
        ("INTEGER", ValueKind.INTEGER),
    ]
    assert catalogue["seen"]["two"].kind is None


def test_instants_by_the_clock_of_the_source(loose: Source) -> None:
    instant = loose.dialect.instant("t.at", "DATETIME", "Europe/Amsterdam")
    rows = loose.rows(f"SELECT {instant} FROM code AS t ORDER BY t.rowid")
    assert rows == [("2024-07-01T10:00:00.000000Z",), (None,), (None,)]


def test_last_four_of_a_text(loose: Source) -> None:
    assert [loose.rows(f"SELECT {loose.dialect.last_four(repr(text))}")[0][0] for text in ("1234567", "12345678")] == [
        "", "5678",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        ("csv", ConfigurationError, "its `path` is no .* file.*`kind: files`"),
        ("folder", ConfigurationError, "its `path` is a folder.*`kind: files`"),
        ("nothing", RetriableError, "its `path` is no file that the account may read"),
    ],
)
def test_what_is_no_database_is_named(
    tmp_path: Path, kind: str, made: str, error: type[Exception], message: str
) -> None:
    path = tmp_path / "people.csv"
    if made == "csv":
        path.write_text("id,name\n1,secret\n", encoding="utf-8")
    elif made == "folder":
        path.mkdir()
    with (
        pytest.raises(error, match=f"Source w cannot be opened: {message}"),
        open_source("w", kind, {"path": str(path)}),
    ):
        pass


@pytest.mark.parametrize("kind", ["postgres", "mysql", "sqlalchemy"])
def test_a_server_that_is_not_there_is_named_without_login(kind: str) -> None:
    connect = at(f"{kind}://me:secret@127.0.0.1:9/shop")
    options = {"driver": "postgresql+psycopg"} if kind == "sqlalchemy" else {}
    with (
        pytest.raises(RetriableError, match=r"at 127\.0\.0\.1:9") as caught,
        open_source("w", kind, options, connection="w", connect=connect),
    ):
        pass
    assert "secret" not in str(caught.value)
    assert "me:" not in str(caught.value)


def test_an_option_and_a_kind_that_are_misspelt(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="did you mean `root`"):
        open_source("w", "files", {"rot": str(tmp_path)})
    with pytest.raises(ConfigurationError, match="did you mean `postgres`"):
        open_source("w", "postgress", {})
