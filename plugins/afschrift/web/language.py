"""The language of the pages: by the person's choice, which a cookie keeps, else by their browser."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_time
from babel.numbers import format_decimal
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from afschrift.app.catalogs import choose_language, language_name, languages, load_language
from afschrift.domain.language import say_day, serve_in, served_language

COOKIE = "afschrift_language"
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d(?:T\d\d:\d\d:[\d.]+(?:Z|[+-]\d\d:\d\d))?\b")
_YEAR = 365 * 24 * 3600
router = APIRouter()


def serve(request: Request) -> None:
    """Serve a request in the language of its person."""
    chosen, accepted = request.cookies.get(COOKIE, ""), request.headers.get("Accept-Language", "")
    serve_in(load_language(choose_language(chosen, accepted)))


def other_languages() -> list[tuple[str, str]]:
    """Code and own name of the languages that a page can be changed to."""
    return [(code, language_name(code)) for code in languages() if code != served_language()]


def day(value: date | str) -> str:
    """A day as people write it; another text, which holds a clock's time too, as it is."""
    try:
        found = value if isinstance(value, date) else date.fromisoformat(value)
    except ValueError:
        return str(value)
    return say_day(found.date() if isinstance(found, datetime) else found)


def moment(instant: str, zone: str) -> str:
    """An instant as people write it, in local time of a zone, to the minute."""
    return f"{day(datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)))} {hour(instant, zone)}"


def hour(instant: str, zone: str) -> str:
    """The time of the day of an instant, in local time of a zone, to the minute."""
    at = datetime.fromisoformat(instant).astimezone(ZoneInfo(zone))
    return format_time(at, "short", locale=served_language().replace("-", "_"))


def dated(text: str, zone: str) -> str:
    """A sentence with its days and instants as people write them."""
    return _DATE.sub(lambda at: moment(at[0], zone) if "T" in at[0] else day(at[0]), text)


def number(value: int) -> str:
    """A number as people write it."""
    return format_decimal(value, locale=served_language().replace("-", "_"))


@router.get("/language/{code}")
def change(request: Request, code: str, back: str = "/") -> RedirectResponse:
    """Keep the choice of a language and go back to the page, which is one of ours."""
    base = str(request.scope.get("root_path", ""))
    here = back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/"
    response = RedirectResponse(f"{base}{here}", 303)
    secure = request.url.scheme == "https"
    response.set_cookie(
        COOKIE, code, max_age=_YEAR, path=base or "/", secure=secure, httponly=True, samesite="lax"
    )
    return response
