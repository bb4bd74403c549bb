"""Whatever a database calls its tables and columns, the draft is YAML that loads."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from testbed.mini import write_inventory
from tests.support.scanned import made

from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.datamap.scan.scan_source import Asked, scan_source
from afschrift.inventory.load import load
from afschrift.inventory.unconfirmed import resting_on_guesses

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


def test_project_key_is_reused_once_a_person_confirmed_it(tmp_path: Path) -> None:
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
    text = scan_source(asked, lambda _: None).text
    assert text.count("LOOK customer_id is a key of identity.yml already") == 1
    assert waiting(folder) == {"customers": True, "note": False}, "one question, at the table of people"
    visit = "CREATE TABLE visit (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers)"
    made(tmp_path / "crm.db", visit)
    scan_source(asked, lambda _: None)
    assert waiting(folder) == {"customers": True, "note": False, "visit": False}
    before = (folder / "crm.yml").read_text()
    (folder / "crm.yml").write_text(before.replace("    ways: guessed\n", ""))
    scan_source(asked, lambda _: None)  # the person has said so
    assert waiting(folder) == {}


def waiting(folder: Path) -> dict[str, bool]:
    """Table that leads to no person until a way is confirmed -> whether it is asked about itself."""
    tables = load(folder).sources["crm"].tables
    return {name: tables[name].ways is not None for name in sorted(resting_on_guesses(tables))}


CRM = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE);
CREATE TABLE note (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers, body TEXT);
CREATE TABLE line (id INTEGER PRIMARY KEY, note_id INTEGER NOT NULL REFERENCES note, body TEXT);
CREATE TABLE call (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, body TEXT);
INSERT INTO customers VALUES (2, 'Ann', 'Bos', 'ann@example.org');
INSERT INTO call VALUES (1, 2, 'hello');
"""


def test_answer_about_a_person_key_covers_its_foreign_keys(tmp_path: Path) -> None:
    folder = write_inventory(tmp_path / "map")
    database = made(tmp_path / "crm.db", CRM)
    asked = Asked(
        kind="sqlite", options={"path": str(database)}, out=folder / "crm.yml", persons=("customers",)
    )
    scan_source(asked, lambda _: None)
    assert waiting(folder) == {"call": True, "customers": True, "line": False, "note": False}
    review = Review(folder)
    ways = {question.name: question for question in review.waiting() if "ways" in question.proposed}
    assert set(ways) == {"customers", "call"}, "no foreign key says so of `call`"
    assert [place.path for place in ways["customers"].takers] == ["crm.note"]
    assert not [question for question in review.waiting() if not question.is_table], "no column counts before"
    asks_of = Answer("anna", date(2026, 11, 28), "The shop gives both systems one number.", None)
    review.confirm(ways["customers"], asks_of)
    assert waiting(folder) == {"call": True}
    asked_now = {place.table for question in review.waiting() for place in question.places if place.column}
    assert asked_now == {"customers", "note", "line"}


def test_where_the_file_asks_nothing_about_the_people_each_table_asks(tmp_path: Path) -> None:
    """The people have another hand-written key: no question there is about `customer_id`."""
    folder = write_inventory(tmp_path / "map")
    database = made(tmp_path / "crm.db", CRM.partition("CREATE TABLE note")[0])
    asked = Asked(
        kind="sqlite", options={"path": str(database)}, out=folder / "crm.yml", persons=("customers",)
    )
    scan_source(asked, lambda _: None)
    written = (folder / "crm.yml").read_text()
    start, end = written.index("    subject:"), written.index("    key:")
    (folder / "crm.yml").write_text(f"{written[:start]}    subject: {{email: email}}\n{written[end:]}")
    made(database, CRM.partition("email TEXT UNIQUE);")[2])
    scan_source(asked, lambda _: None)
    assert waiting(folder) == {"call": True, "line": False, "note": True}
