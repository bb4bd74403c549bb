"""Whatever a database calls its tables and columns, the draft is YAML that loads."""

import sqlite3
import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from testbed.mini import write_database, write_inventory
from tests.support.scanned import made

from afschrift.datamap.review.map_files import read_files
from afschrift.datamap.review.offered import must_say_enough, no_to
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.datamap.scan.scan_source import Asked, Scanned, scan_source
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.joins import leads_to_person
from afschrift.inventory.layers import layered
from afschrift.inventory.load import load
from afschrift.inventory.unconfirmed import resting_on_guesses

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters='"'),
    min_size=1,
    max_size=9,
) | st.sampled_from(
    ["yes", "null", "1", "a.b", "a: b", "# x", "- y", "{z}", "select", "*", "&a", "!t", "'q'", "é"]
)


def scanned_crm(folder: Path, statements: str, *persons: str) -> Scanned:
    """Run statements on a database, and scan it into the map of a folder."""
    path, out = made(folder / "crm.db", statements), folder / "map" / "crm.yml"
    if not out.parent.exists():
        write_inventory(out.parent)
    asked = Asked(kind="sqlite", options={"path": str(path)}, out=out, persons=persons)
    return scan_source(asked, lambda _: None)


@given(st.lists(NAMES, min_size=6, max_size=6, unique_by=str.casefold))
def test_a_draft_of_any_names_loads(names: list[str]) -> None:
    people, child, thing, key, pointer, plain = (
        f"t{n}" if n.casefold().startswith("sqlite_") else n for n in names
    )
    statements = f"""
    CREATE TABLE "{people}" ("{key}" INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT, "{plain}" TEXT);
    CREATE TABLE "{child}" ("{pointer}" INTEGER REFERENCES "{people}" ("{key}"),
      "{plain}" INTEGER REFERENCES "{thing}" ("{key}"));
    CREATE TABLE "{thing}" ("{key}" INTEGER PRIMARY KEY);
    CREATE VIEW "the view" AS SELECT "{plain}" FROM "{people}";
    INSERT INTO "{people}" VALUES (1, 'Ann', 'Bos', 'a', 'b');
    """
    with tempfile.TemporaryDirectory() as place:
        scanned_crm(Path(place), statements)
        tables = load(Path(place) / "map").sources["crm"].tables
    assert set(tables) == {people, child, thing, "the view"}
    assert list(tables[people].columns) == [key, "first_name", "last_name", "email", plain]
    assert (tables[people].key, tables[child].key) == ((key,), ())


def test_project_key_is_reused_once_a_person_confirmed_it(tmp_path: Path) -> None:
    """The people of another system may be counted anew: 2 is Bob here, and Ann there."""
    folder = tmp_path / "map"
    statements = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE);
    CREATE TABLE note (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers, body TEXT);
    CREATE TABLE lead (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE);
    INSERT INTO customers VALUES (2, 'Ann', 'Bos', 'ann@example.org');
    INSERT INTO lead VALUES (1, 'Cas', 'Dam', 'cas@example.org');
    """
    persons = "customers", "lead"
    text = scanned_crm(tmp_path, statements, *persons).text
    assert text.count("LOOK customer_id is a key of identity.yml already") == 1
    assert text.count("    key: [id]\n") == 3  # a list that fits is written on its line
    assert waiting(folder) == {"customers": True, "note": False}, "one question, at the table of people"
    visit = "CREATE TABLE visit (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers)"
    scanned_crm(tmp_path, visit, *persons)
    assert waiting(folder) == {"customers": True, "note": False, "visit": False}
    before = (folder / "crm.yml").read_text()
    (folder / "crm.yml").write_text(before.replace("    ways: guessed\n", ""))
    scanned_crm(tmp_path, "", *persons)  # the person has said so
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
    folder = tmp_path / "map"
    scanned_crm(tmp_path, CRM, "customers")
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
    folder = tmp_path / "map"
    scanned_crm(tmp_path, CRM.partition("CREATE TABLE note")[0], "customers")
    written = (folder / "crm.yml").read_text()
    start, end = written.index("    subject:"), written.index("    key:")
    (folder / "crm.yml").write_text(f"{written[:start]}    subject: {{email: email}}\n{written[end:]}")
    scanned_crm(tmp_path, CRM.partition("email TEXT UNIQUE);")[2], "customers")
    assert waiting(folder) == {"call": True, "line": False, "note": True}


SHOP = """
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, email TEXT, first_name TEXT, last_name TEXT);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer, placed_at TEXT);
CREATE TABLE letter (nr INTEGER, whom INTEGER, address TEXT, created_at TEXT);
CREATE TABLE page (letter INTEGER, body TEXT, created_at TEXT);
CREATE TABLE employee (employee_id INTEGER PRIMARY KEY, email TEXT, first_name TEXT, last_name TEXT, hired_at TEXT);
CREATE TABLE shift (who INTEGER, address TEXT);
CREATE TABLE stock (shelf INTEGER, city TEXT, created_at TEXT);
INSERT INTO customer VALUES (1, 'a@example.org', 'An', 'Jansen'), (2, 'b@example.org', 'Bo', 'Smit');
INSERT INTO employee VALUES (5, 'c@example.com', 'Cor', 'Bos', '2020-01-01');
INSERT INTO orders VALUES (7, 1, '2026-01-01'), (8, 2, '2026-01-02');
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made(tmp_path / "shop.db", SHOP)
    folder = write_inventory(tmp_path / "map", "source: other\nkind: duckdb\ntables: {}\n")
    (folder / "shop.yml").unlink()
    return folder / "shop.yml"


