"""What goes with a request's data key: whatever number, size or digest of its data the register keeps.

Someone who has the sources may count a person's rows and digest a person's files anew, and would find in such
a number whose request it was. What is kept says what was decided, by whom and when (docs/keys.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, update

from afschrift.register.database.identity_tables import request_identity
from afschrift.register.database.tables import (
    decision,
    delivery,
    fact,
    letter,
    message,
    message_part,
    plan,
    question,
    request,
    step,
)

_DIGEST = re.compile(r"[0-9a-f]{32,}")
_PROOF = "bundle"
"""Field of a fact that names a bundle by its digest, which nobody can make anew (docs/keys.md)."""
_NOTHING = b""
"""Instead of what is encrypted, whose size tells of what it was."""


def left(tx: Connection, request_id: str) -> bool:
    """Whether anything of a request is there that goes with its key."""
    sealed = select(request_identity.c.id).where(
        request_identity.c.request_id == request_id, func.length(request_identity.c.ciphertext) > 0
    )
    done = select(step.c.id).where(step.c.request_id == request_id)
    return any(tx.execute(one.limit(1)).first() for one in (sealed, done))


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
        kept = {name: one if name == _PROOF else codes_of(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one is not None}
    if isinstance(value, list | tuple):
        return [one for one in map(codes_of, value) if one is not None]
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
