from pathlib import Path

import duckdb
import pytest
from demo.people import AWKWARD

from afschrift.domain.vocabulary import BASES, CONSENT, SPECIAL_CONDITIONS, Origin
from afschrift.inventory.base import fides_categories
from afschrift.inventory.column import Column
from afschrift.inventory.load import load
from afschrift.inventory.table import Table
from afschrift.inventory.unconfirmed import progress

FOLDER = Path(__file__).parents[3] / "include" / "inventory"
CATEGORIES = fides_categories()
ORIGINS_BY_ROW = {"customer": Origin.PROVIDED, "agent": Origin.ASSIGNED, "bot": Origin.INFERRED}


SOURCES = load(FOLDER).sources
COLUMNS = [
    (source, table, name)
    for source, declared in SOURCES.items()
    for table, content in declared.tables.items()
    for name in content.columns
]


def find(source: str, table: str, name: str) -> tuple[Table, Column]:
    declared = SOURCES[source].tables[table]
    return declared, declared.columns[name]


def test_no_other_file_and_the_loader_takes_them() -> None:
    names = ("shop", "app", "identity", "controller", "policy")
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.yml" for name in names}
    inventory = load(FOLDER)
    assert set(inventory.sources) == {"shop", "app"}
    assert inventory.identity.person == "customer_id"


def test_every_column_is_in_map_and_database(demo_rows: duckdb.DuckDBPyConnection) -> None:
    held = demo_rows.execute(
        "SELECT database_name, table_name, column_name FROM duckdb_columns() "
        "WHERE NOT internal AND database_name IN ('shop', 'app')"
    ).fetchall()
    assert set(held) == {(s, SOURCES[s].in_source(t), c) for s, t, c in COLUMNS}


def test_declared_keys_tell_rows_apart(demo_rows: duckdb.DuckDBPyConnection) -> None:
    without = set()
    for source, declared in SOURCES.items():
        for name, table in declared.tables.items():
            place = f"app.{name}" if source == "app" else declared.in_source(name)
            if not table.key:
                without.add(place)
                continue
            key = ", ".join(f'"{column}"' for column in table.key)
            twice = demo_rows.execute(
                f"SELECT count(*) FROM (SELECT {key} FROM {place} GROUP BY ALL HAVING count(*) > 1)"
            )
            assert twice.fetchall() == [(0,)], place
    assert without == {"page_view", "app.app_event"}


def test_every_column_is_classified_titled_and_decided_on() -> None:
    assert progress(load(FOLDER))[1] == []
    for source, table, name in COLUMNS:
        declared, column = find(source, table, name)
        decided, place = column.decided or declared.decided, (source, table, name)
        assert declared.title and decided and decided.why, place
        assert column.category in CATEGORIES and column.origin != "mixed", place
        if declared.personal:
            purposes = declared.purposes if column.purposes is None else column.purposes
            assert column.title and purposes and set(purposes) <= set(SOURCES[source].purposes), place
        else:
            assert column.origin is Origin.NOT_PERSONAL and not declared.subject and not declared.join, place
        assert column.origin not in (Origin.DERIVED, Origin.INFERRED) or column.meaning, place
        assert column.about != "third_party" or column.third_party, place


@pytest.mark.parametrize("source", SOURCES)
def test_purposes_have_the_bases_they_need(source: str) -> None:
    for name, purpose in SOURCES[source].purposes.items():
        assert purpose.basis in BASES
        assert purpose.special is None or purpose.special in SPECIAL_CONDITIONS
        assert bool({purpose.basis, purpose.special} & CONSENT) == (purpose.consent is not None), name
        assert purpose.retention, name


def test_consents_of_the_inventory_are_in_the_data(demo_rows: duckdb.DuckDBPyConnection) -> None:
    for source in SOURCES.values():
        for purpose in source.purposes.values():
            if purpose.consent:
                table = purpose.consent.table.removeprefix("shop.")
                found = demo_rows.execute(
                    f"SELECT count(*) FROM {table} WHERE {purpose.consent.column} = $v",
                    {"v": purpose.consent.value},
                )
                assert found.fetchall()[0][0] > 0


def test_codes_explain_every_code_in_the_data(demo_rows: duckdb.DuckDBPyConnection) -> None:
    coded = 0
    for source, table, name in COLUMNS:
        _, column = find(source, table, name)
        if column.codes or column.ranges:
            coded += 1
            place = f"app.{table}" if source == "app" else table
            found = demo_rows.execute(
                f'SELECT DISTINCT CAST("{name}" AS VARCHAR) FROM {place} WHERE "{name}" IS NOT NULL'
                + (" AND device_id <> $awkward" if source == "app" else ""),
                {"awkward": AWKWARD.pairings[0].device_id} if source == "app" else {},
            )
            values = ["NaN" if value == "nan" else value for (value,) in found.fetchall()]  # as value forms
            assert [value for value in values if not column.meaning_of(value)] == [], (place, name)
    assert coded > 12


def test_rows_of_the_help_desk_have_an_author_that_the_inventory_names(
    demo_rows: duckdb.DuckDBPyConnection,
) -> None:
    origin = SOURCES["shop"].tables["ticket_message"].origin
    assert origin
    assert origin.by == "author_type"
    assert origin.otherwise == "block"
    assert origin.values == ORIGINS_BY_ROW
    found = demo_rows.execute("SELECT DISTINCT author_type FROM ticket_message").fetchall()
    assert {author for (author,) in found} == set(ORIGINS_BY_ROW)


def test_lake_rows_carry_their_own_time() -> None:
    for table in SOURCES["app"].tables.values():
        assert table.subject["device_id"].at in table.columns
