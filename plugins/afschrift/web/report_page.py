"""The page of reports, which a process of its own makes, and a case to print."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.instants import utc_now
from afschrift.domain.language import gettext, served_language
from afschrift.law.roles import Act
from afschrift.report import FIRST_DAY, LAST_DAY
from afschrift.web.caller import Caller, Known
from afschrift.web.form import Ours
from afschrift.web.page import PRINTED, Problem, render

router = APIRouter(default_response_class=HTMLResponse)
SECONDS = 600
"""Most time that a report may take."""
_MEDIA = {
    "csv": "text/csv",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "html": "text/html",
}


@router.get("/report")
def show(
    request: Request,
    by: Known,
    since: Annotated[str, Query(alias="from")] = "",
    until: Annotated[str, Query(alias="to")] = "",
    what: str = "figures",
    outside: bool = False,
) -> Response:
    """The figures of a period, or the questions of an authority; without a period those of this year."""
    by.roles.require(by.account, Act.TIMELINE)
    today = utc_now().date()
    since, until = since or f"{today.year}-01-01", until or str(today)
    what = what if what == "visit" else "figures"
    problem, document = _fault(since, until), None
    if problem is None:
        document = json.loads(_made(by, what, since, until, "json", outside=outside))
    return render(
        request,
        "report",
        422 if problem else 200,
        problem=problem,
        since=since,
        until=until,
        what=what,
        outside=outside,
        document=document,
    )


@router.post("/report/file")
def file(by: Known, sent: Ours) -> Response:
    """A report or the register of requests as a file; the export of the latter is an event."""
    by.roles.require(by.account, Act.TIMELINE)
    kind, form = sent.value("what"), sent.value("form")
    since, until = sent.value("from"), sent.value("to")
    if kind not in ("figures", "visit", "requests") or form not in _MEDIA or _fault(since, until):
        raise ConfigurationError("This form was not made by the page of reports.", remedy="open it again.")
    content = _made(by, kind, since, until, form, outside=bool(sent.value("outside")))
    if form == "html":
        return HTMLResponse(content, headers={"Content-Security-Policy": PRINTED})
    name = f"{kind}-{since}-{until}.{form}"
    return _attached(content, name, _MEDIA[form])


@router.post("/requests/{request_id}/print")
def case(request_id: str, by: Known, _sent: Ours) -> Response:
    """A case to print with its signature, in a ZIP; the look is an event."""
    from afschrift.report.case_sheet import case_sheet

    page, signature = case_sheet(by.officer(), request_id)
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr(f"{request_id}.html", page)
        archive.writestr(f"{request_id}.html.sig.json", signature)
    return _attached(into.getvalue(), f"{request_id}.zip", "application/zip")


def _attached(content: bytes, name: str, media: str) -> Response:
    return Response(
        content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _fault(since: str, until: str) -> Problem | None:
    """What is wrong with a period."""
    try:
        first, last = date.fromisoformat(since), date.fromisoformat(until)
        if FIRST_DAY <= first <= last <= LAST_DAY:
            return None
        fault = ("to", gettext("To"), gettext("lies before the first day"))
        if first <= last:
            fault = ("from", gettext("From"), gettext("give years from 1900 to 2999"))
    except ValueError:
        fault = ("from", gettext("From"), gettext("give days as 2025-03-05"))
    return Problem(gettext("There is no such period."), (fault,))


def _made(by: Caller, kind: str, since: str, until: str, form: str, **more: Any) -> bytes:
    wanted = {"by": by.account, "kind": kind, "from": since, "to": until, "form": form}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "afschrift.airflow_ext.make_report"],
            input=json.dumps({**wanted, "language": served_language(), **more}).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
    except subprocess.SubprocessError:
        raise ConfigurationError(
            "A report cannot be made.", remedy="see what `afschrift report` says in a terminal."
        ) from None
    return done.stdout
