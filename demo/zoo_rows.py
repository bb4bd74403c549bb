"""The rows of `AWKWARD`: the values of `zoo.py` in the columns where real values would be."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import duckdb

from demo.people import AWKWARD, BEYOND_DOUBLE, RENAMED
from demo.zoo import ALL_BYTES, HUGE, JSONS, NUMBERS, TEXTS

_FIRST = 950_000_001


def write(con: duckdb.DuckDBPyConnection, put: Callable[..., None]) -> None:
    """Change the account and add rows to the tables; their keys begin at 950,000,001."""
    me = AWKWARD.number
    _account(con, me)
    _texts(put, me)
    _order(put, me)
    for place, number in enumerate(NUMBERS):
        put(
            "page_view",
            customer_id=me,
            at="2025-10-26T00:59:59.999999Z",
            path="/zoeken?q=100%25&s=a b",
            stay=("1 year 2 months 3 days 04:05:06.789", "-1 day", "0 seconds")[place % 3],
            scroll_depth=number,
            visit_no=(HUGE, -HUGE, 2**53 + 1, 0)[place % 4],
            **{"from": "/"},
        )
    for place, content in enumerate((ALL_BYTES, b"", None)):
        put(
            "upload",
            upload_id=str(uuid.UUID(int=_FIRST + place)),
            customer_id=me,
            file_name="../../etc/pass\u202egnp.exe",
            media_type="application/octet-stream",
            content=content,
            uploaded_at="2025-12-31T23:59:59.999999Z",
            exif={"camera": TEXTS["quotes"], "taken_at": None, "gps": {"lat": NUMBERS[0], "lon": NUMBERS[1]}},
        )
    put(
        "address",
        address_id=_FIRST,
        customer_id=me,
        kind="work",
        street="'s-Gravenpad",
        postcode="0012 AB",
        city="",
        country=None,
        instructions=TEXTS["crlf"],
        valid_until="infinity",
        latitude=52.0,
        longitude=-0.0,
        **{"house no": "1 \\ 2"},
    )


def _account(con: duckdb.DuckDBPyConnection, me: int) -> None:
    con.execute(
        """UPDATE customer SET user_name = ?, phone = '', interests = ?, settings = ?, preferences = ?,
           date_of_birth = '1899-12-31', churn_probability = 'nan', staff_note = ?, last_login_at = ?
           WHERE customer_id = ?""",
        [
            TEXTS["right_to_left"],
            [TEXTS["quotes"], None, "", TEXTS["lf"]],
            {"theme": TEXTS["emoji"], "reminders": None, "sizes": {"shoe": "42.5", "shirt": None}},
            JSONS[0],
            TEXTS["formula"],
            "2026-03-29T01:00:00.000001Z",
            me,
        ],
    )
    con.execute("UPDATE loyalty_account SET points = ? WHERE customer_id = ?", [HUGE, me])


def _texts(put: Callable[..., None], me: int) -> None:
    """Every text once as a query, a review and a message, in both ways between two people and to oneself."""
    ways = ((me, RENAMED.number), (RENAMED.number, me), (me, me))
    put("ticket", ticket_id=_FIRST, customer_id=me, subject=TEXTS["markup"], opened_at="2025-01-01T00:00:00Z")
    for place, text in enumerate(TEXTS.values()):
        number = _FIRST + place
        at = f"2025-07-{1 + place:02d}T12:00:00.5Z"
        put(
            "search_history",
            search_id=number,
            customer_id=me,
            searched_at=at,
            query=text,
            filters=JSONS[place % len(JSONS)],
            results=0,
        )
        put(
            "review",
            review_id=number,
            customer_id=me,
            product_id=7,
            product_title="gele kano",
            rating=1,
            title=text,
            body=(None, "")[place % 2],
            tags=(None, [], [None], [text])[place % 4],
            written_at=at,
            sentiment=NUMBERS[place % len(NUMBERS)] if place % 7 != 5 else 0.0,
        )
        sender, recipient = ways[place % 3]
        put(
            "message",
            message_id=number,
            sender_id=sender,
            recipient_id=recipient,
            sender_name="A",
            recipient_name="B",
            sent_at=at,
            subject=(None, "")[place % 2],
            body=text,
            attachments=[text],
        )
        put(
            "ticket_message",
            message_id=number,
            ticket_id=_FIRST,
            author_type=("customer", "agent", "bot")[place % 3],
            agent_name=text if place % 3 == 1 else None,
            sent_at=at,
            body=text,
        )


def _order(put: Callable[..., None], me: int) -> None:
    put(
        "orders",
        order_id=BEYOND_DOUBLE,
        customer_id=me,
        address_id=_FIRST,
        ordered_at="2025-10-26T00:30:00.000001Z",
        placed_local="2025-10-26T02:30:00.000001",
        delivery_date="9999-12-31",
        delivery_from="23:59:59.999999",
        status="D",
        payment_method="card",
        card_token="tok_demo_0042",  # noqa: S106  made up, as everything here
        currency="EUR",
        exchange_rate="1234567890123456789012345678.0123456789",
        total="9999999999999999.99",
        is_gift=True,
        gift_message=TEXTS["combining"],
    )
    for line, discount in enumerate(("0.0000000001", "-0.0000000001", "0", "1.1000000000"), start=1):
        put(
            "order_line",
            order_id=BEYOND_DOUBLE,
            line_no=line,
            product_id=7,
            product_title="gele kano",
            quantity=2_147_483_647,
            unit_price="-0.01",
            discount=discount,
            options={'maat "L"': "1,5", "leeg": ""},
            engraving=list(TEXTS.values())[line],
        )
