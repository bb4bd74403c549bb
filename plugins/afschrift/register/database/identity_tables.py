"""Tables of whose data a request is about: its keys, and what officers looked up by them."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table, text

from afschrift.register.database.columns import (
    CODE,
    ID,
    INSTANT,
    NAME,
    SHA256,
    counter_column,
    id_column,
    metadata,
    request_column,
)

request_identity = Table(
    "request_identity",
    metadata,
    counter_column(),
    request_column(),
    Column("kind", CODE, nullable=False),  # name of the identity key
    Column("ciphertext", LargeBinary, nullable=False),
    Column("blind_index", SHA256, nullable=False, index=True),
    Column("key_id", ID, nullable=False),  # which blind-index key
    Column("verified_by", NAME),
)

look_up = Table(
    # What an officer asked the sources to hold under a request's keys, before its identity is confirmed. What
    # was found goes with the decision, with the keys and with the request; the row says that it was asked.
    "look_up",
    metadata,
    id_column(),
    request_column(),
    Column("about", SHA256, nullable=False),  # HMAC of the keys that were asked about
    Column("by", NAME, nullable=False),
    Column("role", CODE, nullable=False),
    Column("asked_at", INSTANT, nullable=False),
    Column("served_at", INSTANT),
    Column("ciphertext", LargeBinary),
    Column("ended_at", INSTANT),
)
Index(
    "uq_look_up_going",
    look_up.c.request_id,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
