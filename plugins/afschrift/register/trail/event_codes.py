"""Gives the events of a transaction their codes at its end, and with them the rows that it wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from afschrift.register.database.tables import request
from afschrift.register.database.trail_tables import event_code
from afschrift.register.database.written import ABSENT, Change, RowPlace, Written, written
from afschrift.register.keys.store import KeyStore
from afschrift.register.trail.codes import Codes, codes
from afschrift.register.trail.height import BesideKeys, nothing
from afschrift.register.trail.own_events import ACT_TYPES, broken_links, ends, last_own
from afschrift.register.trail.trail import write_appended

SYSTEM = ""
"""Owner of the events that concern no case."""

LOST = -1
"""Stands for the event before, where that may have been taken out."""


def enter(tx: Connection, keys: KeyStore, beside: BesideKeys) -> Callable[[], object]:
    """Write the events that the transaction appended, with their codes, and forget what it wrote.

    An event names the own one of its case before it. Where an event since then was taken out, that could have
    been the case's last: it then names none (`LOST`), and a gate finds it missing from then on, whatever the
    case goes on with.

    Args:
        tx: about to be committed.
        keys: of the installation.
        beside: keeps the height of the trail.

    Returns:
        What moves the height on once the transaction is committed.

    Raises:
        RuntimeError: a row was written that no event of its case tells of: a fault of the software.
    """
    done, trail_keys = written(tx), keys.trail_keys()
    if not done.appended and not done.events and not done.rows:
        return nothing
    cases = _cases(tx, done)
    owner = next((_owner(new.request, new.case, cases) for new in done.appended), SYSTEM)
    seen = ends(tx, trail_keys, owner, beside.seq(tx))
    write_appended(tx, seen.last)
    key = keys.trail_key()
    owners = [_owner(header.request, case, cases) for header, _, case in done.events]
    told = _told(done, owners, cases)
    found = {name: seen.own if name == owner else last_own(tx, name, trail_keys) for name in set(owners)}
    last = {name: header.seq if header else 0 for name, header in found.items()}
    _lose(tx, last, done.events[0][0].seq, keys)
    maker, rows = codes(key.key), []
    for number, (header, salt, _) in enumerate(done.events):
        owner = owners[number]
        text = _text(maker, told.get(number, {}))
        told_code = maker.of_told(text, salt)
        code = maker.of_event(header.seq, owner, last[owner], header.digest(), told_code)
        rows.append(
            {
                "seq": header.seq,
                "owner": owner,
                "previous": last[owner],
                "told": text,
                "told_code": told_code,
                "key_id": key.id,
                "code": code,
            }
        )
        last[owner] = header.seq
    tx.execute(insert(event_code), rows)
    newest = done.events[-1][0]
    acted = any(header.type in ACT_TYPES for header, _, _ in done.events)
    done.events.clear()
    done.rows.clear()
    return beside.after(tx, newest, trail_keys, None if acted else seen.acts)


def _lose(tx: Connection, last: dict[str, int], first: int, keys: KeyStore) -> None:
    known = {owner: seq for owner, seq in last.items() if seq and owner != SYSTEM}
    oldest = min(known.values(), default=first - 1)
    if oldest == first - 1:  # nothing came between, as in most steps of a run
        return
    fault = max(broken_links(tx, oldest, keys.trail_keys(), first - 1), default=0) - 1
    last |= {owner: LOST for owner, seq in known.items() if seq < fault}


def _cases(tx: Connection, done: Written) -> dict[str, str]:
    """Request -> its case, of all that were written about."""
    ids = {new.request for new in done.appended} | {place.request for place in done.rows}
    ids |= {header.request for header, _, _ in done.events}
    rows = {name: done.known.get((request.name, name)) for name in ids if name}
    cases = {name: row.case_id for name, row in rows.items() if row}
    if left := sorted(rows.keys() - cases.keys()):
        found = select(request.c.id, request.c.case_id).where(request.c.id.in_(left))
        cases |= {row.id: row.case_id for row in tx.execute(found)}
    return cases


def _owner(of: str | None, case: str | None, cases: Mapping[str, str]) -> str:
    return case or SYSTEM if of is None else cases.get(of, SYSTEM)


def _told(done: Written, owners: list[str], cases: Mapping[str, str]) -> dict[int, dict[RowPlace, Change]]:
    """Which event tells of which rows: the last of their request, or else the last of their case.

    What is erased with one request then takes nothing along that tells of another one.
    """
    told: dict[int, dict[RowPlace, Change]] = {}
    of_request = {(owners[n], header.request): n for n, (header, _, _) in enumerate(done.events)}
    of_case = {owner: n for n, owner in enumerate(owners)}
    for place, change in done.rows.items():
        owner = place.case or cases.get(place.request or "", SYSTEM)
        number = of_request.get((owner, place.request), of_case.get(owner) if owner else None)
        if number is None:
            raise RuntimeError(f"A row of {place.table} was written, and no event tells of it.")
        told.setdefault(number, {})[place] = change
    return told


def _text(maker: Codes, rows: Mapping[RowPlace, Change]) -> str:
    """The rows that an event tells of, as JSON: table, row, and code before and after of each field."""
    told = [
        [place.table, place.row, {name: _codes(maker, place, name, change[name]) for name in sorted(change)}]
        for place, change in sorted(rows.items(), key=lambda item: (item[0].table, item[0].row))
    ]
    return json.dumps(told, separators=(",", ":"))


def _codes(maker: Codes, place: RowPlace, name: str, values: tuple[Any, Any]) -> list[str | None]:
    return [None if value is ABSENT else maker.of_field(place, name, value) for value in values]
