"""What is down bears the name of its source; what goes wrong elsewhere meanwhile does not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from afschrift.domain.errors import RetriableError, SourceDownError
from afschrift.sources.file_store import UploadStore
from afschrift.sources.reached import Reached, ReachedStore
from afschrift.sources.registry import open_source


def shop(path: Path) -> Reached:
    return Reached(open_source("shop", "sqlite", {"path": str(path)}))


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(SourceDownError) as met, shop(tmp_path / "gone.sqlite"):
        pass
    assert (met.value.source, met.value.code) == ("shop", "SQLITE_CANTOPEN")
    assert "What to do" in str(met.value)
    assert str(tmp_path) not in str(met.value)


def test_a_file_that_breaks_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a TEXT)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 900,)] * 9000)
        connection.commit()
    with shop(path) as session:
        assert session.snapshot
        assert "t" in session.catalogue()
        batches = session.stream("SELECT a FROM t")
        assert next(batches).num_rows > 0
        path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4_000_000)
        with pytest.raises(SourceDownError) as met:
            list(batches)
    assert met.value.source == "shop"


def test_what_its_receiver_meets_passes(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    sqlite3.connect(path).close()
    full = RetriableError("The staging is full.")
    with pytest.raises(RetriableError) as met, shop(path) as session:
        for _ in session.stream("SELECT 1 AS a"):
            raise full
    assert met.value is full


def test_a_store_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(SourceDownError) as met:
        ReachedStore("shop", lambda: UploadStore("shop.photos", str(tmp_path / "gone"), {}))
    assert met.value.source == "shop"


def test_what_the_receiver_of_a_file_meets_passes(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"photo")
    store = ReachedStore("shop", lambda: UploadStore("shop.photos", str(tmp_path), {}))
    full = RetriableError("The staging is full.")
    with pytest.raises(RetriableError) as met, store.open("a.png") as stream:
        assert stream.read() == b"photo"
        raise full
    assert met.value is full
    with pytest.raises(FileNotFoundError), store.open("b.png"):
        pass
