"""A statement reads the rows of its person by their key, whatever the types of its columns, in every kind of source."""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from testbed import postgres as pg
from tests.contract.test_mask_tokens import SQL
from tests.contract.test_type_zoo import ZOOS
from tests.contract.zoo.cages import TABLE, Zoo
from tests.support import mariadb
from tests.support.warehouses import SERVERS, database_of

from afschrift.batch.batch_statements import BatchStatements
from afschrift.domain.decision import Action
from afschrift.domain.keys import Key
from afschrift.domain.plan import FieldPlan
from afschrift.domain.reconciliation import Extract
from afschrift.domain.sources import ColumnType, Source
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.statements import Statements
from afschrift.sources.catalogue import nodes
from afschrift.sources.person_keys import KEY_TABLE
from afschrift.sources.postgres.dialect import KEY_COLUMNS, PostgresDialect
from afschrift.sources.postgres.session_settings import SETTINGS, settings_call
from afschrift.sources.registry import SOURCES, open_source
from afschrift.testing.source_contract import AT

LARGE, INDEX = "large", "by_customer"
"""What the tables' names begin with, and those of their indexes end with."""

PERSON, OWN = 77, 40
_ROWS = 20_000
_PERSONS = _ROWS // OWN
_GROUP = 2_048  # rows of a group of a file


def _postgres(database: pg.Database, zoo: Zoo) -> None:
    """A table for each shape: else its rows were too wide for one page, and each value lay beside the table."""
    for shape in dict.fromkeys(name.partition("_")[0] for name in zoo.own):
        table = f"{LARGE}_{shape}"
        columns = ", ".join(f"z.{name}" for name in zoo.own if name.startswith(shape))
        database.execute(
            f"CREATE TABLE {table} WITH (toast_tuple_target = 8160) AS SELECT i AS id, i % {_PERSONS} AS customer, "
            f"{columns} FROM generate_series(1, {_ROWS}) AS i "
            f"LEFT JOIN (SELECT * FROM {TABLE} LIMIT 1) AS z ON i % {_PERSONS} = {PERSON}",
            f"CREATE INDEX {table}_{INDEX} ON {table} (customer)",
            f"ALTER TABLE {table} ADD PRIMARY KEY (id)",
            f"ANALYZE {table}",
        )


def _mysql(database: mariadb.Database, _: Zoo) -> None:
    database.execute(
        f"CREATE TABLE {LARGE} AS SELECT seq AS id, seq % {_PERSONS} AS customer, z.* FROM seq_1_to_{_ROWS} "
        f"LEFT JOIN {TABLE} AS z ON seq % {_PERSONS} = {PERSON}",
        f"CREATE INDEX {LARGE}_{INDEX} ON {LARGE} (customer)",
        f"ALTER TABLE {LARGE} ADD PRIMARY KEY (id)",
        f"ANALYZE TABLE {LARGE}",
    )


def _sqlite(_: Any, zoo: Zoo) -> None:
    columns = ", ".join(f"value_{n} {row.native.replace('none', '')}" for n, row in enumerate(zoo.rows))
    with closing(sqlite3.connect(zoo.warehouse.options["path"])) as con:
        con.execute(f"CREATE TABLE {LARGE} (id INTEGER PRIMARY KEY, customer INTEGER, {columns})")
        con.execute(
            f"WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {_ROWS}) INSERT INTO {LARGE} "
            f"SELECT i, i % {_PERSONS}, z.* FROM s LEFT JOIN {TABLE} AS z ON i % {_PERSONS} = {PERSON}"
        )
        con.execute(f"CREATE INDEX {LARGE}_{INDEX} ON {LARGE} (customer)")
        con.commit()


