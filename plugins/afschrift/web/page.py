"""Render the pages from templates of the include folder, with security headers."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment

from afschrift.app.project import include_folder, texts
from afschrift.casework.desk.next_action import words_of
from afschrift.casework.question_kinds import kind_named
from afschrift.domain.errors import (
    AfschriftError,
    FormError,
    NotAllowedError,
    RefusedError,
    RetriableError,
    TooLateError,
    UnknownQuestionError,
    UnknownRequestError,
)
from afschrift.domain.instants import on_the_wall
from afschrift.domain.language import gettext, joined, say, served_language
from afschrift.questions.form_fields import FormField
from afschrift.questions.view import plain
from afschrift.report.printing import page_environment
from afschrift.web.language import dated, day, hour, moment, number, other_languages
from afschrift.web.tokens import form_token, read_note

MOUNTED = "/afschrift"
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers blank the Origin that forms are checked by
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Headers of every reply; a page has a policy of its own."""
PRINTED = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'; sandbox allow-modals"
)
"""Policy of a page that is opened alone, to be printed."""


@dataclass(frozen=True)
class Problem:
    """Why a form was not taken.

    Attributes:
        text: in a sentence.
        lines: id in the page (empty: none), what it is called, and what is wrong with it.
    """

    text: str
    lines: tuple[tuple[str, str, str], ...] = ()

    @property
    def faults(self) -> dict[str, str]:
        """Id in the page -> what is wrong there."""
        return {id_: fault for id_, _, fault in self.lines}


def render(
    request: Request, name: str, status: int = 200, *, framed: str = "", **values: Any
) -> HTMLResponse:
    """A page.

    Args:
        request: that it answers.
        name: of its template.
        status: of HTTP.
        framed: HTML of our own with a style sheet, which the page shows in a frame that runs nothing.
        values: what the template shows; escaped there. Where nothing else is given, `by` is the
            caller, `here` its own address, `faults` are those of the `problem`, and `notice` is what its
            address says.
            `token(address)` is that of a form.
    """
    # not by Settings, because the page that says what is wrong with these needs its template too
    environment, style = _templates(texts("pages", include_folder()))
    base, problem, by = base_of(request), values.get("problem"), getattr(request.state, "by", None)
    usual = {
        "by": by,
        "here": request.url.path,
        "faults": problem.faults if problem else {},
        "notice": read_note(by, request.query_params.get("notice", "")) if by else {},
    }
    html = environment.get_template(f"{name}.html.j2").render(
        base=base,
        airflow=base.removesuffix(MOUNTED),
        language=served_language(),
        other_languages=other_languages(),
        path=request.url.path.removeprefix(base),
        framed=framed,
        token=lambda address: form_token(by, address) if by else "",
        **(usual | values),
    )
    sheets = [style, *_STYLE.findall(framed)]  # a frame without an address has the policy of its page
    digests = [base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode() for sheet in sheets]
    styles = " ".join(f"'sha256-{digest}'" for digest in digests)
    policy = (
        f"default-src 'none'; style-src {styles}; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
    )
    return HTMLResponse(html, status, headers={"Content-Security-Policy": policy})


def base_of(request: Request) -> str:
    """The address below which the application is mounted."""
    return str(request.scope.get("root_path", ""))


def redirect(request: Request, path: str) -> Response:
    """Lead the browser to a page of ours; `path`: below the application."""
    return RedirectResponse(f"{base_of(request)}{path}", 303)


def message(request: Request, status: int, title: str, text: str) -> HTMLResponse:
    """A page with a message."""
    return render(request, "message", status, by=None, title=title, text=text, here="")


def cross_origin_page(request: Request) -> HTMLResponse:
    """A page with nothing but a link to itself, for a request that another site or a mail led to."""
    text = gettext("This page was opened from elsewhere, such as a link in a mail, so nothing is shown yet.")
    here = request.url.path  # without what others may have filled in behind it
    return render(request, "message", by=None, title=gettext("Opened from elsewhere"), text=text, here=here)


@cache
def _templates(folder: Path) -> tuple[Environment, str]:
    filters: dict[str, Callable[..., Any]] = {
        "asked": kind_named,
        "plain": plain,
        "day": day,
        "hour": hour,
        "moment": moment,
        "dated": dated,
        "number": number,
        "wall": on_the_wall,
        "next": words_of,
    }
    environment = page_environment(folder, filters)
    return environment, environment.get_template("page.css").render()


log = logging.getLogger("afschrift.web")

CANNOT = "The installation cannot do this now; its log says why."
UNEXPECTED = "There was an unexpected fault; the log names its place."

_STATUS: dict[type[AfschriftError], int] = {
    UnknownQuestionError: 404,
    UnknownRequestError: 404,
    NotAllowedError: 403,
    TooLateError: 409,
    FormError: 422,
    RefusedError: 409,
    RetriableError: 503,
}


def status_and_words(error: Exception, *, api: bool = False) -> tuple[int, str]:
    """The HTTP status for an error, and the text for the caller: on a page without commands of the terminal.

    Faults of the installation go into its log. Of an unexpected error only the place is logged, as its
    message may quote what was written.
    """
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    if status < 500:
        return status, str(error) if api or not isinstance(error, AfschriftError) else said_error(error)
    if isinstance(error, AfschriftError):
        log.error("%s", error)
        if error.for_officers:
            return status, str(error) if api else said_error(error)
        return status, CANNOT if api else gettext(CANNOT)
    _log_location(error)
    return status, UNEXPECTED if api else gettext(UNEXPECTED)


def at_fields(fields: Iterable[FormField]) -> dict[str, tuple[str, str]]:
    """Name of each field -> its id in the page, and its title."""
    return {field.name: (field.id, field.title) for field in fields}


def problem_of(
    error: Exception, at: Mapping[str, tuple[str, str]], rest: tuple[str, str] | None = None
) -> tuple[Problem, int]:
    """What a page says of an error, by field where it names some, and the status.

    Args:
        error: that was raised.
        at: name of a field -> its id in the page, and its title.
        rest: the same for every other field; None: its fault is left out.
    """
    status, text = status_and_words(error)
    found = error.fields.items() if isinstance(error, FormError) else ()
    missing = "is missing"  # what may be given instead is for the terminal
    lines = tuple(
        (*where, missing if fault.startswith(f"{missing};") else fault)
        for name, fault in found
        if (where := at.get(name, rest)) is not None
    )
    return Problem(gettext("Nothing was recorded. Correct this:") if lines else text, lines), status


def said_error(error: AfschriftError) -> str:
    """What is wrong and what to do, for a page."""
    remedy = say(error.remedy)
    return joined(say(error.args[0]), remedy[:1].upper() + remedy[1:])


def _log_location(error: Exception) -> None:
    last = traceback.extract_tb(error.__traceback__)[-1]
    log.error("Unexpected %s at %s:%s.", type(error).__name__, last.filename, last.lineno)
