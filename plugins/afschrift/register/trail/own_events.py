"""Which events are the service's own: by their codes, which nobody makes without the trail key.

An event without a code that holds says nothing, and stands in nobody's way but of what rests on it: each own
event names the header before it, so what the service found there is known, whoever wrote it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.engine import Row

from afschrift.domain.event import Header
from afschrift.register.database.database import known, once
from afschrift.register.database.trail_tables import event, event_code, event_payload
from afschrift.register.trail.codes import codes
from afschrift.register.trail.differences import Difference, ForgedError
from afschrift.register.trail.trail import KEYS_LOST, RESTORATION_SIGNED, SET_ASIDE, header_of

STREAM = {"yield_per": 5_000}
CODE = [event_code.c[name] for name in ("owner", "previous", "told_code", "key_id", "code")]
PAYLOAD = [event_payload.c[name] for name in ("payload", "salt", "erased_by")]

WITH_CODE = select(event, *CODE).outerjoin(event_code, event_code.c.seq == event.c.seq)
_SINCE = WITH_CODE.where(event.c.seq >= bindparam("since")).order_by(event.c.seq)
_BETWEEN = _SINCE.where(event.c.seq <= bindparam("until"))
_WHOLE = (
    select(event, *CODE, event_code.c.told, *PAYLOAD)
    .outerjoin(event_code, event_code.c.seq == event.c.seq)
    .outerjoin(event_payload, event_payload.c.seq == event.c.seq)
    .order_by(event.c.seq)
)
_AFTER = _WHOLE.where(event.c.seq > bindparam("after"))
ACT_TYPES = (KEYS_LOST, RESTORATION_SIGNED, SET_ASIDE)
_IS_ACT = event.c.type.in_(ACT_TYPES)
_ACTS = _WHOLE.where(_IS_ACT | (event.c.seq == bindparam("beside")))
_LAST_NUMBER = select(func.max(event.c.seq))
_MANY = 1_000_000
_LAST_OF_ALL = select(func.max(event.c.seq)).scalar_subquery()
_LAST = WITH_CODE.order_by(event.c.seq.desc()).limit(bindparam("most"))
_LAST_OF_OWNER = (
    WITH_CODE.where(event_code.c.owner == bindparam("owner"))
    .order_by(event_code.c.seq.desc())
    .limit(bindparam("most"))
)
_LAST_NUMBER_OF_OWNER = (
    select(event_code.c.seq)
    .join(event, event.c.seq == event_code.c.seq)
    .where(event_code.c.owner == bindparam("owner"))
    .order_by(event_code.c.seq.desc())
    .limit(1)
    .scalar_subquery()
)
# The last two are single values: beside an `OR`, PostgreSQL reads the whole trail for what is in a subquery.
_ENDS = _WHOLE.where(_IS_ACT | event.c.seq.in_([bindparam("beside"), _LAST_OF_ALL, _LAST_NUMBER_OF_OWNER]))

Keys = Mapping[str, bytes]
"""Id -> trail key."""


@dataclass(frozen=True)
class Acts:
    """Own events that say how others count.

    Attributes:
        aside: events that were set aside -> digest of their header.
        restorations: payload of each restoration that was signed, in order.
        keys_lost: the last event that tells of lost keys: codes from before it cannot be checked; 0: none.
        beside: the event that was asked for with them; None: there is none.
    """

    aside: Mapping[int, str] = field(default_factory=dict)
    restorations: tuple[dict[str, Any], ...] = ()
    keys_lost: int = 0
    beside: Row[Any] | None = None

    def excuse(self, header: Header) -> bool:
        """Whether an event without a code was set aside, as it is."""
        return header.seq in self.aside and self.aside[header.seq] == header.digest()


def acts(tx: Connection, keys: Keys, beside: int = 0) -> Acts:
    """The acts of a register; those that are not its own do not count.

    `beside`: number of an event that is looked at too, in the same statement.
    """
    return once(tx, "acts", lambda: _acts(tx.execute(_ACTS, {"beside": beside}), keys, beside))


@dataclass(frozen=True)
class Ends:
    """Where a transaction goes on from.

    Attributes:
        last: event of the trail, whoever wrote it; None: there is none.
        own: the last own event of the owner that was asked about.
        acts: of the register.
    """

    last: Header | None
    own: Header | None
    acts: Acts


def ends(tx: Connection, keys: Keys, owner: str, beside: int) -> Ends:
    """The ends of the trail, in one statement; `beside`: as for `acts`."""
    rows = tx.execute(_ENDS, {"owner": owner, "beside": beside}).all()
    of_owner = [row for row in rows if row.owner == owner]
    own = None
    if of_owner and not _holds(of_owner[-1], header_of(of_owner[-1]).digest(), keys):
        own = last_own(tx, owner, keys)
    elif of_owner:
        own = header_of(of_owner[-1])
    return Ends(header_of(rows[-1]) if rows else None, own, _acts(rows, keys, beside))


def _acts(rows: Iterable[Row[Any]], keys: Keys, beside: int) -> Acts:
    aside: dict[int, str] = {}
    restorations: list[dict[str, Any]] = []
    lost, asked = 0, None
    for row in rows:
        if row.seq == beside:
            asked = row
        if row.type not in ACT_TYPES or fault(row, keys):
            continue
        payload = json.loads(row.payload or "{}")
        if row.type == KEYS_LOST:
            lost = row.seq
        elif row.type == RESTORATION_SIGNED:
            restorations.append(payload)
        else:
            aside |= {int(seq): digest for seq, digest in payload.get("events", ())}
    return Acts(aside, tuple(restorations), lost, asked)


def fault(row: Row[Any], keys: Keys) -> str:
    """What is wrong with an event of the service; "": nothing.

    Args:
        row: of an event with its code and payload.
        keys: of the installation.
    """
    if row.type is None:
        return "event_missing"
    if row.key_id is None:
        return "event_forged"
    if row.key_id not in keys:
        return "event_key_unknown"
    if not _holds(row, header_of(row).digest(), keys):
        return "event_forged"
    if row.payload is None:
        return "" if row.erased_by and row.told is None else "payload_missing"
    if _payload_digest(row) != row.payload_sha256:
        return "payload_altered"
    maker = codes(keys[row.key_id])
    if row.told is None or not _same(maker.of_told(row.told, row.salt), row.told_code):
        return "event_forged"
    return ""


def own(
    tx: Connection,
    keys: Keys,
    types: Sequence[str],
    request: str | None,
    *,
    newest: bool = False,
    skip: bool = False,
) -> Iterator[Row[Any]]:
    """Events of some types of a request, or of none, each the service's own; without those set aside.

    Args:
        tx: a transaction that sees one state.
        keys: of the installation.
        types: of events.
        request: whose; None: those that concern no request.
        newest: the last one alone.
        skip: pass over those without a code, where an own one is what counts.

    Raises:
        ForgedError: one has no code that holds, and what was asked for cannot be told.
    """
    if not newest and request and (proven := known(tx, ("own", request))) is not None:
        yield from (row for row in proven if row.type in types)
        return
    done = acts(tx, keys)
    of_type = (
        event.c.type == types[0] if len(types) == 1 else event.c.type.in_(types)
    )  # the first by an index
    rows = _WHOLE.where(of_type, event.c.request == request)  # None: IS NULL
    if newest:
        rows = rows.order_by(None).order_by(event.c.seq.desc())
    for row in tx.execute(rows.execution_options(yield_per=100)):
        wrong = fault(row, keys)
        if wrong == "event_key_unknown" and row.seq < done.keys_lost:
            wrong = ""
        if wrong and (skip or done.excuse(header_of(row))):
            continue
        if wrong:
            raise ForgedError("What the trail says here", [Difference(wrong, row.seq, request=row.request)])
        yield row
        if newest:
            return


def digest_of(tx: Connection, seq: int) -> tuple[Header, str]:
    """Header of an event and its digest."""
    header = header_of(tx.execute(select(event).where(event.c.seq == seq)).one())
    return header, header.digest()


def own_rows(tx: Connection, keys: Keys, types: Sequence[str], after: int) -> Iterator[Row[Any]]:
    """Own events of some types after a number, whosoever they are."""
    rows = _WHOLE.where(event.c.type.in_(types), event.c.seq > after)
    yield from (row for row in tx.execute(rows) if not fault(row, keys))


def not_own(tx: Connection, keys: Keys, after: int = 0) -> Iterator[Difference]:
    """Events after a number that are not the service's own and were not set aside."""
    done = acts(tx, keys)
    for row in tx.execute(_AFTER, {"after": after}, execution_options=STREAM):
        wrong = fault(row, keys)
        lost = wrong == "event_key_unknown" and row.seq < done.keys_lost
        if wrong and not lost and not done.excuse(header_of(row)):
            yield Difference(wrong, row.seq, request=row.request)


