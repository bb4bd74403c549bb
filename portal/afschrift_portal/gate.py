"""Who may fetch: link and code by one derivation, then the file's key, which the person's browser keeps."""

from __future__ import annotations

import asyncio
import hmac
import os
import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass

from afschrift_portal.container import KEY_BYTES, Decryptor, Header, hash_of_link, link_bytes, read_header
from afschrift_portal.identity import Identity
from afschrift_portal.store import Delivery, Store

MOST_WAITING = 40


class BusyError(Exception):
    """More people wait for a derivation than can be served within seconds, or the database is locked."""


@dataclass(frozen=True)
class Opened:
    """A delivery and its plain text; the caller closes it."""

    delivery: Delivery
    content: Decryptor


class Gate:
    """Opens deliveries. It keeps no link, no code and no key when it has answered."""

    def __init__(self, store: Store, identity: Identity) -> None:
        self._store, self._identity = store, identity
        self._one = asyncio.Semaphore(1)  # a derivation takes 32 MB
        self._waiting = 0

    async def key(self, link: str, code: str) -> str:
        """The key of the file of link and code; empty: they open nothing.

        There is one derivation whether the delivery exists or not, is frozen, over or still being sent.

        Raises:
            BusyError: ask again in a minute.
        """
        if self._waiting >= MOST_WAITING:
            raise BusyError
        self._waiting += 1
        try:
            async with self._one:
                return await asyncio.to_thread(self._try, link, code)
        except sqlite3.OperationalError:  # locked, as by a copy that is made of it
            raise BusyError from None
        finally:
            self._waiting -= 1

    def _try(self, link: str, code: str) -> str:
        raw = link_bytes(link)
        link_hash = hash_of_link(raw)
        delivery, attempt = self._store.begin_attempt(link_hash)
        header = Header.decoy(link_hash)
        with suppress(OSError):  # a lost file is as one that never was, and the decoy's is a folder
            header = read_header(self._store.file(delivery))
        key = header.unwrap(raw, code)
        self._store.end_attempt(delivery, attempt, right=key is not None)
        return urlsafe_b64encode(key + self._identity.tag(link_hash + key)).decode() if key else ""

    def open(self, link: str, key: str) -> Opened | None:
        """The delivery of a link and of the key that `key` gave; None where it is not, or no longer.

        No row and no file is read for a key that was not given: their time would tell which links there are.
        """
        link_hash = hash_of_link(link_bytes(link))
        try:
            raw = urlsafe_b64decode(key)
            given, tag = raw[:KEY_BYTES], raw[KEY_BYTES:]
            known = hmac.compare_digest(tag, self._identity.tag(link_hash + given))
            if not known or (delivery := self._store.open_delivery(link_hash)) is None:
                return None
            return Opened(delivery, Decryptor(os.open(self._store.file(delivery.key), os.O_RDONLY), given))
        except (ValueError, FileNotFoundError):
            return None
