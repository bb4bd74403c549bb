"""Where a request comes from, as the browser says: another site sends nothing with our cookie."""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow.configuration import conf
from fastapi import Request

from afschrift.domain.errors import NotAllowedError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that ask for nothing to be changed (RFC 9110, 9.2.1)."""


class CrossOriginError(NotAllowedError):
    """Another site asks with the cookie of a log-in; nothing is shown and nothing changed."""


def from_elsewhere(request: Request) -> bool:
    """Whether the browser says that it was not our own page that asks; other programs say nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:  # the browser knows; behind a proxy the name of the host may be another one
        return site != "same-origin"
    origin = request.headers.get("Origin")
    host = origin and origin.partition("://")[2]  # of a stranger's frame it is "null"
    return origin is not None and (not host or host not in {request.headers.get("Host"), _own_host()})


def from_our_page(request: Request) -> bool:
    """Whether the browser says that our own page asks. One that says nothing may have been kept from it."""
    if surely_ours(request):
        return True
    return not from_elsewhere(request) and "Origin" in request.headers


def surely_ours(request: Request) -> bool:
    """Whether the browser says that the same site sent it."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def opened(request: Request) -> bool:
    """Whether somebody opens the address as a page of its own; not within one, and not from a script."""
    whole = request.headers.get("Sec-Fetch-Dest", "document") == "document"
    return request.method == "GET" and whole and request.headers.get("Sec-Fetch-Mode") == "navigate"


def typed(request: Request) -> bool:
    """Whether the address was typed, is a bookmark, or was opened by another program (mail)."""
    return request.headers.get("Sec-Fetch-Site") == "none"


def cross_origin_error() -> CrossOriginError:
    """The error for what did not come from our own page."""
    return CrossOriginError(
        "It was not sent from its own page. Nothing was recorded.", remedy="open the page and send it there."
    )


def _own_host() -> str:
    """The name with port under which Airflow is reached, where its configuration says so."""
    return urlsplit(conf.get("api", "base_url", fallback="") or "").netloc
