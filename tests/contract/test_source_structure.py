"""Every registered source tells which keys, foreign keys, comments and views its database declares."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.key_shop import AT, Reading, key_shop, mapped
from tests.support.spoilt import EMPTY, Empty
from tests.support.warehouses import Warehouse, database_of
from tests.unit.sources.reading import forms, select

from afschrift.batch.batch_statements import PERSON
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.keys import Key
from afschrift.domain.sources import Described, ForeignKey, Structure
from afschrift.selection.statements import Scope

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
    if kind in ("delta", "files", "iceberg", "parquet"):
        assert (structure.foreign_keys, structure.views) == ((), ())
        rows = {"shop": 2, "orders": 0, "line": 0} if kind != "files" else {}
        assert replace(described, spread={}) == Described(rows=rows)
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


@pytest.mark.parametrize("kind", CASES)
def test_who_wrote_a_row_is_the_person_another_or_not_known(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    rows = [(1, 1, 1), (2, 1, 2), (3, 1, None), (4, 1, 1), (5, 2, 1), (6, 2, 2)]
    by_row = "{by: sender, person_key: ck, own: provided, other: third_party}"
    message = mapped("message", f"subject: {{ck: ck}}\n    origin: {by_row}", "id", "ck", "sender")
    with key_shop(request, tmp_path, kind, CASES[kind][1]) as shop:
        shop.make("message", "id INTEGER, ck INTEGER, sender INTEGER", rows)
        with shop.read(message) as reading:
            session, made, together = reading.session, reading.statements, reading.batch_statements()
            session.bind(ANNA, AT)
            assert session.rows(made.unknown_origins("message")) == [(1,)]
            assert session.rows(made.count("message", Scope("sender", ("own",)))) == [(2,)]
            assert session.rows(made.count("message", Scope("sender", ("own", "other")))) == [(3,)]
            assert sorted(session.rows(made.row_origins("message")[1])) == [("other", "1"), ("own", "2")]
            session.bind(ANNA, AT, (BOB, AT))
            found = session.rows(together.row_origins("message")[1])
    assert sorted(found) == [(0, "other", "1"), (0, "own", "2"), (1, "other", "1"), (1, "own", "1")]


KILL = {
    "postgres": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid()",
    "mysql": "BEGIN NOT ATOMIC FOR p IN (SELECT id FROM information_schema.processlist WHERE db = database() "
    "AND id <> connection_id()) DO EXECUTE IMMEDIATE concat('KILL ', p.id); END FOR; END",
}

KILL["sqlalchemy"] = KILL["postgres"]


@pytest.mark.one_of_an_engine
def test_as_many_columns_as_there_can_be(empty: Empty) -> None:
    """Without a key the rows are in order of the whole row, which takes every column once more."""
    names = [f"c{number}" for number in range(empty.sql.columns)]
    columns = ", ".join(f"{name} {empty.sql.integer}" for name in names)
    empty.run(
        f"CREATE TABLE wide ({columns}){empty.sql.after}",
        f"INSERT INTO wide VALUES ({', '.join(str(number) for number in range(len(names)))})",
    )
    with empty.open() as session:
        wanted = [c.expression.format(column=f"t.{n}") for n, c in session.catalogue()["wide"].items()]
        assert len(wanted) == len(names)
        order = f"ORDER BY {session.dialect.row_order(wanted)}"
        batches = list(session.stream(f"{select(session, 'wide')}\n{order}"))
    assert [str(value) for value in batches[0].to_pylist()[0].values()] == [
        str(number) for number in range(len(names))
    ]


@pytest.mark.one_of_an_engine
@pytest.mark.parametrize("column", ["note", "file"])
def test_a_cell_that_is_too_large_is_named(empty: Empty, column: str) -> None:
    empty.run(
        f"CREATE TABLE upload (id INTEGER, note {empty.sql.text}, file {empty.sql.blob})",
        f"INSERT INTO upload VALUES (1, '{'é' * 700_000}', {empty.sql.large_blob})",  # 1.4 MB in UTF-8
    )
    with (
        empty.open(cell_limit=1) as session,
        pytest.raises(ConfigurationError, match=rf"w\.\S*upload\.{column} has .*limit.*`cell_limit`"),
    ):
        forms(session, "upload", [column])
    with empty.open() as session:
        assert len(forms(session, "upload", [column])[0][column]) > 690_000


def test_names_with_quotes_dots_and_braces(empty: Empty) -> None:
    empty.run(
        'CREATE TABLE "a.b""c\'{d}" ("x\'y""z{0}%" INTEGER, "select" VARCHAR(9))',
        'INSERT INTO "a.b""c\'{d}" VALUES (1, \'v\')',
    )
    with empty.open() as session:
        assert forms(session, "a.b\"c'{d}") == [{"x'y\"z{0}%": "1", "select": "v"}]


def test_a_view_that_fails_in_the_middle_is_named(empty: Empty) -> None:
    if empty.kind in ("delta", "files", "iceberg", "parquet"):
        pytest.skip("a lake has no views")
    rows = "), (".join(["'1'"] * 1000)
    empty.run(
        "CREATE TABLE source (s VARCHAR(40))",
        *[f"INSERT INTO source VALUES ({rows})"] * 20,
        "INSERT INTO source VALUES ('secret-word')",
        f"CREATE VIEW broken AS SELECT {empty.sql.unreadable} AS x FROM source",
    )
    with empty.open() as session, pytest.raises((ConfigurationError, RetriableError)) as caught:
        list(session.stream(select(session, "broken")))
    assert "broken" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.one_of_an_engine
def test_a_statement_without_end_is_ended(empty: Empty) -> None:
    rows = "), (".join(str(number) for number in range(1000))
    empty.run("CREATE TABLE many (n INTEGER)", *[f"INSERT INTO many VALUES ({rows})"] * 10)
    for read in (lambda session, text: session.rows(text), lambda session, text: list(session.stream(text))):
        with empty.open(statement_timeout="200ms") as session:
            many = session.dialect.relation("many")
            few = f"(SELECT n FROM {many} WHERE CAST(n AS DECIMAL(9)) < 5)"  # in files all is text
            joined = f"{many} AS t\nCROSS JOIN {many} AS u CROSS JOIN {few} AS v"
            t, u, v = (f"CAST({name}.n AS DECIMAL(9))" for name in "tuv")
            statement = f"SELECT count(*)\nFROM {joined} WHERE ({t} * {u} + {v}) % 1009 = 7"
            with pytest.raises(RetriableError, match=r"Reading w\.\S*many took longer .*`statement_timeout`"):
                read(session, statement)


def test_connection_lost_while_rows_come(empty: Empty) -> None:
    if empty.kind not in KILL:
        pytest.skip("a file has no connection")
    rows = "), (".join([f"'{'x' * 900}'"] * 1000)
    empty.run("CREATE TABLE big (pad VARCHAR(1000))", *[f"INSERT INTO big VALUES ({rows})"] * 60)
    with empty.open() as session:
        stream = session.stream(select(session, "big"))
        next(stream)
        empty.run(KILL[empty.kind])
        with pytest.raises(RetriableError, match=r"w\.\S*big"):
            list(stream)
