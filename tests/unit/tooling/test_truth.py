"""Databases classified by hand: the files are whole, and say the same of each table."""

import re
from pathlib import Path

import pytest
from testbed.truth import read, statements

from afschrift.domain.vocabulary import Origin
from afschrift.inventory.check import fides_categories

FOLDER = Path(__file__).parents[2] / "truth"
DATABASES = {
    "chinook": "chinook/Chinook_PostgreSql.sql",
    "northwind": "northwind/northwind.sql",
    "adventureworks": "adventureworks/adventureworks_postgres.sql",
    "woonstede": "",
}


@pytest.mark.parametrize("database", DATABASES)
def test_each_way_of_the_truth_is_of_tables_and_columns_that_it_knows(database: str) -> None:
    truth = read(FOLDER / f"{database}.yml")
    for name, table in truth.tables.items():
        assert set(table.key) <= set(table.columns), name
        for way in (*table.ways, *table.ways_too):
            for own, end in way:
                other, _, column = end.partition(".")
                assert own in table.columns, f"{name}.{own}"
                assert column in truth.tables[other].columns, end
        assert not (table.role in ("person", "child", "other_people") and not table.ways), name
        for place, column in table.columns.items():
            assert column.origins, place
            assert column.categories <= fides_categories().keys(), place
            assert column.categories or column.origins == {Origin.NOT_PERSONAL}, place


@pytest.mark.parametrize("database", DATABASES)
def test_the_statements_select_what_the_truth_says(database: str) -> None:
    truth = read(FOLDER / f"{database}.yml")
    seen: dict[str, set[str]] = {"access": set(), "portability": set()}
    for statement in statements(FOLDER / f"{database}.sql"):
        if statement.table is None:
            continue
        seen[statement.right].add(statement.table)
        chosen = re.sub(r"\bDISTINCT |\b\w\.", "", statement.sql.partition("FROM")[0].partition("SELECT")[2])
        selected = {name.strip() for name in chosen.split(",")}
        columns = truth.tables[statement.table].columns
        open_to_them = {n: c for n, c in columns.items() if not c.secret}
        whole = statement.right == "access"
        theirs = {n for n, c in open_to_them.items() if c.origin.from_the_person or whole}
        if statement.right == "access":
            assert selected == theirs - {n for n, c in columns.items() if c.origin is Origin.NOT_PERSONAL}
        else:
            numbers = {n for n, c in columns.items() if c.origin is Origin.ASSIGNED}
            assert theirs <= selected <= theirs | numbers, statement.table
    given = {
        n for n, t in truth.tables.items() for c in t.columns.values() if c.origin is not Origin.NOT_PERSONAL
    }
    of_people = {name for name, table in truth.tables.items() if table.ways and name in given}
    assert seen["access"] == of_people - {"suppliers"}  # none of them asks here
    columns_of = {name: truth.tables[name].columns.values() for name in seen["access"]}
    portable = {
        n for n, of in columns_of.items() if any(c.origin.from_the_person and not c.secret for c in of)
    }
    assert seen["portability"] == portable


@pytest.mark.parametrize("database", DATABASES)
def test_every_column_of_the_database_is_classified(database: str, request: pytest.FixtureRequest) -> None:
    script = FOLDER / "data" / f"{database}.sql"
    if DATABASES[database]:
        script = request.getfixturevalue("shared_data") / DATABASES[database]
    if not script.exists():
        pytest.skip(f"{script.name} is not at hand")
    truth = read(FOLDER / f"{database}.yml")
    there: dict[str, set[str]] = {}
    table = ""
    for line in script.read_text(encoding="utf-8").splitlines():
        if created := re.match(r'CREATE TABLE "?(\w+)"?', line):
            table = created[1]
        elif line.startswith(")"):
            table = ""
        elif table and (column := re.match(r' +(?!CONSTRAINT|PRIMARY|FOREIGN)"?(\w+)"? ', line)):
            there.setdefault(table, set()).add(column[1])
    views = FOLDER / "data" / f"{database}_views.sql"
    view = re.compile(r"^CREATE VIEW (\w+) AS SELECT (.+) FROM", re.MULTILINE)
    for name, columns in view.findall(views.read_text(encoding="utf-8") if views.exists() else ""):
        there[name] = set(columns.split(", "))
    assert {name: set(table.columns) for name, table in truth.tables.items()} == there
