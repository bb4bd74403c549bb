"""What is special about the people of `people.py`, row by row."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from demo import zoo_rows
from demo.orders import FIRST_ORDER
from demo.people import (
    AWKWARD,
    BEYOND_DOUBLE,
    CUSTOMERS,
    EMAIL_CHANGED,
    EMAIL_ONLY,
    EMAIL_REISSUED,
    HEART_RATE_WITHDRAWN,
    HEAVY,
    NOTHING_PORTABLE,
    OLD_EMAIL,
    REISSUED,
    RENAMED,
    TABLET_A,
    TABLET_B,
    WITHDREW,
    Persona,
)

Put = Callable[..., None]

ASKED = "Waar blijft het?"
NEIGHBOUR = (
    f"Waar blijft het? Mijn buurvrouw {TABLET_A.first_name} {TABLET_A.last_name} zou het aannemen: bel haar "
    f"op 06-12345678 of mail {TABLET_A.email}."
)


def write(con: duckdb.DuckDBPyConnection) -> None:
    """Insert the rows of all stories; their keys begin at 900,000,001 in every table."""
    put = _inserter(con)
    ids = itertools.count(900_000_001)
    con.execute(
        """UPDATE customer SET interests = ['hardlopen', 'fietsen'], phone = '+31 6 0000 0001',
           settings = {'theme': 'donker', 'reminders': true, 'sizes': {'shoe': 39.5, 'shirt': 'M'}}
           WHERE customer_id = ?""",
        [HEAVY.number],
    )
    for persona in CUSTOMERS:
        _known_by(put, ids, persona)
    _changed_email(put, ids)
    _prospect(put)
    _shared_list(put, ids)
    _borrowed_address(put, ids)
    put(
        "return_line",
        return_id=next(ids),
        order_id=FIRST_ORDER,
        line_no=1,
        returned_at="2024-01-05T12:00:00Z",
        reason="R1",
        remark="Past niet bij de rest.",
        inspection="ongeopend",
        refund="12.50",
    )
    zoo_rows.write(con, put)
    con.execute((Path(__file__).parent / "computed.sql").read_text(encoding="utf-8"))


def _inserter(con: duckdb.DuckDBPyConnection) -> Put:
    def put(table: str, /, **values: Any) -> None:
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        con.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(values.values()))  # noqa: S608

    return put


def _known_by(put: Put, ids: itertools.count[int], persona: Persona) -> None:
    """E-mail addresses, devices, consents and a newsletter."""
    if persona is not RENAMED:
        put("customer_email", customer_id=persona.number, email=persona.email, valid_from=persona.since)
    for pairing in persona.pairings:
        put(
            "device",
            pairing_id=next(ids),
            customer_id=persona.number,
            device_id=pairing.device_id,
            nickname="mijn " + pairing.kind,
            model=f"{pairing.kind.capitalize()} 1",
            paired_at=pairing.paired_at,
            unpaired_at=pairing.unpaired_at,
        )
    for purpose in ("coaching", "location", "newsletter"):
        withdrawn = HEART_RATE_WITHDRAWN if persona is WITHDREW and purpose != "location" else None
        put(
            "consent",
            customer_id=persona.number,
            purpose=purpose,
            granted_at=persona.since,
            withdrawn_at=withdrawn,
            text_version="2024-1",
            proof={"ip": "192.0.2.7", "user_agent": "GeleKanoApp/7.2", "form": "app"},
        )
    if persona not in (RENAMED, REISSUED):
        left = HEART_RATE_WITHDRAWN if persona is WITHDREW else None
        _subscribe(put, str(persona.email).upper(), "hardlopen", persona.since, left)


def _subscribe(put: Put, email: str, topic: str, since: str, until: str | None = None) -> None:
    put("newsletter", email=email, topic=topic, subscribed_at=since, unsubscribed_at=until, opens=3)


def _changed_email(put: Put, ids: itertools.count[int]) -> None:
    """One address of two people, one after the other, and of no one in between."""
    old = {"email": OLD_EMAIL, "valid_from": RENAMED.since, "valid_to": EMAIL_CHANGED}
    put("customer_email", customer_id=RENAMED.number, **old)
    put("customer_email", customer_id=RENAMED.number, email=RENAMED.email, valid_from=EMAIL_CHANGED)
    hers, nobodys, other = "2022-06-01T10:00:00Z", "2024-09-01T10:00:00Z", "2025-02-01T10:00:00Z"
    for topic, since in (("hardlopen", hers), ("nieuw binnen", nobodys), ("aanbiedingen", other)):
        _subscribe(put, "Roos.Oud@Example.org", topic, since)
        _mailed_ticket(put, ids, OLD_EMAIL, since, question=NEIGHBOUR if since == other else ASKED)
    for moment in (EMAIL_CHANGED, EMAIL_REISSUED):  # the very moment belongs to what begins then
        _subscribe(put, OLD_EMAIL, "op de grens", moment)
    _subscribe(put, str(RENAMED.email), "hardlopen", "2024-06-01T10:00:00Z")
    _subscribe(put, str(EMAIL_ONLY.email), "aanbiedingen", EMAIL_ONLY.since)
    _mailed_ticket(put, ids, str(EMAIL_ONLY.email), "2024-03-03T10:00:00Z")


def _mailed_ticket(
    put: Put,
    ids: itertools.count[int],
    email: str,
    at: str,
    customer_id: int | None = None,
    question: str = ASKED,
) -> None:
    ticket_id = next(ids)
    put(
        "ticket",
        ticket_id=ticket_id,
        customer_id=customer_id,
        contact_email=email,
        subject="Per e-mail",
        opened_at=at,
        status="closed",
        priority="P3",
        tags=["e-mail"],
        agent_id=501,
    )
    for author, name, body in (
        ("customer", None, question),
        ("agent", "Medewerker Amber", "Gemaild."),
    ):
        put(
            "ticket_message",
            message_id=next(ids),
            ticket_id=ticket_id,
            author_type=author,
            agent_name=name,
            sent_at=at,
            body=body,
            sentiment=-0.25,
        )


def _prospect(put: Put) -> None:
    """Known only by what was bought and computed; nothing that the person gave or did."""
    number = NOTHING_PORTABLE.number
    scores = {"segment": "S4", "churn_probability": 0.5}  # no account, so no credit score
    put("customer", customer_id=number, status="P", staff_note="gekocht adres", **scores)
    put(
        "profile",
        customer_id=number,
        order_count=0,
        total_spent="0.00",
        household_guess="2",
        interests_guess=["tuinieren"],
        embedding=[0.1, -0.2, 0.3, 0.0],
        model_version="profiel-8",
        scored_on="2026-01-10",
    )
    put(
        "enrichment",
        customer_id=number,
        supplier="Doelgroepdata B.V. (verzonnen)",
        supplied_on="2025-03-03",
        household_class="H2",
        income_band="I2",
        owns_car=True,
        certainty=0.71,
    )


def _shared_list(put: Put, ids: itertools.count[int]) -> None:
    """A wish list of the two who share a tablet; the second item was put there by the other one."""
    wishlist = next(ids)
    put("wishlist", wishlist_id=wishlist, title="Ons huis", shared=True, created_at="2024-04-01T10:00:00Z")
    for item, (persona, role) in enumerate(((TABLET_A, "owner"), (TABLET_B, "member")), start=1):
        put(
            "wishlist_member",
            wishlist_id=wishlist,
            customer_id=persona.number,
            role=role,
            joined_at="2024-04-01T10:00:00Z",
        )
        put(
            "wishlist_item",
            wishlist_id=wishlist,
            item_no=item,
            product_id=item,
            product_title="houten fluitketel",
            added_by=persona.number,
            added_at="2024-04-02T10:00:00Z",
            note=None,
        )


def _borrowed_address(put: Put, ids: itertools.count[int]) -> None:
    """A row that holds one person's number and another one's e-mail address: the number decides.

    And an order whose number is one below another person's, so close that a double holds them as one.
    """
    _mailed_ticket(put, ids, str(AWKWARD.email), "2025-05-05T10:00:00Z", WITHDREW.number)
    put(
        "orders",
        order_id=BEYOND_DOUBLE - 1,
        customer_id=RENAMED.number,
        ordered_at="2025-06-06T10:00:00Z",
        status="D",
        total="1.00",
    )
    put("order_line", order_id=BEYOND_DOUBLE - 1, line_no=1, product_title="rode beker", quantity=1)
