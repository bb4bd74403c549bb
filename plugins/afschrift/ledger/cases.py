"""The case file: the message as it came, and what was written about it since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.engine import Row

from afschrift.core.event import NewEvent
from afschrift.core.request import new_id
from afschrift.ledger.base import LedgerBase
from afschrift.ledger.clock import instant
from afschrift.ledger.tables import case_file, message


@dataclass(frozen=True)
class CaseText:
    """A text of the case file.

    Attributes:
        request: None for the message that opened the case.
        kind: `request` or `decision`.
        text: None once its key was destroyed.
    """

    id: str
    request: str | None
    kind: str
    by: str
    at: str
    text: bytes | None = field(repr=False)


class Cases(LedgerBase):
    """Opens cases and reads their texts."""

    def open_case(
        self,
        text: bytes,
        channel: str,
        received_at: str,
        arrived_at: str,
        *,
        by: str = "system",
        made_by: str = "self",
        detail: Mapping[str, Any] | None = None,
    ) -> str:
        """Keep a message verbatim, encrypted under a key of the case (R01, R02); returns the case id.

        Args:
            text: the message as it came.
            channel: name of the channel, a code.
            received_at: instant of first arrival at an official channel; starts the clock.
            arrived_at: instant at which it reached those who handle it.
            by: who entered it.
            made_by: `self`, `parent`, `guardian` or `proxy` (R15-R17).
            detail: codes only, for example the forwarding chain by department.

        Raises:
            RefusedError: a time is no instant.
        """
        case_id = new_id("case")
        facts = {
            "channel": channel,
            "received_at": instant(received_at),
            "arrived_at": instant(arrived_at),
            "made_by": made_by,
        }
        with self._db.write() as tx:
            values = {**facts, "id": case_id, "detail": dict(detail or {}), "created_at": self._now()}
            tx.execute(insert(case_file).values(values))
            key = self._new_key(tx, case_id)
            _, mac = self._keep_text(tx, key, text, case=case_id, request_id=None, kind="request", by=by)
            self._append(tx, None, NewEvent("case_opened", by, {**facts, "case": case_id, "text_hmac": mac}))
        return case_id

    def case_texts(self, case_id: str, by: str) -> tuple[CaseText, ...]:
        """All texts of a case, decrypted, oldest first. That `by` looked is an event of the trail.

        Raises:
            UnknownRequestError: no such case.
        """
        with self._db.write() as tx:
            self._case_row(tx, case_id)
            of_case = select(message).where(message.c.case_id == case_id)
            rows = tx.execute(of_case.order_by(message.c.created_at, message.c.id)).all()
            self._append(tx, None, NewEvent("case_viewed", by, {"case": case_id, "texts": len(rows)}))
            return tuple(self._text(tx, row) for row in rows)

    def _text(self, tx: Connection, row: Row[Any]) -> CaseText:
        key = self._find_key(tx, row.request_id or row.case_id)
        text = key.decrypt(row.ciphertext, "message", "ciphertext", row.id) if key else None
        return CaseText(row.id, row.request_id, row.kind, row.by, row.created_at, text)
