"""Decisions that people took, or a channel that knew the person, each with its event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from afschrift.domain.errors import RefusedError
from afschrift.domain.event import NewEvent
from afschrift.register.base import RegisterStore, Repository, must_be_open
from afschrift.register.database.tables import decision, message
from afschrift.register.identities import Identities
from afschrift.register.records import DecisionRow
from afschrift.register.trail.told_rows import insert_row, rows_of_request


class Decisions(Repository):
    """Records decisions and reads them."""

    def __init__(self, store: RegisterStore, identities: Identities) -> None:
        super().__init__(store)
        self._identities = identities

    def text(self, request_id: str, text_id: str) -> str | None:
        """The words of a decision, for what must go on with them; None once their key was destroyed.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request has no such text.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            key = self._find_key(tx, request_id)
            mine = (message.c.id == text_id) & (message.c.request_id == request_id)
            sealed = tx.execute(select(message.c.ciphertext).where(mine)).scalar()
            if sealed is None:
                raise RefusedError(f"Request {request_id} has no such text.")
            return key.decrypt(sealed, "message", "ciphertext", text_id).decode() if key else None

    def take(
        self,
        request_id: str,
        kind: str,
        choice: str,
        by: str,
        about: str | None = None,
        detail: Mapping[str, Any] | None = None,
        text: str | None = None,
        authority: Mapping[str, str] | None = None,
    ) -> DecisionRow:
        """Record a decision that answers no question, for example the identity decision at intake.

        Args and text as for `Questions.answer`; `about` is the digest that was decided on.

        Raises:
            UnknownRequestError: no such request.
            TooLateError: the request is closed.
            RefusedError: a text was given, and the request's data key was destroyed.
        """
        with self._db.write() as tx:
            must_be_open(self._request_row(tx, request_id))
            return self.append(tx, request_id, kind, choice, by, about, detail, text, authority)

    def of(self, request_id: str) -> tuple[DecisionRow, ...]:
        """All decisions of the request, oldest first.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            rows = sorted(rows_of_request(tx, decision, request_id), key=lambda row: row.id)
        return tuple(
            DecisionRow(r.kind, r.choice, r.by, r.at, r.about, r.detail, r.question_id, r.message_id)
            for r in rows
        )

    def requests_with(self, choice: str) -> tuple[str, ...]:
        """Requests on which something was decided, open ones and closed ones; by id."""
        with self._db.read() as tx:
            taken = select(decision.c.request_id).where(decision.c.choice == choice).distinct()
            return tuple(tx.scalars(taken.order_by(decision.c.request_id)))

    def append(
        self,
        tx: Connection,
        request_id: str,
        kind: str,
        choice: str,
        by: str,
        about: str | None,
        detail: Mapping[str, Any] | None,
        text: str | None,
        authority: Mapping[str, str] | None,
        *,
        asked: Row[Any] | None = None,
        rules: Sequence[str] = (),
    ) -> DecisionRow:
        """As `take`, in a transaction of the caller's; `asked`: the row of the question that it answers."""
        question_id = asked.id if asked is not None else None
        codes, now, message_id, mac = dict(detail or {}), self._now(), None, None
        if kind == "identity" and about is None:
            about = self._identities.fingerprint(tx, request_id)
        if text is not None:
            case = self._request_row(tx, request_id).case_id
            message_id, mac = self._keep_text(
                tx,
                self._key(tx, request_id),
                text.encode(),
                case=case,
                request_id=request_id,
                kind="decision",
                by=by,
            )
        values = {"kind": kind, "choice": choice, "about": about, "detail": codes}
        columns = {**values, "by": by, "at": now, "question_id": question_id, "message_id": message_id}
        insert_row(tx, decision, {"request_id": request_id, **columns})
        payload = {**values, "question": question_id, "text_hmac": mac}
        if asked is not None:
            payload["options"] = list(asked.options)
        if rules:
            payload["rules"] = list(rules)
        if authority is not None:
            payload["held"] = dict(authority)
        self._append(tx, request_id, NewEvent("decision_taken", by, payload))
        if kind == "identity":
            self._end_look_up(tx, request_id, "identity_decided")
        return DecisionRow(kind, choice, by, now, about, codes, question_id, message_id)
