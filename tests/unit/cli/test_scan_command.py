"""`afschrift inventory scan`: from a database to a draft that loads beside the rest of a project."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.command_line import CommandResult, in_this_process, without_settings
from tests.support.scanned import made

from afschrift.cli.project import draft_project
from afschrift.inventory.load import load
from afschrift.inventory.unconfirmed import progress

CLUB = """
CREATE TABLE members (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE, trainer_id INTEGER
  REFERENCES employees);
CREATE TABLE employees (employee_id INTEGER PRIMARY KEY, last_name TEXT, email TEXT UNIQUE);
CREATE TABLE "Select" ("Order" INTEGER PRIMARY KEY, "member id" INTEGER REFERENCES members, "a: b" TEXT, "yes" TEXT,
  deleted_at TEXT);
CREATE TABLE plan (plan_id INTEGER PRIMARY KEY, title TEXT);
CREATE TABLE loose (x TEXT, tenant_id INTEGER);
CREATE VIEW adults AS SELECT id, email FROM members;
INSERT INTO members VALUES (1, 'Canary-Name', 'Canary-Name', 'canary@example.org', NULL);
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    without_settings(monkeypatch)
    folder = tmp_path / "ours"
    draft_project(folder, "2026-06-01T10:00:00Z")
    monkeypatch.setenv("AFSCHRIFT_HOME", str(folder / ".afschrift"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(folder / "inventory"))
    monkeypatch.chdir(folder)
    made(folder / "club.db", CLUB)
    return folder


def scan(*words: str, code: int = 0) -> CommandResult:
    result = in_this_process(("inventory", "scan", *words), "")
    assert result.code == code, result
    return result


def of_club(folder: Path) -> tuple[str, ...]:
    return ("--kind", "sqlite", "--option", f"path={folder / 'club.db'}")


def test_a_draft_loads_and_nothing_in_it_counts(project: Path) -> None:
    identity = (project / "inventory" / "identity.yml").read_text()
    result = scan(*of_club(project), "--zone", "Europe/Amsterdam")

    written = "".join(file.read_text() for file in (project / "inventory").iterdir())
    assert "canary" not in (result.text + result.errors + written).lower(), "no value is written or said"
    inventory = load(project / "inventory", {"sqlite"})
    assert (project / "inventory" / "identity.yml").read_text() == identity, "what people wrote stays"
    assert "member_id" in inventory.identity.keys
    assert inventory.identity.person == "customer_id"
    club = inventory.sources["club"]
    assert club.tables["members"].subject["member_id"].column == "id"
    assert club.tables["members"].subject["email"].match == "casefold"
    assert set(club.tables["employees"].subject) == {"employee_id"}, "staff are found by a key of their own"
    assert club.tables["Select"].subject["member_id"].column == "member id"
    assert list(club.tables["Select"].columns) == ["Order", "member id", "a: b", "yes", "deleted_at"]
    assert club.tables["adults"].copy_of == "members"
    assert club.zone == "Europe/Amsterdam"
    emails = club.tables["members"].columns["email"]
    assert emails.origin is None and emails.proposal is not None and emails.proposal.origin == "provided"
    assert club.tables["members"].columns["trainer_id"].about == "subject", "what is proposed decides nothing"
    everything = ["adults", "loose", "plan"]
    assert club.undescribed(club.tables) == everything, (
        "a table that is only proposed as not personal is not described"
    )
    columns, left = progress(inventory)
    assert {path for path in left if path.startswith("club.")} == {
        f"club.{name}.{column}"
        for name in ("members", "employees", "Select")
        for column in club.tables[name].columns
    }
    assert columns > len(left), "the example beside it is classified"
    assert "6 tables (1 view among them)" in result.text
    assert "People: members, known by id" in result.text and "Other people: employees" in result.text
    assert "plan" in result.text and "loose" in result.text and "The inventory loads" in result.text
    text = (project / "inventory" / "club.yml").read_text()
    assert "deleted_at marks rows as deleted" in text and "tenant_id tells tenants apart" in text


def test_a_dry_run_writes_nothing(project: Path) -> None:
    before = {file.name: file.read_text() for file in (project / "inventory").iterdir()}
    result = scan(*of_club(project), "--dry-run")
    assert result.text.startswith("# A draft of what club holds") and "People: members" in result.errors
    assert {file.name: file.read_text() for file in (project / "inventory").iterdir()} == before


def test_a_file_of_something_else_stays(project: Path) -> None:
    file = project / "inventory" / "club.yml"
    for content in ("source: other\n", "not: [YAML"):
        file.write_text(content)
        result = scan(*of_club(project), code=1)
        assert "club.yml is there already" in result.errors and "--out" in result.errors
        assert file.read_text() == content
    file.write_text("source: club\n")
    result = scan(*of_club(project), "--out", str(project / "inventory" / "more.yml"), code=1)
    assert "club.yml describes a source club already" in result.errors and "--name" in result.errors


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "Nothing says what to scan"),
        (("nowhere",), "AIRFLOW_CONN_NOWHERE"),
        (("--kind", "excel"), "choose one of duckdb"),
        (("--kind", "sqlite"), "no option `path`"),
        (("--kind", "sqlite", "--option", "path"), "KEY=VALUE"),
        (("--kind", "sqlite", "--option", "path=no.db"), "is there"),
        (("--kind", "sqlite", "--option", "path=7"), "is there"),
        (("--kind", "sqlite", "--option", "path=club.db", "--option", "depth=7"), "choose from"),
        (("--kind", "sqlite", "--option", "path=club.db", "--name", "A B"), "small letters"),
        (("--kind", "sqlite", "--option", "path=club.db", "--person", "absent"), "no table absent"),
        (("--kind", "sqlite", "--option", "path=club.db", "--zone", "Mars"), "time zone"),
    ],
)
def test_refused_scan_names_the_remedy(project: Path, words: tuple[str, ...], expected: str) -> None:
    before = sorted((project / "inventory").iterdir())
    result = scan(*words, code=1)
    assert expected in result.errors and "What to do:" in result.errors
    assert sorted((project / "inventory").iterdir()) == before


