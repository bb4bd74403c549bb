"""The web application that the plugin mounts below `/afschrift`. Airflow mounts it without authentication.

So the whole application requires the log-in, and nothing of it (no schema, no documentation page) is open.
Below `/api` it speaks JSON; the rest are pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from airflow.api_fastapi.app import get_auth_manager
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from afschrift.domain.errors import FormError
from afschrift.domain.language import gettext
from afschrift.web import (
    action_pages,
    intake_page,
    language,
    letter_pages,
    question_pages,
    report_page,
    request_api,
    request_page,
    review_page,
    today_page,
)
from afschrift.web.answers import Start
from afschrift.web.caller import CrossOriginError, caller, is_page_visit
from afschrift.web.map_review import map_page
from afschrift.web.page import HEADERS, base_of, cross_origin_page, message, status_and_words

_TITLES = {403: "Not allowed", 404: "Not found", 409: "Not done", 422: "Not taken", 500: "Not possible now"}
_PAGES = (
    today_page, report_page, question_pages, request_page, review_page, letter_pages, action_pages,
    intake_page, language, map_page,
)  # fmt: skip
LOG_IN = (
    "Your log-in has ended, and nothing was recorded. Log in to Airflow in another tab of this browser, then "
    "reload this page, which sends it again: the browser still holds what you typed."
)


def create(start: Start, start_look_up: Start) -> FastAPI:
    """The application.

    Args:
        start: starts the next run of a request with the caller's token; returns the run's id.
        start_look_up: the same for the look-up of its keys.
    """
    app = FastAPI(
        title="Afschrift",
        dependencies=[Depends(caller)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.middleware("http")(_without_words)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _refused)
    app.state.start = (start, start_look_up)
    for api in (request_api.router, intake_page.api):
        app.include_router(api, prefix="/api")
    for module in _PAGES:
        app.include_router(module.router)
    return app


def _error_response(request: Request, error: Exception) -> Response:
    if isinstance(error, CrossOriginError) and is_page_visit(request) and not _is_api(request):
        return cross_origin_page(request)
    status, words = status_and_words(error, api=_is_api(request))
    if not _is_api(request):
        return message(request, status, gettext(_TITLES.get(status, _TITLES[500])), words)
    body: dict[str, object] = {"detail": words}
    if isinstance(error, FormError):
        body["fields"] = error.fields
    return JSONResponse(body, status)


async def _refused(request: Request, error: Exception) -> Response:
    """No log-in or no such address: JSON for programs; people are redirected to Airflow's log-in and back."""
    assert isinstance(error, HTTPException)
    if _is_api(request):
        return await http_exception_handler(request, error)
    if error.status_code not in (401, 403):
        return message(request, error.status_code, gettext(_TITLES.get(error.status_code, "Not taken")), "")
    if request.method == "GET":
        back = f"{request.url.path}?{request.url.query}".rstrip("?")
        return RedirectResponse(get_auth_manager().get_url_login(next_url=back), 303)
    return message(request, error.status_code, gettext("Log in again"), gettext(LOG_IN))


async def _unreadable(request: Request, error: Exception) -> Response:
    """An address that is none. FastAPI's own reply would repeat what was sent."""
    assert isinstance(error, RequestValidationError)
    if not _is_api(request):
        return message(request, 422, gettext(_TITLES[422]), gettext("The address is not one of these pages."))
    return JSONResponse({"detail": "The address is not what this takes."}, 422)


async def _without_words(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    """Handle every error here, as the message of an unexpected one may quote what was written."""
    try:
        if not _is_api(request):
            language.serve(request)
        response = await call(request)
    except Exception as error:
        response = _error_response(request, error)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _is_api(request: Request) -> bool:
    return request.url.path.removeprefix(base_of(request)).startswith("/api/")
