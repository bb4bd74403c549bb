"""Repositories of identity keys and of look-ups.

Identity keys are encrypted under the request's data key; a blind index recognises a person's earlier
requests. A look-up asks the sources what they hold under these keys before the identity is confirmed. It is
the only data of a source that is kept before that: encrypted under the request's data key, and destroyed
with the decision, with a change of keys, and with the request.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.engine import Row

from afschrift.domain.errors import TooLateError
from afschrift.domain.event import NewEvent
from afschrift.domain.keys import Key, keys_text
from afschrift.domain.request import new_id
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.register.base import RegisterStore, Repository, must_be_open
from afschrift.register.database.database import cached
from afschrift.register.database.errors import as_written
from afschrift.register.database.tables import look_up, request, request_identity
from afschrift.register.keys.crypto import DataKey, blind_index
from afschrift.register.records import Past
from afschrift.register.trail.attested_rows import delete_rows, insert_row, rows_of_request


class Identities(Repository):
    """Stores identity keys and finds earlier requests of the same person."""

    def of(self, request_id: str) -> tuple[Key, ...]:
        """The identity keys of a request, decrypted, in the order in which they were given.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request's data key was destroyed.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            return tuple(key for key, _ in self._identity(tx, request_id, self._key(tx, request_id)))

    def verified(self, request_id: str) -> tuple[Key, ...]:
        """Those of its keys that a channel or a person authenticated.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request's data key was destroyed.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            rows = rows_of_request(tx, request_identity, request_id)
            names = {row.kind for row in rows if row.verified_by is not None}
            found = self._identity(tx, request_id, self._key(tx, request_id))
            return tuple(key for key, _ in found if key.name in names)

    def earlier(self, request_id: str, names: Collection[str] | None = None) -> tuple[str, ...]:
        """Ids of earlier requests of the same person, oldest first, found by blind index.

        Requests of the same case are left out. Earlier requests are recognised after their data keys were
        destroyed, as long as the index key of their year exists.

        Args:
            request_id: the later request. Once its own data key was destroyed, only requests entered in the
                same calendar year are found.
            names: identity keys to compare, for example those that belong to one person alone; None: all.
        """
        with self._db.read() as tx:
            return tuple(row.id for row in self._earlier(tx, request_id, names))

    def with_keys(self, keys: Collection[Key]) -> tuple[Row[Any], ...]:
        """Rows of all requests that were entered with one of these keys, oldest first."""
        with self._db.read() as tx:
            indexes = {
                blind_index(year.key, key.name, key.value, casefold=fold)
                for year in self._keys.index_keys()
                for key in keys
                for fold in (False, True)
            }
            same = select(request_identity.c.request_id).where(request_identity.c.blind_index.in_(indexes))
            return tuple(sorted(tx.execute(select(request).where(request.c.id.in_(same))), key=_position))

    def of_person(self, request_id: str, names: Collection[str]) -> tuple[str, ...]:
        """Ids of all other requests of the same person, of the same case too, found as `earlier` does."""
        with self._db.read() as tx:
            return tuple(row.id for row in self._same(tx, request_id, names) if row.id != request_id)

    def with_value(self, value: str, names: Collection[str]) -> tuple[str, ...]:
        """Ids of the requests that have a value as one of these identity keys, found by blind index."""
        indexes = {
            blind_index(year.key, name, value, casefold=fold)
            for year in self._keys.index_keys()
            for name in names
            for fold in (False, True)
        }
        found = select(request_identity.c.request_id).where(request_identity.c.blind_index.in_(indexes))
        with self._db.read() as tx:
            return tuple(sorted(set(tx.scalars(found))))

    def _earlier(self, tx: Connection, request_id: str, names: Collection[str] | None) -> list[Row[Any]]:
        mine = self._request_row(tx, request_id)
        found = self._same(tx, request_id, names)
        return [row for row in found if row.case_id != mine.case_id and _position(row) < _position(mine)]

    def _same(self, tx: Connection, request_id: str, names: Collection[str] | None) -> list[Row[Any]]:
        indexes = self.indexes(tx, request_id, names)
        same = select(request_identity.c.request_id).where(request_identity.c.blind_index.in_(indexes))
        return sorted(tx.execute(select(request).where(request.c.id.in_(same))), key=_position)

    def history(self, request_id: str, names: Collection[str]) -> tuple[Past, ...]:
        """Earlier requests of the same person in other cases, oldest first, as `earlier` finds them.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.read() as tx:
            asked = ("history", request_id, tuple(sorted(names)))
            return cached(tx, asked, lambda: self._history(tx, request_id, names))

    def _history(self, tx: Connection, request_id: str, names: Collection[str]) -> tuple[Past, ...]:
        known = {kind: self.indexes(tx, request_id, [kind]) for kind in self._kinds(tx, request_id)}
        earlier = self._earlier(tx, request_id, names)
        return tuple(self._past(row, known, self._kinds(tx, row.id)) for row in earlier)

    def _kinds(self, tx: Connection, request_id: str) -> dict[str, set[str]]:
        """Name of an identity key -> the blind indexes with which the request keeps it."""
        found: dict[str, set[str]] = {}
        for row in rows_of_request(tx, request_identity, request_id):
            found.setdefault(row.kind, set()).add(row.blind_index)
        return found

    def _past(self, row: Any, mine: dict[str, set[str]], theirs: dict[str, set[str]]) -> Past:
        state = as_written(State, row.state)
        return Past(
            request=row.id,
            right=as_written(Right, row.right),
            state=state,
            received_at=row.received_at,
            ended_at=None if state.open else row.changed_at,
            changed=tuple(sorted(k for k in mine.keys() & theirs.keys() if not mine[k] & theirs[k])),
        )

    def fingerprint(self, tx: Connection, request_id: str) -> str:
        """HMAC of the request's keys: an identity decision holds for these alone."""
        key = self._key(tx, request_id)
        return key.hmac(keys_text(known for known, _ in self._identity(tx, request_id, key)))

    def change(
        self,
        request_id: str,
        given: Mapping[str, str],
        casefold: Collection[str],
        by: str,
        *,
        authority: Mapping[str, str] | None = None,
    ) -> Mapping[str, list[str]]:
        """Correct, add or remove keys of an open request; what a look-up found by the old keys is destroyed.

        A decision on the identity is bound to the keys, so it does not hold for the new ones. The event
        `keys_changed` names kinds of keys, never values.

        Args:
            request_id: the request.
            given: key -> new value; an empty one removes the key. Keys that are not named stay.
            casefold: names of the keys that are compared without regard to case.
            by: account that corrects them.
            authority: its role; recorded.

        Returns:
            `added`, `changed` and `removed`: names of keys. All empty: nothing was written.

        Raises:
            UnknownRequestError: no such request.
            TooLateError: the request is closed.
            RefusedError: the request's data key was destroyed.
        """
        with self._db.write() as tx:
            must_be_open(self._request_row(tx, request_id))
            key = self._key(tx, request_id)
            before = {known.name: known.value for known, _ in self._identity(tx, request_id, key)}
            names = {
                "added": sorted(name for name, value in given.items() if value and name not in before),
                "changed": sorted(n for n, v in given.items() if v and n in before and before[n] != v),
                "removed": sorted(name for name, value in given.items() if not value and name in before),
            }
            gone = {*names["changed"], *names["removed"]}
            if not gone and not names["added"]:
                return names
            mine = (request_identity.c.request_id == request_id) & request_identity.c.kind.in_(gone)
            delete_rows(tx, request_identity, mine)
            for name in (*names["changed"], *names["added"]):
                new = Key(name, given[name])
                self.keep(tx, key, request_id, new, fold=name in casefold, verified_by=None)
            self._append(
                tx, request_id, NewEvent("keys_changed", by, {**names, "held": dict(authority or {})})
            )
            self._end_look_up(tx, request_id, "keys_changed")
            return names

    def keep(
        self, tx: Connection, key: DataKey, request_id: str, new: Key, *, fold: bool, verified_by: str | None
    ) -> None:
        """Store one of a request's keys, encrypted, with its blind index."""
        # The year of entry, not of receipt: the index key of a past year may be destroyed, and is never
        # remade.
        index_key = self._keys.index_key(self._clock().year)
        facts = {"value": new.value, "valid_from": new.valid_from, "valid_to": new.valid_to, "casefold": fold}
        values = {
            "request_id": request_id,
            "kind": new.name,
            "ciphertext": key.encrypt(json.dumps(facts).encode(), "request_identity", "ciphertext", new.name),
            "blind_index": blind_index(index_key.key, new.name, new.value, casefold=fold),
            "key_id": index_key.id,
            "verified_by": verified_by,
        }
        insert_row(tx, request_identity, values)

    def _identity(self, tx: Connection, request_id: str, key: DataKey) -> list[tuple[Key, bool]]:
        """Keys, each with whether it is compared without regard to case."""
        keys = []
        for row in sorted(rows_of_request(tx, request_identity, request_id), key=lambda row: row.id):
            facts = json.loads(key.decrypt(row.ciphertext, "request_identity", "ciphertext", row.kind))
            fold = facts.pop("casefold")
            keys.append((Key(name=row.kind, **facts), fold))
        return keys

    def indexes(self, tx: Connection, request_id: str, names: Collection[str] | None) -> set[str]:
        """Blind indexes of the keys under every year's key; without its data key, the stored ones."""
        key = self._find_key(tx, request_id)
        if key is None:
            mine = rows_of_request(tx, request_identity, request_id)
            return {row.blind_index for row in mine if names is None or row.kind in names}
        years = self._keys.index_keys()
        return {
            blind_index(year.key, known.name, known.value, casefold=fold)
            for known, fold in self._identity(tx, request_id, key)
            if names is None or known.name in names
            for year in years
        }


