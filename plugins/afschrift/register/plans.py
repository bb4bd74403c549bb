"""Frozen plans, compressed and encrypted under their request's key.

Its statements repeat each other, so a plan shrinks to a twentieth or less. The length of what is encrypted
told before and tells now about how many tables and columns are read, and of the person nothing else.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import msgspec
from sqlalchemy import ColumnElement, insert, select

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.plan import Plan
from afschrift.register.base import Repository
from afschrift.register.database.tables import plan as plan_table

_NOT_COMPRESSED = b"{"
"""What a plan begins with that an earlier version kept; a compressed one begins with `x`."""


class Plans(Repository):
    """Keeps the plans of requests."""

    def save(self, plan: Plan) -> str:
        """Keep a plan, encrypted under the request's key; returns its digest. Twice is as good as once.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request's data key was destroyed.
        """
        digest = plan.digest()
        with self._db.write() as tx:
            self._request_row(tx, plan.request)
            key = self._key(tx, plan.request)
            if tx.execute(select(plan_table.c.digest).where(_is_plan(plan.request, digest))).first() is None:
                sealed = key.encrypt(zlib.compress(msgspec.json.encode(plan)), "plan", "ciphertext", digest)
                values = {"request_id": plan.request, "digest": digest, "ciphertext": sealed}
                tx.execute(insert(plan_table).values(**values, created_at=self._now()))
        return digest

    def get(self, request_id: str, digest: str) -> Plan:
        """A plan by digest.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request has no such plan, or its data key was destroyed.
            ConfigurationError: the kept plan was altered.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            key = self._key(tx, request_id)
            row = tx.execute(select(plan_table).where(_is_plan(request_id, digest))).first()
            if row is None:
                raise RefusedError(
                    f"Request {request_id} has no plan with this digest.",
                    remedy="clear `classify` to make one.",
                )
            plain = key.decrypt(row.ciphertext, "plan", "ciphertext", digest)
        kept = _decoded(plain)
        if kept.digest() != digest:
            raise ConfigurationError(
                f"The plan of request {request_id} was kept by another version of the software.",
                remedy="clear `classify` to make it again; a review of the old one does not count for it.",
            )
        return kept


@lru_cache(maxsize=4)
def _decoded(plain: bytes) -> Plan:
    """A step asks for its plan several times, and to digest a plan takes longer than all else about it."""
    whole = plain if plain.startswith(_NOT_COMPRESSED) else zlib.decompress(plain)
    return msgspec.json.decode(whole, type=Plan)


def _is_plan(request_id: str, digest: str) -> ColumnElement[bool]:
    return (plan_table.c.request_id == request_id) & (plan_table.c.digest == digest)
