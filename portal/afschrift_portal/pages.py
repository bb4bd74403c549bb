"""The pages for people, in their language, without script."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import parse_qs, quote

from fastapi import FastAPI, HTTPException, Path, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from afschrift_portal.container import hash_of_link, link_bytes, words
from afschrift_portal.download import Download
from afschrift_portal.gate import BusyError, Gate, Opened
from afschrift_portal.reading import PAGES, SANDBOX, find_pages, read_page
from afschrift_portal.settings import PortalSettings
from afschrift_portal.store import Store
from afschrift_portal.texts import Languages

Link = Annotated[str, Path(description="The last part of the link in the letter.", max_length=200)]
_READ: dict[str, Any] = {"methods": ["GET", "HEAD"], "include_in_schema": False}


def cookie_name(link: str) -> str:
    """Name of the cookie of a delivery. With this prefix a browser takes none of a sibling's domain."""
    return f"__Host-{hash_of_link(link_bytes(link)).hex()[:16]}"


def is_code(typed: str) -> bool:
    """Whether these are six words; other texts are mistakes, and no tries."""
    return len(words(typed).split()) == 6


def page_of_bundle(opened: Opened, path: str) -> Response | None:
    """A page, which closes what was opened; None where there is no such page."""
    if path not in find_pages(opened.content):
        opened.content.close()
        return None
    headers = {"Content-Security-Policy": SANDBOX}
    return StreamingResponse(read_page(opened.content, path), headers=headers, media_type="text/html")


class Pages:
    """Templates with the texts of a language."""

    def __init__(self, settings: PortalSettings) -> None:
        self._languages = Languages(settings.texts, settings.language)
        self._environment = Environment(
            loader=PackageLoader("afschrift_portal"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._environment.globals |= {"settings": settings, "languages": self._languages.texts.values()}

    def show(self, request: Request, name: str, status: int = 200, **values: Any) -> Response:
        asked, accepted = request.query_params.get("language"), request.headers.get("Accept-Language", "")
        texts = self._languages.choose(asked, accepted)
        text = self._environment.get_template(f"{name}.html.j2").render(t=texts, **values)
        headers = {"Content-Language": texts.language, "Vary": "Accept-Language, Cookie"}
        return Response(text, status, headers, media_type="text/html")

    def door(self, request: Request, link: str) -> str:
        """Address of the first page, in the language that was chosen."""
        language = request.query_params.get("language")
        chosen = f"?language={language}" if language in self._languages.texts else ""
        return f"/o/{quote(link, safe='')}{chosen}"


def add_pages(outer: FastAPI, store: Store, gate: Gate, settings: PortalSettings) -> None:
    """Add the routes of the pages."""
    pages = Pages(settings)
    style = (files("afschrift_portal") / "page.css").read_text("utf-8")

    def find(request: Request, link: str) -> Opened | None:
        return gate.open(link, request.cookies.get(cookie_name(link), ""))

    def opened_by(request: Request, link: str) -> Opened:
        if (opened := find(request, link)) is None:
            raise HTTPException(303, headers={"Location": pages.door(request, link)})
        return opened

    @outer.api_route("/page.css", **_READ)
    def css() -> Response:
        return Response(style, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    @outer.api_route("/o/{link}", **_READ)
    def door(request: Request, link: Link) -> Response:
        if (opened := find(request, link)) is None:
            return pages.show(request, "code", fault="", typed="")
        with opened.content as content:
            readable = {name: path for name, path in PAGES.items() if path in find_pages(content)}
            return pages.show(request, "open", opened=opened, link=link, pages=readable)

    @outer.post("/o/{link}", include_in_schema=False)
    async def enter(request: Request, link: Link) -> Response:
        typed = parse_qs((await request.body()).decode("utf-8", "replace")).get("code", [""])[0][:500]
        if not is_code(typed):
            return pages.show(request, "code", 422, fault="six_words", typed=typed)
        try:
            key = await gate.key(link, typed)
        except BusyError:
            return pages.show(request, "code", 503, fault="busy", typed=typed)
        if not key:
            return pages.show(request, "code", 403, fault="nothing", typed=typed)
        answer = RedirectResponse(pages.door(request, link), 303)
        answer.set_cookie(cookie_name(link), key, 3600, secure=True, httponly=True, samesite="strict")
        return answer

    @outer.api_route("/o/{link}/bundle", **_READ)
    def bundle(request: Request, link: Link) -> Response:
        return Download(opened_by(request, link), store, request.headers)

    @outer.api_route("/o/{link}/read/{path:path}", **_READ)
    def read(request: Request, link: Link, path: str) -> Response:
        opened = opened_by(request, link)
        return page_of_bundle(opened, path) or pages.show(request, "in_download", 404, link=link)

    @outer.post("/o/{link}/received", include_in_schema=False)
    def received(request: Request, link: Link) -> Response:
        with (opened := opened_by(request, link)).content:
            store.confirm(opened.delivery.key)
        return RedirectResponse(pages.door(request, link), 303)
