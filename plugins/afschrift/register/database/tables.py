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

ID = String(32)
CODE = String(64)
NAME = String(255)
INSTANT = String(32)
DAY = String(10)
SHA256 = String(64)
COUNTER = BigInteger().with_variant(Integer(), "sqlite")


def id_column() -> Column[Any]:
    """The opaque id of a row, as its primary key."""
    return Column("id", ID, primary_key=True)


def counter_column() -> Column[Any]:
    """A number that the database gives, as the primary key."""
    return Column("id", COUNTER, primary_key=True, autoincrement=True)


def request_column(*, nullable: bool = False, index: bool = True) -> Column[Any]:
    """The request that a row belongs to."""
    return Column("request_id", ID, ForeignKey("request.id"), nullable=nullable, index=index)


case_file = Table(
    "case_file",
    metadata,
    id_column(),
    Column("channel", CODE, nullable=False),
    Column("received_at", INSTANT, nullable=False),  # first arrival at an official channel (R02)
    Column("arrived_at", INSTANT, nullable=False),  # arrival at those who handle it
    Column("made_by", CODE, nullable=False),  # self, parent, guardian, proxy (R15-R17)
    Column("detail", JSON, nullable=False),
    Column("created_at", INSTANT, nullable=False),
)

request = Table(
    "request",
    metadata,
    id_column(),
    Column("case_id", ID, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("right", CODE, nullable=False),
    Column("received_at", INSTANT, nullable=False, index=True),
    Column("zone", CODE, nullable=False),
    Column("state", CODE, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("language", String(8), nullable=False),
    Column("formats", JSON, nullable=False),
    Column("destination", CODE, nullable=False),
    Column("limits", LargeBinary),  # ciphertext; NULL where the person set none
    Column("created_at", INSTANT, nullable=False),
    Column("changed_at", INSTANT, nullable=False),  # last change of state
)

data_key = Table(
    # A table of its own and without a foreign key: a back-up of the register may leave it out, so that
    # restoring one brings no destroyed key back (practice: retention).
    "data_key",
    metadata,
    Column("owner", ID, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("kek_id", ID, nullable=False, index=True),
    Column("created_at", INSTANT, nullable=False),
)

message = Table(
    "message",
    metadata,
    id_column(),
    Column("case_id", ID, ForeignKey("case_file.id"), nullable=False, index=True),
    request_column(nullable=True),  # NULL: the message of the case, under the case's key
    Column("kind", CODE, nullable=False),  # request, decision, note, received, sent, document
    Column("ciphertext", LargeBinary, nullable=False),  # of a large document its first part
    Column("hmac", SHA256, nullable=False),  # of the whole
    Column("by", NAME, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("label", LargeBinary),  # ciphertext of a document's file name
    Column("media_type", NAME),
)

message_part = Table(
    # What follows the first part of a large document; numbered from 1.
    "message_part",
    metadata,
    Column("message_id", ID, ForeignKey("message.id"), nullable=False),
    Column("number", Integer, nullable=False, autoincrement=False),
    Column("ciphertext", LargeBinary, nullable=False),
    PrimaryKeyConstraint("message_id", "number"),
)

question = Table(
    "question",
    metadata,
    id_column(),
    request_column(),
    Column("kind", CODE, nullable=False),
    Column("role", CODE, nullable=False),
    Column("options", JSON, nullable=False),
    Column("form", JSON(none_as_null=True)),  # JSON Schema of what is filled in besides the choice
    Column("detail", JSON, nullable=False),
    Column("about", SHA256),
    Column("fingerprint", SHA256, nullable=False),  # digest of kind, about and detail
    Column("asked_at", INSTANT, nullable=False),
    Column("answered_at", INSTANT),
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
    counter_column(),
    request_column(),
    Column("question_id", ID, ForeignKey("question.id"), unique=True),
    Column("kind", CODE, nullable=False),
    Column("choice", CODE, nullable=False),
    Column("by", NAME, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("about", SHA256),
    Column("detail", JSON, nullable=False),
    Column("message_id", ID, ForeignKey("message.id")),
)

fact = Table(
    # What happened to a request, apart from its state (`law.clock.facts`). Append-only: triggers refuse the
    # rest.
    "fact",
    metadata,
    id_column(),
    request_column(index=False),  # the unique constraint is its index
    Column("number", Integer, nullable=False),  # 1, 2, ... within the request
    Column("kind", CODE, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("by", NAME, nullable=False),
    Column("day", DAY),  # local date
    Column("instant", INSTANT),
    Column("about", ID),  # the fact that it concerns
    Column("letter", ID),
    Column("channel", CODE),
    Column("proof", NAME),
    Column("other", ID),  # another request
    Column("text", ID),  # reasons in words: a `message`, which may be gone before this
    Column("detail", JSON, nullable=False),
    UniqueConstraint("request_id", "number"),
)

case_fact = Table(
    # What happened to a case as a whole (`law.case_facts`). Append-only like `fact`.
    "case_fact",
    metadata,
    id_column(),
    Column("case_id", ID, ForeignKey("case_file.id"), nullable=False),  # the unique constraint is its index
    Column("number", Integer, nullable=False),  # 1, 2, ... within the case
    Column("kind", CODE, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("by", NAME, nullable=False),
    Column("about", ID),  # the fact that it concerns
    Column("detail", JSON, nullable=False),
    UniqueConstraint("case_id", "number"),
)

letter = Table(
    # Only `sent_on` says that a letter was sent. Its text is a document of the case file.
    "letter",
    metadata,
    id_column(),
    request_column(),
    Column("kind", CODE, nullable=False),
    Column("language", String(8), nullable=False),
    Column("state", CODE, nullable=False),  # `law.letter.LetterState`
    Column("document_id", ID, ForeignKey("message.id"), nullable=False),
    Column("fact_id", ID),  # the question or extension that it announces
    Column("recipient", LargeBinary),  # ciphertext of an e-mail address
    Column("same_as", SHA256, nullable=False),  # HMAC of what it says, without its day
    Column("produced_at", INSTANT, nullable=False),
    Column("produced_by", NAME, nullable=False),
    Column("claimed_at", INSTANT),  # a process is sending it since then
    Column("sent_on", DAY),  # local date, from which the clock counts
    Column("sent_at", INSTANT),  # the mail server took it; NULL where a person entered the sending
    Column("sent_by", NAME),
    Column("channel", CODE),
    Column("proof_id", ID, ForeignKey("message.id")),
    Column("bounced_on", DAY),
    Column("bounce", CODE),
    Column("detail", JSON, nullable=False),  # dates that it names
)

delivery = Table(
    # `begun` before the first byte leaves, `arrived` after the receipt.
    "delivery",
    metadata,
    id_column(),
    request_column(),
    Column("kind", CODE, nullable=False),  # full, partial, supplement
    Column("destination", CODE, nullable=False),
    Column("uri", Text),  # once it arrived
    Column("bytes", BigInteger, nullable=False),  # of what arrived
    Column("sha256", SHA256, nullable=False),  # of the bundle, encrypted or not
    Column("secret", LargeBinary),  # ciphertext of the words that open it, as long as it lies there
    Column("delivered_at", INSTANT),
    Column("expires_at", INSTANT),
    Column("confirmed_at", INSTANT),  # the person has it
    Column("destroyed_at", INSTANT),  # what lay at the destination was removed
    Column("detail", JSON, nullable=False),
    Column("state", CODE, nullable=False, server_default="arrived"),
    Column("key", SHA256, unique=True),  # of request, bundle, destination and part; NULL before 0018
    Column("name", Text),  # of the file at the destination
    Column("encryption", CODE, nullable=False, server_default="none"),
    Column("begun_at", INSTANT),
    Column("arrived", LargeBinary),  # ciphertext of digest and size of what arrived
)

step = Table(
    "step",
    metadata,
    counter_column(),
    request_column(index=False),  # the unique constraint is its index
    Column("name", CODE, nullable=False),
    Column("part", NAME, nullable=False),
    Column("inputs", SHA256, nullable=False),
    Column("result", JSON, nullable=False),
    Column("finished_at", INSTANT, nullable=False),
    UniqueConstraint("request_id", "name", "part", "inputs"),
)

run = Table(
    # A run of a request on Airflow. While one has not ended, no second one can start.
    "run",
    metadata,
    Column("request_id", ID, ForeignKey("request.id"), nullable=False),
    Column("run_id", NAME, nullable=False),
    Column("started_at", INSTANT, nullable=False),
    Column("seen_at", INSTANT, nullable=False),  # its last step began
    Column("ended_at", INSTANT),
    Column("outcome", CODE),  # state of the request at the end
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
    Column("request_id", ID, ForeignKey("request.id"), nullable=False),
    Column("digest", SHA256, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    PrimaryKeyConstraint("request_id", "digest"),
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
    # An officer's look-up of a request's keys in the sources, before the identity is confirmed. What was
    # found is destroyed with the decision, with a change of keys and with the request; the row stays.
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
