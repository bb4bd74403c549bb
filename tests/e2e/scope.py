"""Which columns each right covers on the demo, by hand; nothing here comes from the product."""

from __future__ import annotations

import hashlib

LEFT_OUT = {
    "customer": "customer_uuid status staff_note password_hash segment credit_score churn_probability",
    "address": "latitude longitude",
    "consent": "text_version proof",
    "loyalty_account": "points tier",
    "orders": "status",
    "return_line": "inspection refund",
    "shipment": "tracking_code signed_by",
    "search_history": "results",
    "review": "helpful_votes sentiment shop_reply",
    "referral": "friend_joined reward",
    "referral_received": "customer_id friend_email friend_name referred_at friend_joined reward",
    "ticket": "closed_at status priority tags agent_id summary",
    "ticket_message": "author_type agent_name sentiment",
    "heart_rate": "day",
    "location": "day",
    "app_event": "day experiment_arm",
    "search": "day",
}
"""Not portable: derived, inferred, assigned, bought, secret or a proof; not provided by the person."""

WITHHELD = ("login", "profile", "enrichment")
"""Not portable as a whole: kept on legitimate interest, computed, bought."""

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
    """Whether portability leaves a column out."""
    return table in WITHHELD or column in LEFT_OUT.get(table, "").split()