def _duckdb(_: Any, zoo: Zoo) -> None:
    """The file is made anew, in small row groups."""
    path = Path(zoo.warehouse.options["path"])
    old = path.rename(path.with_name("zoo"))
    with duckdb.connect() as con:
        con.execute(
            f"SET TimeZone = 'UTC'; ATTACH '{old}' AS zoo; ATTACH '{path}' AS made (ROW_GROUP_SIZE {_GROUP})"
        )
        con.execute(
            f"CREATE TABLE made.{LARGE} AS SELECT i AS id, i // {OWN} AS customer, z.* FROM range({_ROWS}) AS r(i) "
            f"LEFT JOIN (SELECT * FROM zoo.{TABLE} LIMIT 1) AS z ON i // {OWN} = {PERSON} ORDER BY i"
        )


def _parquet(_: Any, zoo: Zoo) -> None:
    """Two files for each table of the zoo, the rows of a person beside each other."""
    root = Path(zoo.warehouse.options["root"])
    for name in dict.fromkeys(zoo.tables.values()):
        table = f"{LARGE}_{name}"
        row = pq.read_table(root / name / "1.parquet").drop_columns(["id"])
        (root / table).mkdir()
        for part in range(2):
            ids = range(part * _ROWS, (part + 1) * _ROWS)
            rows = row.take(pa.array([0 if i // OWN == PERSON else None for i in ids], pa.int64()))
            rows = rows.add_column(0, "id", pa.array(ids)).add_column(
                1, "customer", pa.array([i // OWN for i in ids])
            )
            old = name != TABLE
            pq.write_table(
                rows,
                root / table / f"{part}.parquet",
                row_group_size=_GROUP,
                use_deprecated_int96_timestamps=old,
            )


FILL: dict[str, Callable[[Any, Zoo], None]] = {
    "duckdb": _duckdb,
    "mysql": _mysql,
    "parquet": _parquet,
    "postgres": _postgres,
    "sqlalchemy": _postgres,
    "sqlite": _sqlite,
}


pytestmark = pytest.mark.filterwarnings("ignore:Did not recognize type")
IDENTITY = IdentityFile.model_validate({"person": "customer", "keys": {"customer": {"unique": "yes"}}})
MOST_COST, MOST_TIMES = 1_000, 3


@dataclass(frozen=True)
class Reading:
    """How a statement reads its table: `by_key` no row that an index or statistics exclude; costs of PostgreSQL."""

    by_key: bool
    cost: float = 0
    buffers: int = 0


@dataclass(frozen=True)
class Crowd:
    """Tables of many persons with the columns that can be read, in a session in which one of them is bound."""

    session: Source
    file: SourceFile
    statements: Statements
    columns: Mapping[str, Mapping[str, ColumnType]]
    reading: Callable[[str], Reading]

    def fields(
        self, table: str, columns: Collection[str], action: Action = Action.INCLUDE
    ) -> list[FieldPlan]:
        kinds = {name: self.columns[table][name].kind for name in columns}
        return [FieldPlan(name, kind, action, (), "", mask="full") for name, kind in kinds.items()]

    def extract(self, table: str, *columns: str) -> str:
        return self.statements.extract(table, self.fields(table, dict.fromkeys(("id", *columns))), None)

    def together(self, table: str, *columns: str) -> str:
        """The same for several persons."""
        catalogue = {name: dict(found) for name, found in self.session.catalogue().items()}
        made = BatchStatements(SQL, self.file, IDENTITY, self.session.dialect, catalogue)
        return made.extract(table, self.fields(table, dict.fromkeys(("id", *columns))), None)

    def reconciliation(self, table: str, statement: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What the reconciliation asks of the rows."""
        asked: list[str] = []
        rows = self.session.rows

        def heard(statement: str, **more: str) -> list[tuple[Any, ...]]:
            asked.append(statement)
            return rows(statement, **more)

        monkeypatch.setattr(self.session, "rows", heard)
        kinds = {name: column.kind for name, column in self.columns[table].items()}
        reconciliation = self.session.reconciliation(Extract(statement, kinds, kinds.keys()))
        reconciliation.sums(reconciliation.hashed, None)
        monkeypatch.undo()
        return [statement for statement in asked if " AS t\n" in statement]


def crowd_in(kind: str, session: Source, reading: Callable[[str], Reading]) -> Crowd:
    session.bind([Key("customer", str(PERSON))], AT)
    catalogue = {
        table: dict(found) for table, found in session.catalogue().items() if table.startswith(LARGE)
    }
    table = {"subject": {"customer": "customer"}, "key": ["id"], "columns": {}}
    file = SourceFile.model_validate({"source": "w", "kind": kind, "tables": dict.fromkeys(catalogue, table)})
    known = {
        table: {
            name: column for name, column in columns.items() if column.kind is not None and not column.remedy
        }
        for table, columns in catalogue.items()
    }
    return Crowd(session, file, Statements(SQL, file, IDENTITY, session.dialect, catalogue), known, reading)


@pytest.fixture(
    scope="module", params=sorted(SOURCES.keys() - {"files", "delta", "iceberg"})
)  # read whole, or by parquet's engine
def crowd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    kind = str(request.param)
    with database_of(kind, request) as database:
        zoo = ZOOS[kind].build(tmp_path_factory.mktemp(kind), database)
        FILL[kind](database, zoo)
        options, connect = zoo.warehouse.options, zoo.warehouse.connect
        named = "w" if kind in SERVERS else None
        with open_source("w", kind, options, connection=named, connect=connect) as session:
            if kind in ("postgres", "sqlalchemy"):
                with client_of(database, session.dialect) as explained:
                    yield crowd_in(kind, session, partial(of_postgres, explained))
            else:
                reading = of_duckdb if kind in ("duckdb", "parquet") else of_others
                yield crowd_in(kind, session, partial(reading, session))


@contextmanager
def client_of(database: pg.Database, dialect: Any) -> Iterator[Callable[[str], Any]]:
    """Explains statements as the product's session would run them, by another client: COPY explains nothing."""
    by_us = isinstance(dialect, PostgresDialect)
    columns = dialect.key_columns if by_us else f"{KEY_COLUMNS}, number bigint"
    names, values = "person, name, value, is_current, asked_at", f"0, 'customer', '{PERSON}', true, '{AT}'"
    if not by_us:
        names, values = f"{names}, number", f"{values}, {PERSON}"
    with psycopg.connect(database.libpq, autocommit=True) as connection:
        connection.execute(f"CREATE TEMP TABLE {KEY_TABLE} ({columns})")  # type: ignore[arg-type]
        connection.execute(f"INSERT INTO {KEY_TABLE} ({names}) VALUES ({values})")  # type: ignore[arg-type]
        connection.execute(f"ANALYZE {KEY_TABLE}")  # type: ignore[arg-type]
        if by_us:
            connection.execute(settings_call(dialect, SETTINGS))  # type: ignore[arg-type]
        yield lambda statement: connection.execute(statement).fetchall()[0][0]  # type: ignore[arg-type]


def of_postgres(explained: Callable[[str], Any], statement: str) -> Reading:
    """It is run, and planned as the product has it."""
    [found] = explained(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}")
    plan = found["Plan"]
    scans = [node for node in nodes(plan) if node.get("Relation Name", "").startswith(LARGE)]
    indexed = any(node["Index Name"].endswith(INDEX) for node in nodes(plan) if "Index Cond" in node)
    by_key = bool(scans) and indexed and not any(node["Node Type"] == "Seq Scan" for node in scans)
    return Reading(by_key, plan["Total Cost"], plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def of_duckdb(session: Source, statement: str) -> Reading:
    """Of a file as of a lake, a person's rows lie in one row group."""
    [(_, explained)] = session.rows(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
    scans = [node for node in nodes(json.loads(explained)) if node.get("type") == "TABLE_SCAN"]
    scans = [node for node in scans if KEY_TABLE not in str(node["extra_info"].get("Table"))]
    assert all(node["total_row_groups_to_scan"] > 1 for node in scans)
    return Reading(bool(scans) and all(node["row_groups_scanned"] == 1 for node in scans))


def of_others(session: Source, statement: str) -> Reading:
    readings = session.estimate(statement).readings
    return Reading(
        bool(readings)
        and all(reading.whole is False and reading.index.endswith(INDEX) for reading in readings)
    )


def faults(crowd: Crowd, statements: Mapping[str, str], bare: Reading) -> dict[str, Reading]:
    """Those that read more than a person's rows; `bare` reads them without their columns."""
    found = {name: crowd.reading(reading) for name, reading in statements.items()}
    return {
        name: reading
        for name, reading in found.items()
        if not reading.by_key or reading.cost >= MOST_COST or reading.buffers > MOST_TIMES * bare.buffers
    }


def test_rows_are_read_by_the_key_whatever_a_columns_type(crowd: Crowd) -> None:
    for table, columns in crowd.columns.items():
        bare = crowd.reading(crowd.extract(table))
        assert faults(crowd, {name: crowd.extract(table, name) for name in columns}, bare) == {}


def test_rows_are_read_by_keys_inside_every_statement(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    for table, columns in crowd.columns.items():
        extract = crowd.extract(table, *columns)
        accounts = enumerate(crowd.reconciliation(table, extract, monkeypatch))
        statements = {
            "extract": extract,
            "together": crowd.together(table, *columns),
            "masked": crowd.statements.masked(table, crowd.fields(table, columns, Action.MASK), None),
            "exists": crowd.statements.exists(table, None, list(columns)),
            "count": crowd.statements.count(table),
            **{f"reconciliation {number}": statement for number, statement in accounts},
        }
        assert faults(crowd, statements, crowd.reading(extract)) == {}


ARRAYS = "array['a b', 'c', NULL] AS tags, array[1.10, 'NaN']::numeric[] AS amounts, array['infinity']::timestamptz[] AS times"


@pytest.mark.parametrize("temporary", [True, False])
def test_three_arrays_without_statistics(
    postgres: pg.Database, monkeypatch: pytest.MonkeyPatch, *, temporary: bool
) -> None:
    """Also where the keys are in a setting, as the session may make no table."""
    arrays = postgres
    arrays.execute(
        f"CREATE TABLE {LARGE} WITH (autovacuum_enabled = off) AS "
        f"SELECT i AS id, i % 2000 AS customer, {ARRAYS} FROM generate_series(1, 80000) AS i",
        f"CREATE INDEX {INDEX} ON {LARGE} (customer)",
    )
    monkeypatch.setenv("AIRFLOW_CONN_W", arrays.libpq)
    with psycopg.connect(arrays.libpq) as connection:
        if not temporary:
            connection.execute(f"REVOKE TEMPORARY ON DATABASE {connection.info.dbname} FROM PUBLIC")
            connection.execute("CREATE ROLE reader LOGIN IN ROLE pg_read_all_data")
    with (
        open_source("w", "postgres", {}, connection="w") as session,
        client_of(arrays, session.dialect) as explained,
    ):
        crowd = crowd_in("postgres", session, partial(of_postgres, explained))
        extract = crowd.extract(LARGE, "tags", "amounts", "times")
        bare = crowd.reading(crowd.extract(LARGE))
        for statement in (extract, crowd.together(LARGE, "tags", "amounts", "times")):
            found = crowd.reading(statement)
            assert found.by_key
            assert found.buffers <= MOST_TIMES * bare.buffers
        [reading] = session.estimate(extract).readings
        assert (reading.whole, reading.index) == (False, INDEX)
        assert session.rows("SELECT current_setting('jit')") == [("off",)]
        assert sum(batch.num_rows for batch in session.stream(extract)) == 40
