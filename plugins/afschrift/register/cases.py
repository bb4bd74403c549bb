"""Repositories of cases and their facts: the message as it came, and the texts that followed it.

A text or document belongs to a request, or to the case as a whole, and is encrypted under the data key of
that owner. The trail holds its HMAC under the same key: destroying the key makes both useless.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.engine import Row

from afschrift.domain.event import NewEvent
from afschrift.domain.instants import instant
from afschrift.domain.request import new_id
from afschrift.law.case_facts import NewCaseFact
from afschrift.register.base import QUESTION_TEXT, RegisterStore, Repository, case_of
from afschrift.register.case_timelines import CaseTimelines
from afschrift.register.database.tables import case_file, message, message_part, request
from afschrift.register.keys.crypto import OVERHEAD_BYTES, DataKey
from afschrift.register.trail import trail
from afschrift.register.trail.attested_rows import insert_row

PARTIES = "parties"
_OF_PARTIES = (PARTIES, "representative")


@dataclass(frozen=True)
class Destroyed:
    """When a data key was destroyed and by which rule, as far as the trail says."""

    at: str | None
    rule: str | None


@dataclass(frozen=True)
class KeptText:
    """A text with who wrote it and when."""

    by: str
    at: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class CaseText:
    """A text or document of the case file.

    Attributes:
        request: None where it belongs to the case as a whole.
        kind: `request` (the message that opened the case), `parties` (who they are and how to reach them,
            as JSON by role; the last counts), `representative` (the same of that party alone, by an earlier
            version), `decision`, `dpo_advice`, `note`, `received`, `sent` or `document`.
        size: bytes of the text or document; 0 once its key was destroyed.
        text: None for a document (`Documents.read` reads it), and once the key was destroyed.
        name: of a document's file; None once the key was destroyed.
        destroyed: None while its key exists.
    """

    id: str
    request: str | None
    kind: str
    by: str
    at: str
    size: int
    media_type: str | None
    text: bytes | None = field(repr=False)
    name: str | None = field(repr=False)
    destroyed: Destroyed | None


@dataclass(frozen=True)
class CaseRow:
    """A case without its texts.

    Attributes:
        made_by: `self`, `parent`, `guardian`, `proxy` or `heir`.
        requests: ids, in the order in which they were opened.
        texts: how many texts and documents there are.
    """

    id: str
    channel: str
    received_at: str
    made_by: str
    requests: tuple[str, ...]
    texts: int


class Cases(Repository):
    """Opens cases, adds to their files and reads them."""

    def __init__(self, store: RegisterStore, facts: CaseTimelines) -> None:
        super().__init__(store)
        self._facts = facts

    def open(
        self,
        text: bytes,
        channel: str,
        received_at: str,
        arrived_at: str,
        *,
        by: str = "system",
        made_by: str = "self",
        parties: bytes | None = None,
        facts: Sequence[NewCaseFact] = (),
    ) -> str:
        """Open a case with a message, kept verbatim and encrypted under the case's key (R01, R02).

        Args:
            text: the message as it came.
            channel: name of the channel, a code.
            received_at: instant of first arrival at an official channel; starts the clock.
            arrived_at: instant at which it reached those who handle it.
            by: account that entered it.
            made_by: `self`, `parent`, `guardian`, `proxy` or `heir` (R15-R17).
            parties: who they are and how to reach them, as JSON by role; encrypted too.
            facts: what else it holds, such as a right that is not fulfilled here, or how it was forwarded.

        Returns:
            The case's id.

        Raises:
            RefusedError: a time is no instant.
        """
        case_id = new_id("case")
        payload = {
            "channel": channel,
            "received_at": instant(received_at),
            "arrived_at": instant(arrived_at),
            "made_by": made_by,
        }
        with self._db.write() as tx:
            values = {**payload, "id": case_id, "detail": {}, "created_at": self._now()}
            insert_row(tx, case_file, values)
            key = self._new_key(tx, case_id)
            _, mac = self._keep_text(tx, key, text, case=case_id, request_id=None, kind="request", by=by)
            self._append(
                tx, None, NewEvent("case_opened", by, {**payload, "case": case_id, "text_hmac": mac})
            )
            if parties is not None:
                self._add_text(tx, key, parties, case=case_id, request_id=None, kind=PARTIES, by=by)
            self._facts.append(tx, case_id, lambda _: facts, by)
        return case_id

    def add_text(self, owner: str, kind: str, content: bytes, by: str) -> str:
        """Add a text to the case file; returns its id.

        The event `case_text_added` holds kind, id, HMAC and size; never the text.

        Args:
            owner: the request that it belongs to, or the case where it belongs to no single request.
            kind: `note`, `received` or `sent`.
            content: UTF-8 text.
            by: who adds it.

        Raises:
            UnknownRequestError: no such case or request.
            RefusedError: the key of its owner was destroyed.
        """
        with self._db.write() as tx:
            case_id, request_id = case_of(tx, owner)
            return self._add_text(
                tx, self._key(tx, owner), content, case=case_id, request_id=request_id, kind=kind, by=by
            )

    def texts(self, owner: str, by: str) -> tuple[CaseText, ...]:
        """Texts decrypted, and documents without their content, oldest first. Reading them is an event.

        Args:
            owner: a case: everything in its file; a request: what belongs to it or to the case as a whole.
            by: account that reads them.

        Raises:
            UnknownRequestError: no such case or request.
        """
        columns = [c for c in message.c if c.name != "ciphertext"]
        further = select(func.sum(func.length(message_part.c.ciphertext) - OVERHEAD_BYTES))
        further = further.where(message_part.c.message_id == message.c.id)
        first = func.length(message.c.ciphertext) - OVERHEAD_BYTES
        size = (first + func.coalesce(further.scalar_subquery(), 0)).label("size")
        with self._db.write() as tx:
            case_id, request_id = case_of(tx, owner)
            texts = message.c.kind != QUESTION_TEXT
            wanted = select(*columns, size).where(message.c.case_id == case_id, texts)
            if request_id is not None:
                wanted = wanted.where(message.c.request_id.is_(None) | (message.c.request_id == request_id))
            rows: Sequence[Any] = tx.execute(wanted.order_by(message.c.created_at, message.c.id)).all()
            viewed = NewEvent("case_viewed", by, {"case": case_id, "texts": len(rows)})
            self._append(tx, request_id, viewed)
            keys = {key: self._find_key(tx, key) for key in {row.request_id or case_id for row in rows}}
            return tuple(self._text(tx, row, keys[row.request_id or case_id]) for row in rows)

    def get(self, owner: str) -> CaseRow:
        """A case by its id or by that of one of its requests, without its texts.

        Raises:
            UnknownRequestError: no such case or request.
        """
        with self._db.read() as tx:
            case_id, _ = case_of(tx, owner)
            return self._case(tx, self._case_row(tx, case_id))

    def wrote(self, request_id: str) -> tuple[str, ...]:
        """What the person wrote, to compare a quotation with. It is shown to no one, so there is no event.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.read() as tx:
            case_id = self._request_row(tx, request_id).case_id
            mine = message.c.request_id.is_(None) | (message.c.request_id == request_id)
            received = message.c.kind.in_(("request", "received"))
            rows = tx.execute(select(message).where(message.c.case_id == case_id, mine & received)).all()
            keys = {owner: self._find_key(tx, owner) for owner in {row.request_id or case_id for row in rows}}
            found = [
                key.decrypt(row.ciphertext, "message", "ciphertext", row.id).decode(errors="replace")
                for row in rows
                if (key := keys[row.request_id or case_id]) is not None
            ]
        return tuple(found)

    def last_text(self, request_id: str, kind: str) -> KeptText | None:
        """The last text of a kind that was kept for a request; None: there is none, or its key is gone."""
        with self._db.read() as tx:
            mine = (message.c.request_id == request_id) & (message.c.kind == kind)
            found = select(message).where(mine).order_by(message.c.created_at.desc(), message.c.id).limit(1)
            row, key = tx.execute(found).first(), self._find_key(tx, request_id)
            if row is None or key is None:
                return None
            text = key.decrypt(row.ciphertext, "message", "ciphertext", row.id).decode()
            return KeptText(row.by, row.created_at, text)

    def parties(self, owner: str, by: str | None = None) -> dict[str, dict[str, str]]:
        """The parties of a case by role, as they were recorded last; none once its key was destroyed.

        `by`: account that looks at them, which is an event.

        Raises:
            UnknownRequestError: no such case or request.
        """
        with self._db.read() if by is None else self._db.write() as tx:
            case_id, request_id = case_of(tx, owner)
            wanted = select(message).where(message.c.case_id == case_id, message.c.kind.in_(_OF_PARTIES))
            row = tx.execute(wanted.order_by(message.c.created_at.desc(), message.c.id).limit(1)).first()
            key = self._find_key(tx, case_id)
            if by is not None:
                viewed = {"case": case_id, "texts": int(row is not None)}
                self._append(tx, request_id, NewEvent("case_viewed", by, viewed))
            if row is None or key is None:
                return {}
            found = json.loads(key.decrypt(row.ciphertext, "message", "ciphertext", row.id))
        return dict(found) if row.kind == PARTIES else {row.kind: found}

    def with_message(
        self,
        text: bytes,
        channel: str,
        received_at: str,
        made_by: str,
        among: Collection[str] | None = None,
    ) -> tuple[str, ...]:
        """Cases that the same text opened, oldest first; compared by HMAC, so only while their keys exist.

        `among`: ids of the cases to compare; None: all of that receipt.

        Raises:
            RefusedError: the time is no instant.
        """
        wanted = (
            select(case_file.c.id, message.c.hmac)
            .join(message, message.c.case_id == case_file.c.id)
            .where(case_file.c.received_at == instant(received_at), case_file.c.channel == channel)
            .where(case_file.c.made_by == made_by, message.c.kind == "request")
            .order_by(case_file.c.created_at, case_file.c.id)
        )
        if among is not None:
            wanted = wanted.where(case_file.c.id.in_(among))
        with self._db.read() as tx:
            return self._same_text(tx, wanted, text)

    def with_text(self, text: bytes, first: str, last: str) -> tuple[str, ...]:
        """Cases received between two instants whose message is the same text, oldest first."""
        near = (
            select(case_file.c.id, message.c.hmac)
            .join(message, message.c.case_id == case_file.c.id)
            .where(case_file.c.received_at.between(instant(first), instant(last)))
            .where(message.c.kind == "request")
            .order_by(case_file.c.created_at, case_file.c.id)
        )
        with self._db.read() as tx:
            return self._same_text(tx, near, text)

    def _same_text(self, tx: Connection, wanted: Select[Any], text: bytes) -> tuple[str, ...]:
        found = [(row, self._find_key(tx, row.id)) for row in tx.execute(wanted).all()]
        return tuple(row.id for row, key in found if key and compare_digest(key.hmac(text), row.hmac))

    def all(self) -> tuple[CaseRow, ...]:
        """All cases, in the order in which they were received; no text is read."""
        with self._db.read() as tx:
            rows = tx.execute(select(case_file).order_by(case_file.c.received_at, case_file.c.id)).all()
            return tuple(self._case(tx, row) for row in rows)

    def _case(self, tx: Connection, row: Row[Any]) -> CaseRow:
        of_case = select(request.c.id).where(request.c.case_id == row.id).order_by(request.c.created_at)
        written = (message.c.case_id == row.id) & (message.c.kind != QUESTION_TEXT)
        texts = tx.execute(select(func.count()).where(written)).scalar_one()
        requests = tuple(tx.scalars(of_case))
        return CaseRow(row.id, row.channel, row.received_at, row.made_by, requests, texts)

    def _text(self, tx: Connection, row: Row[Any], key: DataKey | None) -> CaseText:
        text = name = None
        if key is not None and row.label is not None:
            name = key.decrypt(row.label, "message", "label", row.id).decode()
        if key is not None and row.kind != "document":
            sealed = tx.execute(select(message.c.ciphertext).where(message.c.id == row.id)).scalar_one()
            text = key.decrypt(sealed, "message", "ciphertext", row.id)
        return CaseText(
            id=row.id,
            request=row.request_id,
            kind=row.kind,
            by=row.by,
            at=row.created_at,
            size=row.size if key else 0,
            media_type=row.media_type,
            text=text,
            name=name,
            destroyed=None if key else self._destroyed(tx, row),
        )

    def _destroyed(self, tx: Connection, row: Row[Any]) -> Destroyed:
        """When a text's key was destroyed; a case's key is destroyed with that of its last request."""
        requests = [row.request_id]
        if row.request_id is None:
            requests = list(tx.scalars(select(request.c.id).where(request.c.case_id == row.case_id)))
        recorded = [
            Destroyed(header.at, payload["rule"] if payload else None)
            for request_id in requests
            for header, payload in trail.read(tx, request_id)
            if header.type == "data_key_destroyed"
            and (row.request_id or payload is None or payload["case"] == row.case_id)
        ]
        return max(recorded, key=lambda d: d.at or "", default=Destroyed(None, None))
