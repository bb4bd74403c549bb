"""Tables of Delta Lake after histories of commits: the rows that an independent reader sees, and errors by name."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from testbed import sail
from tests.support.nightly import drawn_tonight

from afschrift.domain.errors import ConfigurationError, SourceDownError
from afschrift.domain.keys import Key
from afschrift.domain.sources import TableVersions
from afschrift.sources.registry import open_source

AT = "2026-01-01T00:00:00.000000Z"
OF_KEY = "SELECT CAST(k.value AS BIGINT) FROM afschrift_key AS k WHERE k.name = 'id' AND k.is_current"


@pytest.fixture(scope="module")
def spark() -> Iterator[Callable[[str], Any]]:
    with sail.spark() as run:
        yield run


def ours(lake: Path, person: int) -> tuple[list[Any], list[Any]]:
    """All rows, and those of a person by their key."""
    with open_source("w", "delta", {"root": str(lake)}) as session:
        session.bind([Key("id", str(person))], AT)
        rows = 'SELECT * FROM "t" AS t'
        return session.rows(rows), session.rows(f'{rows} WHERE t."id" IS NOT NULL AND t."id" IN ({OF_KEY})')


def theirs(lake: Path) -> list[Any]:
    """All rows by DataFusion, which reads the log and the files itself."""
    table = QueryBuilder().register("t", DeltaTable(str(lake / "t"))).execute("SELECT * FROM t").read_all()
    return [tuple(row.values()) for row in pa.table(table).to_pylist()]


def change(draw: random.Random, name: str, table: str, commit: int, run: Callable[[str], Any]) -> None:
    """A commit of one kind, by one of two writers."""
    low = draw.randrange(40)
    kind = draw.choice(("append", "delete", "update", "merge", "rewrite", "optimize", "checkpoint", "column"))
    where = f"delta.`{table}`"
    opened = DeltaTable(table)
    if "columnMapping" in (opened.protocol().reader_features or ()):  # which the other writer does not know
        kind = {"append": "insert", "rewrite": "insert", "optimize": "delete", "column": "update"}.get(
            kind, kind
        )
    names = [of.name for of in opened.schema().fields]
    if kind == "insert":
        run(f"INSERT INTO {name} VALUES ({low}, 'é/%', {commit}), ({low + 1}, NULL, {commit})")
    elif kind == "append":
        ids = [draw.randrange(40) for _ in range(draw.randrange(1, 12))]
        rows = {"id": ids, "part": [draw.choice(["a b", "é/%", None]) for _ in ids], "v": [commit] * len(ids)}
        types = {"id": pa.int64(), "part": pa.string(), "v": pa.int64()}
        write_deltalake(
            table,
            pa.table({n: pa.array(rows[n], types[n]) for n in rows}),
            mode="append",
            schema_mode="merge",
        )
    elif kind == "delete":
        run(f"DELETE FROM {where} WHERE id BETWEEN {low} AND {low + 3}")
    elif kind == "update":
        run(f"UPDATE {where} SET v = {commit} WHERE id = {low}")
    elif kind == "merge":
        matched = f"WHEN MATCHED AND t.v % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET v = {commit}"
        run(f"MERGE INTO {where} AS t USING (SELECT {low} AS id) AS s ON t.id = s.id {matched}")
    elif kind == "rewrite":
        opened.delete(f"id = {low}")
    elif kind == "optimize":
        opened.optimize.compact()
    elif kind == "checkpoint":
        opened.create_checkpoint()
    elif len(names) < 6:
        added = pa.table({"id": [low], "part": ["new"], "v": [commit], f"c{commit}": [{"a": commit}]})
        write_deltalake(table, added, mode="append", schema_mode="merge")


@pytest.mark.parametrize("seed", drawn_tonight(4))
def test_rows_after_ten_commits_are_those_of_another_reader(
    seed: int, tmp_path: Path, spark: Callable[[str], Any], judge: Callable[[str], list[str]] | None
) -> None:
    draw, table, person = random.Random(seed), str(tmp_path / "t"), seed % 40
    mapped = ", 'delta.columnMapping.mode' = 'name'" if seed % 4 == 3 else ""
    spark(
        f"CREATE TABLE t{seed} (id BIGINT, part STRING, v BIGINT) USING delta PARTITIONED BY (part) LOCATION "
        f"'{table}' TBLPROPERTIES ('delta.enableDeletionVectors' = 'true'{mapped})"
    )
    spark(
        f"INSERT INTO t{seed} SELECT id % 40, CASE id % 3 WHEN 0 THEN 'a b' WHEN 1 THEN 'é/%' END, 0 FROM range(90)"
    )
    for commit in range(10):
        change(draw, f"t{seed}", table, commit, spark)
    every, own = ours(tmp_path, person)
    expected = theirs(tmp_path)
    assert sorted(map(repr, every)) == sorted(map(repr, expected))
    assert sorted(map(repr, own)) == sorted(repr(row) for row in expected if row[0] == person)
    if judge:
        # of tables with mapped columns it reads partition columns as NULL, though the log has their values
        named, rows = ("id, v", [(row[0], row[2]) for row in every]) if mapped else ("*", every)
        assert judge(f"SELECT {named} FROM delta_scan('{table}')") == sorted(map(repr, rows))


def written(lake: Path) -> Path:
    """Two files with ids 0 to 9 and 10 to 19."""
    for start in (0, 10):
        rows = pa.table({"id": pa.array(range(start, start + 10), pa.int64()), "v": ["x"] * 10})
        write_deltalake(str(lake / "t"), rows, mode="append")
    return lake / "t"


def files(table: Path) -> list[Path]:
    return sorted(table.glob("*.parquet"), key=lambda path: pq.read_table(path).column("id")[0].as_py())


def log_of(table: Path, version: int) -> Path:
    return table / "_delta_log" / f"{version:020}.json"


def changed(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def replaced(path: Path, **columns: Any) -> None:
    pq.write_table(pa.table(columns), path)


FEATURES = '"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["rowFolding"],"writerFeatures":["rowFolding"]'
FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no log": (lambda table: shutil.rmtree(table / "_delta_log"), "w.t is no table of Delta Lake"),
    "a log cut off": (
        lambda table: log_of(table, 1).write_bytes(log_of(table, 1).read_bytes()[:-40]),
        "The log of w.t cannot be read",
    ),
    "a missing commit": (lambda table: log_of(table, 0).unlink(), "The log of w.t cannot be read"),
    "a feature of readers": (
        lambda table: changed(log_of(table, 0), '"minReaderVersion":1,"minWriterVersion":2', FEATURES),
        "the feature rowFolding of its readers",
    ),
    "a file outside": (
        lambda table: changed(log_of(table, 1), '"path":"', '"path":"../u/'),
        "names files outside its folder",
    ),
    "a file that is gone": (lambda table: files(table)[0].unlink(), "names at version 1 does not exist"),
    "another type": (
        lambda table: replaced(files(table)[0], id=["a"] * 10, v=["x"] * 10),
        "Column id of w.t is VARCHAR in the file",
    ),
    "a wider number": (
        lambda table: replaced(files(table)[0], id=pa.array(range(10), pa.uint64()), v=["x"] * 10),
        "Column id of w.t is UBIGINT",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_table_that_cannot_be_read_exactly_is_refused(fault: str, tmp_path: Path) -> None:
    spoil, expected = FAULTS[fault]
    spoil(written(tmp_path))
    with open_source("w", "delta", {"root": str(tmp_path)}) as session:
        unread = session.catalogue()["t"]
        with pytest.raises(ConfigurationError, match=expected):
            dict(unread) if not isinstance(unread, dict) else session.rows('SELECT * FROM "t" AS t')


def test_a_store_that_does_not_answer_is_no_removed_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    opens = DeltaTable.__init__

    def fails(self: DeltaTable, place: str, version: int | None = None, **given: Any) -> None:
        if version is not None:
            raise OSError("error sending request")
        opens(self, place, version, **given)

    monkeypatch.setattr(DeltaTable, "__init__", fails)
    chosen = TableVersions(AT, {"t": "1"})
    lake = open_source("w", "delta", {"root": str(tmp_path)}, versions=chosen)
    with lake as session, pytest.raises(SourceDownError, match="tried again"):
        dict(session.catalogue()["t"])


def test_a_statement_reads_the_files_of_its_person(tmp_path: Path) -> None:
    """The other file is gone, so a statement that opened it would fail."""
    files(written(tmp_path))[1].unlink()
    (tmp_path / "t" / "other.parquet").write_bytes(b"not named by the log")
    with open_source("w", "delta", {"root": str(tmp_path)}) as session:
        statement = f'SELECT t."id" AS "id"\nFROM "t" AS t\nWHERE t."id" IS NOT NULL AND t."id" IN ({OF_KEY})'
        session.bind([Key("id", "7")], AT)
        (reading,) = session.estimate(statement).readings
        assert (reading.files, reading.of_files) == (1, 2)
        assert session.rows(statement) == [(7,)]
        assert session.structure().versions == {"t": "1"}
        for wide in (f"{statement} OR t.\"v\" = 'x'", f"{statement.partition('WHERE')[0]}"):
            with pytest.raises(ConfigurationError, match="does not exist"):
                session.rows(wide)
