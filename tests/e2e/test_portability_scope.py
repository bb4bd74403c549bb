"""What each right covers, on the people whom the demo made for it; the lists here are written by hand."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import duckdb
import pytest
from demo.people import (
    EMAIL_CHANGED,
    EMAIL_ONLY,
    EMAIL_REISSUED,
    HEAVY,
    NOTHING_PORTABLE,
    OLD_EMAIL,
    REISSUED,
    RENAMED,
    SECOND_HAND_CHANGE,
    SECOND_HAND_DEVICE,
    SECOND_HAND_NEW,
    SECOND_HAND_OLD,
    SHARED_TABLET,
    TABLET_A,
    TABLET_B,
    UNKNOWN,
    WITHDREW,
    Persona,
)
from tests.e2e import hand_sql
from tests.e2e.office import Office
from tests.e2e.opened import Opened
from tests.e2e.scope import SECRET, WITHHELD, left_out
from tests.support.nightly import nightly_after

from afschrift.domain.errors import NeedsPersonError

Rows = duckdb.DuckDBPyConnection

NEVER_SHOWN = {*SECRET, ("shipment", "signed_by"), ("ticket_message", "agent_name")}
"""Not even by access."""


def opened(office: Office, right: str, person: Persona, **choices: str) -> Opened:
    return Opened(office.bundle(right, {"customer_id": str(person.number)}, choices))


def mine(con: Rows, table: str, column: str, person: Persona, where: str = "TRUE") -> Counter[Any]:
    """A person's values of a column as text, by the hand-written SQL."""
    statement = (
        f'SELECT CAST("{column}" AS VARCHAR) FROM ({hand_sql.statement(table)}) WHERE person = ? AND {where}'
    )
    return Counter(value for (value,) in con.execute(statement, [person.number]).fetchall())


def ends_with_question(office: Office, right: str, keys: dict[str, str]) -> tuple[str, NeedsPersonError]:
    """The request whose first run ended because a person must decide, and with which words."""
    request = office.submit(right, keys)
    with pytest.raises(NeedsPersonError) as stopped:
        office.run(request)
    assert office.delivered(request) == []
    return request, stopped.value


def test_portability_holds_what_the_person_gave_and_did(office: Office, by_hand: Rows) -> None:
    found = opened(office, "portability", HEAVY)
    for table, column in (
        ("customer", "email"),
        ("customer", "user_name"),
        ("customer", "date_of_birth"),
        ("search_history", "query"),
        ("search", "query"),
        ("location", "lat"),
        ("location", "lon"),
        ("heart_rate", "bpm"),
        ("message", "body"),
        ("upload", "file_name"),
    ):
        there = Counter(row[column] for row in found.csv(table))
        assert there == mine(by_hand, table, column, HEAVY), f"{table}.{column}"


def test_portability_holds_exactly_the_columns_that_it_covers(office: Office, by_hand: Rows) -> None:
    expected = {
        table: [c for c in hand_sql.columns(by_hand, table) if not left_out(table, c)]
        for table in hand_sql.KEYS
        if table not in WITHHELD and table not in hand_sql.ENTRIES  # no one invited this person
    }
    assert opened(office, "portability", HEAVY).tables == expected


def test_no_value_of_what_is_left_out_is_anywhere_in_the_bundle(office: Office, by_hand: Rows) -> None:
    portability, access = (opened(office, right, HEAVY) for right in ("portability", "access"))
    looked_for: set[tuple[str, str]] = set()
    for table in hand_sql.KEYS:
        for column, kind in hand_sql.columns(by_hand, table).items():
            if not left_out(table, column) or kind.id not in ("varchar", "uuid", "bigint"):
                continue
            for value in mine(by_hand, table, column, HEAVY):
                if value is None or len(value) < 10 or portability_may_hold(by_hand, value):
                    continue
                looked_for.add((table, column))
                assert portability.holds(value) == [], f"{table}.{column}"
                assert bool(access.holds(value)) == ((table, column) not in NEVER_SHOWN), f"{table}.{column}"
    assert NEVER_SHOWN | {("customer", "customer_uuid"), ("ticket", "summary")} <= looked_for
    assert {("enrichment", "supplier"), ("login", "ip")} <= looked_for


def portability_may_hold(con: Rows, value: str) -> bool:
    """The shop's own words that are in columns of both kinds, such as the name of a browser."""
    return con.execute("SELECT count(*) FROM login WHERE user_agent = ?", [value]).fetchall()[0][0] > 0


