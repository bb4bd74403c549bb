"""What a session on PostgreSQL sees of tables, and gives of them."""

from pathlib import Path

import pytest
from testbed import postgres as pg
from tests.support.warehouses import at
from tests.unit.sources.reading import forms, select

from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.domain.plan import FieldPlan
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.statements import Statements
from afschrift.sources.postgres.column_types import BOUNDS, raise_sql
from afschrift.sources.postgres.dialect import PostgresDialect
from afschrift.sources.registry import open_source

SQL = Path(__file__).parents[4] / "include" / "sql"


def opened(database: pg.Database, **options: object) -> Source:
    return open_source("w", "postgres", dict(options), connection="w", connect=at(database.libpq))


@pytest.fixture
def shop(postgres: pg.Database) -> pg.Database:
    postgres.execute(
        "CREATE EXTENSION pg_stat_statements",  # its view is in no answer
        "CREATE DOMAIN code AS varchar(9)",
        "CREATE TABLE plain (a int, gone int, b code)",
        "ALTER TABLE plain DROP COLUMN gone",
        "CREATE TABLE parted (a int) PARTITION BY RANGE (a)",
        "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10)",
        "INSERT INTO parted VALUES (1)",
        "CREATE VIEW seen AS SELECT a FROM plain",
        "CREATE MATERIALIZED VIEW kept AS SELECT a FROM plain",
        "CREATE TEMPORARY TABLE passing (a int)",
        "CREATE SCHEMA crm",
        'CREATE TABLE crm.plain ("A" int)',
        "INSERT INTO crm.plain VALUES (7)",
        "CREATE INDEX by_a ON plain (a)",
        "CREATE SEQUENCE numbers",
    )
    return postgres


def test_tables_and_views_and_no_parts_of_them(shop: pg.Database) -> None:
    with opened(shop) as session:
        catalogue = session.catalogue()
        assert sorted(catalogue) == ["crm.plain", "kept", "parted", "plain", "seen"]
        assert {name: (c.native, c.kind) for name, c in catalogue["plain"].items()} == {
            "a": ("integer", ValueKind.INTEGER),
            "b": ("character varying", ValueKind.TEXT),
        }
        assert forms(session, "parted") == [{"a": "1"}]
        assert forms(session, "crm.plain") == [{"A": "7"}]


def test_a_domain_compares_as_the_type_at_its_base(postgres: pg.Database) -> None:
    postgres.execute(
        "CREATE EXTENSION citext",
        "CREATE DOMAIN mail AS citext",
        "CREATE DOMAIN work_mail AS mail",
        "CREATE DOMAIN code AS varchar(9)",
        "CREATE DOMAIN short_code AS code",
        "CREATE TABLE person (a citext, b mail, c work_mail, d text, e code, f short_code)",
    )
    with opened(postgres) as session:
        loose = [name for name, column in session.catalogue()["person"].items() if column.loose]
    assert loose == ["a", "b", "c"]


def test_another_schema_is_the_one_without_a_name(shop: pg.Database) -> None:
    with opened(shop, schema="crm") as session:
        assert sorted(session.catalogue()) == [
            "plain", "public.kept", "public.parted", "public.plain", "public.seen",
        ]  # fmt: skip
        assert forms(session, "plain") == [{"A": "7"}]


@pytest.mark.parametrize(
    ("native", "order"),
    [
        ("text", 'CAST(t.c AS text) COLLATE "C"'),
        ("character varying(9)", 'CAST(t.c AS text) COLLATE "C"'),
        ("public.citext", 'CAST(t.c AS text) COLLATE "C"'),
        ("integer", "t.c"),
    ],
)
def test_texts_are_in_order_by_their_bytes(native: str, order: str) -> None:
    """No server of the tests has a collation of words, so the order itself cannot show it."""
    assert PostgresDialect().order("t.c", native) == order


def test_a_statement_frozen_by_an_older_release_still_refuses_such_arrays(postgres: pg.Database) -> None:
    postgres.execute("CREATE TABLE old (c0 integer[])", "INSERT INTO old VALUES ('[0:1]={7,8}')")
    failing = raise_sql(BOUNDS, "old.c0", "count(*)")
    with (
        opened(postgres) as session,
        pytest.raises(ConfigurationError, match=r"w\.old\.c0 holds an array.*`kind: text`"),
    ):
        list(session.stream(f'SELECT {failing} AS c0\nFROM "old" AS t\n'))


def test_a_type_that_is_not_known_has_no_kind(postgres: pg.Database) -> None:
    postgres.execute(
        "CREATE TYPE odd",
        "CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT AS 'textin'",
        "CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'",
        "CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out)",
        "CREATE TYPE holds AS (a integer, b odd)",
        "CREATE TABLE t (a odd, b odd[], c holds)",
    )
    with opened(postgres) as session:
        columns = session.catalogue()["t"]
    assert {name: (c.kind, c.native) for name, c in columns.items()} == {
        "a": (None, "odd"),
        "b": (None, "odd[]"),
        "c": (None, "holds"),
    }


@pytest.mark.parametrize("megabytes", [1, 8])
def test_batches_are_as_large_as_they_are_asked_for(postgres: pg.Database, megabytes: int) -> None:
    postgres.execute(
        "CREATE TABLE note AS SELECT i AS id, repeat('x', 500) AS text FROM generate_series(1, 40000) i"
    )
    given = {"connection": "w", "connect": at(postgres.libpq), "batch_bytes": megabytes * 1_000_000}
    with open_source("w", "postgres", {}, **given) as session:
        sizes = [batch.nbytes for batch in session.stream(select(session, "note"))]
    assert len(sizes) > 2
    assert all(0.9 < size / megabytes / 1_000_000 < 1.2 for size in sizes[:-1])


def test_bytes_beside_a_mask_are_their_value_form(postgres: pg.Database) -> None:
    postgres.execute(
        "CREATE TABLE note (id int PRIMARY KEY, author text, photo bytea)",
        "INSERT INTO note VALUES (1, 'agent', '\\x01'), (2, 'customer', '\\x00ff'), (3, 'customer', NULL)",
    )
    declared = {
        "subject": {"id": {"column": "id"}},
        "key": ["id"],
        "origin": {"by": "author", "agent": "assigned", "customer": "provided"},
        "columns": {"photo": {"about": "third_party", "third_party": "mask", "when": ["agent"]}},
    }
    identity = IdentityFile.model_validate({"person": "id", "keys": {"id": {"unique": "yes"}}})
    source = SourceFile.model_validate({"source": "w", "kind": "postgres", "tables": {"note": declared}})
    photo = FieldPlan("photo", ValueKind.BINARY, Action.MASK, (), "")
    with opened(postgres) as session:
        session.bind([Key("id", str(n)) for n in (1, 2, 3)], "2026-01-01T00:00:00Z")
        statements = Statements(SQL, source, identity, session.dialect, session.catalogue())
        batches = list(session.stream(statements.extract("note", [photo], None)))
    assert [row["photo"] for batch in batches for row in batch.to_pylist()] == ["[masked]", "AP8=", None]
