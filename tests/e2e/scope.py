"""Which columns each right covers on the demo, by hand; nothing here comes from the product."""

import hashlib

from tests.e2e import hand_sql

LEFT_OUT = {row["table"]: row["left_out"].split() for row in hand_sql.TABLES}
WITHHELD = [table for table, columns in LEFT_OUT.items() if columns == ["*"]]

SECRET = {("customer", "password_hash")}
"""Access tells only its existence."""

MASKED = {
    ("shipment", "signed_by"): "chr(1) || signed_by",
    ("referral", "friend_joined"): "chr(1) || friend_joined",
    ("referral_received", "customer_id"): "chr(1) || customer_id",
    ("referral_received", "reward"): "'[masked]'",
    ("ticket", "agent_id"): "chr(1) || agent_id",
    (
        "ticket_message",
        "agent_name",
    ): "CASE author_type WHEN 'agent' THEN chr(1) || agent_name ELSE agent_name END",
    ("orders", "card_token"): "'[masked]' || card_token[-4:]",
}
"""SQL of what replaces a value; a NULL stays a NULL. `\\1` begins a value of which
the token is shown."""


def token(salt: str, value: str) -> str:
    """The mask of a value: eight hex digits of SHA-256 over the request's salt and the value's text."""
    return f"[masked {hashlib.sha256((salt + value).encode()).hexdigest()[:8]}]"


def left_out(table: str, column: str) -> bool:
    return table in WITHHELD or column in LEFT_OUT[table]
