"""What two sketches of columns have in common, and when that proves something."""

import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from afschrift.datamap.matching import read_sketches
from afschrift.datamap.matching.read_sketches import SketchReader, could_be_key, new_salt
from afschrift.datamap.matching.sketch import ColumnMatch, Sketch, compare
from afschrift.datamap.reader import NotAnsweredError, StatementRunner
from afschrift.domain.sources import ColumnType, Connection, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.registry import open_source

SPREAD = 0x9E3779B97F4A7C15


def sketch(numbers: Any, *, total: int = 0, **attributes: Any) -> Sketch:
    """A sketch of numbers, whose hashes are made here."""
    every = np.array([number * SPREAD % (1 << 60) for number in numbers], dtype=np.uint64)
    hashes, counts = np.unique(every, return_counts=True)
    return Sketch(hashes, counts, len(every), total=total or len(every), **attributes)


@pytest.mark.parametrize(
    ("pointer", "key", "words", "proven"),
    [
        (
            [5_000_007, 5_000_007, 7_123_456, 9_000_001],
            sketch([5_000_007, 7_123_456, 9_000_001, 9_999_999], span=4_999_992),
            "4 of 4 values are in p.id; 3 of its 4 values, each in 1 to 2 rows",
            True,
        ),
        (
            [1, 2, 3],
            sketch(range(1, 60), span=58),
            "3 of 3 values are in p.id; 3 of its 59 values, but too few or small numbers, which prove "
            "nothing alone",
            False,
        ),
        ([1, 2, 700], sketch(range(1, 60), span=58), None, False),
        ([8, 8, 8], sketch([8, 900_000, 900_001], span=899_993), None, False),
        (range(10_001, 10_500), sketch(range(10_001, 500_000), span=489_998), None, False),
        ([], sketch([1], long=1.0), None, False),
        ([1], sketch([], span=0), None, False),
        ([4], sketch([4], long=1.0), "1 of 1 value are in p.id; 1 of its 1 value", True),
    ],
)
def test_what_is_proven(pointer: Any, key: Sketch, words: str | None, proven: bool) -> None:
    match = compare(sketch(pointer), key)
    assert match.proven == proven
    if words:
        assert match.words("p.id") == words


def test_sampled_key_counts_by_its_part() -> None:
    key = sketch(range(0, 4_000_000, 1_000), total=40_000, part=0.1, long=1.0)
    match = compare(sketch(range(0, 4_000_000, 100)), key)
    assert match.sampled and match.share == 1.0 and match.found * 10 == match.values
    assert " of a sample " in match.words("p.id")


def test_first_rows_of_a_key_do_not_count_as_all() -> None:
    key = sketch(range(100), total=1_000, long=1.0)
    assert not key.whole
    assert compare(sketch(range(1_000)), key) == ColumnMatch(1_000, 100, 100, 100, True, True)


@pytest.mark.parametrize(
    ("kind", "native", "could"),
    [
        (ValueKind.INTEGER, "bigint", True),
        (ValueKind.DECIMAL, "numeric(10,0)", True),
        (ValueKind.DECIMAL, "decimal(10, 2)", False),
        (ValueKind.NUMBER, "double", False),
        (ValueKind.DATE, "date", False),
        (ValueKind.BOOLEAN, "boolean", False),
        (None, "geometry", False),
    ],
)
def test_columns_that_could_be_keys(kind: ValueKind | None, native: str, could: bool) -> None:
    assert could_be_key(ColumnType(native, kind, "{column}")) == could
    assert not could_be_key(ColumnType(native, kind, "{column}", closed=True))


@pytest.fixture(params=["sqlite", "sqlalchemy"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A file of SQLite, whose hashes SQLite makes, or this process of values that it reads."""
    path = tmp_path / "w.sqlite"
    with sqlite3.connect(path) as con:
        con.execute("CREATE TABLE t (id INTEGER, code TEXT, raw BLOB, long TEXT, upper TEXT, street TEXT)")
        rows = (
            (n, f"AB{n:04}", n.to_bytes(16, "big"), "x" * 200, f"{{{n:032X}}}", f"Street {n}")
            for n in range(1, 3001)
        )
        con.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", rows)
    con.close()
    options = (
        {"path": str(path)}
        if request.param == "sqlite"
        else {"driver": "sqlite", "isolation": "SERIALIZABLE"}
    )

    def connect(name: str) -> Connection:
        return Connection(name, "sqlite", database=str(path))

    with StatementRunner(
        lambda: open_source("w", request.param, options, connection="w", connect=connect, tag="R")
    ) as runner:
        yield runner


def test_hashes_without_a_hash_in_the_database(reader: StatementRunner) -> None:
    sketches = SketchReader(reader, "5a")
    types = reader.session.catalogue()["t"]
    found = sketches.sample(reader.dialect.relation("t"), types, 3000)
    assert [found[name].unique for name in types] == [True, True, True, False, True, True]
    match = compare(found["upper"], found["raw"])
    assert match.found == 3000 and not match.joins
    assert (found["street"].spaced, found["street"].long) == (1.0, 0.0)
    assert found["raw"].distinctive and found["code"].distinctive and not found["id"].distinctive
    again = SketchReader(reader, new_salt()).sample(reader.dialect.relation("t"), types, 3000)
    assert compare(again["id"], found["id"]).found == 0, "another pass has another salt"


def test_large_table_is_sampled_and_says_so(reader: StatementRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_sketches, "SAMPLE_ROWS", 100)
    monkeypatch.setattr(read_sketches, "HASHED_ROWS", 1000)
    sketches, types = SketchReader(reader, new_salt()), reader.session.catalogue()["t"]
    pointer = sketches.sample(reader.dialect.relation("t"), {"id": types["id"]})["id"]
    key = sketches.key(reader.dialect.relation("t"), "id", types["id"])
    assert (pointer.rows, pointer.whole, key.rows, key.total, key.whole) == (100, False, 1000, 1001, False)
    assert compare(pointer, key).sampled


def test_what_does_not_fit_into_little_memory_is_read_with_more(tmp_path: Path) -> None:
    path, opened = tmp_path / "w.duckdb", list[str]()
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE t AS SELECT i AS id, md5(i::VARCHAR) AS code FROM range(300_000) r(i)")

    def session(memory: str) -> Source:
        opened.append(memory)
        return open_source("w", "duckdb", {"path": str(path), "memory": memory})

    code = ColumnType("VARCHAR", ValueKind.TEXT, "{column}")
    with StatementRunner(lambda: session("1MB"), lambda: session("1GB")) as runner:
        key = SketchReader(runner, "5a").key("t", "code", code)
        assert key.whole and key.distinct == 300_000
    assert opened == ["1MB", "1GB"]
    with StatementRunner(lambda: session("1MB")) as runner, pytest.raises(NotAnsweredError, match="memory"):
        SketchReader(runner, "5a").key("t", "code", code)


def test_key_keeps_only_values_that_others_have() -> None:
    key = sketch(range(5_000_000, 9_000_000, 1_000), span=3_999_000)
    others = sketch([5_000_000, 5_001_000, 5_002_000, 17])
    left = key.among([sketch([1]), others])
    assert len(left.hashes) == 3 and (left.distinct, left.unique) == (key.distinct, True)
    assert compare(others, left) == compare(others, key)
    none = key.among([])
    assert none.unique and compare(others, none).found == 0


def test_no_value_is_shown(reader: StatementRunner) -> None:
    found = SketchReader(reader, new_salt()).sample(
        reader.dialect.relation("t"), reader.session.catalogue()["t"]
    )
    assert "AB0001" not in repr(found) and "hashes" not in repr(found)
