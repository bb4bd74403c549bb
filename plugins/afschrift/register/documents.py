"""Documents of the case file, stored and read in parts: a large one is never whole in memory."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from afschrift.domain.errors import ConfigurationError, RefusedError, UnknownRequestError
from afschrift.domain.event import NewEvent
from afschrift.domain.files import StoredDocument
from afschrift.domain.request import is_id, new_id
from afschrift.register.base import Repository, case_of
from afschrift.register.database.tables import message, message_part
from afschrift.register.keys.crypto import DataKey
from afschrift.register.trail.attested_rows import change_rows, insert_row


class Documents(Repository):
    """Adds documents to case files and hands them out."""

    def add(
        self,
        owner: str,
        parts: Iterable[bytes],
        by: str,
        *,
        name: str,
        media_type: str,
        detail: Mapping[str, Any] | None = None,
    ) -> str:
        """Add a document to the case file; returns its id.

        One transaction: where `parts` raises, nothing is kept. Other writers wait meanwhile. The event
        `case_text_added` holds kind, id, HMAC, size and media type; never the content or the name.

        Args:
            owner: the request that it belongs to, or the case where it belongs to no single request.
            parts: its content in order, in pieces of about 1 MiB; each is encrypted by itself.
            by: account that adds it.
            name: of its file; it may name a person, so it is kept encrypted.
            media_type: as `law.case_documents.media_type` returns it.
            detail: codes only, for the event.

        Raises:
            UnknownRequestError: no such case or request.
            RefusedError: the key of its owner was destroyed.
        """
        with self._db.write() as tx:
            return self.keep(tx, owner, parts, by, name=name, media_type=media_type, detail=detail)

    def read(self, text_id: str, by: str) -> Iterator[bytes]:
        """The content of a document or text, in parts. An event is written before the first part is read.

        Whether it is complete shows only at its end: discard what came before an error.

        Raises:
            UnknownRequestError: no such document.
            RefusedError: its key was destroyed.
            ConfigurationError: while it is read: it was altered or cut off.
        """
        wanted = select(message.c.case_id, message.c.request_id, message.c.hmac)
        with self._db.write() as tx:
            row = tx.execute(wanted.where(message.c.id == text_id)).first() if is_id(text_id) else None
            if row is None:
                raise UnknownRequestError(
                    "The register knows no text or document with this id.",
                    remedy="see `afschrift case show CASE`.",
                )
            key = self._key(tx, row.request_id or row.case_id)
            payload = {"case": row.case_id, "id": text_id}
            self._append(tx, row.request_id, NewEvent("case_document_read", by, payload))
        return self._parts(text_id, key, row.hmac)

    def missing(self, owner: str, ids: Collection[str]) -> tuple[str, ...]:
        """Those of the ids that are no document in the case file of a case or request.

        Raises:
            UnknownRequestError: no such case or request.
        """
        with self._db.read() as tx:
            case_id, _ = case_of(tx, owner)
            mine = (message.c.case_id == case_id) & (message.c.kind == "document")
            known = set(tx.scalars(select(message.c.id).where(mine & message.c.id.in_(ids))))
        return tuple(id_ for id_ in ids if id_ not in known)

    def of_request(self, request_id: str, text_id: str) -> StoredDocument | None:
        """A document of a request, for the steps that pass it on; None once its key was destroyed.

        Writes no event: the steps record themselves what they do with it.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request has no such document.
            ConfigurationError: while its parts are read: it was altered or cut.
        """
        mine = (message.c.id == text_id) & (message.c.request_id == request_id)
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            row = tx.execute(select(message).where(mine & (message.c.kind == "document"))).first()
            if row is None:
                raise RefusedError(f"Request {request_id} has no such document.")
            key = self._find_key(tx, request_id)
        if key is None:
            return None
        name = key.decrypt(row.label, "message", "label", text_id).decode()
        return StoredDocument(name, row.media_type, self._parts(text_id, key, row.hmac))

    def keep(
        self,
        tx: Connection,
        owner: str,
        parts: Iterable[bytes],
        by: str,
        *,
        name: str,
        media_type: str,
        detail: Mapping[str, Any] | None,
    ) -> str:
        """As `add`, in the caller's transaction."""
        case_id, request_id = case_of(tx, owner)
        key, text_id = self._key(tx, owner), new_id("txt")
        pieces = iter(parts)
        first = next(pieces, b"")
        values = {
            "id": text_id,
            "case_id": case_id,
            "request_id": request_id,
            "kind": "document",
            "ciphertext": key.encrypt(first, "message", "ciphertext", text_id),
            "hmac": "",  # of the whole, so known after the last part
            "by": by,
            "created_at": self._now(),
            "label": key.encrypt(name.encode(), "message", "label", text_id),
            "media_type": media_type,
        }
        insert_row(tx, message, values)
        mac, size = key.mac(), len(first)
        mac.update(first)
        for number, piece in enumerate(pieces, 1):
            mac.update(piece)
            size += len(piece)
            sealed = key.encrypt(piece, "message_part", "ciphertext", text_id, str(number))
            part = {"message_id": text_id, "number": number, "ciphertext": sealed}
            tx.execute(insert(message_part).values(part))
        change_rows(tx, message, message.c.id == text_id, {"hmac": mac.hexdigest()})
        facts = {"case": case_id, "id": text_id, "kind": "document", "hmac": mac.hexdigest()}
        payload = {**facts, "size": size, "media_type": media_type, **(detail or {})}
        self._append(tx, request_id, NewEvent("case_text_added", by, payload))
        return text_id

    def _parts(self, text_id: str, key: DataKey, expected: str) -> Iterator[bytes]:
        mac = key.mac()
        follows = select(message_part.c.number).where(message_part.c.message_id == text_id)
        with self._db.read() as tx:
            sealed = tx.execute(select(message.c.ciphertext).where(message.c.id == text_id)).scalar_one()
            piece = key.decrypt(sealed, "message", "ciphertext", text_id)
            mac.update(piece)
            yield piece
            for number in tx.scalars(follows.order_by(message_part.c.number)).all():
                this = (message_part.c.message_id == text_id) & (message_part.c.number == number)
                sealed = tx.execute(select(message_part.c.ciphertext).where(this)).scalar_one()
                piece = key.decrypt(sealed, "message_part", "ciphertext", text_id, str(number))
                mac.update(piece)
                yield piece
        if not hmac.compare_digest(mac.hexdigest(), expected):
            raise ConfigurationError(
                "A document of the case file is not whole: parts of it are missing in the register.",
                remedy="restore the register from a back-up and run `afschrift audit verify`.",
            )