def scan_lines(file: Path) -> str:
    options = {"path": str(file.parent.parent / "shop.db")}
    asked = Asked(kind="sqlite", options=options, name="shop", out=file)
    return "\n".join(scan_source(asked, lambda _: None).found)


def scan(file: Path) -> dict[str, Any]:
    scan_lines(file)
    found: dict[str, Any] = layered(file, read_files(file.parent)).document.data["tables"]
    return found


def origins(table: dict[str, Any]) -> dict[str, Any]:
    return {name: words.get("origin") for name, words in table["columns"].items()}


def with_ways(file: Path, *, in_braces: bool = True, **ways: dict[str, Any]) -> None:
    """A hand-written way of a table that the scan took for one of no person."""
    draft = yaml.safe_load(file.read_text())
    for table, way in ways.items():
        entry = draft["tables"][table]
        assert entry.pop("ways") == "asked"
        entry.pop("possible", None)
        draft["tables"][table] = {**way, **entry}
    file.write_text(
        yaml.safe_dump(draft, sort_keys=False, width=4000, default_flow_style=None if in_braces else False)
    )


@pytest.mark.parametrize("in_braces", [True, False])
def test_columns_of_a_table_with_a_hand_written_way_are_proposed(file: Path, in_braces: bool) -> None:
    first = scan(file)
    assert set(origins(first["letter"]).values()) | set(origins(first["page"]).values()) == {None}
    ways = {"letter": {"subject": {"customer_id": "whom"}}, "page": {"join": {"letter": "letter.nr"}}}
    with_ways(file, in_braces=in_braces, **ways)
    before = file.read_text()
    again = scan(file)
    assert origins(again["letter"])["address"] == "provided"
    assert origins(again["page"])["created_at"] == "observed"
    for column in again["letter"]["columns"].values():
        assert column["review"] == "needed", "a proposal, and no more"
    address = again["letter"]["columns"]["address"]["proposed"]
    assert "no way leads to a person" in str(first["letter"]["columns"]["address"]["proposed"])
    assert "no way leads to a person" not in str(address), "the reason is that of the origin"
    assert origins(again["stock"]) == origins(first["stock"]), "it has no hand-written way"
    assert again["letter"]["subject"] == {"customer_id": "whom"}
    assert file.read_text() == before, "what people wrote stays"
    load(file.parent)
    files = read_files(file.parent)
    scan(file)
    assert read_files(file.parent) == files, "a third scan finds nothing new"


@pytest.mark.parametrize(
    "way", [{"join": {"letter": "stock.shelf"}}, {"subject": {"customer_id": "letter"}, "ways": "guessed"}]
)
def test_way_to_no_person_and_a_guess_propose_nothing(file: Path, way: dict[str, Any]) -> None:
    first = scan(file)
    with_ways(file, page=way)
    assert origins(scan(file)["page"]) == origins(first["page"])


