"""Every registered source: what is wrong in a warehouse ends in the right rows or in one clear error.

An error names the table or the column, and never holds a value.
"""

from __future__ import annotations

import pytest
from tests.support.spoilt import Empty
from tests.unit.sources.reading import forms, select

from afschrift.domain.errors import ConfigurationError, RetriableError

KILL = {
    "postgres": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid()",
    "mysql": "BEGIN NOT ATOMIC FOR p IN (SELECT id FROM information_schema.processlist WHERE db = database() "
    "AND id <> connection_id()) DO EXECUTE IMMEDIATE concat('KILL ', p.id); END FOR; END",
}
KILL["sqlalchemy"] = KILL["postgres"]


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
    if empty.kind == "parquet":
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


def test_a_statement_without_end_is_ended(empty: Empty) -> None:
    rows = "), (".join(str(number) for number in range(1000))
    empty.run("CREATE TABLE many (n INTEGER)", *[f"INSERT INTO many VALUES ({rows})"] * 10)
    for read in (lambda session, text: session.rows(text), lambda session, text: list(session.stream(text))):
        with empty.open(statement_timeout="200ms") as session:
            many = session.dialect.relation("many")
            few = f"(SELECT n FROM {many} WHERE n < 5)"
            joined = f"{many} AS t\nCROSS JOIN {many} AS u CROSS JOIN {few} AS v"
            statement = f"SELECT count(*)\nFROM {joined} WHERE (t.n * u.n + v.n) % 1009 = 7"
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