def test_scan_of_an_empty_database_reports_it(project: Path) -> None:
    made(project / "empty.db", "")
    result = scan("--kind", "sqlite", "--option", "path=empty.db")
    assert "0 tables" in result.text and "There is nothing to describe" in result.text


def test_a_second_scan_adds_what_is_new_and_nothing_else(project: Path) -> None:
    scan(*of_club(project))
    file, identity = project / "inventory" / "club.yml", project / "inventory" / "identity.yml"
    kept = file.read_text().replace("subject: {member_id: id,", "subject: {nr: id,", 1)
    kept = kept.replace("member_id: member id", "nr: member id") + "# mine\n"
    file.write_text(kept)
    identity.write_text(identity.read_text() + "  nr: {unique: over_time}\n")
    assert "Nothing is new" in scan(*of_club(project)).text
    assert file.read_text() == kept

    with closing(sqlite3.connect(project / "club.db")) as con:
        con.executescript(
            "ALTER TABLE plan ADD phone TEXT;"
            "CREATE TABLE visit (id INTEGER PRIMARY KEY, member_id INTEGER NOT NULL REFERENCES members);"
        )
    result = scan(*of_club(project))
    assert "Added to" in result.text
    assert "tables.visit" in result.text and "tables.plan.columns.phone" in result.text
    assert file.read_text() == kept
    club = load(project / "inventory", {"sqlite"}).sources["club"]
    assert club.tables["visit"].subject["nr"].column == "member_id", "the key has the name in the file"
    assert club.tables["visit"].columns["id"].proposal is not None
    assert scan(*of_club(project)).text.count("Nothing is new") == 1


def test_key_next_to_a_confirmed_column_is_listed_and_not_written(project: Path) -> None:
    scan(*of_club(project))
    file = project / "inventory" / "club.yml"
    confirmed = "    confirmed: {by: Bea, on: 2026-01-01, why: seen, columns: [id]}\n"
    kept = file.read_text().replace("    key: [id]\n", confirmed, 1)
    assert confirmed in kept
    file.write_text(kept)
    assert re.search(r"tables\.\w+\.key \(id\) is not added: it decides", scan(*of_club(project)).text)
    assert file.read_text() == kept


def test_a_guessed_way_waits_for_a_person(project: Path) -> None:
    made(
        project / "loose.db",
        """
        CREATE TABLE guest (guest_id INTEGER PRIMARY KEY, first_name TEXT, email TEXT);
        CREATE TABLE stay (stay_id INTEGER PRIMARY KEY, guest_id INTEGER);
        CREATE TABLE note (note_id INTEGER PRIMARY KEY, approved_by INTEGER REFERENCES guest);
        INSERT INTO guest VALUES (41, 'Ann', 'a');
        INSERT INTO stay VALUES (1, 41);
        """,
    )
    scan("--kind", "sqlite", "--option", "path=loose.db")
    tables = load(project / "inventory").sources["loose"].tables
    assert (tables["stay"].ways, tables["note"].ways, tables["guest"].ways) == ("guessed", "guessed", None)
    text = (project / "inventory" / "loose.yml").read_text()
    assert "GUESS stay.guest_id -> guest.guest_id: the names are alike; 1 of 1 values are there" in text
    assert "LOOK note.approved_by -> guest.guest_id" in text
    result = in_this_process(("inventory", "check"))
    assert "loose.stay has a way that was guessed" in result.text