def test_what_leads_to_other_people_is_about_others(file: Path) -> None:
    first = scan(file)
    assert first["employee"]["subject"] == {"employee_id": "employee_id"}
    with_ways(file, shift={"subject": {"employee_id": "who"}}, letter={"subject": {"customer_id": "whom"}})
    again = scan(file)
    assert again["shift"]["columns"]["address"]["about"] == "third_party"
    assert "about" not in again["letter"]["columns"]["address"]


def test_second_scan_counts_what_is_new_as_left_to_decide(file: Path) -> None:
    first = scan_lines(file)
    assert "No way leads to 4 tables" in first
    with closing(sqlite3.connect(file.parent.parent / "shop.db")) as con:
        con.executescript("ALTER TABLE customer ADD COLUMN music TEXT; CREATE TABLE shelf (city TEXT);")
    second = scan_lines(file)
    assert "No way leads to 1 table, and" in second
    assert "not personal: shelf." in second
    assert "New columns: 0 proposed, 2 open." in second


ROWS = 30


def tables(
    folder: Path, columns: str, values: str, *, samples: bool = True, name: str = "thing"
) -> dict[str, Any]:
    """The draft of a table to which rows of people point; `values` may say `{n}`, its number."""
    rows = ", ".join(f"({n}, {values.format(n=n)})" for n in range(ROWS))
    statements = f"""
    CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE);
    CREATE TABLE {name} (thing_id INTEGER PRIMARY KEY, {columns});
    CREATE TABLE bought (bought_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer,
      thing_id INTEGER REFERENCES {name});
    INSERT INTO customer VALUES (1, 'Ann', 'Bos', 'ann@example.org');
    INSERT INTO {name} VALUES {rows};
    INSERT INTO bought VALUES (1, 1, 1);
    """
    path = made(folder / "shop.db", statements)
    asked = Asked(
        kind="sqlite", options={"path": str(path)}, samples=samples, out=folder / "x.yml", dry_run=True
    )
    found: dict[str, Any] = yaml.safe_load(scan_source(asked, lambda _: None).text)["tables"]
    return found


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        ("code TEXT, name TEXT", "name"),
        ("omschrijving TEXT, naam TEXT", "naam"),
        ("image_name TEXT, titel TEXT", "titel"),
        ("sku TEXT, thing_name TEXT", "thing_name"),
        ("sku TEXT, thing TEXT", "thing"),
        ("sku TEXT, beschrijving TEXT", "beschrijving"),
        ("phone TEXT, company_name TEXT", "company_name"),
        ("file_name TEXT, host_name TEXT", None),
        ("sku TEXT, price INTEGER", None),
        ("sku TEXT, name INTEGER", None),
    ],
)
def test_by_what_a_name_means(columns: str, label: str | None, tmp_path: Path) -> None:
    found = tables(tmp_path, columns, "'a {n}', 'b {n}'")
    assert found["thing"].get("label") == label
    assert "label" not in found["customer"], "the person's own name says nothing more than their number"
    assert "label" not in found["bought"], "nothing points to it"


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ("'{n}', 'Red {n}'", "name"),
        ("'Red {n}', 'the same'", "title"),  # few values do not distinguish rows
        ("'Red {n}', '" + "a long story " * 9 + "{n}'", "title"),
        ("'one', 'two'", None),
        ("NULL, NULL", "name"),  # no value says otherwise
    ],
)
def test_repeated_values_are_no_label(values: str, label: str | None, tmp_path: Path) -> None:
    assert tables(tmp_path, "title TEXT, name TEXT", values)["thing"].get("label") == label


def test_without_looking_at_values_the_name_decides(tmp_path: Path) -> None:
    found = tables(tmp_path, "title TEXT, name TEXT", "'one', 'two'", samples=False)
    assert found["thing"]["label"] == "name"
    assert found["thing"]["columns"]["name"]["review"] == "needed", "no answer uses it unseen"


def test_second_scan_of_a_table_without_columns(file: Path) -> None:
    scan_lines(file)
    written = yaml.safe_load(file.read_text())
    written["tables"]["stock"]["columns"] = None
    file.write_text(yaml.safe_dump(written, sort_keys=False))
    assert "New columns: " in scan_lines(file)


