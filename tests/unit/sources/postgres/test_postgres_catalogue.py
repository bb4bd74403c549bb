"""Which tables of a PostgreSQL database a request sees, and under which names."""

from __future__ import annotations

import pytest
from testbed import postgres as pg
from tests.support.warehouses import at
from tests.unit.sources.reading import forms

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.postgres.dialect import PostgresDialect
from afschrift.sources.registry import open_source


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


def test_an_option_that_is_not_known(shop: pg.Database) -> None:
    with pytest.raises(ConfigurationError, match="`password`, which its kind does not know"):
        opened(shop, password="secret")


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