def _position(row: Row[Any]) -> tuple[str, str, str]:
    return row.received_at, row.created_at, row.id


ASKED = "identity_look_up_asked"
LOOK_UP_EVENTS = (ASKED, "identity_looked_up", "identity_look_up_destroyed")
"""Types of the events of a look-up, from the question to its end."""


@dataclass(frozen=True)
class LookUpRow:
    """A look-up that has not ended.

    Attributes:
        about: HMAC of the keys to look up.
        by: account of the officer who asked for it.
        role: of that officer.
        served_at: when the sources were read; None: not yet.
    """

    id: str
    request: str
    about: str
    by: str
    role: str
    asked_at: str
    served_at: str | None


class LookUps(Repository):
    """Stores look-ups and what they found."""

    def __init__(self, store: RegisterStore, identities: Identities) -> None:
        super().__init__(store)
        self._identities = identities

    def ask(self, request_id: str, by: str, authority: Mapping[str, str]) -> LookUpRow:
        """Record that an officer asks to look up the current keys; an earlier look-up is destroyed.

        A look-up of the same officer that was not served yet is returned, and nothing is written.

        Args:
            request_id: the request.
            by: the officer's account.
            authority: its role, and the evidence of that role.

        Raises:
            UnknownRequestError: no such request.
            TooLateError: the request is closed.
            RefusedError: the request's data key was destroyed.
        """
        with self._db.write() as tx:
            must_be_open(self._request_row(tx, request_id))
            about = self._identities.fingerprint(tx, request_id)
            going = tx.execute(select(look_up).where(_going(request_id))).first()
            if going is not None and (going.about, going.by, going.served_at) == (about, by, None):
                return _row(going)
            self._end_look_up(tx, request_id, "asked_again")
            asked = {"id": new_id("look"), "about": about, "by": by, "role": authority["role"]}
            tx.execute(insert(look_up).values(request_id=request_id, asked_at=self._now(), **asked))
            payload = {"look_up": asked["id"], "about": about, "held": dict(authority)}
            self._append(tx, request_id, NewEvent(ASKED, by, payload))
            return _row(tx.execute(select(look_up).where(_going(request_id))).one())

    def going(self, request_id: str) -> LookUpRow | None:
        """The look-up that has not ended, served or not; None: there is none.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            found = tx.execute(select(look_up).where(_going(request_id))).first()
            return None if found is None else _row(found)

    def serve(self, look_up_id: str, request_id: str, content: bytes, counts: Mapping[str, Any]) -> None:
        """Store what was found, encrypted, with its event.

        Args:
            look_up_id: the look-up.
            request_id: of its request.
            content: what was found.
            counts: for the trail: names of tables and counts.

        Raises:
            TooLateError: the look-up ended while the sources were read; nothing is stored.
        """
        with self._db.write() as tx:
            row = tx.execute(select(look_up).where(_going(request_id))).first()
            if row is None or row.id != look_up_id or row.served_at is not None:
                raise TooLateError(
                    f"The question about the keys of request {request_id} has ended: "
                    "nothing that was read is kept.",
                    remedy="where the identity is still open, ask again.",
                )
            sealed = self._key(tx, request_id).encrypt(content, "look_up", "ciphertext", row.id)
            served = {"ciphertext": sealed, "served_at": self._now()}
            tx.execute(update(look_up).where(look_up.c.id == row.id).values(**served))
            payload = {"look_up": row.id, **counts}
            self._append(tx, request_id, NewEvent("identity_looked_up", payload=payload))

    def found(self, request_id: str) -> bytes | None:
        """What the look-up found, decrypted; None: nothing is stored.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request's data key was destroyed.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            row = tx.execute(select(look_up).where(_going(request_id))).first()
            if row is None or row.ciphertext is None:
                return None
            return self._key(tx, request_id).decrypt(row.ciphertext, "look_up", "ciphertext", row.id)


def _going(request_id: str) -> Any:
    return (look_up.c.request_id == request_id) & look_up.c.ended_at.is_(None)


def _row(row: Row[Any]) -> LookUpRow:
    return LookUpRow(row.id, row.request_id, row.about, row.by, row.role, row.asked_at, row.served_at)
