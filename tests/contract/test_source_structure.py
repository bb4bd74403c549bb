"""Every registered source tells which keys, foreign keys, comments and views its database declares."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from tests.support.warehouses import SERVERS, at

from afschrift.domain.sources import Described, ForeignKey, Source
from afschrift.sources.registry import SOURCES, open_source

MADE = (
    "CREATE TABLE shop (id INTEGER PRIMARY KEY)",
    "CREATE TABLE orders (shop_id INTEGER, no INTEGER, code VARCHAR(9) NOT NULL, "
    "PRIMARY KEY (shop_id, no), UNIQUE (code), "
    "FOREIGN KEY (shop_id) REFERENCES shop (id))",
    "CREATE TABLE line (id INTEGER PRIMARY KEY, nr INTEGER, shop INTEGER, up INTEGER, "
    "FOREIGN KEY (shop, nr) REFERENCES orders (shop_id, no), FOREIGN KEY (up) REFERENCES line (id))",
    "CREATE VIEW seen AS SELECT id FROM line",
)
FOUND = {
    ForeignKey("orders", ("shop_id",), "shop", ("id",)),
    ForeignKey("line", ("shop", "nr"), "orders", ("shop_id", "no")),
    ForeignKey("line", ("up",), "line", ("id",)),
}


def made_in(kind: str) -> tuple[str, ...]:
    like = "postgres" if kind == "sqlalchemy" else kind
    counted = (COUNTED[like],) if like in COUNTED else ()
    return (*MADE, "INSERT INTO shop VALUES (1), (2)", *COMMENTED.get(like, ()), *counted)


def files(kind: str, folder: Path) -> Source:
    if kind == "parquet":
        (folder / "lake" / "line").mkdir(parents=True)
        duckdb.sql("SELECT 1 AS id").write_parquet(str(folder / "lake" / "line" / "a.parquet"))
        return open_source("w", kind, {"root": str(folder / "lake")})
    connect = sqlite3.connect if kind == "sqlite" else duckdb.connect
    with closing(connect(folder / "w.db")) as con:  # type: ignore[operator]
        for statement in made_in(kind):
            con.execute(statement)
            con.commit()
    return open_source("w", kind, {"path": str(folder / "w.db")})


@pytest.fixture(params=sorted(SOURCES))
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    kind = request.param
    if kind not in SERVERS:
        yield files(kind, tmp_path)
        return
    server = request.getfixturevalue(SERVERS[kind])
    database = server.create()
    database.execute(*made_in(kind))
    options = {"driver": "postgresql+psycopg"} if kind == "sqlalchemy" else {}
    uri = database.uri() if kind == "mysql" else database.libpq
    yield open_source("w", kind, options, connection="w", connect=at(uri))
    server.drop(database)


def test_foreign_keys_and_views(source: Source, request: pytest.FixtureRequest) -> None:
    with source as session:
        structure = session.structure()
        if request.node.callspec.params["source"] == "parquet":
            assert (structure.foreign_keys, structure.views) == ((), ())
            return
        assert set(structure.foreign_keys) == FOUND
        assert len(structure.foreign_keys) == len(FOUND)
        assert structure.views == ("seen",)


COMMENTED = {
    "duckdb": ("COMMENT ON TABLE shop IS 'Our shops'", "COMMENT ON COLUMN shop.id IS 'Number'"),
    "mysql": ("ALTER TABLE shop COMMENT 'Our shops'", "ALTER TABLE shop MODIFY id INTEGER COMMENT 'Number'"),
    "postgres": ("COMMENT ON TABLE shop IS 'Our shops'", "COMMENT ON COLUMN shop.id IS 'Number'"),
}
COUNTED = {
    "duckdb": "CHECKPOINT",
    "mysql": "ANALYZE TABLE shop",
    "postgres": "ANALYZE shop",
    "sqlite": "ANALYZE",
}


def test_keys_comments_sizes_and_what_views_read(source: Source, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["source"]
    with source as session:
        described = session.described()
    if kind == "parquet":
        assert described == Described(rows={"line": 1})
        return
    assert described.keys == {"shop": ("id",), "orders": ("shop_id", "no"), "line": ("id",)}
    assert described.unique == {"orders": (("code",),)}
    assert {"shop_id", "no", "code"} == described.required["orders"]
    assert "nr" not in described.required["line"]
    if kind != "sqlalchemy":  # which has no question for it
        assert described.reads == {"seen": ("line",)}
        assert described.rows["shop"] == 2
    if kind in COMMENTED or kind == "sqlalchemy":
        assert described.comments == {"shop": "Our shops"}
        assert described.column_comments == {"shop": {"id": "Number"}}


def test_a_key_over_more_than_columns_makes_none_of_them_unique(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "w.db")) as con:
        con.execute("CREATE TABLE person (tenant INTEGER, mail TEXT, code TEXT, UNIQUE (tenant, code))")
        con.execute("CREATE UNIQUE INDEX by_mail ON person (tenant, lower(mail))")
    with open_source("w", "sqlite", {"path": str(tmp_path / "w.db")}) as session:
        assert session.described().unique == {"person": (("tenant", "code"),)}


def test_a_key_over_part_of_a_text_makes_no_column_unique(request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue(SERVERS["mysql"])
    database = server.create()
    database.execute(
        "CREATE TABLE person (tenant INTEGER, mail VARCHAR(99), code INTEGER, UNIQUE (tenant, mail(9)))",
        "CREATE UNIQUE INDEX by_code ON person (tenant, code)",
    )
    with open_source("w", "mysql", {}, connection="w", connect=at(database.uri())) as session:
        assert session.described().unique == {"person": (("tenant", "code"),)}
    server.drop(database)


def test_a_view_on_another_database_reads_no_local_table_of_that_name(
    request: pytest.FixtureRequest,
) -> None:
    server = request.getfixturevalue(SERVERS["mysql"])
    here, other = server.create(), server.create()
    other.execute("CREATE TABLE person (id INTEGER)")
    here.execute(
        "CREATE TABLE person (code INTEGER)",
        f"CREATE VIEW theirs AS SELECT id FROM {other.name}.person",
        f"CREATE VIEW both_of_them AS SELECT code FROM person JOIN {other.name}.person AS p ON p.id = code",
    )
    with open_source("w", "mysql", {}, connection="w", connect=at(here.uri())) as session:
        assert session.described().reads == {"both_of_them": ("person",)}
    server.drop(here)
    server.drop(other)


def test_a_view_on_a_table_of_another_schema(tmp_path: Path) -> None:
    with closing(duckdb.connect(str(tmp_path / "w.db"))) as con:
        con.execute("CREATE SCHEMA sales; CREATE TABLE sales.orders (id INTEGER)")
        con.execute('CREATE SCHEMA "old.er"; CREATE TABLE "old.er"."order" (id INTEGER)')
        con.execute('CREATE VIEW quoted AS SELECT id FROM sales."orders"')
        con.execute('CREATE VIEW odd AS SELECT id FROM "old.er"."order"')
        con.execute("CREATE VIEW bare AS SELECT id FROM sales.orders")
    with open_source("w", "duckdb", {"path": str(tmp_path / "w.db")}) as session:
        assert session.described().reads == {
            "bare": ("sales.orders",),
            "odd": ("old.er.order",),
            "quoted": ("sales.orders",),
        }


def test_a_key_without_a_column_points_to_the_own_key_of_the_other(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "w.db")) as con:
        con.execute("CREATE TABLE Shop (id INTEGER, town TEXT, PRIMARY KEY (town, id))")
        con.execute("CREATE TABLE orders (town TEXT, shop INTEGER, FOREIGN KEY (town, shop) REFERENCES shop)")
    with open_source("w", "sqlite", {"path": str(tmp_path / "w.db")}) as session:
        assert session.structure().foreign_keys == (
            ForeignKey("orders", ("town", "shop"), "Shop", ("town", "id")),
        )
