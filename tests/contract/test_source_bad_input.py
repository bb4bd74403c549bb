"""Every registered source: what is wrong in a warehouse ends in the right rows or in one clear error.

An error names the table or the column, and never holds a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.spoilt import EMPTY, SPELLINGS, Run, Spelling
from tests.support.warehouses import SERVERS, Warehouse
from tests.unit.sources.reading import forms, select

from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.sources import Source
from afschrift.sources.registry import SOURCES

KILL = {
    "postgres": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid()",
    "mysql": "BEGIN NOT ATOMIC FOR p IN (SELECT id FROM information_schema.processlist WHERE db = database() "
    "AND id <> connection_id()) DO EXECUTE IMMEDIATE concat('KILL ', p.id); END FOR; END",
}
KILL["sqlalchemy"] = KILL["postgres"]


@dataclass(frozen=True)
class Spoilt:
    """A warehouse of one kind, empty at first."""

    warehouse: Warehouse
    run: Run

    @property
    def kind(self) -> str:
        return self.warehouse.kind

    @property
    def sql(self) -> Spelling:
        return SPELLINGS[self.kind]

    def open(self, **options: Any) -> Source:
        return self.warehouse.open(**options)


@pytest.fixture(params=sorted(SOURCES))
def spoilt(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spoilt]:
    kind = request.param
    server = request.getfixturevalue(SERVERS[kind]) if kind in SERVERS else None
    database = server.create() if server else None
    yield Spoilt(*EMPTY[kind](tmp_path, database))
    if server:
        server.drop(database)


def test_as_many_columns_as_there_can_be(spoilt: Spoilt) -> None:
    """Without a key the rows are in order of the whole row, which takes every column once more."""
    names = [f"c{number}" for number in range(spoilt.sql.columns)]
    columns = ", ".join(f"{name} {spoilt.sql.integer}" for name in names)
    spoilt.run(
        f"CREATE TABLE wide ({columns}){spoilt.sql.after}",
        f"INSERT INTO wide VALUES ({', '.join(str(number) for number in range(len(names)))})",
    )
    with spoilt.open() as session:
        wanted = [c.expression.format(column=f"t.{n}") for n, c in session.catalogue()["wide"].items()]
        assert len(wanted) == len(names)
        order = f"ORDER BY {session.dialect.row_order(wanted)}"
        batches = list(session.stream(f"{select(session, 'wide')}\n{order}"))
    assert [str(value) for value in batches[0].to_pylist()[0].values()] == [
        str(number) for number in range(len(names))
    ]


@pytest.mark.parametrize("column", ["note", "file"])
def test_a_cell_that_is_too_large_is_named(spoilt: Spoilt, column: str) -> None:
    spoilt.run(
        f"CREATE TABLE upload (id INTEGER, note {spoilt.sql.text}, file {spoilt.sql.blob})",
        f"INSERT INTO upload VALUES (1, '{'é' * 700_000}', {spoilt.sql.large_blob})",  # 1.4 MB in UTF-8
    )
    with (
        spoilt.open(cell_limit=1) as session,
        pytest.raises(ConfigurationError, match=rf"w\.\S*upload\.{column} has .*limit.*`cell_limit`"),
    ):
        forms(session, "upload", [column])
    with spoilt.open() as session:
        assert len(forms(session, "upload", [column])[0][column]) > 690_000


def test_names_with_quotes_dots_and_braces(spoilt: Spoilt) -> None:
    spoilt.run(
        'CREATE TABLE "a.b""c\'{d}" ("x\'y""z{0}%" INTEGER, "select" VARCHAR(9))',
        'INSERT INTO "a.b""c\'{d}" VALUES (1, \'v\')',
    )
    with spoilt.open() as session:
        assert forms(session, "a.b\"c'{d}") == [{"x'y\"z{0}%": "1", "select": "v"}]


def test_a_view_that_fails_in_the_middle_is_named(spoilt: Spoilt) -> None:
    if spoilt.kind == "parquet":
        pytest.skip("a lake has no views")
    rows = "), (".join(["'1'"] * 1000)
    spoilt.run(
        "CREATE TABLE source (s VARCHAR(40))",
        *[f"INSERT INTO source VALUES ({rows})"] * 20,
        "INSERT INTO source VALUES ('secret-word')",
        f"CREATE VIEW broken AS SELECT {spoilt.sql.unreadable} AS x FROM source",
    )
    with spoilt.open() as session, pytest.raises((ConfigurationError, RetriableError)) as caught:
        list(session.stream(select(session, "broken")))
    assert "broken" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_statement_without_end_is_ended(spoilt: Spoilt) -> None:
    rows = "), (".join(str(number) for number in range(1000))
    spoilt.run("CREATE TABLE many (n INTEGER)", *[f"INSERT INTO many VALUES ({rows})"] * 10)
    for read in (lambda session, text: session.rows(text), lambda session, text: list(session.stream(text))):
        with spoilt.open(statement_timeout="200ms") as session:
            many = session.dialect.relation("many")
            few = f"(SELECT n FROM {many} WHERE n < 5)"
            joined = f"{many} AS t\nCROSS JOIN {many} AS u CROSS JOIN {few} AS v"
            statement = f"SELECT count(*)\nFROM {joined} WHERE (t.n * u.n + v.n) % 1009 = 7"
            with pytest.raises(RetriableError, match=r"Reading w\.\S*many took longer .*`statement_timeout`"):
                read(session, statement)


def test_a_type_that_is_not_known_has_no_kind(spoilt: Spoilt) -> None:
    spoilt.run(f"CREATE TABLE odd (a INTEGER, b {spoilt.sql.unknown})")
    with spoilt.open() as session:
        columns = session.catalogue()["odd"]
    assert [c.kind is None for c in columns.values()] == [False, True]
    assert columns["b"].native


def test_connection_lost_while_rows_come(spoilt: Spoilt) -> None:
    if spoilt.kind not in KILL:
        pytest.skip("a file has no connection")
    rows = "), (".join([f"'{'x' * 900}'"] * 1000)
    spoilt.run("CREATE TABLE big (pad VARCHAR(1000))", *[f"INSERT INTO big VALUES ({rows})"] * 60)
    with spoilt.open() as session:
        stream = session.stream(select(session, "big"))
        next(stream)
        spoilt.run(KILL[spoilt.kind])
        with pytest.raises(RetriableError, match=r"w\.\S*big"):
            list(stream)
