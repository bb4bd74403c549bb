"""What officers ask the sources to hold under a request's keys before its identity is confirmed.

The one place where something of a source is kept before that: encrypted under the request's key, and
destroyed with the decision, with another key, and with the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Row

from afschrift.domain.errors import TooLateError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import new_id
from afschrift.register.base import RegisterStore, Repository, must_be_open
from afschrift.register.database.identity_tables import look_up
from afschrift.register.identities import Identities

ASKED = "identity_look_up_asked"
TOLD_OF_LOOK_UPS = (ASKED, "identity_looked_up", "identity_look_up_destroyed")
"""Types of the events that tell of an ask and of its end."""


@dataclass(frozen=True)
class LookUpRow:
    """An ask that holds still.

    Attributes:
        about: HMAC of the keys that were asked about.
        by: account of the officer who asked.
        role: in which they did.
        served_at: when the sources were asked; None: not yet.
    """

    id: str
    request: str
    about: str
    by: str
    role: str
    asked_at: str
    served_at: str | None


class LookUps(Repository):
    """Keeps asks and what was found."""

    def __init__(self, store: RegisterStore, identities: Identities) -> None:
        super().__init__(store)
        self._identities = identities

    def ask(self, request_id: str, by: str, authority: Mapping[str, str]) -> LookUpRow:
        """Record that an officer asks about the keys of today; an earlier ask and what it found end.

        An ask of the same officer that was not served yet is returned, and nothing is written.

        Args:
            request_id: the request.
            by: the officer's account.
            authority: the role in which they ask, and what says that they hold it.

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
        """The ask that holds still, served or not; None where there is none.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            found = tx.execute(select(look_up).where(_going(request_id))).first()
            return None if found is None else _row(found)

    def serve(self, look_up_id: str, request_id: str, content: bytes, told: Mapping[str, Any]) -> None:
        """Keep what was found, encrypted, with its event.

        Args:
            look_up_id: the ask.
            request_id: whose it is.
            content: what was found.
            told: for the trail: names of tables and counts.

        Raises:
            TooLateError: the ask ended while the sources were read: nothing is kept.
        """
        with self._db.write() as tx:
            row = tx.execute(select(look_up).where(_going(request_id))).first()
            if row is None or row.id != look_up_id or row.served_at is not None:
                raise TooLateError(
                    f"Nobody asks about the keys of request {request_id} any more: "
                    "nothing that was read is kept.",
                    remedy="where the identity is still open, ask again.",
                )
            sealed = self._key(tx, request_id).encrypt(content, "look_up", "ciphertext", row.id)
            served = {"ciphertext": sealed, "served_at": self._now()}
            tx.execute(update(look_up).where(look_up.c.id == row.id).values(**served))
            payload = {"look_up": row.id, **told}
            self._append(tx, request_id, NewEvent("identity_looked_up", payload=payload))

    def found(self, request_id: str) -> bytes | None:
        """What was found, decrypted; None where nothing is kept.

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
