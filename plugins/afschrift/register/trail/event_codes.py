"""Writes the codes of a transaction's events before its commit; with them the events attest its rows."""

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
from afschrift.register.trail.height import HeightKeeper, do_nothing
from afschrift.register.trail.own_events import ACT_TYPES, broken_links, ends, last_own
from afschrift.register.trail.trail import write_appended

SYSTEM = ""
"""Owner of the events that concern no case."""

LOST = -1
"""In place of the previous event's number, where that event may have been removed."""


def enter_codes(tx: Connection, keys: KeyStore, keeper: HeightKeeper) -> Callable[[], object]:
    """Write the events that the transaction appended, with their codes, and clear `Written`.

    An event names the previous own event of its case. Where an event after that one was removed from the
    chain,
    it may have been the last of this case: then `LOST` is written, so that gates find it missing even after
    further events of the case.

    Args:
        tx: about to be committed.
        keys: of the installation.
        keeper: keeps the height of the trail.

    Returns:
        A function that advances the height; to be called after the commit.

    Raises:
        RuntimeError: no event of its case attests a row that was written: a fault of the software.
    """
    done, trail_keys = written(tx), keys.trail_keys()
    if not done.appended and not done.events and not done.rows:
        return do_nothing
    cases = _cases(tx, done)
    owner = next((_owner(new.request, new.case, cases) for new in done.appended), SYSTEM)
    seen = ends(tx, trail_keys, owner, keeper.seq(tx))
    write_appended(tx, seen.last)
    key = keys.trail_key()
    owners = [_owner(header.request, case, cases) for header, _, case in done.events]
    attested = _attested(done, owners, cases)
    found = {name: seen.own if name == owner else last_own(tx, name, trail_keys) for name in set(owners)}
    last = {name: header.seq if header else 0 for name, header in found.items()}
    _lose(tx, last, done.events[0][0].seq, keys)
    maker, rows = codes(key.key), []
    for number, (header, salt, _) in enumerate(done.events):
        owner = owners[number]
        text = _text(maker, attested.get(number, {}))
        attestation_code = maker.of_attestation(text, salt)
        code = maker.of_event(header.seq, owner, last[owner], header.digest(), attestation_code)
        rows.append(
            {
                "seq": header.seq,
                "owner": owner,
                "previous": last[owner],
                "told": text,
                "told_code": attestation_code,
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
    return keeper.after(tx, newest, trail_keys, None if acted else seen.acts)


def _lose(tx: Connection, last: dict[str, int], first: int, keys: KeyStore) -> None:
    known = {owner: seq for owner, seq in last.items() if seq and owner != SYSTEM}
    oldest = min(known.values(), default=first - 1)
    if oldest == first - 1:  # nothing came between, as in most steps of a run
        return
    fault = max(broken_links(tx, oldest, keys.trail_keys(), first - 1), default=0) - 1
    last |= {owner: LOST for owner, seq in known.items() if seq < fault}


def _cases(tx: Connection, done: Written) -> dict[str, str]:
    """Request -> its case, for all requests of the transaction's events and rows."""
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


def _attested(
    done: Written, owners: list[str], cases: Mapping[str, str]
) -> dict[int, dict[RowPlace, Change]]:
    """Rows by the event that attests them: the last of their request, or else the last of their case.

    So erasing the events of a request erases no attestation of another request's rows.
    """
    attested: dict[int, dict[RowPlace, Change]] = {}
    of_request = {(owners[n], header.request): n for n, (header, _, _) in enumerate(done.events)}
    of_case = {owner: n for n, owner in enumerate(owners)}
    for place, change in done.rows.items():
        owner = place.case or cases.get(place.request or "", SYSTEM)
        number = of_request.get((owner, place.request), of_case.get(owner) if owner else None)
        if number is None:
            raise RuntimeError(f"A row of {place.table} was written, and no event attests it.")
        attested.setdefault(number, {})[place] = change
    return attested


def _text(maker: Codes, rows: Mapping[RowPlace, Change]) -> str:
    """The rows that an event attests, as JSON: table, row, and the codes of each field before and after."""
    rows_json = [
        [place.table, place.row, {name: _codes(maker, place, name, change[name]) for name in sorted(change)}]
        for place, change in sorted(rows.items(), key=lambda item: (item[0].table, item[0].row))
    ]
    return json.dumps(rows_json, separators=(",", ":"))


def _codes(maker: Codes, place: RowPlace, name: str, values: tuple[Any, Any]) -> list[str | None]:
    return [None if value is ABSENT else maker.of_field(place, name, value) for value in values]
