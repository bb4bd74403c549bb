"""Values of any driver as exact texts, and types by SQLAlchemy's names."""

import sqlite3
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, types
from sqlalchemy.dialects import mysql, postgresql, sqlite
from tests.support.warehouses import at

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.registry import open_source
from afschrift.sources.sqlalchemy.dialect import AlchemyDialect
from afschrift.sources.sqlalchemy.values import TOO_LARGE, ArrowRows, kind_of, with_limit

AT = "2026-01-01T00:00:00Z"
UUID = uuid.UUID("6f1de0d0-7a4b-4c43-8f1c-0a1b2c3d4e5f")
AMSTERDAM = timezone(timedelta(hours=2))


KINDS: dict[ValueKind | None, tuple[types.TypeEngine[Any], ...]] = {
    ValueKind.BOOLEAN: (types.Boolean(),),
    ValueKind.INTEGER: (types.BigInteger(),),
    ValueKind.NUMBER: (postgresql.DOUBLE_PRECISION(),),
    ValueKind.DECIMAL: (types.Numeric(10, 2),),
    ValueKind.JSON: (postgresql.JSONB(),),
    ValueKind.UUID: (postgresql.UUID(),),
    ValueKind.TEXT: (types.Enum("a", "b"), types.Text()),
    ValueKind.DATE: (types.Date(),),
    ValueKind.TIME: (types.Time(),),
    ValueKind.DATETIME: (types.DateTime(),),
    ValueKind.INSTANT: (types.DateTime(timezone=True),),
    ValueKind.BINARY: (postgresql.BYTEA(), types.VARBINARY(9), mysql.LONGBLOB()),
    None: (types.Interval(), postgresql.INTERVAL(), postgresql.ARRAY(types.Integer), postgresql.INET()),
}


def test_kinds() -> None:
    assert {kind: {kind_of(found) for found in some} for kind, some in KINDS.items()} == {
        k: {k} for k in KINDS
    }
    assert kind_of(types.NullType()) is None


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (ValueKind.BOOLEAN, True, "true"),
        (ValueKind.BOOLEAN, 0, "false"),
        (ValueKind.INTEGER, 9007199254740993, "9007199254740993"),
        (ValueKind.DECIMAL, Decimal("1E-20"), "0.00000000000000000001"),
        (ValueKind.DECIMAL, Decimal("1.10"), "1.10"),
        (ValueKind.DECIMAL, Decimal("NaN"), "NaN"),
        (ValueKind.TEXT, "é", "é"),
        (ValueKind.TEXT, "é".encode(), "é"),
        (ValueKind.BINARY, b"\0\xff", "AP8="),
        (ValueKind.BINARY, memoryview(b"\0\xff"), "AP8="),
        (ValueKind.DATE, date(2024, 2, 29), "2024-02-29"),
        (ValueKind.DATETIME, datetime(2024, 10, 27, 2, 30, tzinfo=UTC).replace(tzinfo=None), "2024-10-27 02:30:00"),
        (ValueKind.INSTANT, datetime(2024, 10, 27, 2, 30, tzinfo=AMSTERDAM), "2024-10-27 00:30:00+00:00"),
        (ValueKind.TIME, time(10, 0, 0, 500000), "10:00:00.500000"),
        (ValueKind.UUID, UUID, str(UUID)),
        (ValueKind.TEXT, None, None),
    ],
)  # fmt: skip
def test_exact_texts(kind: ValueKind, value: Any, text: str | None) -> None:
    batch = ArrowRows("w", 1000).batch("t", {"c": kind}, ["c"], [(value,)])
    assert batch.to_pylist() == [{"c": text}]


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (ValueKind.DECIMAL, 0.1, "as float, which may not be exact"),
        (ValueKind.TIME, timedelta(hours=30), "as timedelta, which may not be exact"),
        (ValueKind.JSON, {"secret": 1}, "as dict, which may not be exact"),
        (ValueKind.TEXT, b"secret\xff", "is not UTF-8"),
        (ValueKind.TEXT, "secret" * 9, "has 54 bytes, more than the limit"),
        (ValueKind.TEXT, TOO_LARGE, "has more than the limit"),
        (ValueKind.BINARY, TOO_LARGE.encode(), "has more than the limit"),
    ],
)
def test_an_inexact_value_is_reported_without_the_value(kind: ValueKind, value: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"w\.t\.c .*{words}") as caught:
        ArrowRows("w", 50).batch("t", {"c": kind}, ["c"], [(value,)])
    assert "secret" not in str(caught.value)


