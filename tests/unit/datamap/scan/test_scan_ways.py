"""Whose tables these are: people, what is theirs, what that points to; and never back from there."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.scanned import found, ways

from afschrift.datamap.scan.proposal import TableRole
from afschrift.domain.errors import ConfigurationError

SHOP = """
CREATE TABLE client (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE,
  helped_by INTEGER REFERENCES worker);
CREATE TABLE worker (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, boss_id INTEGER REFERENCES worker);
CREATE TABLE basket (id INTEGER PRIMARY KEY, client_id INTEGER NOT NULL REFERENCES client,
  handled_by INTEGER REFERENCES worker);
CREATE TABLE basket_line (basket_id INTEGER REFERENCES basket, no INTEGER, product_id INTEGER REFERENCES product,
  PRIMARY KEY (basket_id, no));
CREATE TABLE line_photo (id INTEGER PRIMARY KEY, basket INTEGER, nr INTEGER,
  FOREIGN KEY (basket, nr) REFERENCES basket_line (basket_id, no));
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT, maker_id INTEGER REFERENCES maker);
CREATE TABLE maker (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE product_rank (product_id INTEGER REFERENCES product, week INTEGER);
CREATE TABLE worker_shift (id INTEGER PRIMARY KEY, worker_id INTEGER REFERENCES worker);
"""


def test_ways_never_lead_back_from_a_look_up(tmp_path: Path) -> None:
    findings = found(tmp_path / "w.db", SHOP)
    roles = {name: place.role for name, place in findings.places.items()}
    assert findings.roots == ("client",)
    assert roles == {
        "client": TableRole.PERSON,
        "worker": TableRole.OTHER_PEOPLE,
        "basket": TableRole.CHILD,
        "basket_line": TableRole.CHILD,
        "line_photo": TableRole.CHILD,
        "product": TableRole.LOOKUP,
        "maker": TableRole.LOOKUP,
        "product_rank": TableRole.UNREACHED,
        "worker_shift": TableRole.CHILD,
    }
    assert findings.places["worker_shift"].whose == "worker"
    assert ways(findings) == {
        "basket": ["basket.client_id -> client.id"],
        "basket_line": ["basket_line.basket_id -> basket.id"],
        "line_photo": ["line_photo.basket, nr -> basket_line.basket_id, no"],
        "product": ["basket_line.product_id -> product.id"],
        "maker": ["product.maker_id -> maker.id"],
        "worker_shift": ["worker_shift.worker_id -> worker.id"],
    }


def test_people_in_another_role_are_pointed_to_and_are_no_way(tmp_path: Path) -> None:
    places = found(tmp_path / "w.db", SHOP).places
    assert [edge.text for edge in places["worker"].others] == ["worker.boss_id -> worker.id"]
    assert [edge.text for edge in places["client"].others] == ["client.helped_by -> worker.id"]
    assert [edge.text for edge in places["basket"].others] == ["basket.handled_by -> worker.id"]


def test_named_table_is_the_person_table(tmp_path: Path) -> None:
    findings = found(tmp_path / "w.db", SHOP, [("worker", None)])
    assert findings.roots == ("worker",)
    assert findings.places["client"].role is TableRole.CHILD, (
        "a client names a worker, and only the client is the person"
    )
    both = found(tmp_path / "v.db", SHOP, [("client", None), ("worker", "id")])
    assert both.places["basket"].whose == "client"
    assert [both.places[name].role for name in ("client", "worker")] == [TableRole.PERSON, TableRole.PERSON]


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
        found(tmp_path / "w.db", SHOP, [person])


def test_several_ways_are_alternatives_where_they_are_as_near(tmp_path: Path) -> None:
    findings = found(
        tmp_path / "w.db",
        """
        CREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE);
        CREATE TABLE letter (id INTEGER PRIMARY KEY, sender_id INTEGER REFERENCES member,
          recipient_id INTEGER REFERENCES member, approved_by INTEGER REFERENCES member);
        CREATE TABLE page (id INTEGER PRIMARY KEY, created_by INTEGER REFERENCES member);
        CREATE TABLE page_view (id INTEGER PRIMARY KEY, page_id INTEGER REFERENCES page);
        """,
    )
    assert set(ways(findings)["letter"]) == {
        "letter.sender_id -> member.id",
        "letter.recipient_id -> member.id",
    }
    assert [edge.text for edge in findings.places["letter"].others] == ["letter.approved_by -> member.id"]
    assert ways(findings)["page"] == ["page.created_by -> member.id"]
    assert findings.places["page_view"].role is TableRole.UNREACHED, "who made a page has not viewed it"


def test_circles_end(tmp_path: Path) -> None:
    findings = found(
        tmp_path / "w.db",
        """
        CREATE TABLE person (id INTEGER PRIMARY KEY, first_name TEXT, email TEXT,
          first_visit INTEGER REFERENCES visit);
        CREATE TABLE visit (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES person,
          next_visit INTEGER REFERENCES visit, report_id INTEGER REFERENCES report);
        CREATE TABLE report (id INTEGER PRIMARY KEY, visit_id INTEGER REFERENCES visit);
        """,
    )
    assert ways(findings) == {
        "visit": ["visit.person_id -> person.id"],
        "report": ["report.visit_id -> visit.id"],
    }


def test_a_table_that_the_people_extend_leads_to_them(tmp_path: Path) -> None:
    findings = found(
        tmp_path / "w.db",
        """
        CREATE TABLE party (party_id INTEGER PRIMARY KEY, kind TEXT);
        CREATE TABLE person (party_id INTEGER PRIMARY KEY REFERENCES party, first_name TEXT, last_name TEXT);
        CREATE TABLE party_phone (party_id INTEGER REFERENCES party, phone TEXT);
        """,
    )
    assert ways(findings)["party_phone"] == ["party_phone.party_id -> person.party_id"]


def test_a_table_of_people_that_names_another_as_itself_extends_it(tmp_path: Path) -> None:
    findings = found(
        tmp_path / "w.db",
        """
        CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, email TEXT UNIQUE, password TEXT);
        CREATE TABLE customers (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, first_name TEXT,
          last_name TEXT, email TEXT UNIQUE, phone TEXT);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers);
        CREATE TABLE sessions (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users);
        """,
    )
    assert findings.roots == ("users",)
    assert {name for name, place in findings.places.items() if place.role is TableRole.CHILD} == {
        "customers",
        "orders",
        "sessions",
    }


def test_empty_database_has_no_person_table(tmp_path: Path) -> None:
    findings = found(tmp_path / "w.db", "")
    assert (findings.roots, findings.places) == ((), {})
