"""Replays the row changes that the events of a case attest, and compares the result with its rows.

An event counts only with a valid code. The own events of a case form a chain: none may be missing between
them or at the end. So a row that was written, changed or deleted by SQL is found, and so is an event that was
removed to hide that.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import JSON, BindParameter, Connection, Text, bindparam, cast, func, null, select, union_all
from sqlalchemy.engine import Row

from afschrift.domain.event import Header
from afschrift.register.database.database import remember
from afschrift.register.database.tables import data_key, request
from afschrift.register.database.trail_tables import event, event_code, event_payload, segment
from afschrift.register.database.written import RowPlace
from afschrift.register.trail.attested_rows import ADDED, ATTESTED_TABLES, attested_columns, place_of, rows_of
from afschrift.register.trail.codes import Codes, JsonText, codes
from afschrift.register.trail.differences import Difference, ForgedError
from afschrift.register.trail.own_events import CODE, PAYLOAD, STREAM, Acts, Keys, acts, check_rest, fault
from afschrift.register.trail.schema_check import schema_changed
from afschrift.register.trail.trail import KEY_DESTROYED, ROWS_ADOPTED, ROWS_ATTESTED_AGAIN, header_of

# Built once: a gate runs all of them, and building takes longer than running.
_HEADER = [column for column in event.c if column.name != "seq"]
_OF_CODE = [*CODE, event_code.c.told, *PAYLOAD]
_IS_OF_CASE = event_code.c.owner == bindparam("case")
_WITH_CODE = (
    select(event_code.c.seq, *_HEADER, *_OF_CODE)
    .outerjoin(event, event.c.seq == event_code.c.seq)
    .outerjoin(event_payload, event_payload.c.seq == event_code.c.seq)
)
_OF_CASE = _WITH_CODE.where(_IS_OF_CASE)
_WITHOUT_CODE = select(
    event.c.seq, *_HEADER, *(cast(null(), column.type).label(column.name) for column in _OF_CODE)
)
_NAMING_THE_CASE = _WITHOUT_CODE.where(
    event.c.request.in_(select(request.c.id).where(request.c.case_id == bindparam("case"))),
    event.c.seq.not_in(select(event_code.c.seq).where(_IS_OF_CASE)),
)
_EVENTS_OF_CASE = union_all(_OF_CASE, _NAMING_THE_CASE).order_by("seq")
_CASES: BindParameter[Any] = bindparam("cases", expanding=True)
_OF_CASES = _WITH_CODE.where(event_code.c.owner.in_(_CASES)).order_by(event_code.c.owner, event_code.c.seq)
_NAMING_CASES = (
    _WITHOUT_CODE.add_columns(request.c.case_id)
    .join(request, request.c.id == event.c.request)
    .outerjoin(event_code, event_code.c.seq == event.c.seq)
    .where(request.c.case_id.in_(_CASES), event_code.c.owner.is_distinct_from(request.c.case_id))
    .order_by(event.c.seq)
)
_TOGETHER = 500
"""Cases whose events and rows are read together: few statements, and little memory."""
_OF_ANOTHER = select(request.c.id).where(
    request.c.id == bindparam("id"), request.c.case_id != bindparam("case")
)
_IN_ORDER = ("decision", "step", "request_identity")
FULL_ATTESTATIONS = (KEY_DESTROYED, ROWS_ADOPTED, ROWS_ATTESTED_AGAIN)
"""Events that attest all rows of their request, or of their case, as they are after the event."""
_LAST_DROPPED = select(func.max(segment.c.last_seq))


@dataclass
class _Replayed:
    """The result of replaying the events of a case.

    Attributes:
        rows: (table, row) -> field -> its code by the last event that attests it.
        last: number of the last own event; 0: none.
        erased: request -> last of its events with an erased payload; None: of the case as a whole.
        anew: request -> last event that attests all its rows; None: all rows of the case.
        named: events without a code that name a request of the case.
        own: own events by their request.
        cut: whether the first events are gone with a dropped year.
        destroyed: request -> event that destroyed its data key.
    """

    rows: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    last: int = 0
    erased: dict[str | None, int] = field(default_factory=dict)
    anew: dict[str | None, int] = field(default_factory=dict)
    named: list[Header] = field(default_factory=list)
    own: dict[str | None, list[Row[Any]]] = field(default_factory=lambda: defaultdict(list))
    cut: bool = False
    destroyed: dict[str, int] = field(default_factory=dict)


def check_case(
    tx: Connection,
    case: str,
    keys: Keys,
    known: Acts | None = None,
    *,
    rest: bool = False,
    events: Iterable[Row[Any]] | None = None,
    rows: Callable[[str], Iterable[tuple[RowPlace, dict[str, Any]]]] | None = None,
) -> Iterator[Difference]:
    """Compare the rows of a case with its events.

    Args:
        tx: a transaction that sees one state.
        case: its id; empty: the events that concern no case.
        keys: id -> trail key.
        known: the acts of the register, where they were read already.
        rest: check too that no event of the case was removed after its last one.
        events: of the case, where they were read already.
        rows: likewise, of a case.
    """
    done = _Replayed()
    known = acts(tx, keys) if known is None else known
    yield from _replay(tx, case, keys, known, done, _events(tx, case) if events is None else events)
    yield from _uncoded(known, done)
    remember(tx, {("own", of): found for of, found in done.own.items() if of})
    makers = [codes(key) for key in [*keys.values()][::-1]]
    for place, values in rows(case) if rows else rows_of(tx, case):
        attested = done.rows.pop((place.table, place.row), None)
        if attested is None:
            yield Difference("row_added", 0, place.table, place.row, request=place.request)
            continue
        if makers[0].of_row(place, values) == attested:
            continue
        before = ADDED.get(place.table, {})
        for name, value in values.items():
            if name in before and name not in attested and value == before[name]:
                continue
            code = attested.get(name)
            if all(maker.of_field(place, name, value) != code for maker in makers):
                yield Difference("row_changed", 0, place.table, place.row, name, place.request)
    for table, row in done.rows:
        yield Difference("row_missing", 0, table, row)
    yield from _returned(tx, done.destroyed)
    if case:
        yield from _unproven(done)
    if rest:
        yield from check_rest(tx, done.last, keys)


def check_cases(
    tx: Connection, cases: Sequence[str], keys: Keys, known: Acts
) -> Iterator[tuple[str, list[Difference]]]:
    """As `check_case`, for many cases."""
    for start in range(0, len(cases), _TOGETHER):
        some = cases[start : start + _TOGETHER]
        naming: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in tx.execute(_NAMING_CASES, {"cases": some}):
            naming[row.case_id].append(row)
        left = _rows_of_cases(tx, some)
        coded = groupby(tx.execute(_OF_CASES, {"cases": some}, execution_options=STREAM), itemgetter(7))
        for case, own in chain(coded, ((case, ()) for case in some)):
            if case in left:  # it was not compared with events of its own
                events = chain(naming[case], own)
                yield case, [*check_case(tx, case, keys, known, events=events, rows=left.pop)]


def _rows_of_cases(
    tx: Connection, cases: Collection[str]
) -> dict[str, list[tuple[RowPlace, dict[str, Any]]]]:
    """As `rows_of`, for many cases by a statement a table."""
    requests = select(request.c.id, request.c.case_id).where(request.c.case_id.in_(cases))
    case_of = {row.id: row.case_id for row in tx.execute(requests)} | {case: case for case in cases}
    found: dict[str, list[tuple[RowPlace, dict[str, Any]]]] = {case: [] for case in cases}
    for table in ATTESTED_TABLES.values():
        owner = next(name for name in ("case_id", "request_id", "id") if name in table.c)
        wanted = requests.with_only_columns(request.c.id) if owner == "request_id" else cases
        names = attested_columns(table)
        in_json = [name for name in names if isinstance(table.c[name].type, JSON)]
        columns = [cast(table.c[name], Text) if name in in_json else table.c[name] for name in names]
        for row in tx.execute(select(*columns).where(table.c[owner].in_(wanted))):
            values = dict(zip(names, row, strict=True))
            for name in in_json:
                values[name] = values[name] and JsonText(values[name])
            found[case_of[values[owner]]].append((place_of(table, values), values))
    return found


def must_follow(tx: Connection, case: str, keys: Keys) -> None:
    """Check, before events of a case are erased or dropped, that its rows follow from them.

    A data key that a back-up brought back is no obstacle: it may be destroyed again.

    Raises:
        ForgedError: they do not.
    """
    found = schema_changed(tx) or [d for d in check_case(tx, case, keys) if d.code != "key_returned"]
    if found:
        raise ForgedError(f"What the register holds of case {case}", found)


def _replay(
    tx: Connection, case: str, keys: Keys, known: Acts, done: _Replayed, events: Iterable[Row[Any]]
) -> Iterator[Difference]:
    for row in events:
        columns: Any = row[:13]  # by place, which is faster than by name
        seq, _, of, kind, _, _, _, owner, previous, _, key_id, _, attested = columns
        if owner is None:
            done.named.append(header_of(row))
            continue
        wrong = fault(row, keys)
        if wrong in ("event_forged", "event_key_unknown") and known.excuse(header_of(row)):
            continue
        if wrong == "event_forged" and tx.scalar(_OF_ANOTHER, {"id": of, "case": case}):
            continue  # it names a request of another case, whose gates it shuts
        if wrong == "event_forged":  # what it says of the previous event counts for nothing either
            yield Difference(wrong, seq, request=of)
            continue
        if previous != done.last:
            if done.last or previous > (tx.scalar(_LAST_DROPPED) or 0):
                yield Difference("event_missing", seq)
            done.cut = done.last == 0
        done.last = seq
        if wrong:
            yield Difference(wrong, seq, request=of)
            continue
        done.own[of].append(row)
        if kind == KEY_DESTROYED:
            done.destroyed[of] = seq
        if attested is None:
            done.erased[of] = seq
        elif kind in FULL_ATTESTATIONS:
            _attest_anew(row, msgspec.json.decode(attested), done)
        elif attested != "[]":
            yield from _apply(row, msgspec.json.decode(attested), done, codes(keys[key_id]))


def _events(tx: Connection, case: str) -> Iterator[Row[Any]]:
    return iter(tx.execute(_EVENTS_OF_CASE, {"case": case}, execution_options=STREAM))


def _attest_anew(row: Row[Any], attested: list[Any], done: _Replayed) -> None:
    """Apply an event that attests all rows of its request or case, in place of what was attested before.

    The service wrote it after it had compared these rows with the events before.
    """
    whole = row.request is None or json.loads(row.payload).get("case") is not None
    if whole:
        done.rows.clear()
    done.anew[None if whole else row.request] = row.seq
    for table, name, fields in attested:
        done.rows.pop((table, name), None)
        if fields:
            done.rows[table, name] = {column: after for column, (_, after) in fields.items()}


def _apply(row: Row[Any], attested: list[Any], done: _Replayed, maker: Codes) -> Iterator[Difference]:
    """Apply the row changes that an event attests; yields rows that were changed before without an event."""
    before_it = frozenset(done.rows)
    for table, name, fields in attested:
        if table in _IN_ORDER and (table, name) not in before_it and _has_later(table, name, before_it):
            yield Difference("row_order", row.seq, table, name, request=row.request)
        known = done.rows.setdefault((table, name), {})
        for column, (before, after) in fields.items():
            # The event that attested it was erased or dropped (`_unproven` checks that one attests all anew),
            # or the column was added later.
            if known.get(column) != before and not (
                column not in known
                and (done.cut or done.erased or before == _of_before(maker, table, name, column))
            ):
                yield Difference("row_overwritten", row.seq, table, name, column, row.request)
            if after is None:
                known.pop(column, None)
            else:
                known[column] = after
        if not known:
            del done.rows[table, name]


def _of_before(maker: Codes, table: str, row: str, column: str) -> str | None:
    """The code of a column in a row from before the migration that added it; None: there was no such one."""
    if column not in ADDED.get(table, {}):
        return None
    return maker.of_field(RowPlace(table, row, None, None), column, ADDED[table][column])


def _has_later(table: str, row: str, before: Collection[tuple[str, str]]) -> bool:
    """Whether a row of an earlier event has a higher number than one that was written after it.

    The last decision counts, by the number that the database assigns: its counter may have been set back to
    make an older decision the last one.
    """
    return any(int(other) > int(row) for known, other in before if known == table)


def _uncoded(known: Acts, done: _Replayed) -> Iterator[Difference]:
    """Events without a code that name a request of the case and were not set aside."""
    for header in done.named:
        if not known.excuse(header):
            yield Difference("event_forged", header.seq, request=header.request)


def _unproven(done: _Replayed) -> Iterator[Difference]:
    """Erased events without a later one that attests all rows of their request.

    The service erases events only when it destroys the key of a closed request, and then attests what is
    left. Erasing takes no trail key, so without that event it may be a forgery.
    """
    whole = done.anew.get(None, 0)
    for of, seq in done.erased.items():
        if seq > max(whole, done.anew.get(of, 0)):
            yield Difference("payload_erased", seq, request=of)


def _returned(tx: Connection, destroyed: Mapping[str, int]) -> Iterator[Difference]:
    """Data keys that exist although the trail says that they were destroyed."""
    if not destroyed:
        return
    for owner in tx.scalars(select(data_key.c.owner).where(data_key.c.owner.in_(sorted(destroyed)))):
        yield Difference("key_returned", destroyed[owner], "data_key", owner, request=owner)
