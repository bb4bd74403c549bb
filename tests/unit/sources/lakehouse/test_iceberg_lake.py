"""Tables of Iceberg with deletes of each kind, written by two writers: the rows that an independent reader sees."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import duckdb
import pyarrow as pa
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import ServiceUnavailableError
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType, StructType
from testbed import sail
from tests.support.log_lakes import by_pyiceberg
from tests.support.nightly import drawn_tonight

from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.keys import Key
from afschrift.domain.sources import TableVersions
from afschrift.sources.iceberg import snapshot
from afschrift.sources.lakehouse.log_reconciliation import default_of
from afschrift.sources.lakehouse.log_table import LogField
from afschrift.sources.registry import open_source

OF_KEY = "SELECT CAST(k.value AS BIGINT) FROM afschrift_key AS k WHERE k.name = 'id' AND k.is_current"
MERGE_ON_READ = ", ".join(f"'write.{kind}.mode' = 'merge-on-read'" for kind in ("delete", "update", "merge"))


@pytest.fixture(scope="module")
def spark() -> Iterator[Callable[[str], Any]]:
    with sail.spark() as run:
        yield run


def ours(lake: Path, table: str, columns: str) -> list[str]:
    with open_source("w", "iceberg", {"root": str(lake)}) as session:
        return sorted(map(repr, session.rows(f'SELECT {columns} FROM "{table}" AS t')))


def evolve(table: Table) -> None:
    """Rename a column, add another one under its old name, change the partition, and append."""
    with table.update_schema() as schema:
        schema.rename_column("v", "w")
    with table.refresh().update_schema() as schema:
        schema.add_column("v", StringType())
    with table.refresh().update_spec() as spec:
        spec.add_field("id", IdentityTransform(), "by_id")
    rows = pa.table({"id": [1, 1, 50], "part": ["x", None, "a b"], "w": [7, 7, 7], "v": ["s", "t", "u"]})
    table.refresh().append(rows)


@pytest.mark.parametrize(
    ("name", "partitions", "version", "kind"),
    [
        ("equal", "", 2, "equality-delete"),
        ("positions", "PARTITIONED BY (part)", 2, "data/delete-"),
        ("vectors", "PARTITIONED BY (part)", 3, ".puffin"),
    ],
)
def test_rows_after_deletes_of_a_kind_are_those_of_the_writer(
    name: str, partitions: str, version: int, kind: str, tmp_path: Path, spark: Callable[[str], Any]
) -> None:
    spark(
        f"CREATE TABLE {name} (id BIGINT, part STRING, v BIGINT) USING iceberg {partitions} LOCATION "
        f"'{tmp_path / name}' TBLPROPERTIES ({MERGE_ON_READ}, 'format-version' = '{version}')"
    )
    parts = "CASE id % 3 WHEN 0 THEN 'a b' WHEN 1 THEN 'é/%' END"
    spark(f"INSERT INTO {name} (id, part, v) SELECT id % 40, {parts}, 0 FROM range(90)")
    merged = f"MERGE INTO {name} AS t USING (SELECT 12 AS id) AS s ON t.id = s.id WHEN MATCHED THEN DELETE"
    spark(merged if name == "positions" else f"DELETE FROM {name} WHERE id = 12")
    spark(f"INSERT INTO {name} (id, part, v) VALUES (12, 'new', 1)")  # after the delete, so it stays
    theirs = [repr(tuple(row)) for row in spark(f"SELECT id, part, v FROM {name}")]
    assert any(kind in str(path) for path in tmp_path.rglob("*"))
    assert len(theirs) == 89
    assert ours(tmp_path, name, "id, part, v") == sorted(theirs)
    if version == 2:
        by_pyiceberg(tmp_path / name, evolve)
        older = [row.replace(")", ", None)") for row in theirs]
        newer = ["(1, 'x', 7, 's')", "(1, None, 7, 't')", "(50, 'a b', 7, 'u')"]
        assert ours(tmp_path, name, "id, part, w, v") == sorted([*older, *newer])


@pytest.mark.parametrize(("partitions", "left"), [("", 3), ("PARTITIONED BY (part)", 2)])
def test_of_one_commit_equality_deletes_leave_its_rows_and_positions_do_not(
    partitions: str, left: int, tmp_path: Path, spark: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an upsert writes them, which the writers here do not: all files have one sequence number."""
    name = f"one_commit_{left}"
    spark(
        f"CREATE TABLE {name} (id BIGINT, part STRING) USING iceberg {partitions} LOCATION "
        f"'{tmp_path / name}' TBLPROPERTIES ({MERGE_ON_READ}, 'format-version' = '2')"
    )
    spark(f"INSERT INTO {name} VALUES (1, 'a'), (2, 'a'), (3, 'a')")
    gone = f"MERGE INTO {name} AS t USING (SELECT 2 AS id) AS s ON t.id = s.id WHEN MATCHED THEN DELETE"
    spark(gone if partitions else f"DELETE FROM {name} WHERE id = 2")
    assert len(ours(tmp_path, name, "id")) == 2
    monkeypatch.setattr(snapshot, "_sequence", lambda _entry: 1)
    assert len(ours(tmp_path, name, "id")) == left


