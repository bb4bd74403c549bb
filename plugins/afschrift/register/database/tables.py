"""Tables of the register, for SQLite and PostgreSQL.

Instants are text in RFC 3339 (UTC, microseconds), so that both databases keep exactly what was written.
Columns named `ciphertext` are encrypted under the data key of their owner (`data_key`): the request, or the
case where a text belongs to no single request. `detail` holds codes, never texts or values.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = String(32)
_CODE = String(64)
_NAME = String(255)
_INSTANT = String(32)
_DAY = String(10)
_SHA256 = String(64)
_COUNTER = BigInteger().with_variant(Integer(), "sqlite")


def _id() -> Column[Any]:
    return Column("id", _ID, primary_key=True)


def _counter() -> Column[Any]:
    return Column("id", _COUNTER, primary_key=True, autoincrement=True)


def _request(*, nullable: bool = False, index: bool = True) -> Column[Any]:
    return Column("request_id", _ID, ForeignKey("request.id"), nullable=nullable, index=index)


case_file = Table(
    "case_file",
    metadata,
    _id(),
    Column("channel", _CODE, nullable=False),
    Column("received_at", _INSTANT, nullable=False),  # first arrival at an official channel (R02)
    Column("arrived_at", _INSTANT, nullable=False),  # arrival at those who handle it
    Column("made_by", _CODE, nullable=False),  # self, parent, guardian, proxy (R15-R17)
    Column("detail", JSON, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
)

request = Table(
    "request",
    metadata,
    _id(),
    Column("case_id", _ID, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("right", _CODE, nullable=False),
    Column("received_at", _INSTANT, nullable=False, index=True),
    Column("zone", _CODE, nullable=False),
    Column("state", _CODE, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("language", String(8), nullable=False),
    Column("formats", JSON, nullable=False),
    Column("destination", _CODE, nullable=False),
    Column("limits", LargeBinary),  # ciphertext; NULL where the person set none
    Column("created_at", _INSTANT, nullable=False),
    Column("changed_at", _INSTANT, nullable=False),  # last change of state
)

data_key = Table(
    # A table of its own and without a foreign key: a back-up of the register may leave it out, so that
    # restoring one brings no destroyed key back (practice: retention).
    "data_key",
    metadata,
    Column("owner", _ID, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("kek_id", _ID, nullable=False, index=True),
    Column("created_at", _INSTANT, nullable=False),
)

request_identity = Table(
    "request_identity",
    metadata,
    _counter(),
    _request(),
    Column("kind", _CODE, nullable=False),  # name of the identity key
    Column("ciphertext", LargeBinary, nullable=False),
    Column("blind_index", _SHA256, nullable=False, index=True),
    Column("key_id", _ID, nullable=False),  # which blind-index key
    Column("verified_by", _NAME),
)

message = Table(
    "message",
    metadata,
    _id(),
    Column("case_id", _ID, ForeignKey("case_file.id"), nullable=False, index=True),
    _request(nullable=True),  # NULL: the message of the case, under the case's key
    Column("kind", _CODE, nullable=False),  # request, decision, note, received, sent, document
    Column("ciphertext", LargeBinary, nullable=False),  # of a large document its first part
    Column("hmac", _SHA256, nullable=False),  # of the whole
    Column("by", _NAME, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("label", LargeBinary),  # ciphertext of a document's file name
    Column("media_type", _NAME),
)

message_part = Table(
    # What follows the first part of a large document; numbered from 1.
    "message_part",
    metadata,
    Column("message_id", _ID, ForeignKey("message.id"), nullable=False),
    Column("number", Integer, nullable=False, autoincrement=False),
    Column("ciphertext", LargeBinary, nullable=False),
    PrimaryKeyConstraint("message_id", "number"),
)

question = Table(
    "question",
    metadata,
    _id(),
    _request(),
    Column("kind", _CODE, nullable=False),
    Column("role", _CODE, nullable=False),
    Column("options", JSON, nullable=False),
    Column("form", JSON(none_as_null=True)),  # JSON Schema of what is filled in besides the choice
    Column("detail", JSON, nullable=False),
    Column("about", _SHA256),
    Column("fingerprint", _SHA256, nullable=False),  # digest of kind, about and detail
    Column("asked_at", _INSTANT, nullable=False),
    Column("answered_at", _INSTANT),
)
Index(
    "uq_question_open",
    question.c.request_id,
    question.c.fingerprint,
    unique=True,
    sqlite_where=text("answered_at IS NULL"),
    postgresql_where=text("answered_at IS NULL"),
)

decision = Table(
    "decision",
    metadata,
    _counter(),
    _request(),
    Column("question_id", _ID, ForeignKey("question.id"), unique=True),
    Column("kind", _CODE, nullable=False),
    Column("choice", _CODE, nullable=False),
    Column("by", _NAME, nullable=False),
    Column("at", _INSTANT, nullable=False),
    Column("about", _SHA256),
    Column("detail", JSON, nullable=False),
    Column("message_id", _ID, ForeignKey("message.id")),
)

fact = Table(
    # What happened to a request beside its state (`core.facts`). Append-only: triggers refuse the rest.
    "fact",
    metadata,
    _id(),
    _request(index=False),  # the unique constraint is its index
    Column("number", Integer, nullable=False),  # 1, 2, ... within the request
    Column("kind", _CODE, nullable=False),
    Column("at", _INSTANT, nullable=False),
    Column("by", _NAME, nullable=False),
    Column("day", _DAY),  # local date
    Column("instant", _INSTANT),
    Column("about", _ID),  # the fact that it concerns
    Column("letter", _ID),
    Column("channel", _CODE),
    Column("proof", _NAME),
    Column("other", _ID),  # another request
    Column("text", _ID),  # reasons in words: a `message`, which may be gone before this
    Column("detail", JSON, nullable=False),
    UniqueConstraint("request_id", "number"),
)

case_fact = Table(
    # What happened to a case as a whole (`core.case_facts`). Append-only like `fact`.
    "case_fact",
    metadata,
    _id(),
    Column("case_id", _ID, ForeignKey("case_file.id"), nullable=False),  # the unique constraint is its index
    Column("number", Integer, nullable=False),  # 1, 2, ... within the case
    Column("kind", _CODE, nullable=False),
    Column("at", _INSTANT, nullable=False),
    Column("by", _NAME, nullable=False),
    Column("about", _ID),  # the fact that it concerns
    Column("detail", JSON, nullable=False),
    UniqueConstraint("case_id", "number"),
)

letter = Table(
    # A letter produced is not a letter sent: only `sent_on` counts. Its text is a document of the case file.
    "letter",
    metadata,
    _id(),
    _request(),
    Column("kind", _CODE, nullable=False),
    Column("language", String(8), nullable=False),
    Column("state", _CODE, nullable=False),  # `core.letter.LetterState`
    Column("document_id", _ID, ForeignKey("message.id"), nullable=False),
    Column("fact_id", _ID),  # the question or extension that it tells of
    Column("recipient", LargeBinary),  # ciphertext of an e-mail address
    Column("same_as", _SHA256, nullable=False),  # HMAC of what it says, without its day
    Column("produced_at", _INSTANT, nullable=False),
    Column("produced_by", _NAME, nullable=False),
    Column("claimed_at", _INSTANT),  # in the hands of a process since then
    Column("sent_on", _DAY),  # local date, from which the clock counts
    Column("sent_at", _INSTANT),  # the mail server took it; NULL where a person entered the sending
    Column("sent_by", _NAME),
    Column("channel", _CODE),
    Column("proof_id", _ID, ForeignKey("message.id")),
    Column("bounced_on", _DAY),
    Column("bounce", _CODE),
    Column("detail", JSON, nullable=False),  # dates that it told
)

delivery = Table(
    "delivery",
    metadata,
    _id(),
    _request(index=False),  # the unique constraint is its index
    Column("kind", _CODE, nullable=False),  # full, partial, supplement
    Column("destination", _CODE, nullable=False),
    Column("uri", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", _SHA256, nullable=False),
    Column("secret", LargeBinary),  # ciphertext of a pass phrase, until receipt is confirmed
    Column("delivered_at", _INSTANT, nullable=False),
    Column("expires_at", _INSTANT),
    Column("confirmed_at", _INSTANT),
    Column("destroyed_at", _INSTANT),
    Column("detail", JSON, nullable=False),
    UniqueConstraint("request_id", "sha256", "uri"),
)

step = Table(
    "step",
    metadata,
    _counter(),
    _request(index=False),  # the unique constraint is its index
    Column("name", _CODE, nullable=False),
    Column("part", _NAME, nullable=False),
    Column("inputs", _SHA256, nullable=False),
    Column("result", JSON, nullable=False),
    Column("finished_at", _INSTANT, nullable=False),
    UniqueConstraint("request_id", "name", "part", "inputs"),
)

run = Table(
    # A run of a request on Airflow; one that goes keeps a second one from starting.
    "run",
    metadata,
    Column("request_id", _ID, ForeignKey("request.id"), nullable=False),
    Column("run_id", _NAME, nullable=False),
    Column("started_at", _INSTANT, nullable=False),
    Column("seen_at", _INSTANT, nullable=False),  # its last step began
    Column("ended_at", _INSTANT),
    Column("outcome", _CODE),  # state of the request at the end
    PrimaryKeyConstraint("request_id", "run_id"),
)
Index(
    "uq_run_going",
    run.c.request_id,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)

plan = Table(
    "plan",
    metadata,
    Column("request_id", _ID, ForeignKey("request.id"), nullable=False),
    Column("digest", _SHA256, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    PrimaryKeyConstraint("request_id", "digest"),
)

event = Table(
    # One header of the chain; append-only (triggers refuse the rest). `request` is no foreign key:
    # the trail outlives what it tells of.
    "event",
    metadata,
    Column("seq", _COUNTER, primary_key=True, autoincrement=False),
    Column("at", _INSTANT, nullable=False),
    Column("request", _ID, index=True),
    Column("type", _CODE, nullable=False),
    Column("actor", _NAME, nullable=False),
    Column("payload_sha256", _SHA256, nullable=False),
    Column("prev", _SHA256, nullable=False),
)

segment = Table(
    # A year of the trail that was dropped whole: what the chain goes on from. Append-only too.
    "segment",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("register", _SHA256, nullable=False),
    Column("first_seq", _COUNTER, nullable=False),
    Column("last_seq", _COUNTER, nullable=False),
    Column("closing", _SHA256, nullable=False),
    Column("count", _COUNTER, nullable=False),
    Column("rule", _CODE, nullable=False),
    Column("dropped_at", _INSTANT, nullable=False),
    Column("previous", _SHA256, nullable=False),
    Column("event_seq", _COUNTER, nullable=False),  # the event that tells of it
)

event_payload = Table(
    "event_payload",
    metadata,
    Column("seq", _COUNTER, ForeignKey("event.seq"), primary_key=True, autoincrement=False),
    Column("payload", Text),  # canonical JSON; NULL once erased
    Column("salt", String(64)),
    Column("erased_by", _CODE),  # the rule that erased it
    Column("erased_at", _INSTANT),
)
