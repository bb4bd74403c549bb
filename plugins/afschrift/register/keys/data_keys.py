"""Data keys of requests and cases, from their use to their end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, union

from afschrift.domain.event import NewEvent
from afschrift.register.base import Repository
from afschrift.register.database.tables import case_file, data_key, request
from afschrift.register.disputes import must_be_free
from afschrift.register.keys.crypto import Use


class DataKeys(Repository):
    """Data keys from their use to their end."""

    def subkey(self, request_id: str, use: Use) -> bytes:
        """32 bytes derived from the request's data key, for example for its staging.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request's data key was destroyed.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            return self._key(tx, request_id).subkey(use)

    def fingerprint(self, request_id: str, data: bytes) -> str:
        """HMAC-SHA256 of data under the request's own key, hex: safe for the trail, void once shredded.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request's data key was destroyed.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            return self._key(tx, request_id).hmac(data)

    def fingerprints(self, request_id: str, texts: Mapping[str, str]) -> dict[str, str]:
        """Likewise of several texts at once, each under its name; errors as for `fingerprint`."""
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            key = self._key(tx, request_id)
            return {name: key.hmac(text.encode()) for name, text in texts.items()}

    def has(self, request_id: str) -> bool:
        """Whether the data key of a request is there; False once it was destroyed."""
        with self._db.read() as tx:
            owner = select(data_key.c.owner).where(data_key.c.owner == request_id)
            return tx.execute(owner).first() is not None

    def shred(
        self, request_id: str, rule: str, by: str = "system", signed: Mapping[str, Any] | None = None
    ) -> bool:
        """Destroy a request's data key: identity, limits, plans, texts and staging become unreadable.

        With the last key of a case's requests goes the key of the case, which protects the message itself.
        Blind indexes stay, so that a repeat is recognised.

        Args:
            request_id: the request.
            rule: the rule that says so, for example the retention period's name.
            by: who ordered it.
            signed: who proposed it and in which role it was signed, for the event.

        Returns:
            False where the key was destroyed before; nothing is written then.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: it is under hold.
        """
        with self._db.write() as tx:
            row = self._request_row(tx, request_id)
            must_be_free(tx, request_id, "its data key stays")
            if not self._destroy_key(tx, request_id):
                return False
            self._end_look_up(tx, request_id, "data_key_destroyed")
            of_case = select(request.c.id).where(request.c.case_id == row.case_id)
            left = tx.execute(select(data_key.c.owner).where(data_key.c.owner.in_(of_case))).first()
            case_too = left is None and self._destroy_key(tx, row.case_id)
            payload = {"rule": rule, "case": row.case_id if case_too else None, **(signed or {})}
            self._append(tx, request_id, NewEvent("data_key_destroyed", by, payload))
        self._db.forget()
        return True

    def strays(self) -> tuple[str, ...]:
        """Whose data keys are there, though the register knows no such request or case; in order."""
        with self._db.read() as tx:
            return _strays(tx)

    def shred_strays(
        self, rule: str, by: str = "system", signed: Mapping[str, Any] | None = None
    ) -> tuple[str, ...]:
        """Destroy the data keys whose request or case the register does not know; returns whose they were.

        A restored register keeps the data keys of what came in after its back-up, so that a newer back-up
        can still take its place. Nobody would ever destroy them after that: no rule finds their requests.
        """
        with self._db.write() as tx:
            owners = _strays(tx)
            for owner in owners:
                self._destroy_key(tx, owner)
            if owners:
                payload = {"rule": rule, "owners": list(owners), **(signed or {})}
                self._append(tx, None, NewEvent("stray_data_keys_destroyed", by, payload))
        self._db.forget()
        return owners


def _strays(tx: Connection) -> tuple[str, ...]:
    known = union(select(request.c.id), select(case_file.c.id))
    strays = select(data_key.c.owner).where(data_key.c.owner.not_in(known)).order_by(data_key.c.owner)
    return tuple(tx.scalars(strays))
