"""Tables of the audit trail. Triggers keep them append-only; only whole years may be dropped."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from afschrift.register.database.tables import CODE, COUNTER, ID, INSTANT, NAME, SHA256, metadata

event = Table(
    # One header of the chain; append-only (triggers refuse the rest). `request` is no foreign key:
    # events stay after what they describe was destroyed.
    "event",
    metadata,
    Column("seq", COUNTER, primary_key=True, autoincrement=False),
    Column("at", INSTANT, nullable=False),
    Column("request", ID, index=True),
    Column("type", CODE, nullable=False),
    Column("actor", NAME, nullable=False),
    Column("payload_sha256", SHA256, nullable=False),
    Column("prev", SHA256, nullable=False),
)

Index("ix_event_type_seq", event.c.type, event.c.seq)

segment = Table(
    # A year of the trail that was dropped: what the chain continues from. Append-only too.
    "segment",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("register", SHA256, nullable=False),
    Column("first_seq", COUNTER, nullable=False),
    Column("last_seq", COUNTER, nullable=False),
    Column("closing", SHA256, nullable=False),
    Column("count", COUNTER, nullable=False),
    Column("rule", CODE, nullable=False),
    Column("dropped_at", INSTANT, nullable=False),
    Column("previous", SHA256, nullable=False),
    Column("event_seq", COUNTER, nullable=False),  # the event that records it
    # A year dropped before there were signatures has none; verification reports it.
    Column("keep_years", Integer, nullable=False, server_default="0"),
    Column("key_id", ID, nullable=False, server_default=""),  # of the signing key
    Column("signature", Text, nullable=False, server_default=""),
)

event_code = Table(
    # Code of an event, made with a key that is not in the database; append-only too. `told` attests the rows
    # that were written with the event, and is erased with its payload.
    "event_code",
    metadata,
    Column("seq", COUNTER, ForeignKey("event.seq"), primary_key=True, autoincrement=False),
    Column("owner", ID, nullable=False),  # the case; empty: the system
    Column("previous", COUNTER, nullable=False),  # the owner's event before
    Column("told", Text),
    Column("told_code", SHA256, nullable=False),
    Column("key_id", ID, nullable=False),
    Column("code", SHA256, nullable=False),
)
Index("ix_event_code_owner_seq", event_code.c.owner, event_code.c.seq)

aside = Table(
    # Rows without a code that two people set aside: only those may leave an append-only table.
    "aside",
    metadata,
    Column("table_name", CODE, primary_key=True),
    Column("row_id", String(64), primary_key=True),
    Column("seq", COUNTER, ForeignKey("event.seq"), primary_key=True, autoincrement=False),
)

event_payload = Table(
    "event_payload",
    metadata,
    Column("seq", COUNTER, ForeignKey("event.seq"), primary_key=True, autoincrement=False),
    Column("payload", Text),  # canonical JSON; NULL once erased
    Column("salt", String(64)),
    Column("erased_by", CODE),  # the rule that erased it
    Column("erased_at", INSTANT),
)
