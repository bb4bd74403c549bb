"""The outer listener: the pages, and the same as REST for a portal of the organisation's own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from afschrift_portal import __version__
from afschrift_portal.answers import without_values
from afschrift_portal.download import Download, etag
from afschrift_portal.gate import BusyError, Gate, Opened
from afschrift_portal.identity import moment
from afschrift_portal.pages import Link, add_pages, is_code, page_of_bundle
from afschrift_portal.reading import find_pages
from afschrift_portal.settings import PortalSettings
from afschrift_portal.store import DECOY, Store

MOST_BODY = 8 * 1024
NOTHING = "This link and this code open nothing. They may be wrong, over, or closed after too many tries."
"""One answer for a link that never was, is over, frozen or not ready, and for a wrong code."""
BUSY = "Many people are opening their files. Try again in a minute."
FileKey = Annotated[str, Header(alias="Afschrift-Key", description="The `key` of the first answer.")]


class Code(BaseModel):
    """What a person types."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(max_length=500, description="The six words.")


class Shown(BaseModel):
    """A delivery that link and code opened."""

    name: str = Field(description="Name of the file.")
    bytes: int = Field(description="Its size.")
    etag: str
    expires_at: str
    language: str
    facts: dict[str, str]
    pages: list[str] = Field(description="Pages that can be read without a download.")
    confirmed: bool = Field(description="The person said that they have it.")


class WithKey(Shown):
    """The same, with the key of the file."""

    key: str = Field(description="Send it as `Afschrift-Key`. Keep it no longer than the person's session.")


class Fault(BaseModel):
    """Why not."""

    detail: str


def _faults(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: {"model": Fault} for code in (*codes, 400, 413, 422, 503)}


def build_outer(store: Store, gate: Gate, settings: PortalSettings) -> FastAPI:
    """The application of the outer listener."""
    outer = FastAPI(title="Afschrift portal", version=__version__, docs_url=None, redoc_url=None)
    outer.router.redirect_slashes = False  # it would send the link to http, where the proxy has TLS
    without_values(outer)
    add_pages(outer, store, gate, settings)

    def opened_by(link: str, key: str) -> Opened:
        if (opened := gate.open(link, key)) is None:
            raise HTTPException(403, NOTHING)
        return opened

    def shown(opened: Opened) -> dict[str, Any]:
        delivery = opened.delivery
        with opened.content as content:
            return {
                **{name: getattr(delivery, name) for name in ("name", "language", "confirmed")},
                "bytes": content.size,
                "etag": etag(opened),
                "pages": find_pages(content),
                "facts": delivery.known_facts,
                "expires_at": moment(delivery.expires_at),
            }

    @outer.get("/health", include_in_schema=False, status_code=204)
    def health() -> None:
        store.delivery(DECOY)

    @outer.post("/api/o/{link}", response_model=WithKey, responses=_faults(403))
    async def enter(link: Link, code: Code) -> dict[str, Any]:
        """Open a delivery. Five wrong codes in a quarter of an hour, and twenty in all, close it."""
        if not is_code(code.code):
            raise HTTPException(422, "A code has six words.")
        try:
            key = await gate.key(link, code.code)
        except BusyError:
            raise HTTPException(503, BUSY, {"Retry-After": "60"}) from None
        return shown(opened_by(link, key)) | {"key": key}

    @outer.get("/api/o/{link}", response_model=Shown, responses=_faults(403))
    def look(link: Link, key: FileKey) -> dict[str, Any]:
        """What was opened."""
        return shown(opened_by(link, key))

    @outer.get("/api/o/{link}/bundle", **_file("application/zip", (200, 206), 403, 416))
    def bundle(request: Request, link: Link, key: FileKey) -> Response:
        """The file: whole, or one range of it."""
        return Download(opened_by(link, key), store, request.headers)

    @outer.get("/api/o/{link}/read/{path:path}", **_file("text/html", (200,), 403, 404))
    def read(link: Link, path: str, key: FileKey) -> Response:
        """A page of the bundle. Show it without running its scripts."""
        if answer := page_of_bundle(opened_by(link, key), path):
            return answer
        raise HTTPException(404, "This page is in the download alone.")

    @outer.post("/api/o/{link}/received", status_code=204, responses=_faults(403))
    def received(link: Link, key: FileKey) -> None:
        """Note that the person has the file."""
        with (opened := opened_by(link, key)).content:
            store.confirm(opened.delivery.key)

    return outer


def _file(media: str, codes: tuple[int, ...], *faults: int) -> dict[str, Any]:
    content = {media: {"schema": {"type": "string", "format": "binary"}}}
    files = {code: {"content": content} for code in codes}
    return {"response_class": Response, "responses": _faults(*faults) | files}
