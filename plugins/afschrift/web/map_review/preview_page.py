"""A preview of an answer, for an invented person or the canary; the page of the data map opens it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse

from afschrift.bundle.page.page import PREVIEW_STYLE, own_script, own_style, policy
from afschrift.canary.check_canary import require_canary
from afschrift.canary.signature import require_signed
from afschrift.datamap.preview import preview_canary, preview_invented
from afschrift.datamap.review.confirmations import must_review
from afschrift.domain.right import Right
from afschrift.web.caller import Known
from afschrift.wiring.build_services import build

router = APIRouter(default_response_class=HTMLResponse)


class Whose(StrEnum):
    """Whose rows the page shows; those of a real person are shown at the terminal alone."""

    INVENTED = "invented"
    CANARY = "canary"


@router.get("/inventory/preview/{whose}/{right}")
def preview(by: Known, whose: Annotated[Whose, Path()], right: Annotated[Right, Path()]) -> Response:
    """Read and show it; nothing is kept."""
    officer = by.officer()
    must_review(officer)
    services = build(lambda _line: None, officer.settings)
    language = services.inventory.controller.languages[0]
    if whose is Whose.CANARY:
        canary = require_canary(officer.settings, services.inventory)
        require_signed(canary, services.register)
        found = preview_canary(services, right, language, canary.file.keys)
    else:
        found = preview_invented(services, right, language)
    code, style = own_script(services.letters), own_style(services.letters) + PREVIEW_STYLE
    headers = {"Content-Security-Policy": f"{policy(code, style)}; frame-ancestors 'none'"}
    return HTMLResponse(found.page, headers=headers)
