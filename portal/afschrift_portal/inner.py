"""The inner listener: Afschrift puts files here, and fetches receipts. docs/portal.md describes it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import time
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from afschrift_portal.answers import without_values
from afschrift_portal.container import HEADER_BYTES, TAG, ContainerError
from afschrift_portal.identity import Identity, moment
from afschrift_portal.settings import PortalSettings
from afschrift_portal.store import ConflictError, Delivery, Store

_BLOCK = 1024 * 1024
MOST_FACTS = 256 * 1024
"""Bytes of what is announced. FastAPI reads a body of JSON before it asks for the token."""
Key = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Offset = Annotated[int, Header(ge=0)]
Digest = Annotated[str, Header(pattern=r"^([0-9a-f]{64})?$")]
End = Annotated[AwareDatetime, Field(gt="1970-01-01T00:00:00Z", lt="9999-01-01T00:00:00Z")]
Text = Annotated[str, StringConstraints(max_length=1000)]


class Announced(BaseModel):
    """The body of a PUT."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,149}$")]
    bytes: Annotated[int, Field(ge=HEADER_BYTES + TAG, lt=2**47)]
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
    expires_at: End
    facts: dict[Text, Text] = Field(max_length=20)


class Changed(BaseModel):
    """The body of a PATCH."""

    model_config = ConfigDict(extra="forbid")
    expires_at: End | None = None
    frozen: bool | None = None


class Uploads:
    """Files that are being received; each by one request at a time."""

    def __init__(self, store: Store, settings: PortalSettings) -> None:
        self._store, self._settings = store, settings
        self._running: set[str] = set()
        self._digests: dict[str, tuple[int, Any]] = {}

    async def append(self, delivery: Delivery, offset: int, digest: str, request: Request) -> Delivery | None:
        """Append a body at an offset. With all bytes, the file is ready if its SHA-256 is `digest`.

        Raises:
            HTTPException: 409 with the offset that the file has, 413 and 422 where it is another file than
                was announced, 507 where the disk is full.
        """
        received = self._store.received(key := delivery.key)
        if key in self._running or delivery.state != "uploading" or offset != received:
            raise HTTPException(409, "Continue at the Upload-Offset.", {"Upload-Offset": str(received)})
        self._running.add(key)
        try:
            await self._receive(delivery, offset, request)
            if digest and self._store.received(key) == delivery.size:
                await asyncio.to_thread(self._finish, key, digest)
        except OSError as error:
            raise HTTPException(507, f"The disk does not take it: {os.strerror(error.errno or 0)}.") from None
        finally:
            self._running.discard(key)
        return self._store.delivery(key)

    async def _receive(self, delivery: Delivery, offset: int, request: Request) -> None:
        number = os.open(self._store.file(delivery.key), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(number, "r+b") as file:
            seen, digest = self._digests.pop(delivery.key, (0, None))
            if seen != offset or digest is None:
                digest = await asyncio.to_thread(hashlib.file_digest, file, "sha256")

            def write(block: bytearray) -> None:
                digest.update(block)
                if os.fstat(number).st_nlink == 0:
                    raise HTTPException(404, "The delivery was removed meanwhile.")
                _must_have_room(self._settings, len(block))  # other files come at once
                file.write(block)
                file.flush()

            pending = bytearray()
            async for part in request.stream():
                offset += len(part)
                if offset > delivery.size:
                    raise HTTPException(413, "This is more than was announced.")
                pending += part
                if len(pending) >= _BLOCK:
                    await asyncio.to_thread(write, pending)
                    pending = bytearray()
            await asyncio.to_thread(write, pending)
            await asyncio.to_thread(os.fsync, number)
        self._digests[delivery.key] = offset, digest

    def _finish(self, key: str, digest: str) -> None:
        _, received = self._digests.pop(key)
        try:
            if digest != received.hexdigest():
                raise ContainerError("Its SHA-256 is another than was sent.")
            self._store.complete(key, digest)
        except (ContainerError, ConflictError) as error:
            self._store.file(key).unlink(missing_ok=True)
            raise HTTPException(422, f"{error} Send it again from 0.", {"Upload-Offset": "0"}) from None


def _must_have_room(settings: PortalSettings, size: int) -> None:
    if size > shutil.disk_usage(settings.home).free - settings.reserve:
        raise HTTPException(507, "The portal's disk has no room for this file.")


def build_inner(store: Store, identity: Identity, settings: PortalSettings) -> FastAPI:
    """The application of the inner listener."""

    def authorize(authorization: Annotated[str, Header()] = "") -> None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not identity.is_token(token.strip()):
            raise HTTPException(401, "Send the portal's token.", {"WWW-Authenticate": "Bearer"})

    inner = FastAPI(openapi_url=None, dependencies=[Depends(authorize)], redirect_slashes=False)
    without_values(inner)
    uploads = Uploads(store, settings)

    def shown(delivery: Delivery | None) -> dict[str, Any]:
        if delivery is None:
            raise HTTPException(404, "No such delivery.")
        return {
            "state": delivery.state,
            "received": store.received(delivery.key),
            "bytes": delivery.size,
            "sha256": delivery.sha256,
            "expires_at": moment(delivery.expires_at),
            "downloads": delivery.downloads,
        }

    @inner.put("/deliveries/{key}")
    def put(key: Key, announced: Announced, response: Response) -> dict[str, Any]:
        _must_have_room(settings, announced.bytes - store.received(key))
        row = announced.model_dump() | {"expires_at": int(announced.expires_at.timestamp())}
        row |= {"facts": json.dumps(announced.facts), "size": row.pop("bytes")}
        try:
            response.status_code = 201 if store.put(key, row) else 200
        except ConflictError as error:
            raise HTTPException(409, str(error)) from None
        return shown(store.delivery(key))

    @inner.get("/deliveries/{key}")
    def get(key: Key) -> dict[str, Any]:
        return shown(store.delivery(key))

    @inner.patch("/deliveries/{key}/content")
    async def append(key: Key, request: Request, upload_offset: Offset, upload_digest: Digest = "") -> Any:
        delivery = store.delivery(key)
        return shown(delivery and await uploads.append(delivery, upload_offset, upload_digest, request))

    @inner.patch("/deliveries/{key}")
    def change(key: Key, changed: Changed) -> dict[str, Any]:
        until = int(changed.expires_at.timestamp()) if changed.expires_at else None
        return shown(store.change(key, until, changed.frozen))

    @inner.delete("/deliveries/{key}", status_code=204)
    def remove(key: Key) -> None:
        store.remove(key)

    @inner.get("/receipts")
    def receipts() -> list[dict[str, Any]]:
        return [identity.sign(row) for row in store.receipts()]

    @inner.delete("/receipts/{receipt}", status_code=204)
    def forget(receipt: str) -> None:
        store.forget_receipt(receipt)

    @inner.get("/health")
    def health() -> dict[str, Any]:
        return {
            "instance": identity.instance,
            "public_key": identity.public_key,
            "free_bytes": shutil.disk_usage(settings.home).free,
            "now": moment(int(time.time())),
        }

    return inner
