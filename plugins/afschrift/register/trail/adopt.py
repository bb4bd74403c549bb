"""Gives the events of a register from before there were codes theirs, and takes its rows as they are."""

from __future__ import annotations

import json
from collections import defaultdict

from sqlalchemy import Connection, insert, select

from afschrift.domain.errors import RefusedError
from afschrift.domain.event import NewEvent
from afschrift.register.database.tables import case_file, request
from afschrift.register.database.trail_tables import event, event_code, event_payload
from afschrift.register.keys.store import TrailKey
from afschrift.register.trail import trail
from afschrift.register.trail.codes import codes
from afschrift.register.trail.event_codes import SYSTEM
from afschrift.register.trail.told_rows import tell_anew

ADOPTED = "events_adopted"
_NOTHING = "[]"


def adopt(tx: Connection, at: str, key: TrailKey, by: str) -> int:
    """Code all events that there are, and append one a case that tells of its rows; how many were coded.

    Raises:
        RefusedError: some events have a code, and others have none.
    """
    uncoded = _code(tx, key)
    if not uncoded:
        return 0
    trail.append(tx, at, [(None, NewEvent(ADOPTED, by, {"events": uncoded}))])
    for case in tx.scalars(select(case_file.c.id).order_by(case_file.c.id)).all():
        trail.append(tx, at, [(None, NewEvent(trail.ROWS_ADOPTED, by, {"case": case}))])
        tell_anew(tx, case)
    return uncoded


def _code(tx: Connection, key: TrailKey) -> int:
    cases = {row.id: row.case_id for row in tx.execute(select(request.c.id, request.c.case_id))}
    maker, last, rows = codes(key.key), defaultdict[str, int](int), []
    found = select(event, event_payload.c.payload, event_payload.c.salt, event_code.c.seq.label("coded"))
    found = found.outerjoin(event_payload, event_payload.c.seq == event.c.seq)
    found = found.outerjoin(event_code, event_code.c.seq == event.c.seq)
    some_coded = False
    for row in tx.execute(found.order_by(event.c.seq)):
        some_coded |= row.coded is not None
        if row.coded is not None:
            continue
        header = trail.header_of(row)
        said = json.loads(row.payload or "{}")
        owner = cases.get(header.request, SYSTEM) if header.request else said.get("case") or SYSTEM
        told_code = maker.of_told(_NOTHING, row.salt or "")
        rows.append(
            {
                "seq": header.seq,
                "owner": owner,
                "previous": last[owner],
                "told": None if row.payload is None else _NOTHING,
                "told_code": told_code,
                "key_id": key.id,
                "code": maker.of_event(header.seq, owner, last[owner], header.digest(), told_code),
            }
        )
        last[owner] = header.seq
    if rows and some_coded:
        raise RefusedError(
            f"{len(rows)} events of the trail have no code, and others have one: somebody wrote them without "
            "the service's key, or took their codes away.",
            remedy="run `afschrift audit verify`; restore the register from a back-up.",
        )
    if rows:
        tx.execute(insert(event_code), rows)
    return len(rows)