PATIENTS = """
CREATE TABLE patient (patient_no TEXT PRIMARY KEY, first_name TEXT, last_name TEXT, born_on DATE);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO patient SELECT printf('%08x-1111-4222-8333-444455556666', i), 'Jan', 'Smit', '1980-01-01' FROM n;
"""
LAKE = """
CREATE TABLE visit (v INTEGER PRIMARY KEY, w TEXT);
CREATE TABLE part (p INTEGER PRIMARY KEY, v INTEGER REFERENCES visit, x TEXT);
CREATE TABLE codes (k INTEGER PRIMARY KEY, x TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
INSERT INTO visit SELECT 90000 + 7 * i, printf('%08x-1111-4222-8333-444455556666', i % 22 + 1) FROM n;
INSERT INTO part SELECT v + 1, v, 'cold' FROM visit;
INSERT INTO codes VALUES (1, 'cold'), (2, 'warm'), (3, 'mild');
CREATE TABLE guest (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE);
INSERT INTO guest VALUES (5001, 'Ann', 'Bos', 'ann@example.org'), (7002, 'Bob', 'Dam', 'bob@example.org');
"""


@pytest.mark.parametrize("there", [True, False])
def test_keys_of_people_of_another_source_are_found(
    tmp_path: Path, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    scanned_crm(tmp_path, PATIENTS)
    folder = tmp_path / "map"
    if not there:
        (tmp_path / "crm.db").unlink()
    asked = Asked(
        kind="sqlite", options={"path": str(made(tmp_path / "lake.db", LAKE))}, out=folder / "lake.yml"
    )
    scanned = scan_source(asked, lambda _: None)
    found = yaml.safe_load(scanned.text)["tables"]
    if not there:
        assert any("Nothing was compared with crm.patient.patient_no" in line for line in scanned.found)
        assert found["visit"]["ways"] == found["codes"]["ways"] == "asked", "nothing says that it is no one's"
        return
    evidence = "60 of 60 values are in crm.patient.patient_no; 22 of its 40 values, each in 2 to 3 rows"
    assert found["visit"]["possible"] == [{"subject": {"patient_no": "w"}, "because": evidence}]
    assert found["part"]["possible"][0]["join"] == {"v": "visit.v"}
    assert found["codes"]["personal"] is False, "it was compared with both kinds of people"
    load(folder)


SUBSCRIBERS = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE);
CREATE TABLE subscribers (nr INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT);
CREATE TABLE opened (id INTEGER PRIMARY KEY, nr INTEGER NOT NULL REFERENCES subscribers, mailing TEXT);
INSERT INTO customers VALUES (2, 'Ann', 'Bos', 'ann@example.org'), (3, 'Cas', 'Dam', 'cas@example.org');
INSERT INTO subscribers VALUES (7, 'Ann', 'Bos', '{shared}'), (8, 'Eva', 'Fen', 'eva@example.org');
INSERT INTO opened VALUES (1, 7, 'spring');
"""


@pytest.mark.parametrize(
    ("shared", "chosen", "way"),
    [
        ("other@example.org", "", {"subject": ["nr"], "join": []}),
        ("ann@example.org", "email:customers.email", {"subject": [], "join": ["customers.email"]}),
        ("ann@example.org", "nr:subscriber_nr", {"subject": ["nr"], "join": []}),
    ],
)
def test_people_who_share_an_address_with_those_who_ask_are_asked_about(
    tmp_path: Path, shared: str, chosen: str, way: dict[str, list[str]]
) -> None:
    scanned_crm(tmp_path, SUBSCRIBERS.replace("{shared}", shared), "customers")
    review = Review(tmp_path / "map")
    whose = {
        place.table: question for question in review.waiting() for place in question.places if question.whose
    }
    assert ("subscribers" in whose) is bool(chosen)
    if chosen:
        question = whose["subscribers"]
        assert question.evidence["email:customers.email"].startswith("the same people? 1 of 2 values")
        with pytest.raises(ConfigurationError, match="Nothing says whose"):
            must_say_enough(question, {})
        with pytest.raises(ConfigurationError, match="does not say what its rows are about"):
            no_to(question)
        review.confirm(
            question, Answer("anna", date(2026, 11, 28), "It is so.", None, dict(question.whose[chosen]))
        )
    tables = load(tmp_path / "map").sources["crm"].tables
    own = tables["subscribers"]
    ends = [end for join in own.join for end in join.values()]
    assert {"subject": [link.column for link in own.subject.values()], "join": ends} == way
    assert (own.ways, own.personal) == (None, True)
    assert leads_to_person(load(tmp_path / "map").sources["crm"], "opened")
