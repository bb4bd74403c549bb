"""The download: whole or one range (RFC 9110, chapter 14), decrypted as it is sent.

It is counted when it is finished.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import suppress
from functools import partial

from fastapi import Response
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from afschrift_portal.container import CHUNK
from afschrift_portal.gate import Opened
from afschrift_portal.store import Store

_BLOCK = 2 * CHUNK
_NOTED = 16 * 1024 * 1024
"""Bytes that a download is ahead of what the store knows of it, at most."""
_RANGE = re.compile(r"\s*(\d{0,18})\s*-\s*(\d{0,18})\s*")


class RangeError(ValueError):
    """A range outside the file, or more than one: 416."""


def etag(opened: Opened) -> str:
    """Of the file, which never changes under a delivery."""
    return f'"{opened.delivery.sha256[:32]}"'


def asked_part(header: str, size: int) -> range | None:
    """The part that a Range asks for; None: the whole, also where the header is none of bytes.

    Raises:
        RangeError: the part begins after the end, or there are several.
    """
    unit, equals, text = header.partition("=")
    if unit.strip().lower() != "bytes" or not equals:
        return None
    found = [_RANGE.fullmatch(part) for part in text.split(",")]
    if not all(found):
        return None
    if len(found) > 1 or found[0] is None:
        raise RangeError
    first, last = found[0].groups()
    if (first and last and int(last) < int(first)) or (not first and not last):
        return None
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if start >= size or stop <= start:
        raise RangeError
    return range(start, stop)


class Download(Response):
    """An answer that streams a part of an opened file, and closes it."""

    def __init__(self, opened: Opened, store: Store, request: Headers) -> None:
        size, tag = opened.content.size, etag(opened)
        self._opened, self._store = opened, store
        disposition = f'attachment; filename="{opened.delivery.name}"'
        headers = {"Accept-Ranges": "bytes", "ETag": tag, "Content-Disposition": disposition}
        status, self._part = 200, range(size)
        try:
            if request.get("If-Range", tag) == tag and (part := asked_part(request.get("Range", ""), size)):
                status, self._part = 206, part
                headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
        except RangeError:
            status, self._part = 416, range(0)
            headers["Content-Range"] = f"bytes */{size}"
        headers["Content-Length"] = str(len(self._part))
        super().__init__(None, status, headers, media_type="application/zip")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            head = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(head)
            if scope["method"] == "HEAD" or self.status_code == 416:
                await send({"type": "http.response.body", "body": b""})
            else:
                await self._stream(receive, send)
        finally:
            self._opened.content.close()

    async def _stream(self, receive: Receive, send: Send) -> None:
        delivery, part = self._opened.delivery, self._part
        sending = await asyncio.to_thread(self._store.begin_sending, delivery.key, part.start)
        position, noted, whole = part.start, part.start, False
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            while position < part.stop:
                if position >= noted:
                    noted = min(part.stop, position + _NOTED)
                    await asyncio.to_thread(self._store.note_sending, sending, noted)
                block = await asyncio.to_thread(self._block, position)
                if gone.done() or self._opened.content.is_removed:
                    raise ConnectionAbortedError  # so that the connection ends without the rest
                more = position + len(block) < part.stop
                await send({"type": "http.response.body", "body": block, "more_body": more})
                position += len(block)
            if not part:
                await send({"type": "http.response.body", "body": b""})
            whole = True
        finally:
            gone.cancel()
            end = partial(self._store.end_sending, delivery, sending, position, whole=whole)
            for _ in range(60):  # each waits 5 seconds
                with suppress(sqlite3.OperationalError):  # locked
                    await asyncio.to_thread(end)
                    break

    def _block(self, position: int) -> bytes:
        """Plain text from a position to the end of a chunk, or of the part."""
        end = min(self._part.stop, (position // _BLOCK + 1) * _BLOCK)
        first = position // CHUNK
        text = b"".join(self._opened.content.chunk(number) for number in range(first, -(-end // CHUNK)))
        return text[position - first * CHUNK : end - first * CHUNK]


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