def test_where_a_cell_is_measured_in_the_database() -> None:
    text, blob, choice = types.Text(), types.LargeBinary(), types.Enum("a")
    pg, lite = postgresql.dialect(), sqlite.dialect()
    assert "octet_length(x) > 9 THEN '[afschrift" in with_limit(text, ValueKind.TEXT, "x", pg, 9)
    assert f"CAST('{TOO_LARGE}' AS BYTEA)" in with_limit(blob, ValueKind.BINARY, "x", pg, 9)
    assert f"CAST('{TOO_LARGE}' AS BINARY)" in with_limit(blob, ValueKind.BINARY, "x", mysql.dialect(), 9)
    assert with_limit(text, ValueKind.TEXT, "x", lite, 9) == "x"
    assert with_limit(choice, ValueKind.TEXT, "x", pg, 9) == "x"
    assert with_limit(types.Integer(), ValueKind.INTEGER, "x", pg, 9) == "x"


def dialect(url: str, schema: str | None = None) -> AlchemyDialect:
    return AlchemyDialect("w", create_engine(url).dialect, schema)


@pytest.mark.parametrize(
    ("url", "quoted"),
    [
        ("postgresql+psycopg://", '"a""b%.`{c}"'),
        ("mysql+pymysql://", '`a"b%.``{c}`'),
        ("sqlite://", '"a""b%.`{c}"'),
    ],
)
def test_names_are_quoted_as_the_database_does(url: str, quoted: str) -> None:
    assert dialect(url).quote('a"b%.`{c}') == quoted
    assert dialect(url).text(quoted).startswith(f"CAST({quoted} AS ")


def test_literals_that_some_databases_read_differently() -> None:
    with pytest.raises(ConfigurationError, match="holds a backslash"):
        dialect("mysql+pymysql://").literal("a\\")
    made = dialect("sqlite://")
    made.kinds = {"DATETIME": ValueKind.DATETIME, "TIMESTAMP WITH TIME ZONE": ValueKind.INSTANT}
    with pytest.raises(ConfigurationError, match="follow the clock of Europe/Amsterdam"):
        made.instant("t.c", "DATETIME", "Europe/Amsterdam")
    assert made.instant("t.c", "DATETIME", None) == "afschrift_utc(t.c, 'UTC')"
    made = dialect("postgresql+psycopg://")
    made.kinds = {"TIMESTAMP WITH TIME ZONE": ValueKind.INSTANT}
    assert made.instant("t.c", "TIMESTAMP WITH TIME ZONE", "Europe/Amsterdam") == "t.c"


@pytest.mark.parametrize(("url", "hides"), [("postgresql+psycopg://", False), ("mysql+pymysql://", True)])
def test_which_catalogues_lack_what_the_account_may_not_read(url: str, hides: bool) -> None:
    assert dialect(url).hides_tables is hides


def test_options_that_a_source_needs_to_open() -> None:
    def made(**options: object) -> Source:
        return open_source("w", "sqlalchemy", dict(options), connection="w", connect=at("x://h/d"))

    with pytest.raises(ConfigurationError, match="no option `driver`"):
        made()
    with pytest.raises(ConfigurationError, match="a driver that is not installed"):
        made(driver="nosuchdatabase")
    with pytest.raises(ConfigurationError, match="does not say how its database gives one snapshot"):
        made(driver="sqlite")
    unnamed = open_source("w", "sqlalchemy", {"driver": "postgresql+psycopg"})
    with pytest.raises(ConfigurationError, match="names no connection"), unnamed:
        pass


def test_sqlite_gives_an_event_at_the_end_of_a_key_to_its_next_holder(tmp_path: Path) -> None:
    """Its times are texts, with fractions of a second in the one and without in the other."""
    moments = (
        "2024-06-30 23:59:59",
        "2024-07-01 00:00:00",
        "2024-07-01T00:00:00.000",
        "2024-07-01 00:00:00.001",
    )
    with sqlite3.connect(tmp_path / "shop.sqlite") as con:
        con.execute("CREATE TABLE event (id INTEGER, moment TIMESTAMP)")
        con.executemany("INSERT INTO event VALUES (?, ?)", enumerate(moments))
    options = {"driver": "sqlite", "isolation": "SERIALIZABLE"}
    connect = at(f"sqlite:///{tmp_path / 'shop.sqlite'}")
    with open_source("w", "sqlalchemy", options, connection="w", connect=connect, tag="R-7") as session:
        moment = session.dialect.instant("t.moment", session.catalogue()["event"]["moment"].native, None)
        session.bind([Key("dev", "D", "2024-01-01T00:00:00Z", "2024-07-01T00:00:00Z")], AT)
        within = f"{moment} >= k.valid_from AND {moment} < k.valid_to"
        found = session.rows(f"SELECT t.id FROM event AS t, {session.dialect.keys} AS k WHERE {within}")
        assert found == [(0,)]
        session.bind([Key("dev", "D", "2024-07-01T00:00:00Z")], AT)
        later = f"SELECT t.id FROM event AS t, {session.dialect.keys} AS k WHERE {moment} >= k.valid_from"
        assert session.rows(later) == [(1,), (2,), (3,)]
