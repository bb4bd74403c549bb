"""A preview of an answer, for an invented person or the canary; the page of the data map opens it."""

from __future__ import annotations

from pathlib import Path as Folder
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse

from afschrift.bundle.page.page import policy_of
from afschrift.canary.check_canary import require_canary
from afschrift.canary.signature import require_signed
from afschrift.datamap.preview import Preview, Whose, preview_canary, preview_invented
from afschrift.datamap.review.confirmations import must_review
from afschrift.domain.right import Right
from afschrift.web.caller import Known
from afschrift.wiring.build_services import build

router = APIRouter(default_response_class=HTMLResponse)

Shown = Annotated[Literal[Whose.INVENTED, Whose.CANARY], Path()]
"""Rows of a real person are shown at the terminal alone."""


@router.get("/inventory/preview/{whose}/data/information.html")
def sheet(by: Known, whose: Shown) -> Response:
    """Show the information sheet, to which the page of an access answer links."""
    found, letters = _made(by, whose, Right.ACCESS)
    return _html(found.sheet(letters), "default-src 'none'; style-src 'unsafe-inline'")


@router.get("/inventory/preview/{whose}/{right}")
def preview(by: Known, whose: Shown, right: Annotated[Right, Path()]) -> Response:
    """Read and show it; nothing is kept."""
    found, _ = _made(by, whose, right)
    return _html(found.page, policy_of(found.page))


def _made(by: Known, whose: Whose, right: Right) -> tuple[Preview, Folder]:
    officer = by.officer()
    must_review(officer)
    services = build(lambda _line: None, officer.settings)
    language = services.inventory.controller.languages[0]
    if whose is Whose.INVENTED:
        return preview_invented(services, right, language), services.letters
    canary = require_canary(officer.settings, services.inventory)
    require_signed(canary, services.register)
    return preview_canary(services, right, language, canary.file.keys), services.letters


def _html(page: bytes, allowed: str) -> Response:
    return HTMLResponse(page, headers={"Content-Security-Policy": f"{allowed}; frame-ancestors 'none'"})