FORMATS = {
    "equal": ("", "2", ("insert", "remove", "change", "delete")),
    "positions": ("PARTITIONED BY (part)", "2", ("insert", "remove", "change", "append", "column", "spec")),
    "vectors": ("PARTITIONED BY (part)", "3", ("insert", "remove", "change", "delete", "update")),
}
"""Kind of deletes -> partitions, version of the format, commits that the two writers can make of it."""

STATEMENTS = {
    "insert": "INSERT INTO {t} (id, part, v) VALUES ({low}, 'é/%', {commit}), ({low} + 1, NULL, {commit})",
    "remove": "MERGE INTO {t} AS t USING (SELECT {low} AS id) AS s ON t.id = s.id WHEN MATCHED THEN DELETE",
    "change": "MERGE INTO {t} AS t USING (SELECT {low} AS id) AS s ON t.id = s.id WHEN MATCHED AND t.v % 2 = 0 "
    "THEN DELETE WHEN MATCHED THEN UPDATE SET v = {commit}",
    "delete": "DELETE FROM {t} WHERE id BETWEEN {low} AND {low} + 3",
    "update": "UPDATE {t} SET v = {commit} WHERE id = {low}",
}


def change_by_pyiceberg(
    kind: str, low: int, commit: int, plain: duckdb.DuckDBPyConnection
) -> Callable[[Table], None]:
    """A commit of the second writer, and the same on the plain table."""

    def change(table: Table) -> None:
        names = [field.name for field in table.schema().fields]
        if kind == "spec":
            if (fields := len(table.spec().fields)) < 3:
                with table.update_spec() as spec:
                    spec.add_field(("id", "v")[fields - 1], IdentityTransform(), f"by_{commit}")
        elif kind == "column" and len(names) > 3:
            with table.update_schema() as schema:
                schema.rename_column(names[-1], f"c{commit}")
            plain.execute(f"ALTER TABLE t RENAME {names[-1]} TO c{commit}")
        elif kind == "column":
            with table.update_schema() as schema:
                schema.add_column(f"c{commit}", StringType())
            plain.execute(f"ALTER TABLE t ADD COLUMN c{commit} VARCHAR")
        else:
            row = {"id": low, "part": "a b", "v": commit, **dict.fromkeys(names[3:], f"x{commit}")}
            table.append(pa.Table.from_pylist([row], table.schema().as_arrow()))
            plain.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(row))})", list(row.values()))

    return change


@pytest.mark.parametrize("seed", drawn_tonight(6))
def test_rows_after_ten_commits_are_those_of_a_plain_table_and_of_another_reader(
    seed: int, tmp_path: Path, spark: Callable[[str], Any], judge: Callable[[str], list[str]] | None
) -> None:
    """The plain table of DuckDB, in which the same statements run, has no log and no deletes to be read."""
    draw, table, name = random.Random(seed), tmp_path / "t", f"history_{seed}"
    partitions, version, kinds = FORMATS[list(FORMATS)[seed % 3]]
    spark(
        f"CREATE TABLE {name} (id BIGINT, part STRING, v BIGINT) USING iceberg {partitions} LOCATION '{table}' "
        f"TBLPROPERTIES ({MERGE_ON_READ}, 'format-version' = '{version}')"
    )
    with duckdb.connect() as plain:
        plain.execute("CREATE TABLE t (id BIGINT, part VARCHAR, v BIGINT)")
        parts = "CASE id % 3 WHEN 0 THEN 'a b' WHEN 1 THEN 'é/%' END"
        rows = f"SELECT id % 40, {parts}, 0 FROM range(90)"
        spark(f"INSERT INTO {name} (id, part, v) {rows}")
        plain.execute(f"INSERT INTO t {rows.replace('range(90)', 'range(90) AS r(id)')}")
        for commit in range(1, 11):
            kind, low = draw.choice(kinds), draw.randrange(40)
            if kind == "spec":  # after which the first writer adds no rows
                kinds = ("remove", "append", "column", "spec")
            if statement := STATEMENTS.get(kind):
                spark(statement.format(t=name, low=low, commit=commit))
                plain.execute(statement.format(t="t", low=low, commit=commit))
            else:
                by_pyiceberg(table, change_by_pyiceberg(kind, low, commit, plain))
        columns = ", ".join(column for column, *_ in plain.execute("DESCRIBE t").fetchall())
        every = sorted(map(repr, plain.execute(f"SELECT {columns} FROM t").fetchall()))
        person = seed % 40
        own = sorted(map(repr, plain.execute(f"SELECT {columns} FROM t WHERE id = {person}").fetchall()))
    assert ours(tmp_path, "t", columns) == every
    with open_source("w", "iceberg", {"root": str(tmp_path)}) as session:
        session.bind([Key("id", str(person))], "2026-01-01T00:00:00.000000Z")
        where = f'WHERE t."id" IS NOT NULL AND t."id" IN ({OF_KEY})'
        assert sorted(map(repr, session.rows(f'SELECT {columns} FROM "t" AS t {where}'))) == own
    if judge:
        assert judge(f"SELECT {columns} FROM iceberg_scan('{table}')") == every