def must_be_own(tx: Connection, keys: Keys, after: int = 0) -> int:
    """See, before they are signed, that all events after a number are own or set aside; the last number.

    Raises:
        ForgedError: one is not.
    """
    if found := list(not_own(tx, keys, after)):
        raise ForgedError("The trail", found)
    return tx.scalar(_LAST_NUMBER) or 0


def broken_links(tx: Connection, since: int, keys: Keys, until: int | None = None) -> Iterator[int]:
    """Own events from a number on whose event before is not the one that they name: it was taken out."""
    values = {"since": since} if until is None else {"since": since, "until": until}
    rows = tx.execute(_SINCE if until is None else _BETWEEN, values, execution_options=STREAM)
    before: tuple[int, str] | None = None
    for row, later in _with_next(rows):
        # What the next one names is this one's digest as a rule, and to make it anew costs ten times more.
        digest = later.prev if later is not None and _holds(row, later.prev, keys) else None
        is_own = digest is not None
        if digest is None:
            digest = header_of(row).digest()
            is_own = _holds(row, digest, keys)
        if is_own and before is not None and before != (row.seq - 1, row.prev):
            yield row.seq
        before = row.seq, digest


def _with_next(rows: Iterable[Row[Any]]) -> Iterator[tuple[Row[Any], Row[Any] | None]]:
    row: Row[Any] | None = None
    for later in rows:
        if row is not None:
            yield row, later
        row = later
    if row is not None:
        yield row, None


