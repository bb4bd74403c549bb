"""Reads *own* events, which the service itself wrote: they have a valid code, made with the trail key.

An event without a valid code counts for nothing, and only stops what depends on it. The chain stays checkable
across it, since each own event names the header before it, own or not.
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
from afschrift.register.database.database import cached, cached_or_none
from afschrift.register.database.trail_tables import event, event_code, event_payload
from afschrift.register.trail.codes import codes
from afschrift.register.trail.differences import Difference, ForgedError
from afschrift.register.trail.trail import KEYS_LOST, RESTORATION_SIGNED, SET_ASIDE, digest_of, header_of

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
_ACTS = _WHOLE.where(_IS_ACT | (event.c.seq == bindparam("also")))
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
# The last two are scalar subqueries: with `OR`, PostgreSQL would read the whole trail for a subquery of rows.
_ENDS = _WHOLE.where(_IS_ACT | event.c.seq.in_([bindparam("also"), _LAST_OF_ALL, _LAST_NUMBER_OF_OWNER]))

Keys = Mapping[str, bytes]
"""Id -> trail key."""


@dataclass(frozen=True)
class Acts:
    """Own events that decide how other events count.

    Attributes:
        aside: number of each event that was set aside -> digest of its header.
        restorations: payload of each signed restoration, in order.
        keys_lost: number of the last event of lost keys, before which codes cannot be checked; 0: none.
        also: the event `also` of `acts`; None: there is none.
    """

    aside: Mapping[int, str] = field(default_factory=dict)
    restorations: tuple[dict[str, Any], ...] = ()
    keys_lost: int = 0
    also: Row[Any] | None = None

    def excuse(self, header: Header) -> bool:
        """Whether an event was set aside, with exactly this header."""
        return header.seq in self.aside and self.aside[header.seq] == header.digest()


def acts(tx: Connection, keys: Keys, also: int = 0) -> Acts:
    """The acts of a register, of its own events alone.

    `also`: number of a further event to read in the same statement.
    """
    return cached(tx, "acts", lambda: _acts(tx.execute(_ACTS, {"also": also}), keys, also))


@dataclass(frozen=True)
class Ends:
    """The events that a transaction continues from.

    Attributes:
        last: last event of the trail, own or not; None: there is none.
        own: last own event of the owner.
        acts: of the register.
    """

    last: Header | None
    own: Header | None
    acts: Acts


def ends(tx: Connection, keys: Keys, owner: str, also: int) -> Ends:
    """The ends of the trail for an owner, in one statement; `also`: as for `acts`."""
    rows = tx.execute(_ENDS, {"owner": owner, "also": also}).all()
    of_owner = [row for row in rows if row.owner == owner]
    own = None
    if of_owner and not _holds(of_owner[-1], header_of(of_owner[-1]).digest(), keys):
        own = last_own(tx, owner, keys)
    elif of_owner:
        own = header_of(of_owner[-1])
    return Ends(header_of(rows[-1]) if rows else None, own, _acts(rows, keys, also))


def _acts(rows: Iterable[Row[Any]], keys: Keys, also: int) -> Acts:
    aside: dict[int, str] = {}
    restorations: list[dict[str, Any]] = []
    lost, asked = 0, None
    for row in rows:
        if row.seq == also:
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
    """Code of what is wrong with an event; "": it is the service's own.

    Args:
        row: of an event with its code and payload: the columns of `event`, `CODE`, `told` and `PAYLOAD`, in
            this order, which is faster than by name.
        keys: of the installation.
    """
    header: Any = row[:7]
    code_and_payload: Any = row[7:16]
    owner, previous, attestation_code, key_id, code, attested, payload, salt, erased_by = code_and_payload
    if header[3] is None:
        return "event_missing"
    if key_id is None:
        return "event_forged"
    if key_id not in keys:
        return "event_key_unknown"
    maker = codes(keys[key_id])
    if not _same(maker.of_event(header[0], owner, previous, digest_of(header), attestation_code), code):
        return "event_forged"
    if payload is None:
        return "" if erased_by and attested is None else "payload_missing"
    if _payload_digest(payload, salt) != header[5]:
        return "payload_altered"
    if attested is None or not _same(maker.of_attestation(attested, salt), attestation_code):
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
    """Own events of some types of a request, or of none; without those set aside.

    Args:
        tx: a transaction that sees one state.
        keys: of the installation.
        types: of events.
        request: its id; None: events that concern no request.
        newest: only the last one.
        skip: ignore events without a valid code.

    Raises:
        ForgedError: an event has no valid code, so the answer would not be reliable.
    """
    if not newest and request and (proven := cached_or_none(tx, ("own", request))) is not None:
        yield from (row for row in proven if row.type in types)
        return
    done = acts(tx, keys)
    # One type is compared by `=`, for which PostgreSQL uses the index of type and number.
    of_type = event.c.type == types[0] if len(types) == 1 else event.c.type.in_(types)
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


def header_and_digest(tx: Connection, seq: int) -> tuple[Header, str]:
    """Header of an event and its digest."""
    header = header_of(tx.execute(select(event).where(event.c.seq == seq)).one())
    return header, header.digest()


def own_rows(tx: Connection, keys: Keys, types: Sequence[str], after: int) -> Iterator[Row[Any]]:
    """Own events of some types after a number, of all requests; others are ignored."""
    rows = _WHOLE.where(event.c.type.in_(types), event.c.seq > after)
    yield from (row for row in tx.execute(rows) if not fault(row, keys))


def not_own(tx: Connection, keys: Keys, after: int = 0, *, coded: bool = True) -> Iterator[Difference]:
    """Differences for events after a number that are not own and were not set aside.

    `coded`: judge those with a code too, which `check_cases` of all owners judged already.
    """
    done, which = acts(tx, keys), _AFTER if coded else _AFTER.where(event_code.c.seq.is_(None))
    for row in tx.execute(which, {"after": after}, execution_options=STREAM):
        wrong = fault(row, keys)
        lost = wrong == "event_key_unknown" and row.seq < done.keys_lost
        if wrong and not lost and not done.excuse(header_of(row)):
            yield Difference(wrong, row.seq, request=row.request)


def must_be_own(tx: Connection, keys: Keys, after: int = 0) -> int:
    """Check, before the trail is signed, that all events after a number are own or set aside.

    Returns:
        The number of the last event.

    Raises:
        ForgedError: an event is neither.
    """
    if found := list(not_own(tx, keys, after)):
        raise ForgedError("The trail", found)
    return tx.scalar(_LAST_NUMBER) or 0


def broken_links(tx: Connection, since: int, keys: Keys, until: int | None = None) -> Iterator[int]:
    """Numbers of own events, from a number on, that do not follow the event they name: it was removed."""
    values = {"since": since} if until is None else {"since": since, "until": until}
    rows = tx.execute(_SINCE if until is None else _BETWEEN, values, execution_options=STREAM)
    before: tuple[int, str] | None = None
    for row, later in _with_next(rows):
        # Try the digest that the next event names, which is right as a rule: computing it costs ten times
        # more.
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
    """Differences where an event was removed after the `last` own event of a case.

    It could have been one of this case. Only a removal that own events follow can be seen.
    """
    for seq in broken_links(tx, last, keys):
        yield Difference("event_missing", seq)


def last_own(tx: Connection, owner: str | None, keys: Keys) -> Header | None:
    """The last own event of an owner, or of all; None: there is none."""
    rows, values = (_LAST, {}) if owner is None else (_LAST_OF_OWNER, {"owner": owner})
    for most in (1, _MANY):  # as a rule the very last event is an own one
        for row in tx.execute(rows, {**values, "most": most}):
            header = header_of(row)
            if _holds(row, header.digest(), keys):
                return header
    return None


def without_code(row: Row[Any], header_digest: str, keys: Keys) -> bool:
    """Whether an event has no valid code; a code by a key that is not here counts as valid."""
    return row.key_id is None or (row.key_id in keys and not _holds(row, header_digest, keys))


def _payload_digest(payload: str, salt: str) -> str:
    """As `domain.event.payload_digest`, without parsing: if the digest is right, the text is canonical."""
    return hashlib.sha256(f'{{"payload":{payload},"salt":"{salt}"}}'.encode()).hexdigest()


def _holds(row: Row[Any], header_digest: str, keys: Keys) -> bool:
    if row.key_id not in keys:  # also where there is no code
        return False
    made = codes(keys[row.key_id])
    code = made.of_event(row.seq, row.owner, row.previous, header_digest, row.told_code)
    return _same(code, row.code)


def _same(code: str, kept: object) -> bool:
    # A code of another type or with other characters is no code: comparing would fail.
    return isinstance(kept, str) and kept.isascii() and hmac.compare_digest(code, kept)
