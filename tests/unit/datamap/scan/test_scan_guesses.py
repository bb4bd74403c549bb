"""Without foreign keys: equal names, and values that the other table has; all of it marked as a guess."""

from __future__ import annotations

from pathlib import Path

from tests.support.scanned import found, ways

from afschrift.datamap.scan.proposal import TableRole
from afschrift.datamap.scan.ways.name_parts import pointed_to, singulars

BARE = """
CREATE TABLE klanten (klantnummer INTEGER PRIMARY KEY, voornaam TEXT, achternaam TEXT, email TEXT);
CREATE TABLE facturen (id INTEGER PRIMARY KEY, klantnummer INTEGER, bedrag INTEGER);
CREATE TABLE factuurregel (regel INTEGER, factuur_id INTEGER, artikel_id INTEGER);
CREATE TABLE artikel (id INTEGER PRIMARY KEY, naam TEXT);
CREATE TABLE nieuwsbrief (email TEXT, sinds TEXT);
CREATE TABLE meting (klantnummer INTEGER, waarde INTEGER);
INSERT INTO klanten VALUES (101, 'Ann', 'Bos', 'ann@example.org'), (102, 'Bob', 'Dam', 'bob@example.org');
INSERT INTO facturen VALUES (7, 101, 5), (8, 102, 6), (9, 102, 7);
INSERT INTO factuurregel VALUES (1, 7, 55), (2, 9, 56);
INSERT INTO artikel VALUES (55, 'pen'), (56, 'ink');
INSERT INTO nieuwsbrief VALUES ('ann@example.org', '2024');
INSERT INTO meting VALUES (900001, 1), (900002, 2), (900003, 3);
"""


def test_names_and_values_lead_to_people(tmp_path: Path) -> None:
    findings = found(tmp_path / "w.db", BARE)
    assert ways(findings) == {
        "facturen": ["facturen.klantnummer -> klanten.klantnummer"],
        "factuurregel": ["factuurregel.factuur_id -> facturen.id"],
        "artikel": ["factuurregel.artikel_id -> artikel.id"],
        "nieuwsbrief": ["nieuwsbrief.email -> klanten.email"],
    }
    [way] = findings.places["facturen"].ways
    assert way.guess == "the names are alike; 2 of 2 values are there"


def test_values_that_are_nowhere_contradict_a_name(tmp_path: Path) -> None:
    assert found(tmp_path / "w.db", BARE).places["meting"].role is TableRole.UNREACHED
    named = found(tmp_path / "v.db", BARE, values=False).places["meting"]
    assert [way.guess for way in named.ways] == ["the names are alike"], (
        "without values, the names are all there is"
    )


def test_a_pointer_by_row_is_no_way(tmp_path: Path) -> None:
    findings = found(
        tmp_path / "w.db",
        """
        CREATE TABLE member (id INTEGER PRIMARY KEY, first_name TEXT, email TEXT);
        CREATE TABLE owner (id INTEGER PRIMARY KEY, label TEXT);
        CREATE TABLE note (id INTEGER PRIMARY KEY, subject_type TEXT, subject_id INTEGER, body TEXT);
        CREATE TABLE deed (id INTEGER PRIMARY KEY, owner_type TEXT, owner_id INTEGER);
        INSERT INTO member VALUES (1, 'Ann', 'a@example.org');
        INSERT INTO note VALUES (1, 'member', 1, 'x');
        """,
    )
    assert [(two.table, two.type_column, two.id_column) for two in findings.polymorphic] == [
        ("note", "subject_type", "subject_id")
    ], "an `owner_type` beside a table `owner` says what kind of owner"
    assert findings.places["note"].role is TableRole.UNREACHED


def test_views_of_a_pointer_by_row_are_tables_of_their_own(tmp_path: Path) -> None:
    tables = """
        CREATE TABLE member (id INTEGER PRIMARY KEY, first_name TEXT, email TEXT);
        CREATE TABLE note (id INTEGER PRIMARY KEY, subject_type TEXT, subject_id INTEGER, body TEXT);
        CREATE VIEW member_note AS SELECT id, subject_id, body FROM note WHERE subject_type = 'member';
        CREATE VIEW address AS SELECT id, email FROM member;
    """
    findings = found(tmp_path / "w.db", tables)
    assert findings.copies == {"address": "member"}, (
        "a view of one kind of note has a way that the table has not"
    )