def test_only_the_persons_own_lines_of_a_talk_are_portable(office: Office, by_hand: Rows) -> None:
    for right, where in (("portability", "author_type = 'customer'"), ("access", "TRUE")):
        there = Counter(row["body"] for row in opened(office, right, HEAVY).csv("ticket_message"))
        assert there == mine(by_hand, "ticket_message", "body", HEAVY, where)


def test_access_explains_scores_and_profile(office: Office, by_hand: Rows) -> None:
    found = opened(office, "access", HEAVY)
    scores = ("segment", "credit_score", "churn_probability")
    profile = [c for c in hand_sql.columns(by_hand, "profile") if c not in ("customer_id", "model_version")]
    for table, column in [("customer", c) for c in scores] + [("profile", c) for c in profile]:
        field = found.field(table, column)
        assert field["description"] == field["afschrift:meanings"]["nl"]
        assert len(field["afschrift:meanings"]["en"]) > 20
        assert field["afschrift:origin"] in (["derived"], ["inferred"])
        there = Counter(row[column] for row in found.csv(table))
        if column not in ("interests_guess", "embedding"):  # lists are written otherwise than by the database
            assert there == mine(by_hand, table, column, HEAVY)
    assert "999" in found.field("customer", "credit_score")["description"]


def test_access_says_of_the_password_hash_only_that_it_exists(office: Office, by_hand: Rows) -> None:
    found = opened(office, "access", HEAVY)
    ((value, _),) = mine(by_hand, "customer", "password_hash", HEAVY).items()
    assert len(value) > 20
    assert found.holds(value) == []
    assert found.holds(value.rpartition("$")[2]) == []
    assert "password_hash" not in found.tables["customer"]
    (text,) = [c for c in found.coverage["shop.customer"]["leftOut"] if c["column"] == "password_hash"]
    assert (text["action"], text["rules"]) == ("exists_only", ["R87"])
    assert "Wachtwoord (versleuteld)" in found.files["index.html"].decode()


@pytest.mark.parametrize("right", nightly_after(1, ["portability", "access"]))
def test_a_second_hand_watch_gives_each_owner_their_own_period(
    right: str, office: Office, by_hand: Rows
) -> None:
    for table, moment in (("heart_rate", "measured_at"), ("app_event", "at")):
        seen = {}
        for person in (SECOND_HAND_OLD, SECOND_HAND_NEW):
            rows = opened(office, right, person).csv(table)
            seen[person] = [str(r[moment]) for r in rows if r["device_id"] == SECOND_HAND_DEVICE]
            assert seen[person]
        assert max(seen[SECOND_HAND_OLD]) < SECOND_HAND_CHANGE <= min(seen[SECOND_HAND_NEW])
        everything = f"SELECT count(*) FROM app.{table} WHERE device_id = ?"
        ((rows_of_both,),) = by_hand.execute(everything, [SECOND_HAND_DEVICE]).fetchall()
        assert sum(map(len, seen.values())) == rows_of_both


@pytest.mark.parametrize("right", nightly_after(1, ["portability", "access"]))
def test_an_address_that_changed_hands_counts_by_its_time(right: str, office: Office) -> None:
    hers, theirs = (opened(office, right, person) for person in (RENAMED, REISSUED))
    for table, column, moment in (
        ("newsletter", "email", "subscribed_at"),
        ("ticket", "contact_email", "opened_at"),
    ):
        old = [
            [str(r[moment]) for r in found.csv(table) if str(r[column]).lower() == OLD_EMAIL]
            for found in (hers, theirs)
        ]
        assert old[0]
        assert old[1]
        assert max(old[0]) < EMAIL_CHANGED
        assert min(old[1]) >= EMAIL_REISSUED
    assert {r["email"] for r in hers.csv("customer_email")} == {OLD_EMAIL, RENAMED.email}
    assert {r["email"] for r in theirs.csv("customer_email")} == {OLD_EMAIL}


