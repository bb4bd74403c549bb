"""What a source does not answer is no answer: it is not reached, or what may be so is left undecided."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed import mini, small

from afschrift.app.project import SHIPPED
from afschrift.datamap.check.finding import Code, MapReport
from afschrift.datamap.check.map_check import MapCheck, check_sources
from afschrift.datamap.check.probe import Probe, ProbeLimits
from afschrift.datamap.reader import NotAnsweredError, NotReachedError
from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError
from afschrift.domain.sources import Source
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.sources.duckdb.session import DuckSession
from afschrift.sources.registry import open_source

LOST = RetriableError("Source shop failed (connection lost).", remedy="see whether the server is up")


class Failing:
    """A session on a real source, of which some calls fail."""

    def __init__(self, session: Source, fails: Callable[[str, str], AfschriftError | None]) -> None:
        self._session, self._fails = session, fails

    def __enter__(self) -> Failing:
        self._session.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._session.__exit__(*error)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._session, name)
        return partial(self._call, name, found) if callable(found) else found

    def _call(self, name: str, call: Callable[..., Any], *values: Any) -> Any:
        if error := self._fails(name, str(values[0]) if values else ""):
            raise error
        return call(*values)


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    monkeypatch.setenv("MINI_SHOP", str(small.write_database(tmp_path / small.FILE)))
    return load(small.write_inventory(tmp_path / "inventory"))


def checked(inventory: Inventory, fails: Callable[[str, str], AfschriftError | None]) -> MapReport:
    def opens(declared: SourceFile) -> Any:
        return Failing(open_source(declared.source, declared.kind, declared.options), fails)

    return MapCheck(inventory, opens, SHIPPED / "sql").run()


def undecided(report: MapReport, table: str) -> set[Code]:
    return {code for finding in report.findings if finding.table == table for code in finding.undecided}


@pytest.mark.parametrize("call", ["catalogue", "structure"])
def test_a_source_that_is_lost_while_its_tables_are_listed_is_not_reached(
    inventory: Inventory, call: str
) -> None:
    report = checked(inventory, lambda name, _: LOST if name == call else None)

    assert [entry.source for entry in report.not_reached] == ["shop"]
    assert report.findings == []


def test_a_source_that_cannot_be_listed_leaves_all_of_it_undecided(inventory: Inventory) -> None:
    disagree = ConfigurationError("The files of a lake do not agree.", remedy="write them anew")
    [found] = checked(inventory, lambda name, _: disagree if name == "structure" else None).findings

    assert (found.place, found.code, found.undecided) == ("shop", Code.STATEMENT_FAILS, frozenset(Code))


def test_timeout_leaves_only_its_own_codes_undecided(inventory: Inventory) -> None:
    def fails(name: str, statement: str) -> AfschriftError | None:
        return LOST if name == "rows" and "low_1" in statement else None

    reach = {Code.TABLE_NOT_REACHED, Code.ROWS_OF_SEVERAL}
    assert undecided(checked(inventory, fails), "ticket_message") == reach
    assert undecided(checked(inventory, lambda *_: None), "ticket_message") == set()
    whole = checked(inventory, lambda name, _: LOST if name == "rows" else None)
    assert undecided(whole, "ticket_message") >= {*reach, Code.JOIN_FINDS_NOTHING, Code.KEY_NOT_UNIQUE}


def test_the_whole_check_ends_in_its_time_and_says_what_it_did_not_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement that is run is made one that takes for ever, so that it ends by its limit alone."""
    monkeypatch.setenv("MINI_SHOP", str(mini.write_database(tmp_path / "shop.duckdb")))
    inventory = load(mini.write_inventory(tmp_path / "inventory"))
    rows = DuckSession.rows
    slow = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b"

    def counts(self: DuckSession, statement: str, reads: str = "") -> list[tuple[Any, ...]]:
        return rows(self, slow if "count(" in statement and '"customer"' in statement else statement, reads)

    monkeypatch.setattr(DuckSession, "rows", counts)
    began, total = time.monotonic(), 2
    report = check_sources(inventory, ProbeLimits(total=total))
    assert total - 1 < time.monotonic() - began < total + 2
    [missed] = report.not_reached
    assert missed.source == "shop"
    over = f"The time of the check ({total} seconds) was over during this part: "
    whichever = (f"{over}keys and joins", f"{over}whose rows are")  # the machine decides
    assert missed.why.startswith(whichever)
    assert "what columns hold" in missed.why
    assert "--seconds" in missed.remedy
    cut_short = [finding for finding in report.findings if finding.code is Code.NOT_LOOKED_AT]
    assert cut_short


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
