"""Forgeries by the owner of the register's database, who has none of the service's keys."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, text

from afschrift.domain.event import Header, canonical, payload_digest
from afschrift.register.trail import trail

SALT = "5a" * 32


def forged_header(tx: Connection, kind: str, payload: dict[str, Any], **fields: Any) -> Header:
    """Header of an event that fits the end of the chain; `fields` alter it."""
    seq, prev = trail.head(tx)
    at = tx.scalar(text("SELECT at FROM event WHERE seq = :seq"), {"seq": seq})
    header = Header(seq + 1, at, None, kind, "cli:anna", payload_digest(payload, SALT), prev)
    return replace(header, **fields)


def append_forged(tx: Connection, kind: str, payload: dict[str, Any], **fields: Any) -> int:
    """Append an event without a code, as anybody can make it; its number."""
    header = forged_header(tx, kind, payload, **fields)
    tx.execute(
        text("INSERT INTO event VALUES (:seq, :at, :request, :type, :actor, :payload_sha256, :prev)"),
        vars(header),
    )
    tx.execute(
        text("INSERT INTO event_payload (seq, payload, salt) VALUES (:seq, :payload, :salt)"),
        {"seq": header.seq, "payload": canonical(payload).decode(), "salt": SALT},
    )
    return header.seq
