"""The outer listener: pages for people, and the same as REST for a portal of the organisation's own."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import Cookie, FastAPI, Header, HTTPException, Path, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, Field

from afschrift_portal import __version__
from afschrift_portal.answers import without_values
from afschrift_portal.container import words
from afschrift_portal.download import Download, etag
from afschrift_portal.gate import BusyError, Gate, Opened
from afschrift_portal.identity import moment
from afschrift_portal.reading import PAGES, SANDBOX, find_pages, read_page
from afschrift_portal.settings import PortalSettings
from afschrift_portal.store import Store
from afschrift_portal.texts import Languages, Texts

COOKIE = "__Secure-afschrift"
HOUR = 3600
MOST_BODY = 8 * 1024
WORDS = 6
NOTHING = "This link and this code open nothing. They may be wrong, over, or closed after too many tries."
"""One answer for a link that never was, is over, frozen or not ready, and for a wrong code."""
BUSY = "Many people are opening their files. Try again in a minute."

Link = Annotated[str, Path(description="The last part of the link in the letter.", max_length=200)]
Session = Annotated[str, Cookie(alias=COOKIE)]
FileKey = Annotated[
    str, Header(alias="Afschrift-Key", description="The `key` of the answer to link and code.")
]


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
    return {code: {"model": Fault} for code in (*codes, 413, 422)}


def build_outer(store: Store, gate: Gate, settings: PortalSettings) -> FastAPI:
    """The application of the outer listener."""
    outer = FastAPI(
        title="Afschrift portal",
        version=__version__,
        summary="Fetch the answer to a request for one's own data, by link and code.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    without_values(outer)
    _add_pages(outer, store, gate, settings)
    _add_api(outer, store, gate, settings)

    @outer.get("/health", include_in_schema=False, status_code=204)
    def health() -> None:
        store.count()

    return outer


def _add_pages(outer: FastAPI, store: Store, gate: Gate, settings: PortalSettings) -> None:
    languages = Languages(settings.texts, settings.language)
    environment = Environment(
        loader=PackageLoader("afschrift_portal"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    style = (files("afschrift_portal") / "page.css").read_text("utf-8")

    def texts_of(request: Request) -> Texts:
        return languages.choose(
            request.query_params.get("language"), request.headers.get("Accept-Language", "")
        )

    def page(request: Request, name: str, status: int = 200, **values: Any) -> Response:
        texts = texts_of(request)
        text = environment.get_template(f"{name}.html.j2").render(
            t=texts, languages=languages.texts.values(), settings=settings, **values
        )
        headers = {"Content-Language": texts.language, "Vary": "Accept-Language, Cookie"}
        return Response(text, status, headers, media_type="text/html")

    def to_door(request: Request, link: str) -> Response:
        language = request.query_params.get("language")
        known = f"?language={language}" if language in languages.texts else ""
        return RedirectResponse(f"/o/{link}{known}", 303)

    @outer.api_route("/page.css", methods=["GET", "HEAD"], include_in_schema=False)
    def css() -> Response:
        return Response(style, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    @outer.api_route("/o/{link}", methods=["GET", "HEAD"], include_in_schema=False)
    def door(request: Request, link: Link, key: Session = "") -> Response:
        if (opened := gate.open(link, key)) is None:
            return page(request, "code", fault="", typed="")
        with opened.content:
            pages = find_pages(opened.content)
            return page(
                request,
                "open",
                opened=opened,
                link=link,
                pages=[name for name, path in PAGES.items() if path in pages],
                paths=PAGES,
            )

    @outer.post("/o/{link}", include_in_schema=False)
    async def enter(request: Request, link: Link) -> Response:
        typed = parse_qs((await request.body()).decode("utf-8", "replace")).get("code", [""])[0][:500]
        if len(words(typed).split()) != WORDS:
            return page(request, "code", 422, fault="six_words", typed=typed)
        try:
            found = await gate.key(link, typed)
        except BusyError:
            return page(request, "code", 503, fault="busy", typed=typed)
        if found is None:
            return page(request, "code", 403, fault="nothing", typed=typed)
        answer = to_door(request, link)
        answer.set_cookie(
            COOKIE, found[1], HOUR, path=f"/o/{link}", secure=True, httponly=True, samesite="strict"
        )
        return answer

    @outer.api_route("/o/{link}/bundle", methods=["GET", "HEAD"], include_in_schema=False)
    def bundle(request: Request, link: Link, key: Session = "") -> Response:
        if (opened := gate.open(link, key)) is None:
            return to_door(request, link)
        return _download(request, opened, store, settings)

    @outer.api_route("/o/{link}/read/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    def read(request: Request, link: Link, path: str, key: Session = "") -> Response:
        if (opened := gate.open(link, key)) is None:
            return to_door(request, link)
        return _page_of_bundle(opened, path) or page(request, "in_download", 404, link=link)

    @outer.post("/o/{link}/received", include_in_schema=False)
    def received(request: Request, link: Link, key: Session = "") -> Response:
        if opened := gate.open(link, key):
            opened.content.close()
            store.confirm(opened.delivery.key)
        return to_door(request, link)


def _add_api(outer: FastAPI, store: Store, gate: Gate, settings: PortalSettings) -> None:
    def opened_by(link: str, key: str) -> Opened:
        if (opened := gate.open(link, key)) is None:
            raise HTTPException(403, NOTHING)
        return opened

    def shown(opened: Opened) -> dict[str, Any]:
        with opened.content as content:
            delivery, pages = opened.delivery, find_pages(content)
            return {
                "name": delivery.name,
                "bytes": content.size,
                "etag": etag(opened),
                "expires_at": moment(delivery.expires_at),
                "language": delivery.language,
                "facts": delivery.known_facts,
                "pages": list(pages),
                "confirmed": bool(delivery.confirmed),
            }

    @outer.post("/api/o/{link}", response_model=WithKey, responses=_faults(403, 503))
    async def enter(link: Link, code: Code) -> dict[str, Any]:
        """Open a delivery. Five wrong codes in a quarter of an hour, and twenty in all, close it."""
        if len(words(code.code).split()) != WORDS:
            raise HTTPException(422, "A code has six words.")
        try:
            found = await gate.key(link, code.code)
        except BusyError:
            raise HTTPException(503, BUSY, {"Retry-After": "60"}) from None
        key = found[1] if found else ""
        return shown(opened_by(link, key)) | {"key": key}

    @outer.get("/api/o/{link}", response_model=Shown, responses=_faults(403))
    def look(link: Link, key: FileKey) -> dict[str, Any]:
        """What was opened."""
        return shown(opened_by(link, key))

    @outer.get(
        "/api/o/{link}/bundle",
        response_class=Response,
        responses=_file("application/zip") | _faults(403, 416),
    )
    def bundle(request: Request, link: Link, key: FileKey) -> Response:
        """The file: whole, or one range of it."""
        return _download(request, opened_by(link, key), store, settings)

    @outer.get(
        "/api/o/{link}/read/{path:path}",
        response_class=Response,
        responses=_file("text/html") | _faults(403, 404),
    )
    def read(link: Link, path: str, key: FileKey) -> Response:
        """A page of the bundle. Show it without running its scripts."""
        if answer := _page_of_bundle(opened_by(link, key), path):
            return answer
        raise HTTPException(404, "This page is in the download alone.")

    @outer.post("/api/o/{link}/received", status_code=204, responses=_faults(403))
    def received(link: Link, key: FileKey) -> None:
        """Note that the person has the file."""
        opened = opened_by(link, key)
        opened.content.close()
        store.confirm(opened.delivery.key)


def _file(media: str) -> dict[int | str, dict[str, Any]]:
    content = {media: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"content": content}, 206: {"content": content}}


def _download(request: Request, opened: Opened, store: Store, settings: PortalSettings) -> Response:
    asked, condition = request.headers.get("Range", ""), request.headers.get("If-Range", "")
    return Download(opened, store, asked, condition, settings.stalled)


def _page_of_bundle(opened: Opened, path: str) -> Response | None:
    """A page, which closes what was opened; None where there is no such page."""
    if path not in find_pages(opened.content):
        opened.content.close()
        return None
    return StreamingResponse(
        read_page(opened.content, path), media_type="text/html", headers={"Content-Security-Policy": SANDBOX}
    )
