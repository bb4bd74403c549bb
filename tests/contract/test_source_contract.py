"""Every registered source: reads values exactly, in flat memory, and cannot write.

The same logical value has the same value form whatever the warehouse.
"""

import json

import pyarrow as pa
import pytest
from tests.support.data import document
from tests.support.warehouses import DIFFERS, FORMS, LACKS, MAKERS, MANY, UUID, Warehouse

from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.keys import Key
from afschrift.domain.plan import FieldPlan
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.registry import SOURCES, open_source
from afschrift.values.forms import text_batch

AT = "2026-01-01T00:00:00.000000Z"


def test_every_source_has_a_maker_here() -> None:
    assert set(MAKERS) == set(SOURCES)


@pytest.fixture
def source(warehouse: Warehouse) -> Source:
    return warehouse.open()


def test_values_have_the_same_forms_everywhere(source: Source, kind: str) -> None:
    with source as session:
        catalogue = session.catalogue()["awkward"]
        assert list(catalogue) == [name for name in FORMS if name not in LACKS.get(kind, ())]
        quote = session.dialect.quote
        wanted = [
            c.expression.format(column=f"t.{quote(n)}") + f" AS {quote(n)}" for n, c in catalogue.items()
        ]
        relation = session.dialect.relation("awkward")
        batches = list(session.stream(f"SELECT {', '.join(wanted)} FROM {relation} AS t"))
        # some versions of MariaDB write a sign before a zero, others none
        sign_of_zero = str(session.rows("SELECT CAST(-0e0 AS CHAR)")[0][0]) if kind == "mysql" else ""
    fields = [FieldPlan(name, c.kind, Action.INCLUDE, (), "") for name, c in catalogue.items()]
    row = pa.Table.from_batches([text_batch(batch, fields) for batch in batches]).to_pylist()[0]
    forms = {name: DIFFERS.get(kind, {}).get(name, FORMS[name]) for name in catalogue}
    if kind == "mysql":
        forms["zero"] = (ValueKind.NUMBER, sign_of_zero)
    assert {name: (catalogue[name].kind, row[name]) for name in catalogue} == forms
    for name in catalogue:
        if catalogue[name].kind is ValueKind.JSON:
            json.loads(row[name])


def test_batches_are_bounded_and_complete(source: Source) -> None:
    with source as session:
        sizes = [b.num_rows for b in session.stream(f"SELECT * FROM {session.dialect.relation('many')}")]
    assert sum(sizes) == MANY
    assert max(sizes) <= 65_536


WRITING = ("DELETE FROM {many}", "DROP TABLE {many}", "INSERT INTO {many} VALUES (1, 1, '')")


def test_a_source_cannot_write(warehouse: Warehouse) -> None:
    made = () if warehouse.kind in ("delta", "files", "parquet") else ("CREATE TABLE other AS SELECT 1 AS x",)
    # the tables of a lake are its files; DuckDB's own memory is not the source
    for statement in (*WRITING, *made):
        with warehouse.open() as session:
            relation = session.dialect.relation("many")
            with pytest.raises((ConfigurationError, RetriableError)):
                session.rows(statement.format(many=relation))
    with warehouse.open() as session:
        assert session.rows(f"SELECT count(*) FROM {relation}") == [(MANY,)]


def test_keys_are_bound_and_typed(source: Source) -> None:
    with source as session:
        native = session.catalogue()["many"]["owner"].native
        holds = session.dialect.holds_key("t.owner", native)
        statement = f"SELECT count(*) FROM {session.dialect.relation('many')} t WHERE EXISTS (SELECT 1 FROM {session.dialect.keys} k WHERE {holds})"
        for value in ("3", "3 OR 1=1", "' OR 1=1 --", "3.7", "x", "9" * 400):
            session.bind([Key("owner", value)], AT)
            assert session.rows(statement)[0][0] == (MANY // 10 if value == "3" else 0), value
        session.bind([], AT)
        assert session.rows(f"SELECT count(*) FROM {session.dialect.keys} AS k") == [(0,)]


BAD = {
    "sqlite": "SELECT json('secret-value')",
    "mysql": "SELECT EXTRACTVALUE('', '~secret-value')",
}  # statements whose error would quote a value
NATIVES = document(__file__, "native_types.json")
"""How a kind names some types where it does otherwise, and what such a column's value is in a CAST."""


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


def test_many_keys_at_once(source: Source) -> None:
    with source as session:
        holds = session.dialect.holds_key("t.id", session.catalogue()["many"]["id"].native)
        session.bind([Key("id", str(number)) for number in range(0, 24_000, 2)], AT)
        counted = session.rows(
            f"SELECT count(*) FROM {session.dialect.relation('many')} AS t "
            f"WHERE EXISTS (SELECT 1 FROM {session.dialect.keys} AS k WHERE k.name = 'id' AND {holds})"
        )
    assert counted == [(12_000,)]  # with six values each, more than a driver binds in one statement


def test_interval_of_a_key(source: Source) -> None:
    keys = [
        Key("a", "always"),
        Key("a", "past", None, "2025-12-31T23:59:59.000000Z"),
        Key("a", "now", AT, "2026-01-01T00:00:00.000001Z"),
        Key("a", "later", "2026-01-01T00:00:00.000001Z"),
    ]
    with source as session:
        session.bind(keys, AT)
        current = session.rows(
            f"SELECT value FROM {session.dialect.keys} AS k WHERE is_current ORDER BY value"
        )
    assert current == [("always",), ("now",)]


def test_errors_name_the_source_and_no_value(source: Source) -> None:
    with source as session, pytest.raises((ConfigurationError, RetriableError)) as caught:
        session.rows(BAD.get(session.dialect.name, "SELECT CAST('secret-value' AS INTEGER)"))
    assert "Source w " in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("of", "options", "message"),
    [
        ("duckdb", {"path": "/no/such"}, "Source w cannot be opened"),
        ("parquet", {"root": "/no/such"}, "Source w cannot be opened"),
        ("duckdb", {}, "no option `path`"),
        ("files", {"root": "/no/such"}, "Source w cannot be opened"),
        ("parquet", {}, "no option `root`"),
        ("duckdb", {"path": "${NOT_SET_ANYWHERE}/x"}, "NOT_SET_ANYWHERE, which is not set"),
        ("oracle", {}, "choose one of duckdb, files, mysql, parquet, postgres, sqlalchemy, sqlite"),
    ],
)
def test_not_there(of: str, options: dict[str, str], message: str) -> None:
    error = RetriableError if "opened" in message else ConfigurationError
    with pytest.raises(error, match=message), open_source("w", of, options):
        pass
