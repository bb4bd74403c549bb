"""The trail as JSON Lines for an auditor who trusts neither this software nor its database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, BinaryIO

from sqlalchemy import Connection

from afschrift.domain.event import GENESIS, canonical
from afschrift.register.trail import segments
from afschrift.register.trail.trail import header_of
from afschrift.register.trail.verification import orphans, stream

FORMAT = "afschrift-trail/1"


def write(connection: Connection, into: BinaryIO, at: str, public_keys: Mapping[str, bytes]) -> int:
    """Write the export, a line an event, as it is read; returns how many events.

    A payload stands as the text that the register keeps, so that an altered one is exported as it is.

    Args:
        connection: a transaction on the register that sees one state (`Database.read`).
        into: receives the lines.
        at: when it is written.
        public_keys: key id -> raw public key; for comparison with the published ones.
    """

    def line(kind: str, **fields: Any) -> None:
        into.write(canonical({"kind": kind, **fields}) + b"\n")

    keys = {name: key.hex() for name, key in public_keys.items()}
    line("trail", format=FORMAT, register=segments.register_id(connection), at=at, public_keys=keys)
    for one in segments.dropped(connection):
        line("segment", **one.payload(), event_seq=one.event_seq)
    events, seq, head = 0, 0, GENESIS
    for row in stream(connection):
        header = header_of(row)
        kept: dict[str, Any] = {"payload": row.payload, "salt": row.salt}
        if row.payload is None:
            kept = {"erased_by": row.erased_by, "erased_at": row.erased_at}
        line("event", header=asdict(header), **kept)
        events, seq, head = events + 1, header.seq, header.digest()
    for lone in orphans(connection):
        line("payload", seq=lone)
    line("end", events=events, seq=seq, head=head)
    return events
