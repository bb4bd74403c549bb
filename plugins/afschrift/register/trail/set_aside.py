"""Sets aside events and rows without a valid code, so that they no longer shut gates.

An event without a code does not show who wrote it. So two people decide, and every later verification names
what they set aside. Events stay in the chain; rows are deleted, since other code reads the tables.

A register from before codes is adopted instead: its events get codes, and its rows are accepted as they are.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError

from afschrift.domain.errors import RefusedError
from afschrift.domain.event import NewEvent
from afschrift.register.database.tables import case_file, request
from afschrift.register.database.trail_tables import aside, event, event_code, event_payload
from afschrift.register.keys.store import TrailKey
from afschrift.register.trail import trail
from afschrift.register.trail.attested_rows import ATTESTED_TABLES, attest_anew
from afschrift.register.trail.codes import codes
from afschrift.register.trail.differences import Difference
from afschrift.register.trail.event_codes import SYSTEM
from afschrift.register.trail.own_events import header_and_digest

FORGED = "event_forged"
ADDED = "row_added"


@dataclass(frozen=True)
class Uncoded:
    """Events and rows without a valid code.

    Attributes:
        events: number and digest of the header.
        rows: table, id and a code of the content.
        about: a line for each event with what it claims: number, type, actor, request.
    """

    events: tuple[tuple[int, str], ...]
    rows: tuple[tuple[str, str, str], ...]
    about: tuple[str, ...] = ()

    def payload(self) -> dict[str, Any]:
        """Plain JSON, as events name it."""
        return {"events": [list(event) for event in self.events], "rows": [list(row) for row in self.rows]}


def uncoded(tx: Connection, cases: Iterable[Sequence[Difference]], key: bytes) -> Uncoded:
    """What can be set aside: events and rows without a valid code.

    Rows of a case are included only if all its own events are intact: a row that a damaged event attests
    would look like a forged one.

    Args:
        tx: a transaction that sees one state.
        cases: the differences of each case.
        key: trail key.
    """
    events, about = [], []
    every = [list(of_case) for of_case in cases]
    takeable = [of_case for of_case in every if {d.code for d in of_case} <= {FORGED, ADDED}]
    for seq in sorted({d.seq for of_case in every for d in of_case if d.code == FORGED}):
        header, digest = header_and_digest(tx, seq)
        events.append((seq, digest))
        about.append(f"event {seq}: {header.type} by {header.actor} of {header.request or 'no request'}")
    places = sorted({(d.table, d.row) for of_case in takeable for d in of_case if d.code == ADDED})
    return Uncoded(tuple(events), tuple(_rows(tx, places, key)), tuple(about))


def take_out(tx: Connection, what: Uncoded, seq: int) -> None:
    """Delete the rows, in the order of their references; the event at `seq` records them.

    Raises:
        RefusedError: a row of the service refers to one of them.
    """
    for table in reversed(ATTESTED_TABLES.values()):
        for name in (row for of, row, _ in what.rows if of == table.name):
            tx.execute(insert(aside).values(table_name=table.name, row_id=name, seq=seq))
            try:
                tx.execute(delete(table).where(_is(table, name)))
            except IntegrityError:
                raise RefusedError(
                    f"A row of the service refers to {table.name} {name}, which no event attests.",
                    remedy="restore a back-up (docs/operator/keys.md).",
                ) from None


def _rows(tx: Connection, places: Sequence[tuple[str, str]], key: bytes) -> Iterator[tuple[str, str, str]]:
    for name, row in places:
        table = ATTESTED_TABLES[name]
        found = tx.execute(select(table).where(_is(table, row))).first()
        if found is not None:
            text = json.dumps(found._asdict(), default=lambda value: bytes(value).hex(), sort_keys=True)
            yield name, row, codes(key).of_file(text)


def _is(table: Table, row: str) -> Any:
    keys = list(table.primary_key)
    values = row.split("/") if len(keys) > 1 else [row]
    typed = (column.type.python_type(value) for column, value in zip(keys, values, strict=True))
    condition: Any = None
    for column, value in zip(keys, typed, strict=True):
        condition = column == value if condition is None else condition & (column == value)
    return condition


ADOPTED = "events_adopted"
_NOTHING = "[]"


def adopt(tx: Connection, at: str, key: TrailKey, by: str) -> int:
    """Code all events, and append an event for each case that attests its rows; returns how many were coded.

    Raises:
        RefusedError: some events have a code and others have none.
    """
    uncoded = _code(tx, key)
    if not uncoded:
        return 0
    trail.append(tx, at, [(None, NewEvent(ADOPTED, by, {"events": uncoded}))])
    for case in tx.scalars(select(case_file.c.id).order_by(case_file.c.id)).all():
        trail.append(tx, at, [(None, NewEvent(trail.ROWS_ADOPTED, by, {"case": case}))])
        attest_anew(tx, case)
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
        payload = json.loads(row.payload or "{}")
        owner = cases.get(header.request, SYSTEM) if header.request else payload.get("case") or SYSTEM
        attestation_code = maker.of_attestation(_NOTHING, row.salt or "")
        rows.append(
            {
                "seq": header.seq,
                "owner": owner,
                "previous": last[owner],
                "told": None if row.payload is None else _NOTHING,
                "told_code": attestation_code,
                "key_id": key.id,
                "code": maker.of_event(header.seq, owner, last[owner], header.digest(), attestation_code),
            }
        )
        last[owner] = header.seq
    if rows and some_coded:
        raise RefusedError(
            f"{len(rows)} events of the trail have no code, and others have one: they were written without "
            "the service's key, or their codes were removed.",
            remedy="run `afschrift audit verify`; restore the register from a back-up.",
        )
    if rows:
        tx.execute(insert(event_code), rows)
    return len(rows)