def test_words_between_names_are_no_name(tmp_path: Path) -> None:
    """`de` of a tussenvoegsel would be found at the beginning of many a Dutch sentence."""
    table = "CREATE TABLE klant (id INTEGER PRIMARY KEY, voornaam TEXT, tussenvoegsel TEXT, achternaam TEXT)"
    assert found(tmp_path / "w.db", table).people["klant"].names == ("voornaam", "achternaam")


def test_a_key_that_is_not_declared_is_unique_in_rows(tmp_path: Path) -> None:
    findings = found(
        tmp_path / "w.db",
        """
        CREATE TABLE customer (customer_id INTEGER, first_name TEXT, last_name TEXT, email TEXT);
        CREATE TABLE visit (id INTEGER, customer_id INTEGER);
        CREATE TABLE list_visit (visit_id INTEGER);
        INSERT INTO list_visit VALUES (5);
        INSERT INTO customer VALUES (1, 'Ann', 'Bos', 'a'), (2, 'Bob', 'Dam', 'b');
        INSERT INTO visit VALUES (5, 1), (5, 2);
        """,
    )
    assert findings.guessed_keys == {"customer": "customer_id"}
    assert findings.people["customer"].key == "customer_id"
    assert ways(findings)["visit"] == ["visit.customer_id -> customer.customer_id"]


def test_a_view_repeats_a_table_or_is_one_of_its_own(tmp_path: Path) -> None:
    findings = found(
        tmp_path / "w.db",
        """
        CREATE TABLE customer (id INTEGER PRIMARY KEY, first_name TEXT, email TEXT, city TEXT);
        CREATE TABLE town (id INTEGER PRIMARY KEY, first_name TEXT, email TEXT, city TEXT);
        CREATE VIEW kept AS SELECT id, email FROM customer WHERE city = 'A';
        CREATE VIEW again AS SELECT email FROM kept;
        CREATE VIEW counted AS SELECT city, count(*) AS n FROM customer GROUP BY city;
        """,
    )
    assert findings.copies == {"kept": "customer", "again": "customer"}
    assert findings.places["counted"].role is TableRole.UNREACHED


def test_plurals_and_pointers() -> None:
    assert (
        "factuur" in singulars("facturen") and "city" in singulars("Cities") and "lid" in singulars("leden")
    )
    assert [pointed_to(name) for name in ("CustomerID", "klantnummer", "fk_customer_id", "id", "paid")] == [
        "customer",
        "klant",
        "customer",
        None,
        None,
    ]


def test_a_person_in_a_role_is_a_guess_that_values_must_speak_for(tmp_path: Path) -> None:
    findings = found(
        tmp_path / "w.db",
        """
        CREATE TABLE app_users (ID INTEGER PRIMARY KEY, login TEXT, user_email TEXT, display_name TEXT);
        CREATE TABLE app_posts (ID INTEGER PRIMARY KEY, post_author INTEGER, meta_id INTEGER);
        CREATE TABLE app_postmeta (meta_id INTEGER PRIMARY KEY, post_id INTEGER);
        CREATE TABLE app_usermeta (meta_id INTEGER PRIMARY KEY, user_id INTEGER);
        CREATE TABLE app_books (ID INTEGER PRIMARY KEY, author INTEGER);
        INSERT INTO app_users VALUES (31, 'a', 'a@example.org', 'A'), (32, 'b', 'b@example.org', 'B');
        INSERT INTO app_posts VALUES (71, 31, 1), (72, 32, 1);
        INSERT INTO app_postmeta VALUES (1, 71), (2, 72);
        INSERT INTO app_usermeta VALUES (1, 31);
        INSERT INTO app_books VALUES (1, 900);
        """,
    )
    assert findings.roots == ("app_users",)
    assert ways(findings) == {
        "app_posts": ["app_posts.post_author -> app_users.ID"],
        "app_postmeta": ["app_postmeta.post_id -> app_posts.ID"],
        "app_usermeta": ["app_usermeta.user_id -> app_users.ID"],
    }, "two keys of one name are two numbers, and the author of a book is none of the users"
