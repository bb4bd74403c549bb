"""The signed statement that payloads of the trail were erased, which no other party can make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from afschrift.domain.event import NewEvent, digest
from afschrift.register.database.trail_tables import event, event_payload
from afschrift.register.keys.store import SigningKey
from afschrift.register.trail.signed import sign

FORMAT = "afschrift-erasure/1"
ERASED = "payloads_erased"


@dataclass(frozen=True)
class Erasure:
    """The statement in an event `payloads_erased`.

    Attributes:
        register: the register's id: digest of the first header of its trail.
        request: whose events lost their payloads; None: those that concern a case and no request.
        rule: that asked for it.
        count: number of payloads.
        at: instant.
        key_id: of the signing key.
    """

    format: str
    register: str
    request: str | None
    rule: str
    count: int
    at: str
    key_id: str


@dataclass(frozen=True)
class RecordedErasure:
    """An erasure that an event records; `digest`: of its statement."""

    seq: int
    digest: str


def event_of(erasure: Erasure, key: SigningKey, by: str) -> NewEvent:
    """The event that records an erasure, signed."""
    statement = asdict(erasure)
    return NewEvent(ERASED, by, {"erasure": statement, "signature": sign(statement, key)})


def parse(payload: Mapping[str, Any]) -> tuple[Erasure, str]:
    """Read statement and signature from an event's payload.

    Raises:
        ValueError: it has another form.
    """
    erasure, signature = msgspec.convert(payload.get("erasure"), Erasure), payload.get("signature")
    if erasure.format != FORMAT or not isinstance(signature, str) or len(payload) != 2:
        raise ValueError("no erasure of a known format")
    if asdict(erasure) != payload["erasure"]:
        raise ValueError("an erasure with more in it")
    return erasure, signature


def newest(tx: Connection) -> dict[str, int | str] | None:
    """The last erasure as a checkpoint names it: `seq` of its event and digest of its statement."""
    rows = select(event.c.seq, event_payload.c.payload).join(event_payload).where(event.c.type == ERASED)
    row = tx.execute(rows.order_by(event.c.seq.desc()).limit(1)).first()
    if row is None or row.payload is None:
        return None
    return {"seq": row.seq, "digest": digest(msgspec.json.decode(row.payload)["erasure"])}


def names_last_erasure(
    erased: Mapping[str, Any] | None, seq: int, known: Sequence[RecordedErasure], after: int
) -> bool:
    """Whether a checkpoint at `seq` names the last erasure before it, unless that was in a dropped year."""
    before = [erasure for erasure in known if erasure.seq <= seq]
    if before:
        return erased == {"seq": before[-1].seq, "digest": before[-1].digest}
    return erased is None or int(erased["seq"]) <= after
