"""A question that takes too long, or is not understood, ends its session and not the check."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from afschrift.datamap.check.probe import Probe
from afschrift.datamap.reader import NotAnsweredError, NotReachedError
from afschrift.sources.registry import open_source

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "w.db")) as con:
        con.execute("CREATE TABLE t (a INTEGER)")
        con.commit()
    return tmp_path / "w.db"


def test_timeout_differs_from_a_rejected_statement(file: Path) -> None:
    options = {"path": str(file), "statement_timeout": "1s"}
    with Probe(lambda: open_source("w", "sqlite", options)) as probe:
        with pytest.raises(NotAnsweredError, match="time limit") as slow:
            probe.numbers(ENDLESS)
        assert not slow.value.failed
        assert probe.numbers("SELECT count(*) FROM t") == (0,)
        with pytest.raises(NotAnsweredError) as wrong:
            probe.numbers("SELECT b FROM t")
        assert wrong.value.failed
        assert probe.numbers("SELECT count(*) FROM afschrift_key") == (1,)


def test_memory_that_runs_out_makes_no_statement_wrong(tmp_path: Path) -> None:
    with closing(duckdb.connect(str(tmp_path / "w.duckdb"))) as con:
        con.execute("CREATE TABLE t AS SELECT range AS a FROM range(1000)")
    options = {"path": str(tmp_path / "w.duckdb"), "memory": "16MB"}
    with Probe(lambda: open_source("w", "duckdb", options)) as probe:
        with pytest.raises(NotAnsweredError, match="more memory") as wide:
            probe.numbers("SELECT count(DISTINCT t.a * 1000 + o.a) FROM t, t AS o")
        assert not wide.value.failed
        assert probe.numbers("SELECT count(*) FROM t") == (1000,)


def test_a_source_that_goes_away_is_not_reached(file: Path) -> None:
    with Probe(lambda: open_source("w", "sqlite", {"path": str(file)})) as probe:
        assert probe.numbers("SELECT count(*) FROM t") == (0,)
        with pytest.raises(NotAnsweredError):
            probe.numbers("SELECT b FROM t")
        file.unlink()
        with pytest.raises(NotReachedError, match="cannot be opened"):
            probe.numbers("SELECT count(*) FROM t")
