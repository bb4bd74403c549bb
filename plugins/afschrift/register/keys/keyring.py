"""Changes of keys that the trail records: rotation, retirement, revocation, forgetting a year, loss.

Keys and register cannot change in one transaction. A new key is written before its event; a key without an
event is an interrupted rotation, which the next call completes. A key is destroyed after its event; the next
call destroys what was left. So each call may be repeated, and each event is written once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, update

from afschrift.domain.errors import RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import instant
from afschrift.register.base import Repository
from afschrift.register.database.database import Database
from afschrift.register.database.tables import data_key, request_identity
from afschrift.register.database.trail_tables import event, event_payload
from afschrift.register.keys.store import KeyInfo
from afschrift.register.timelines import active_holds, must_be_free
from afschrift.register.trail.trail import KEYS_LOST

ROTATED = "keys_rotated"
RETIRED = "wrapping_keys_retired"
FORGOTTEN = "index_key_forgotten"
REVOKED = "signing_key_revoked"
LOST = KEYS_LOST

LOOKBACK_YEARS = 2
"""`repetition_lookback`: 24 months after the end of a year, its persons are no longer recognised."""


@dataclass(frozen=True)
class Rotation:
    """A rotation of keys.

    Attributes:
        id: of the key that is now active.
        made_before: the key was made earlier (by an interrupted rotation, or stored by hand in a secrets
            backend), and this call recorded it; no other key was made.
    """

    id: str
    made_before: bool


class Keyring(Repository):
    """Changes the installation's keys, with an event for each change: kinds and ids, never a key."""

    def uses(self) -> dict[str, int]:
        """Id of a wrapping key -> how many data keys it wraps."""
        with self._db.read() as tx:
            return _uses(tx)

    def rotate_wrapping(self, by: str = "system") -> Rotation:
        """Make a new wrapping key active. What was wrapped before stays readable.

        Raises:
            ConfigurationError: the keys cannot be written from here.
        """
        return self._rotate("kek", by, self._keys.rotate)

    def rotate_signing(self, by: str = "system") -> Rotation:
        """Make a new signing key active. Of the previous one the public half stays.

        Raises:
            ConfigurationError: the keys cannot be written from here.
        """
        return self._rotate("signing", by, self._keys.rotate_signing)

    def retire_keks(self, by: str = "system") -> tuple[str, ...]:
        """Wrap every data key under the active wrapping key and destroy the older ones; returns their ids.

        After that no back-up of the register opens a data key that was destroyed. Make a new back-up at once:
        earlier ones of the register cannot be opened any more.

        Raises:
            ConfigurationError: the keys cannot be written from here.
            RefusedError: another process may still use the keys from before the last rotation; or the
                register was set back, and a back-up may have to replace it.
        """
        self._keys.must_be_writable()
        with self._db.write() as tx:
            self._store.must_not_be_set_back(tx)
            # Read once: a key that another process makes active after this must not count as an old one.
            keks = self._of_kind("kek")
            active, old = keks[-1].id, tuple(k.id for k in keks[:-1])
            if not old:
                return ()
            self._must_have_settled(tx, active)
            rows = tx.execute(select(data_key).where(data_key.c.kek_id.in_(old))).all()
            for row in rows:
                raw = self._keys.unwrap(row.kek_id, row.wrapped, row.owner)
                kek_id, wrapped = self._keys.wrap(raw, row.owner)
                this = data_key.c.owner == row.owner
                tx.execute(update(data_key).where(this).values(wrapped=wrapped, kek_id=kek_id))
            recorded = {kek_id for payload, _ in _recorded(tx, RETIRED) for kek_id in payload["keys"]}
            if not recorded.issuperset(old):
                payload = {"keys": list(old), "active": active, "wrapped_anew": len(rows)}
                self._append(tx, None, NewEvent(RETIRED, by, payload))
        for kek_id in old:
            self._keys.forget_kek(kek_id)
        self._db.forget()
        return old

    def forget_year(self, year: int, by: str = "system") -> str:
        """Destroy a year's blind-index key, so that its persons are no longer recognised; returns its id.

        Raises:
            RefusedError: it is too early, there is no such key, a request of that year is under hold, or the
                register was set back.
            ConfigurationError: the keys cannot be written from here.
        """
        first = year + 1 + LOOKBACK_YEARS
        if self._clock().year < first:
            raise RefusedError(
                f"The blind-index key of {year} still serves to recognise a repeated request "
                f"({12 * LOOKBACK_YEARS} months after the year's end).",
                remedy=f"forget it from {first}-01-01 on.",
            )
        found = [k.id for k in self._of_kind("index") if k.id.startswith(f"{year}-")]
        if not found:
            raise RefusedError(
                f"There is no blind-index key of {year}.", remedy="see the keys with `afschrift key list`."
            )
        self._keys.must_be_writable()
        with self._db.write() as tx:
            self._store.must_not_be_set_back(tx)
            self._refuse_index_held(tx, found[0])
            if all(payload["key"] != found[0] for payload, _ in _recorded(tx, FORGOTTEN)):
                self._append(tx, None, NewEvent(FORGOTTEN, by, {"year": year, "key": found[0]}))
        self._keys.forget_index_key(year)
        return found[0]

    def _refuse_index_held(self, tx: Connection, key_id: str) -> None:
        held = sorted({hold.request for hold in active_holds(tx)})
        by_key = (request_identity.c.key_id == key_id) & request_identity.c.request_id.in_(held)
        found = tx.scalar(select(request_identity.c.request_id).where(by_key).limit(1))
        if found is not None:
            must_be_free(tx, found, f"blind-index key {key_id}, by which its person is recognised, stays")

    def revoke_signing_key(self, key_id: str, since: str, by: str = "system") -> None:
        """Record that a former signing key was stolen: what it signed from an instant on is not trusted.

        Args:
            key_id: id of a signing key that is not active.
            since: ISO 8601 with offset: first instant at which another party may have had the key.
            by: account that says so.

        Raises:
            RefusedError: `since` is no instant, or the key is active or unknown.
            ConfigurationError: the keys cannot be written from here.
        """
        moment = instant(since)
        with self._db.write() as tx:
            self._keys.revoke(key_id, moment)
            payload = {"key": key_id, "since": moment}
            if all(earlier != payload for earlier, _ in _recorded(tx, REVOKED)):
                self._append(tx, None, NewEvent(REVOKED, by, payload))

    def record_loss(self, by: str = "system") -> int:
        """Record that wrapping keys are lost for good; returns how many data keys cannot be opened any more.

        Lost are the keys that the register needs and the key store does not hold. The loss of availability is
        a personal data breach, which must be assessed (Art. 4(12), 33).
        """
        with self._db.write() as tx:
            at_hand = {key.id for key in self._of_kind("kek")}
            closed = {kek_id: count for kek_id, count in _uses(tx).items() if kek_id not in at_hand}
            recorded = {kek_id for payload, _ in _recorded(tx, LOST) for kek_id in payload["keys"]}
            if not recorded.issuperset(closed):
                payload = {"keys": sorted(closed), "data_keys": sum(closed.values())}
                self._append(tx, None, NewEvent(LOST, by, payload))
        return sum(closed.values())

    def _rotate(self, kind: str, by: str, make: Callable[[], str]) -> Rotation:
        with self._db.write() as tx:
            keys = self._of_kind(kind)
            recorded = {payload["key"] for payload, _ in _recorded(tx, ROTATED)}
            unrecorded = [k.id for k in keys if k.active and k.id not in recorded]
            made_before = len(keys) > 1 and bool(unrecorded)  # the very first keys have no event
            key_id = unrecorded[0] if made_before else make()
            self._append(tx, None, NewEvent(ROTATED, by, {"kind": kind, "key": key_id}))
        return Rotation(key_id, made_before)

    def _of_kind(self, kind: str) -> list[KeyInfo]:
        return [key for key in self._keys.listing() if key.kind == kind]

    def _must_have_settled(self, tx: Connection, active: str) -> None:
        """Refuse while another process may wrap a data key under an old key: it would be lost with it."""
        wait = timedelta(seconds=self._keys.settling_seconds)
        if not wait:
            return
        entered = [at for payload, at in _recorded(tx, ROTATED) if payload["key"] == active]
        if not entered:
            raise RefusedError(
                f"The trail does not know yet that the wrapping key {active} is the active one.",
                remedy="run `afschrift key rotate`, which enters it, and retire the older ones later.",
            )
        until = datetime.fromisoformat(entered[-1]) + wait
        if self._clock() < until:
            raise RefusedError(
                "Other processes may still go by the keys from before the last rotation.",
                remedy=f"run it again after {until:%Y-%m-%d %H:%M} UTC.",
            )


def keks_in_use(url: str) -> tuple[str, ...]:
    """Ids of the wrapping keys that a register's data keys need."""
    with Database(url).read() as tx:
        return tuple(sorted(_uses(tx)))


def _uses(tx: Connection) -> dict[str, int]:
    counted = select(data_key.c.kek_id, func.count().label("uses")).group_by(data_key.c.kek_id)
    return {row.kek_id: row.uses for row in tx.execute(counted)}


def _recorded(tx: Connection, kind: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Payload and time of all events of a kind, oldest first."""
    of_kind = (
        select(event_payload.c.payload, event.c.at)
        .join(event, event.c.seq == event_payload.c.seq)
        .where(event.c.type == kind, event_payload.c.payload.is_not(None))
        .order_by(event.c.seq)
    )
    for row in tx.execute(of_kind):
        yield json.loads(row.payload), row.at