def check_rest(tx: Connection, last: int, keys: Keys) -> Iterator[Difference]:
    """See that no event of a case was taken out after its `last` own one, where own events followed it."""
    for seq in broken_links(tx, last, keys):
        yield Difference("event_missing", seq)


def last_own(tx: Connection, owner: str | None, keys: Keys) -> Header | None:
    """The last own event of an owner, or of all; None: there is none."""
    rows, values = (_LAST, {}) if owner is None else (_LAST_OF_OWNER, {"owner": owner})
    for most in (1, _MANY):  # the very last one is, as a rule
        for row in tx.execute(rows, {**values, "most": most}):
            header = header_of(row)
            if _holds(row, header.digest(), keys):
                return header
    return None


def without_code(row: Row[Any], header_digest: str, keys: Keys) -> bool:
    """Whether an event has no code that holds; one by a key that is not at hand may hold."""
    return row.key_id is None or (row.key_id in keys and not _holds(row, header_digest, keys))


def _payload_digest(row: Row[Any]) -> str:
    """As `domain.event.payload_digest`, of a text that is canonical where the digest is right."""
    return hashlib.sha256(f'{{"payload":{row.payload},"salt":"{row.salt}"}}'.encode()).hexdigest()


def _holds(row: Row[Any], header_digest: str, keys: Keys) -> bool:
    if row.key_id not in keys:  # without a code, too
        return False
    made = codes(keys[row.key_id])
    code = made.of_event(row.seq, row.owner, row.previous, header_digest, row.told_code)
    return _same(code, row.code)


def _same(code: str, kept: object) -> bool:
    return hmac.compare_digest(code.encode(), str(kept).encode("utf-8", "surrogatepass"))
