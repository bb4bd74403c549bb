"""A scan of a PostgreSQL that gives little: no rights, a table that goes, a connection that is lost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from testbed.postgres import Database, Server
from tests.support.command_line import in_this_process

from afschrift.datamap.scan.scan_source import Asked, Scanned, scan_source
from afschrift.domain.errors import RetriableError

MADE = (
    'CREATE TABLE "Member" ("Id" int PRIMARY KEY, "FirstName" text, "Email" text UNIQUE)',
    'CREATE TABLE "Group" ("Id" int PRIMARY KEY, "MemberId" int REFERENCES "Member")',
    "CREATE TABLE visit (id int PRIMARY KEY, member_id int)",
    "CREATE TABLE shut (id int PRIMARY KEY, note text)",
    "CREATE TABLE half (id int PRIMARY KEY, note text, shut text)",
    "CREATE TABLE guarded (id int PRIMARY KEY)",
    "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY",
    "CREATE SCHEMA hidden",
    "CREATE TABLE hidden.t (id int)",
    "CREATE TABLE event (id int PRIMARY KEY, day int) PARTITION BY RANGE (id)",
    "CREATE TABLE event_old PARTITION OF event FOR VALUES FROM (0) TO (9)",
    "ALTER TABLE event ADD member_id int",
    'ALTER TABLE event_old ADD FOREIGN KEY (member_id) REFERENCES "Member"',
    "CREATE VIEW failing AS SELECT 1 / (id - id) AS x FROM half",
    "INSERT INTO \"Member\" VALUES (1, 'Ann', 'ann@example.org')",
    "INSERT INTO visit VALUES (1, 1)",
    "CREATE ROLE scanner LOGIN",
    "GRANT USAGE ON SCHEMA public TO scanner",
    'GRANT SELECT ON "Member", "Group", visit, guarded, event, failing TO scanner',
    "GRANT SELECT (id, note) ON half TO scanner",
)


@pytest.fixture
def database(postgres_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    database = postgres_server.create()
    database.execute(*MADE)
    monkeypatch.setenv("AIRFLOW_CONN_CLUB", database.libpq.replace("postgres:@", "scanner@"))
    yield database
    postgres_server.drop(database)
    Database(postgres_server.admin).execute("DROP ROLE scanner")


def scanned(folder: Path, say: Callable[[str], None] = lambda _: None) -> Scanned:
    return scan_source(Asked(connection="club", out=folder / "club.yml"), say)


def test_unreadable_table_is_noted_and_the_scan_continues(database: Database, tmp_path: Path) -> None:
    done = scanned(tmp_path)
    assert done.whole, "what the account may not see is no part of the scan"
    notes = "\n".join(line for line in done.found if line.startswith("Note:"))
    assert "shut is not described" in notes and "give its account SELECT" in notes
    assert "scan again. It was read as scanner." in notes
    assert "What to do: GRANT USAGE ON SCHEMA hidden" in notes
    assert "guarded is not described" in notes and "the schema hidden: 1 table of it is not" in notes
    assert "half: the account has no right to read shut" in notes
    assert "\n  shut:" not in done.text, "a table without an entry stops each request"
    assert "  event_old: {copy_of: event}" in done.text
    assert "    subject: {member_id: MemberId}" in done.text
    assert "Rows of those in Member\n  event:\n    subject: {member_id: member_id}" in done.text, (
        "what a part points to, its table does"
    )


def test_table_dropped_during_a_scan_is_noted(database: Database, tmp_path: Path) -> None:
    done = scanned(
        tmp_path, lambda message: database.execute("DROP TABLE half CASCADE") if "Read" in message else None
    )
    assert any("No value of half was read" in line for line in done.found)
    assert "  half:" in done.text and "  visit:" in done.text


LOSE = (
    "ALTER ROLE scanner NOLOGIN",
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'scanner'",
)


@pytest.mark.parametrize("lost", [False, True])
def test_the_exit_code_says_whether_all_was_read(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    def say(message: str) -> None:
        lines.append(message)
        if lost and message.startswith("Comparing"):
            database.execute(*LOSE)

    lines: list[str] = []
    monkeypatch.setattr("afschrift.cli.inventory.say", say)
    done = in_this_process(("inventory", "scan", "club", "--out", str(tmp_path / "club.yml")), "")
    assert done.code == (3 if lost else 0)
    assert ("not complete" in lines[-1]) == lost
    assert ("The connection was lost" in done.text) == lost
    assert "    subject: {member_id: MemberId}" in (tmp_path / "club.yml").read_text()


def test_a_server_that_is_away_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CLUB", "postgres://nobody@localhost:1/club")
    with pytest.raises(RetriableError, match="cannot be opened by the connection club"):
        scanned(tmp_path)
    assert list(tmp_path.iterdir()) == []
