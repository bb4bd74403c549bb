"""Whatever a database calls its tables and columns, the draft is YAML that loads."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from testbed.mini import write_inventory
from tests.support.scanned import made

from afschrift.inventory.load import load
from afschrift.wiring.scan_source import Asked, scan_source

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters='"'),
    min_size=1,
    max_size=9,
) | st.sampled_from(
    ["yes", "null", "1", "a.b", "a: b", "# x", "- y", "{z}", "select", "*", "&a", "!t", "'q'", "é"]
)


def quoted(name: str) -> str:
    return f'"{name}"'


@given(st.lists(NAMES, min_size=6, max_size=6, unique_by=str.casefold))
def test_a_draft_of_any_names_loads(names: list[str]) -> None:
    people, child, thing, key, pointer, plain = (
        f"t{n}" if n.casefold().startswith("sqlite_") else n for n in names
    )
    statements = f"""
    CREATE TABLE {quoted(people)} ({quoted(key)} INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT,
      {quoted(plain)} TEXT);
    CREATE TABLE {quoted(child)} ({quoted(pointer)} INTEGER REFERENCES {quoted(people)} ({quoted(key)}),
      {quoted(plain)} INTEGER REFERENCES {quoted(thing)} ({quoted(key)}));
    CREATE TABLE {quoted(thing)} ({quoted(key)} INTEGER PRIMARY KEY);
    CREATE VIEW "the view" AS SELECT {quoted(plain)} FROM {quoted(people)};
    INSERT INTO {quoted(people)} VALUES (1, 'Ann', 'Bos', 'a', 'b');
    """
    with tempfile.TemporaryDirectory() as place:
        folder = write_inventory(Path(place) / "map")
        path = made(Path(place) / "w.db", statements)
        asked = Asked(kind="sqlite", options={"path": str(path)}, name="any", out=folder / "any.yml")
        scan_source(asked, lambda _: None)
        tables = load(folder).sources["any"].tables
    assert set(tables) == {people, child, thing, "the view"}
    assert list(tables[people].columns) == [key, "first_name", "last_name", "email", plain]


def test_a_key_of_the_project_is_taken_for_the_same_number_once_a_person_said_so(tmp_path: Path) -> None:
    """The people of another system may be counted anew: 2 is Bob here, and Ann there."""
    folder = write_inventory(tmp_path / "map")
    statements = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE);
    CREATE TABLE note (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers, body TEXT);
    CREATE TABLE lead (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE);
    INSERT INTO customers VALUES (2, 'Ann', 'Bos', 'ann@example.org');
    INSERT INTO lead VALUES (1, 'Cas', 'Dam', 'cas@example.org');
    """
    asked = Asked(
        kind="sqlite",
        options={"path": str(made(tmp_path / "crm.db", statements))},
        out=folder / "crm.yml",
        persons=("customers", "lead"),
    )
    assert "LOOK customer_id is a key of identity.yml already" in scan_source(asked, lambda _: None).text
    tables = load(folder).sources["crm"].tables
    assert {name for name, table in tables.items() if table.ways} == {"customers", "note"}
    visit = "CREATE TABLE visit (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers)"
    made(tmp_path / "crm.db", visit)
    scan_source(asked, lambda _: None)
    assert load(folder).sources["crm"].tables["visit"].ways == "guessed"
    before = (folder / "crm.yml").read_text()
    (folder / "crm.yml").write_text(before.replace("    ways: guessed\n", ""))
    scan_source(asked, lambda _: None)  # the person has said so
    assert not any(table.ways for table in load(folder).sources["crm"].tables.values())