def test_withdrawn_consent_asks_for_portability_and_not_for_access(office: Office, by_hand: Rows) -> None:
    request, question = ends_with_question(office, "portability", {"customer_id": str(WITHDREW.number)})
    assert (office.state(request), question.question) == ("needs_person", "consent_missing")
    columns = [f"app.heart_rate.{column}" for column in ("device_id", "measured_at", "bpm")]
    assert question.detail == {"columns": columns}
    samples = mine(by_hand, "heart_rate", "bpm", WITHDREW)
    assert samples
    access = opened(office, "access", WITHDREW)
    assert Counter(row["bpm"] for row in access.csv("heart_rate")) == samples
    included = opened(office, "portability", WITHDREW, consent_missing="include")
    assert Counter(row["bpm"] for row in included.csv("heart_rate")) == samples
    excluded = opened(office, "portability", WITHDREW, consent_missing="exclude")
    assert "heart_rate" not in excluded.tables
    assert excluded.coverage["app.heart_rate"]["status"] == "withheld"
    assert "location" in excluded.tables


@pytest.mark.parametrize(
    ("person", "right"),
    nightly_after(1, [(TABLET_A, "portability"), (TABLET_B, "access")]),
    ids=["portability", "access"],
)
def test_a_tablet_of_two_asks(person: Persona, right: str, office: Office, by_hand: Rows) -> None:
    request, question = ends_with_question(office, right, {"customer_id": str(person.number)})
    assert (office.state(request), question.question) == ("needs_person", "shared_key")
    assert (question.detail["key"], question.detail["values"]) == ("device_id", 1)
    with_it = opened(office, right, person, shared_key="include")
    without = opened(office, right, person, shared_key="exclude")
    for table in ("app_event", "search"):
        all_of_it = mine(by_hand, table, "device_id", person)
        assert all_of_it[SHARED_TABLET]
        assert Counter(row["device_id"] for row in with_it.csv(table)) == all_of_it
        del all_of_it[SHARED_TABLET]
        assert Counter(row["device_id"] for row in without.csv(table)) == all_of_it


def test_held_but_nothing_portable(office: Office) -> None:
    request, question = ends_with_question(
        office, "portability", {"customer_id": str(NOTHING_PORTABLE.number)}
    )
    assert (office.state(request), question.question) == ("nothing_portable", "nothing_portable")
    held = {"customer", "profile", "enrichment"}
    assert set(opened(office, "access", NOTHING_PORTABLE).tables) == held


@pytest.mark.parametrize(
    ("right", "keys"),
    nightly_after(
        1,
        [
            ("access", {"customer_id": str(UNKNOWN)}),
            ("portability", {"customer_id": str(UNKNOWN)}),
            ("access", {"customer_id": "../../etc/passwd"}),
            ("access", {"email": "' OR 1=1 --"}),
            ("portability", {"customer_id": "' OR 1=1 --", "email": "%"}),
            ("access", {"device_id": 'x" OR "1"="1'}),
        ],
    ),
    ids=["unknown", "unknown_portability", "path", "sql", "two_keys", "quotes"],
)
def test_unknown_keys_ask_a_person(right: str, keys: dict[str, str], office: Office) -> None:
    request, question = ends_with_question(office, right, keys)
    assert (office.state(request), question.question) == ("needs_person", "nothing_held")
    text = json.dumps([question.detail, str(question), [p for _, p in office.register.trail.events(request)]])
    assert not any(value in text for value in keys.values())
    office.answer(request, {"nothing_held": "confirm_none"})
    with pytest.raises(NeedsPersonError):
        office.run(request)
    assert (office.state(request), office.delivered(request)) == ("nothing_held", [])


@pytest.mark.parametrize("right", nightly_after(1, ["portability", "access"]))
def test_person_known_by_email_only(right: str, office: Office) -> None:
    # No one with this address ever said yes to the newsletter, as far as the shop knows.
    keys = {"email": str(EMAIL_ONLY.email).upper()}
    found = Opened(office.bundle(right, keys, {"consent_missing": "include"}))
    assert set(found.tables) == {"newsletter", "ticket", "ticket_message"}
    assert [row["email"] for row in found.csv("newsletter")] == [EMAIL_ONLY.email]
    assert [row["contact_email"] for row in found.csv("ticket")] == [EMAIL_ONLY.email]
    own = ["Waar blijft het?"]
    talk = own if right == "portability" else [*own, "Gemaild."]
    assert [row["body"] for row in found.csv("ticket_message")] == talk


def test_what_the_person_reads_has_no_rule_ids(office: Office) -> None:
    for right in ("access", "portability"):
        found = opened(office, right, HEAVY)
        words = (
            re.sub(r"<[^>]*>", " ", found.files["index.html"].decode()) + found.files["README.txt"].decode()
        )
        assert not re.search(r"\bR[0-9]{2}\b|w3id\.org", words)
