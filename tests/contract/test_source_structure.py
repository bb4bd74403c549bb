"""Every registered source tells which keys, foreign keys, comments and views its database declares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.key_shop import AT, Reading, key_shop, mapped
from tests.support.spoilt import EMPTY
from tests.support.warehouses import Warehouse, database_of

from afschrift.batch.batch_statements import PERSON
from afschrift.domain.keys import Key
from afschrift.domain.sources import Described, ForeignKey, Structure

COMMENTS = ("COMMENT ON TABLE shop IS 'Our shops'", "COMMENT ON COLUMN shop.id IS 'Number'")
MORE = {
    "duckdb": (*COMMENTS, "CHECKPOINT"),
    "mysql": (
        "ALTER TABLE shop COMMENT 'Our shops'",
        "ALTER TABLE shop MODIFY id INTEGER COMMENT 'Number'",
        "ANALYZE TABLE shop",
    ),
    "postgres": (*COMMENTS, "ANALYZE shop"),
    "sqlalchemy": COMMENTS,
    "sqlite": ("ANALYZE",),
}


def statements(kind: str) -> tuple[str, ...]:
    return (
        "CREATE TABLE shop (id INTEGER PRIMARY KEY)",
        "CREATE TABLE orders (shop_id INTEGER, no INTEGER, code VARCHAR(9) NOT NULL, "
        "PRIMARY KEY (shop_id, no), UNIQUE (code), FOREIGN KEY (shop_id) REFERENCES shop (id))",
        "CREATE TABLE line (id INTEGER PRIMARY KEY, nr INTEGER, shop INTEGER, up INTEGER, "
        "FOREIGN KEY (shop, nr) REFERENCES orders (shop_id, no), FOREIGN KEY (up) REFERENCES line (id))",
        "CREATE VIEW seen AS SELECT id FROM line",
        "INSERT INTO shop VALUES (1), (2)",
        *MORE.get(kind, ()),
    )


def test_keys_comments_sizes_and_what_views_read(warehouse: Warehouse) -> None:
    kind = warehouse.kind
    with warehouse.open() as session:
        structure, described = session.structure(), session.described()
    if kind == "parquet":
        assert (structure.foreign_keys, structure.views) == ((), ())
        assert described == Described(rows={"shop": 2, "orders": 0, "line": 0})
        return
    assert sorted(structure.foreign_keys, key=str) == [
        ForeignKey("line", ("shop", "nr"), "orders", ("shop_id", "no")),
        ForeignKey("line", ("up",), "line", ("id",)),
        ForeignKey("orders", ("shop_id",), "shop", ("id",)),
    ]
    assert structure.views == ("seen",)
    assert described.keys == {"shop": ("id",), "orders": ("shop_id", "no"), "line": ("id",)}
    assert described.unique == {"orders": (("code",),)}
    assert {"shop_id", "no", "code"} == described.required["orders"]
    assert "nr" not in described.required["line"]
    if kind != "sqlalchemy":  # which has no question for it
        assert described.reads == {"seen": ("line",)}
        assert described.rows["shop"] == 2
    if kind != "sqlite":
        assert described.comments == {"shop": "Our shops"}
        assert described.column_comments == {"shop": {"id": "Number"}}


def looked_at(
    kind: str, folder: Path, request: pytest.FixtureRequest, *made: str
) -> tuple[Structure, Described]:
    with database_of(kind, request) as database:
        warehouse, run = EMPTY[kind](folder, database)
        run(*made)
        with warehouse.open() as session:
            return session.structure(), session.described()


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("sqlite", "CREATE UNIQUE INDEX by_mail ON person (tenant, lower(mail))"),
        ("mysql", "CREATE UNIQUE INDEX by_mail ON person (tenant, mail(9))"),
    ],
)
def test_a_key_over_more_or_less_than_columns_makes_none_unique(
    kind: str, made: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    person = "CREATE TABLE person (tenant INTEGER, mail VARCHAR(99), code INTEGER, UNIQUE (tenant, code))"
    _, described = looked_at(kind, tmp_path, request, person, made)
    assert described.unique == {"person": (("tenant", "code"),)}


def test_a_view_on_another_database_reads_no_local_table_of_that_name(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with database_of("mysql", request) as other:
        other.execute("CREATE TABLE person (id INTEGER)")
        _, described = looked_at(
            "mysql", tmp_path, request,
            "CREATE TABLE person (code INTEGER)",
            f"CREATE VIEW theirs AS SELECT id FROM {other.name}.person",
            f"CREATE VIEW both_of_them AS SELECT code FROM person JOIN {other.name}.person AS p ON p.id = code",
        )  # fmt: skip
    assert described.reads == {"both_of_them": ("person",)}


def test_a_view_on_a_table_of_another_schema(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    _, described = looked_at(
        "duckdb", tmp_path, request,
        "CREATE SCHEMA sales; CREATE TABLE sales.orders (id INTEGER)",
        'CREATE SCHEMA "old.er"; CREATE TABLE "old.er"."order" (id INTEGER)',
        'CREATE VIEW quoted AS SELECT id FROM sales."orders"',
        'CREATE VIEW odd AS SELECT id FROM "old.er"."order"',
        "CREATE VIEW bare AS SELECT id FROM sales.orders",
    )  # fmt: skip
    assert described.reads == {
        "bare": ("sales.orders",),
        "odd": ("old.er.order",),
        "quoted": ("sales.orders",),
    }


def test_a_key_without_a_column_points_to_the_own_key_of_the_other(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    structure, _ = looked_at(
        "sqlite", tmp_path, request,
        "CREATE TABLE Shop (id INTEGER, town TEXT, PRIMARY KEY (town, id))",
        "CREATE TABLE orders (town TEXT, shop INTEGER, FOREIGN KEY (town, shop) REFERENCES shop)",
    )  # fmt: skip
    assert structure.foreign_keys == (ForeignKey("orders", ("town", "shop"), "Shop", ("town", "id")),)


NAMES = ("Renée BV", "RENÉE BV", "Bol", "BOL", "Bol ", "Bol")
ANNA, BOB = [Key("ck", "1")], [Key("ck", "2")]
CASES = {
    "duckdb": ("VARCHAR COLLATE NOCASE.NOACCENT", ""),
    "sqlite": ("VARCHAR(40) COLLATE NOCASE", ""),
    "postgres": ("citext", ""),
    "mysql": ("VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", ""),
    "sqlalchemy": ("citext", "postgresql+psycopg"),
}


@pytest.fixture(params=CASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reading]:
    of_type, driver = CASES[request.param]
    with key_shop(request, tmp_path, request.param, driver) as shop:
        if of_type == "citext":
            shop.run("CREATE EXTENSION IF NOT EXISTS citext")
        rows = [(person, name) for person, names in ((1, NAMES), (2, NAMES[:3])) for name in names]
        shop.make("orders", f"ck INTEGER, name {of_type}", rows)
        with shop.read(
            mapped("orders", "subject: {ck: ck}", "ck", "name: {origin: observed}", key="")
        ) as reading:
            yield reading


def test_names_that_a_collation_takes_for_one_are_several(opened: Reading) -> None:
    session = opened.session
    _, statement = opened.statements.names("orders", "name")
    session.bind(ANNA, AT)
    assert sorted(name for (name,) in session.rows(statement)) == sorted(set(NAMES))

    _, together = opened.batch_statements().names("orders", "name")
    session.bind(ANNA, AT, (BOB, AT))
    found: dict[int, list[str]] = {0: [], 1: []}
    for batch in session.stream(together):
        for person, name in zip(*(batch.column(of).to_pylist() for of in (PERSON, "name")), strict=True):
            found[int(person)].append(name)
    assert {person: sorted(names) for person, names in found.items()} == {
        0: sorted(set(NAMES)),
        1: sorted(NAMES[:3]),
    }