def test_a_file_of_several_vectors_is_read_once(
    tmp_path: Path, spark: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    spark(
        f"CREATE TABLE shared (id BIGINT) USING iceberg LOCATION '{tmp_path / 'shared'}' "
        f"TBLPROPERTIES ({MERGE_ON_READ}, 'format-version' = '3')"
    )
    for _ in range(8):
        spark("INSERT INTO shared SELECT id FROM range(3)")
    spark("DELETE FROM shared WHERE id = 1")
    reads = Mock(wraps=snapshot.PuffinFile)
    monkeypatch.setattr(snapshot, "PuffinFile", reads)
    assert ours(tmp_path, "shared", "id") == sorted(["(0,)", "(2,)"] * 8)
    assert 0 < reads.call_count == len(list(tmp_path.rglob("*.puffin"))) < 8


def test_the_value_of_a_column_that_files_lack_is_asked_for_once() -> None:
    of = LogField("c", "BIGINT", 1, default="'7'")
    assert default_of(of).as_py() == 7
    assert default_of(of) is default_of(LogField("c", "BIGINT", 1, default="'7'"))


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqlCatalog:
    """With a table whose partitions are by the member of a struct that has the name of a column."""
    uri = f"sqlite:///{tmp_path}/catalogue.sqlite"
    monkeypatch.setenv("AIRFLOW_CONN_C", json.dumps({"conn_type": "aws", "extra": {"uri": uri}}))
    made = SqlCatalog("w", uri=uri, warehouse=str(tmp_path))
    made.create_namespace("default")
    member = NestedField(3, "id", LongType())
    schema = Schema(NestedField(1, "id", LongType()), NestedField(2, "s", StructType(member)))
    parts = PartitionSpec(PartitionField(3, 1000, IdentityTransform(), "s_id"))
    table = made.create_table("default.t", schema, partition_spec=parts)
    table.append(pa.table({"id": [1, 2], "s": [{"id": 7}, {"id": 8}]}, schema=table.schema().as_arrow()))
    return made


def opened(lake: Path, namespace: str = "default", **more: Any) -> Any:
    options = {"root": str(lake), "catalogue": "sql", "namespace": namespace}
    return open_source("w", "iceberg", options, connection="c", **more)


def test_a_partition_by_a_member_says_nothing_of_a_column(tmp_path: Path, catalogue: SqlCatalog) -> None:
    with opened(tmp_path) as session:
        session.bind([Key("id", "1")], "2026-01-01T00:00:00.000000Z")
        rows = f'SELECT t."id", t."s" FROM "t" AS t WHERE t."id" IS NOT NULL AND t."id" IN ({OF_KEY})'
        assert session.rows(rows) == [(1, {"id": 7})]


def test_a_namespace_that_is_not_there_is_named(tmp_path: Path, catalogue: SqlCatalog) -> None:
    with pytest.raises(ConfigurationError, match="whether `catalogue` and `namespace`"):
        opened(tmp_path, namespace="elsewhere").__enter__()


@pytest.mark.parametrize("call", ["list_tables", "load_table"])
@pytest.mark.parametrize("error", [ServiceUnavailableError, ConnectionError])
def test_a_catalogue_that_does_not_answer_is_asked_again(
    call: str, error: type[Exception], tmp_path: Path, catalogue: SqlCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr(SqlCatalog, call, fails)
    chosen = TableVersions("2026-01-01T00:00:00.000000Z", {"t": "1"})
    with pytest.raises(RetriableError, match="tried again"), opened(tmp_path, versions=chosen) as session:
        dict(session.catalogue()["t"])
