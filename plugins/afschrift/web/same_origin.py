"""Where a request comes from, as the browser says: another site sends nothing with our cookie."""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow.configuration import conf
from fastapi import Request

from afschrift.domain.errors import NotAllowedError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that ask for nothing to be changed (RFC 9110, 9.2.1)."""


def from_elsewhere(request: Request) -> bool:
    """Whether the browser says that another site sent it; other programs say nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:  # the browser knows; behind a proxy the name of the host may be another one
        return site != "same-origin"
    origin = request.headers.get("Origin")
    host = origin and origin.partition("://")[2]  # of a stranger's frame it is "null"
    return origin is not None and (not host or host not in {request.headers.get("Host"), _own_host()})


def surely_ours(request: Request) -> bool:
    """Whether the browser says that the same site sent it."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def cross_origin_error() -> NotAllowedError:
    """The error for what did not come from our own page."""
    return NotAllowedError(
        "It was not sent from its own page. Nothing was recorded.", remedy="open the page and send it there."
    )


def _own_host() -> str:
    """The name with port under which Airflow is reached, where its configuration says so."""
    return urlsplit(conf.get("api", "base_url", fallback="") or "").netloc
