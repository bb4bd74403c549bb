"""Repository of the data keys of requests and cases: their uses, and their destruction.

A key is destroyed together with all numbers and digests of the person's data: anyone with access to the
sources could count a person's rows or digest a person's files again, and so find whose request it was. What
stays says what was decided, by whom and when (docs/operator/keys.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, union, update

from afschrift.domain.event import NewEvent
from afschrift.register.base import Repository
from afschrift.register.database.tables import (
    case_file,
    data_key,
    decision,
    delivery,
    fact,
    letter,
    message,
    message_part,
    plan,
    question,
    request,
    request_identity,
    step,
)
from afschrift.register.keys.crypto import Use
from afschrift.register.timelines import must_be_free
from afschrift.register.trail.attested_rows import attest_anew, rows_of
from afschrift.register.trail.replay import must_follow
from afschrift.register.trail.trail import KEY_DESTROYED


class DataKeys(Repository):
    """Derives keys and fingerprints from data keys, and destroys them."""

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
        """HMAC-SHA256 of data under the request's key, hex; the trail may hold it, as it dies with the key.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request's data key was destroyed.
        """
        return self.fingerprinter(request_id)(data)

    def fingerprinter(self, request_id: str) -> Callable[[bytes], str]:
        """As `fingerprint`, for many texts: the key is read once."""
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            return self._key(tx, request_id).hmac

    def has(self, request_id: str) -> bool:
        """Whether the data key of a request exists; False once it was destroyed."""
        with self._db.read() as tx:
            owner = select(data_key.c.owner).where(data_key.c.owner == request_id)
            return tx.execute(owner).first() is not None

    def left(self, request_id: str) -> bool:
        """Whether the data key of a request, or anything that is destroyed with it, exists."""
        if self.has(request_id):
            return True
        with self._db.read() as tx:
            return left(tx, request_id)

    def shred(
        self, request_id: str, rule: str, by: str = "system", signed: Mapping[str, Any] | None = None
    ) -> bool:
        """Destroy a request's data key: identity, limits, plans, texts and staging become unreadable.

        Every number, size and digest of its data (`forget_request`) and the payloads of its events are
        destroyed too. The last key of a case's requests takes along the key of the case, which protects the
        message itself. Blind indexes stay, so that a repeated request is recognised.

        Args:
            request_id: the request.
            rule: that asks for it, for example the name of the retention period.
            by: account that ordered it.
            signed: who proposed it and in which role it was signed, for the event.

        Returns:
            False: all of it was destroyed before, and nothing is written. What a restored back-up brought
            back without its key is destroyed again.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: it is under hold; the register was set back; or its case was changed without the
                service, which only the events to be erased can show.
        """
        with self._db.write() as tx:
            self._store.must_not_be_set_back(tx)
            row = self._request_row(tx, request_id)
            must_be_free(tx, request_id, "its data key stays")
            must_follow(tx, row.case_id, self._keys.trail_keys())
            if not self._destroy_key(tx, request_id) and not left(tx, request_id):
                return False
            self._end_look_up(tx, request_id, KEY_DESTROYED)
            of_case = select(request.c.id).where(request.c.case_id == row.case_id)
            others = tx.execute(select(data_key.c.owner).where(data_key.c.owner.in_(of_case))).first()
            case = row.case_id if others is None else None
            before = {place for place, _ in rows_of(tx, row.case_id)}
            forget_request(tx, request_id)
            if case:
                self._destroy_key(tx, case)
                forget_case(tx, case)
            attest_anew(tx, row.case_id, None if case else request_id, before)
            self._erase(tx, request_id, rule, by, case)
            payload = {"rule": rule, "case": case, **(signed or {})}
            self._append(tx, request_id, NewEvent(KEY_DESTROYED, by, payload))
        self._db.forget()
        return True

    def half_forgotten(self) -> tuple[str, ...]:
        """Requests without a data key for which a back-up brought back what was destroyed with it; sorted."""
        keyless = request.c.id.not_in(select(data_key.c.owner))
        with self._db.read() as tx:
            found = tx.scalars(select(request.c.id).where(keyless).order_by(request.c.id)).all()
            return tuple(request_id for request_id in found if left(tx, request_id))

    def strays(self) -> tuple[str, ...]:
        """Owners of data keys that are no request or case of the register; sorted."""
        with self._db.read() as tx:
            return _strays(tx)

    def shred_strays(
        self, rule: str, by: str = "system", signed: Mapping[str, Any] | None = None
    ) -> tuple[str, ...]:
        """Destroy the data keys whose request or case the register does not know; returns their owners.

        A restored register keeps the data keys of what came in after its back-up, so that a newer back-up can
        still replace it. No retention rule would ever destroy them, since none finds their requests.

        Raises:
            RefusedError: the register was set back.
        """
        with self._db.write() as tx:
            self._store.must_not_be_set_back(tx)
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


_DIGEST = re.compile(r"[0-9a-f]{32,}")
_PROOF = "bundle"
"""Field of a fact with a bundle's digest. It may stay: no one can build the same bundle again, so it leads to
no person (docs/operator/keys.md)."""
_NOTHING = b""
"""Replaces ciphertext, whose size would say something of its content."""


def left(tx: Connection, request_id: str) -> bool:
    """Whether anything of a request exists that is destroyed with its key."""
    sealed = select(request_identity.c.id).where(
        request_identity.c.request_id == request_id, func.length(request_identity.c.ciphertext) > 0
    )
    done = select(step.c.id).where(step.c.request_id == request_id)
    return any(tx.execute(query.limit(1)).first() for query in (sealed, done))


def forget_request(tx: Connection, request_id: str) -> None:
    """Remove from the rows of a request what is destroyed with its key, which is gone already.

    Written by plain SQL, and attested as a whole by `data_key_destroyed`: an event for each change would hold
    codes of the previous values, and so preserve them.
    """
    for table in (step, plan):
        tx.execute(delete(table).where(table.c.request_id == request_id))
    _empty(tx, request, request.c.id == request_id, "limits")
    _empty(tx, request_identity, request_identity.c.request_id == request_id, "ciphertext")
    _empty(tx, letter, letter.c.request_id == request_id, "recipient")
    _forget_texts(tx, message.c.request_id == request_id)
    handed_over = {"bytes": 0, "secret": None, "arrived": None}
    tx.execute(update(delivery).where(delivery.c.request_id == request_id).values(**handed_over))
    for table in (question, decision, fact, letter, delivery):
        _keep_codes(tx, table, request_id)
    asked = {"about": None, "fingerprint": question.c.id, "form": None}
    tx.execute(update(question).where(question.c.request_id == request_id).values(**asked))
    tx.execute(update(decision).where(decision.c.request_id == request_id).values(about=None))


def forget_case(tx: Connection, case_id: str) -> None:
    """As `forget_request`, for the texts that belong to a case as a whole."""
    _forget_texts(tx, (message.c.case_id == case_id) & message.c.request_id.is_(None))


def codes_of(value: Any) -> Any:
    """The part of a detail that is kept: codes, names, days and instants. A number or digest gives None."""
    if isinstance(value, Mapping):
        kept = {name: member if name == _PROOF else codes_of(member) for name, member in value.items()}
        return {name: member for name, member in kept.items() if member is not None}
    if isinstance(value, list | tuple):
        return [member for member in map(codes_of, value) if member is not None]
    if isinstance(value, bool):
        return value
    return value if isinstance(value, str) and not _DIGEST.fullmatch(value) else None


def _keep_codes(tx: Connection, table: Table, request_id: str) -> None:
    key = table.primary_key.columns[0]
    for row in tx.execute(select(key, table.c.detail).where(table.c.request_id == request_id)).all():
        kept = codes_of(row.detail)
        if kept != row.detail:
            tx.execute(update(table).where(key == row[0]).values(detail=kept))


def _empty(tx: Connection, table: Table, which: ColumnElement[bool], column: str) -> None:
    """Empty a column; NULL stays NULL, so that a row still says whether it had a value."""
    tx.execute(update(table).where(which, table.c[column].is_not(None)).values({column: _NOTHING}))


def _forget_texts(tx: Connection, which: ColumnElement[bool]) -> None:
    parts = message_part.c.message_id.in_(select(message.c.id).where(which))
    tx.execute(delete(message_part).where(parts))
    _empty(tx, message, which, "ciphertext")
    _empty(tx, message, which, "label")
