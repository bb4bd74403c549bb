"""Every registered source: reads values exactly, in flat memory, and cannot write.

The same logical value has the same value form whatever the warehouse.
"""

from collections.abc import Callable

import pytest
from tests.support.data import document
from tests.support.warehouses import DIFFERS, FORMS, LACKS, MAKERS, MANY, UUID, Warehouse

from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source
from afschrift.sources.registry import SOURCES, open_source
from afschrift.testing.source_contract import AT, SourceToTest


def test_every_source_has_a_maker_here() -> None:
    assert set(MAKERS) == set(SOURCES)


@pytest.fixture
def source(warehouse: Warehouse) -> Source:
    return warehouse.open()


@pytest.fixture
def source_to_test(warehouse: Warehouse) -> SourceToTest:
    kind = warehouse.kind
    forms = {name: DIFFERS.get(kind, {}).get(name, FORMS[name]) for name in FORMS}
    return SourceToTest(
        warehouse.open,
        MANY,
        {name: form for name, form in forms.items() if name not in LACKS.get(kind, ())},
        fails=BAD.get(kind, SourceToTest.fails),
    )


@pytest.mark.one_of_an_engine("iceberg", "sqlalchemy")
def test_a_source_keeps_the_contract(
    source_check: Callable[[SourceToTest], str], source_to_test: SourceToTest
) -> None:
    assert source_check(source_to_test)


def test_no_table_is_made(warehouse: Warehouse) -> None:
    if warehouse.kind in ("delta", "files", "iceberg", "parquet"):
        return  # the tables of a lake are its files; DuckDB's own memory is not the source
    with warehouse.open() as session, pytest.raises((ConfigurationError, RetriableError)):
        session.rows("CREATE TABLE other AS SELECT 1 AS x")


BAD = {
    "sqlite": "SELECT json('secret-value')",
    "mysql": "SELECT EXTRACTVALUE('', '~secret-value')",
}  # statements whose error would quote a value
NATIVES = document(__file__, "native_types.json")
"""How a kind names some types where it does otherwise, and what such a column's value is in a CAST."""


@pytest.mark.one_of_an_engine
@pytest.mark.parametrize("native", NATIVES["natives"]["postgres"])
def test_a_key_is_found_whatever_the_type_of_its_column(source: Source, kind: str, native: str) -> None:
    own = NATIVES["natives"].get(kind, {}).get(native, native)
    cast = NATIVES["casts"].get(kind, {}).get(native, own)
    given, stored, others = (
        (UUID.upper(), f"'{UUID.upper()}'", ["x", UUID[:-1]])
        if native == "UUID"
        else ("46", "46", ["46.4", "47", "4 6", "046x", "", "NaN", "1e400", "9" * 500])
    )
    with source as session:
        session.catalogue()
        holds = session.dialect.holds_key("t.c", own)
        statement = f"SELECT count(*) FROM (SELECT CAST({stored} AS {cast}) AS c) t, {session.dialect.keys} k WHERE {holds}"
        for value, rows in [(given, 1), *((other, 0) for other in others)]:
            session.bind([Key("c", value)], AT)
            assert session.rows(statement)[0][0] == rows, value
        text = session.dialect.key_text("t.c", own)
        found = session.rows(f"SELECT {text} FROM (SELECT CAST({stored} AS {cast}) AS c) t")
    assert found == [(UUID if native == "UUID" else "46",)]


@pytest.mark.parametrize(
    ("of", "options", "message"),
    [
        ("duckdb", {"path": "/no/such"}, "Source w cannot be opened"),
        ("parquet", {"root": "/no/such"}, "Source w cannot be opened"),
        ("duckdb", {}, "no option `path`"),
        ("files", {"root": "/no/such"}, "Source w cannot be opened"),
        ("parquet", {}, "no option `root`"),
        ("duckdb", {"path": "${NOT_SET_ANYWHERE}/x"}, "NOT_SET_ANYWHERE, which is not set"),
        ("oracle", {}, "choose one of .*postgres, sqlalchemy, sqlite"),
    ],
)
def test_not_there(of: str, options: dict[str, str], message: str) -> None:
    error = RetriableError if "opened" in message else ConfigurationError
    with pytest.raises(error, match=message), open_source("w", of, options):
        pass
