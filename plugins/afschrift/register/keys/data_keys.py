"""Data keys of requests and cases, from their use to their end, and what goes with them.

Someone who has the sources may count a person's rows and digest a person's files anew, and would find in such
a number whose request it was. What is kept says what was decided, by whom and when (docs/operator/keys.md).
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
from afschrift.register.trail.replay import must_follow
from afschrift.register.trail.told_rows import rows_of, tell_anew
from afschrift.register.trail.trail import KEY_DESTROYED


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
        return self.fingerprinter(request_id)(data)

    def fingerprinter(self, request_id: str) -> Callable[[bytes], str]:
        """As `fingerprint`, for many texts: the register is asked for the key once."""
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            return self._key(tx, request_id).hmac

    def has(self, request_id: str) -> bool:
        """Whether the data key of a request is there; False once it was destroyed."""
        with self._db.read() as tx:
            owner = select(data_key.c.owner).where(data_key.c.owner == request_id)
            return tx.execute(owner).first() is not None

    def left(self, request_id: str) -> bool:
        """Whether the data key of a request, or anything that goes with it, is there."""
        if self.has(request_id):
            return True
        with self._db.read() as tx:
            return left(tx, request_id)

    def shred(
        self, request_id: str, rule: str, by: str = "system", signed: Mapping[str, Any] | None = None
    ) -> bool:
        """Destroy a request's data key: identity, limits, plans, texts and staging become unreadable.

        With it goes every number, size and digest of its data (`forget_request`), and the payloads of
        its events. With the last key of a case's requests goes the key of the case, which protects the
        message itself. Blind indexes stay, so that a repeat is recognised.

        Args:
            request_id: the request.
            rule: the rule that says so, for example the retention period's name.
            by: who ordered it.
            signed: who proposed it and in which role it was signed, for the event.

        Returns:
            False where all of it was destroyed before; nothing is written then. What a restored back-up
            brought back without its key is destroyed again.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: it is under hold; the register was set back; or somebody changed its case without
                the service, which only the events show that would go.
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
            tell_anew(tx, row.case_id, None if case else request_id, before)
            self._erase(tx, request_id, rule, by, case)
            payload = {"rule": rule, "case": case, **(signed or {})}
            self._append(tx, request_id, NewEvent(KEY_DESTROYED, by, payload))
        self._db.forget()
        return True

    def half_forgotten(self) -> tuple[str, ...]:
        """Requests without their data key of which a back-up brought back what went with it; in order."""
        keyless = request.c.id.not_in(select(data_key.c.owner))
        with self._db.read() as tx:
            found = tx.scalars(select(request.c.id).where(keyless).order_by(request.c.id)).all()
            return tuple(request_id for request_id in found if left(tx, request_id))

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
"""Field of a fact that names a bundle by its digest, which nobody can make anew (docs/operator/keys.md)."""
_NOTHING = b""
"""Instead of what is encrypted, whose size tells of what it was."""


def left(tx: Connection, request_id: str) -> bool:
    """Whether anything of a request is there that goes with its key."""
    sealed = select(request_identity.c.id).where(
        request_identity.c.request_id == request_id, func.length(request_identity.c.ciphertext) > 0
    )
    done = select(step.c.id).where(step.c.request_id == request_id)
    return any(tx.execute(query.limit(1)).first() for query in (sealed, done))


def forget_request(tx: Connection, request_id: str) -> None:
    """Take out of the rows of a request what goes with its key, which is destroyed already.

    These changes are told by no event of their own: `data_key_destroyed` tells of them all, and a code of
    what stood there before would keep it.
    """
    for table in (step, plan):
        tx.execute(delete(table).where(table.c.request_id == request_id))
    _empty(tx, request, request.c.id == request_id, "limits")
    _empty(tx, request_identity, request_identity.c.request_id == request_id, "ciphertext")
    _empty(tx, letter, letter.c.request_id == request_id, "recipient")
    _forget_texts(tx, message.c.request_id == request_id)
    handed_over = {"bytes": 0, "secret": None}
    tx.execute(update(delivery).where(delivery.c.request_id == request_id).values(**handed_over))
    for table in (question, decision, fact, letter, delivery):
        _keep_codes(tx, table, request_id)
    told = {"about": None, "fingerprint": question.c.id, "form": None}
    tx.execute(update(question).where(question.c.request_id == request_id).values(**told))
    tx.execute(update(decision).where(decision.c.request_id == request_id).values(about=None))


def forget_case(tx: Connection, case_id: str) -> None:
    """Likewise of the texts that belong to a case as a whole."""
    _forget_texts(tx, (message.c.case_id == case_id) & message.c.request_id.is_(None))


def codes_of(value: Any) -> Any:
    """What is kept of a detail: codes, names, days and instants. Numbers and digests go, `None` for each."""
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
    """That something was there stays."""
    tx.execute(update(table).where(which, table.c[column].is_not(None)).values({column: _NOTHING}))


def _forget_texts(tx: Connection, which: ColumnElement[bool]) -> None:
    parts = message_part.c.message_id.in_(select(message.c.id).where(which))
    tx.execute(delete(message_part).where(parts))
    _empty(tx, message, which, "ciphertext")
    _empty(tx, message, which, "label")
