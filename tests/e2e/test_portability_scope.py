"""What each right covers, on the people whom the demo made for it; the lists here are written by hand."""

import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from demo.people import AWKWARD, CUSTOMERS, EMAIL_ONLY, HEAVY, NOTHING_PORTABLE, TABLET_A, TABLET_B, Persona
from duckdb.sqltypes import DuckDBPyType
from testbed.delivered import stem
from tests.e2e import hand_sql, value_forms
from tests.e2e.hand_sql import MASKED, SECRET, WITHHELD, left_out, token
from tests.e2e.office import Office
from tests.e2e.opened import Opened
from tests.support.demo_warehouse import SCALE
from tests.support.nightly import nightly_after

_ORDINARY = range(100_001, 100_001 + max(20, round(5_000 * SCALE)))
SOME = random.Random(20).sample(_ORDINARY, 3)
SHARING = (TABLET_A.number, TABLET_B.number)
PERSONAS = [persona.number for persona in (HEAVY, AWKWARD, *CUSTOMERS, NOTHING_PORTABLE)]

DOCUMENTS = {("app_event", "context")}
"""Text columns that hold JSON."""


@pytest.mark.parametrize("customer", nightly_after(2, dict.fromkeys([*PERSONAS, *SOME])))
def test_rows_are_those_of_the_hand_written_sql(
    customer: int, office: Office, by_hand: duckdb.DuckDBPyConnection
) -> None:
    choices = {"shared_key": "include"} if customer in SHARING else {}
    bundle = office.bundle("access", {"customer_id": str(customer)}, choices)
    found, salt = Opened(bundle), salt_of(office, bundle)
    held = {}
    for table, keys in hand_sql.KEYS.items():
        kinds = columns(by_hand, table)
        rows = warehouse_rows(by_hand, table, kinds, customer, salt)
        held[f"{hand_sql.source_of(table)}.{table}"] = len(rows)
        if not rows:
            assert table not in found.tables
            continue
        assert found.tables[table] == list(kinds)
        for name, read, of in (
            ("csv", found.csv, value_forms.of_csv),
            ("json", found.json, value_forms.of_json),
        ):
            there = [[of(row[column], kind) for column, kind in kinds.items()] for row in read(table)]
            if not keys:  # ordered by digest of the row: any order is as good
                there.sort(key=repr)
                rows.sort(key=repr)
            assert differing(there, rows, list(kinds)) == [], f"{table}.{name}"
    assert {place: entry.get("rows") for place, entry in found.coverage.items()} == held


def columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, DuckDBPyType]:
    """The columns that an access bundle has of a table, with their types."""
    kinds = {}
    for name, kind in hand_sql.columns(con, table).items():
        if (table, name) not in SECRET:
            kinds[name] = duckdb.type("VARCHAR") if (table, name) in MASKED else kind
            if (table, name) in DOCUMENTS:
                kinds[name] = duckdb.type("JSON")
    return kinds


def warehouse_rows(
    con: duckdb.DuckDBPyConnection, table: str, kinds: dict[str, DuckDBPyType], customer: int, salt: str
) -> list[list[value_forms.Form]]:
    expressions = [
        f'CASE WHEN "{name}" IS NOT NULL THEN {MASKED[table, name]} END'
        if (table, name) in MASKED
        else value_forms.selected(name, kind)
        for name, kind in kinds.items()
    ]
    order = ", ".join(f'"{key}"' for key in hand_sql.KEYS[table]) or "ALL"
    mine = f"FROM ({hand_sql.statement(table)}) WHERE person = ? ORDER BY {order}"
    rows = con.execute(f"SELECT {', '.join(expressions)} {mine}", [customer]).fetchall()
    return [
        [
            value_forms.of_warehouse(unmarked(value, salt), kind)
            for value, kind in zip(row, kinds.values(), strict=True)
        ]
        for row in rows
    ]


def salt_of(office: Office, bundle: Path) -> str:
    """The salt of a request's masks: the HMAC of fixed words under the request's own key."""
    request = stem(bundle).removesuffix("-access")
    return office.register.data_keys.fingerprint(request, b"afschrift: salt of the masks of this request")


def unmarked(value: Any, salt: str) -> Any:
    """The token instead of a marked value."""
    before, marked, value_masked = value.partition("<masked>") if isinstance(value, str) else (value, "", "")
    return before + token(salt, value_masked) if marked else value


def differing(there: list[Any], expected: list[Any], names: list[str]) -> list[str]:
    if len(there) != len(expected):
        return [f"{len(there)} rows instead of {len(expected)}"]
    return [
        f"row {number}, {name}: {mine!r:.100} instead of {theirs!r:.100}"
        for number, (row, other) in enumerate(zip(there, expected, strict=True), start=1)
        for name, mine, theirs in zip(names, row, other, strict=True)
        if mine != theirs
    ][:5]


Rows = duckdb.DuckDBPyConnection

NEVER_SHOWN = {*SECRET, ("shipment", "signed_by"), ("ticket_message", "agent_name")}
"""Not even by access."""


def opened(office: Office, right: str, person: Persona) -> Opened:
    return Opened(office.bundle(right, {"customer_id": str(person.number)}))


def mine(con: Rows, table: str, column: str, person: Persona, where: str = "TRUE") -> Counter[Any]:
    """A person's values of a column as text, by the hand-written SQL."""
    statement = (
        f'SELECT CAST("{column}" AS VARCHAR) FROM ({hand_sql.statement(table)}) WHERE person = ? AND {where}'
    )
    return Counter(value for (value,) in con.execute(statement, [person.number]).fetchall())


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
    expected = {
        table: [c for c in hand_sql.columns(by_hand, table) if not left_out(table, c)]
        for table in hand_sql.KEYS
        if table not in WITHHELD and table not in hand_sql.ENTRIES  # no one invited this person
    }
    assert found.tables == expected


def test_own_lines_alone_are_portable_and_no_rule_ids_are_read(office: Office, by_hand: Rows) -> None:
    for right, where in (("portability", "author_type = 'customer'"), ("access", "TRUE")):
        found = opened(office, right, HEAVY)
        there = Counter(row["body"] for row in found.csv("ticket_message"))
        assert there == mine(by_hand, "ticket_message", "body", HEAVY, where)
        words = re.sub(r"<[^>]*>", " ", found.files["index.html"].decode())
        words += found.files["README.txt"].decode()
        assert not re.search(r"\bR[0-9]{2}\b|w3id\.org", words)


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
