"""Forgetting: destroys data keys and payloads, and leaves the trail whole."""

from __future__ import annotations

from sqlalchemy import select, update

from afschrift.core.event import NewEvent
from afschrift.ledger import trail
from afschrift.ledger.base import LedgerBase
from afschrift.ledger.crypto import Use
from afschrift.ledger.tables import data_key, request


class Erasure(LedgerBase):
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

    def shred(self, request_id: str, rule: str, by: str = "system") -> bool:
        """Destroy a request's data key: identity, limits, plans, texts and staging become unreadable.

        With the last key of a case's requests goes the key of the case, which protects the message itself.
        Blind indexes stay, so that a repeat is recognised.

        Args:
            request_id: the request.
            rule: the rule that says so, for example the retention period's name.
            by: who ordered it.

        Returns:
            False where the key was destroyed before; nothing is written then.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.write() as tx:
            row = self._request_row(tx, request_id)
            if not self._destroy_key(tx, request_id):
                return False
            of_case = select(request.c.id).where(request.c.case_id == row.case_id)
            left = tx.execute(select(data_key.c.owner).where(data_key.c.owner.in_(of_case))).first()
            case_too = left is None and self._destroy_key(tx, row.case_id)
            payload = {"rule": rule, "case": row.case_id if case_too else None}
            self._append(tx, request_id, NewEvent("data_key_destroyed", by, payload))
        self._db.forget()
        return True

    def erase_payloads(self, request_id: str, rule: str, by: str = "system") -> int:
        """Erase the payloads of a request's events after retention; returns how many.

        Headers stay, and the chain verifies. The erasure is an event itself, and its payload stays.
        """
        with self._db.write() as tx:
            self._request_row(tx, request_id)
            erased = trail.erase(tx, self._now(), request_id, rule)
            if erased:
                told = NewEvent("payloads_erased", by, {"request": request_id, "rule": rule, "count": erased})
                self._append(tx, None, told)
        self._db.forget()
        return erased

    def retire_keks(self, by: str = "system") -> tuple[str, ...]:
        """Wrap every data key under the active wrapping key and destroy the older ones; returns their ids.

        What was shredded before can then not be opened from a back-up of the register either. Make a new
        back-up at once: earlier ones of the register open no more.
        """
        with self._db.write() as tx:
            # Read once: a key that another process makes active meanwhile is none of the old ones.
            old = tuple(k.id for k in self._keys.listing() if k.kind == "kek" and not k.active)
            for row in tx.execute(select(data_key).where(data_key.c.kek_id.in_(old))).all():
                raw = self._keys.unwrap(row.kek_id, row.wrapped, row.owner)
                kek_id, wrapped = self._keys.wrap(raw, row.owner)
                this = data_key.c.owner == row.owner
                tx.execute(update(data_key).where(this).values(wrapped=wrapped, kek_id=kek_id))
            if old:
                self._append(tx, None, NewEvent("wrapping_keys_retired", by, {"keys": list(old)}))
        for kek_id in old:
            self._keys.forget_kek(kek_id)
        self._db.forget()
        return old
