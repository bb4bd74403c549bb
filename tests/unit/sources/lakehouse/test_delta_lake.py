"""Tables of Delta Lake after histories of commits: the rows that an independent reader sees, and errors by name."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from tests.support import sail

from afschrift.domain.keys import Key
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


@pytest.mark.parametrize("seed", range(4))
def test_rows_after_ten_commits_are_those_of_another_reader(
    seed: int, tmp_path: Path, spark: Callable[[str], Any]
) -> None:
    draw, table = random.Random(seed), str(tmp_path / "t")
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
    every, own = ours(tmp_path, seed)
    expected = theirs(tmp_path)
    assert sorted(map(repr, every)) == sorted(map(repr, expected))
    assert sorted(map(repr, own)) == sorted(repr(row) for row in expected if row[0] == seed)
