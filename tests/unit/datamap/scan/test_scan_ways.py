"""Whose tables these are: people, what is theirs, what that points to; and never back from there.

data/findings.yml has databases, and what is found in them.
"""

from pathlib import Path
from typing import Any

import pytest
from tests.support.data import document
from tests.support.scanned import found, proposed, ways

from afschrift.datamap.reader import StatementRunner
from afschrift.datamap.scan.column_proposals import Proposals, propose_columns
from afschrift.datamap.scan.scan_findings import Findings
from afschrift.datamap.scan.table_context import TableRole
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.vocabulary import Origin
from afschrift.sources.registry import open_source

DATA = document(__file__, "findings.yml")

FOUND = {
    "roots": lambda findings: list(findings.roots),
    "roles": lambda findings: {name: place.role.value for name, place in findings.places.items()},
    "whose": lambda findings: {name: place.whose for name, place in findings.places.items()},
    "ways": lambda findings: {name: sorted(texts) for name, texts in ways(findings).items()},
    "all_ways": ways,
    "others": lambda findings: {n: [edge.text for edge in p.others] for n, p in findings.places.items()},
    "guesses": lambda findings: {n: [way.guess for way in p.ways] for n, p in findings.places.items()},
    "copies": lambda findings: findings.copies,
    "guessed_keys": lambda findings: findings.guessed_keys,
    "polymorphic": lambda findings: [[p.table, p.type_column, p.id_column] for p in findings.polymorphic],
    "names": lambda findings: {name: list(people.names) for name, people in findings.people.items()},
    "keys": lambda findings: {name: people.key for name, people in findings.people.items()},
}

OF_NAMED_TABLES = {"roles", "whose", "ways", "others", "guesses", "names", "keys"}


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: case["case"])
def test_what_a_scan_finds(tmp_path: Path, case: dict[str, Any]) -> None:
    persons = [(table, column) for table, column in case.get("persons", ())]
    findings: Findings = found(tmp_path / "w.db", case["tables"], persons, values=case.get("values", True))
    for what, expected in case.items():
        if what in FOUND:
            result = FOUND[what](findings)
            if what in OF_NAMED_TABLES:
                result = {name: result.get(name) for name in expected}
            assert result == expected, (what, case.get("why"))


@pytest.mark.parametrize(
    ("person", "words"),
    [
        (("absent", None), "no table absent"),
        (("client", "number"), "no column number"),
        (("basket_line", None), r"no single column.*--person basket_line:COLUMN"),
    ],
)
def test_unknown_person_table_is_refused(tmp_path: Path, person: tuple[str, str | None], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        found(tmp_path / "w.db", DATA["shop"], [person])


PEOPLE = """
CREATE TABLE reader (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE);
CREATE TABLE loan (id INTEGER PRIMARY KEY, reader_id INTEGER REFERENCES reader, copy_id INTEGER REFERENCES copy,
  desk_id INTEGER REFERENCES desk);
CREATE TABLE copy (id INTEGER PRIMARY KEY, shelf TEXT, imprint_id INTEGER REFERENCES publisher);
CREATE TABLE desk (id INTEGER PRIMARY KEY, title TEXT);
CREATE TABLE reader_thing (reader_id INTEGER REFERENCES reader, thing_id INTEGER REFERENCES thing,
  PRIMARY KEY (reader_id, thing_id));
"""

PUBLISHER = "CREATE TABLE publisher (id INTEGER PRIMARY KEY, title TEXT);"
THING = "CREATE TABLE thing (id INTEGER PRIMARY KEY, title TEXT);"


def columns(folder: Path, statements: str) -> Proposals:
    findings = found(folder / "w.db", statements)
    with StatementRunner(lambda: open_source("w", "sqlite", {"path": str(folder / "w.db")})) as reader:
        return propose_columns(reader, findings, "NL", values=False, say=lambda _: None)


@pytest.mark.parametrize(
    ("columns_of_it", "role"),
    [
        ("card_number TEXT, valid_until TEXT", TableRole.CHILD),
        ("licence_plate TEXT, colour TEXT", TableRole.CHILD),
        ("IMEI TEXT, brand TEXT", TableRole.CHILD),
        ("iban TEXT, opened TEXT", TableRole.CHILD),
        ("title TEXT, colour TEXT", TableRole.LOOKUP),
        ("chapter_number TEXT, template TEXT", TableRole.LOOKUP),
    ],
)
def test_what_one_person_holds_is_theirs_where_a_table_between_leads_to_it(
    tmp_path: Path, columns_of_it: str, role: TableRole
) -> None:
    thing = f"CREATE TABLE thing (id INTEGER PRIMARY KEY, {columns_of_it});"
    findings = found(tmp_path / "w.db", PEOPLE + PUBLISHER + thing)
    assert findings.places["thing"].role is role
    assert ways(findings)["thing"] == ["reader_thing.thing_id -> thing.id"]
    assert findings.places["reader_thing"].role is TableRole.CHILD


@pytest.mark.parametrize("organisation", ["publisher", "manufacturer", "school"])
@pytest.mark.parametrize("person", ["contact_person", "contact_name"])
def test_contact_person_of_an_organisation_is_no_label(
    tmp_path: Path, organisation: str, person: str
) -> None:
    plain = PEOPLE.replace("publisher", organisation) + THING
    table = f"CREATE TABLE {organisation} (id INTEGER PRIMARY KEY, title TEXT"
    impersonal = found(tmp_path / "impersonal.db", f"{plain}{table});")
    assert impersonal.places[organisation].role is TableRole.LOOKUP
    personal = found(tmp_path / "personal.db", f"{plain}{table}, {person} TEXT);")
    place = personal.places[organisation]
    assert (place.role, place.whose, place.ways) == (TableRole.OTHER_PEOPLE, organisation, [])
    assert personal.roots == ("reader",)
    assert personal.places["copy"].role is TableRole.LOOKUP, "and what points to it remains unchanged"


def test_pointer_to_a_list_is_left_open_and_an_own_number_is_not(tmp_path: Path) -> None:
    made = columns(tmp_path, PEOPLE + PUBLISHER + THING)
    for table, column, to in (("loan", "desk_id", "desk"), ("loan", "copy_id", "copy")):
        assert made[table][column].origin is None, column
        assert made[table][column].category is None
        assert f"one of the list {to}" in made[table][column].reason
    assert made["loan"]["id"].origin is Origin.ASSIGNED
    assert made["loan"]["reader_id"].origin is Origin.ASSIGNED, "the person's own number"
    alone = proposed("desk_id", "integer", table="loan", role=TableRole.CHILD)
    assert alone.origin is Origin.ASSIGNED, "nothing says that it points anywhere"
