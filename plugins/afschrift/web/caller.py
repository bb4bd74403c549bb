"""The caller: the account that is logged in to Airflow, with the roles of our own roles file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated
from urllib.parse import urlsplit

from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.configuration import conf
from fastapi import Depends, Request

from afschrift.app.roles_file import load_roles
from afschrift.casework.desk.today import Viewer
from afschrift.casework.officer import Officer
from afschrift.domain.errors import NotAllowedError
from afschrift.law.roles import AIRFLOW, Act, Roles
from afschrift.register.open import open_register
from afschrift.register.register import Register

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that ask for nothing to be changed (RFC 9110, 9.2.1)."""


class CrossOriginError(NotAllowedError):
    """Another site sent the request with the cookie of a log-in; nothing is shown and nothing changed."""


def is_cross_origin(request: Request) -> bool:
    """Whether the browser says that another site's page sent the request; other programs say nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:  # preferred to Origin, because behind a proxy the name of the host may differ
        return site != "same-origin"
    origin = request.headers.get("Origin")
    host = origin and origin.partition("://")[2]  # "null" in a sandboxed frame
    return origin is not None and (not host or host not in {request.headers.get("Host"), _own_host()})


def from_our_page(request: Request) -> bool:
    """Whether the browser says that our own page asks; one that sends neither header is not trusted."""
    if is_same_origin(request):
        return True
    return not is_cross_origin(request) and "Origin" in request.headers


def is_same_origin(request: Request) -> bool:
    """Whether the browser says that a page of the same origin sent the request."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def is_page_visit(request: Request) -> bool:
    """Whether the address is opened as a page, neither within a page nor by a script."""
    whole = request.headers.get("Sec-Fetch-Dest", "document") == "document"
    return request.method == "GET" and whole and request.headers.get("Sec-Fetch-Mode") == "navigate"


def is_typed(request: Request) -> bool:
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


LIST = "/"
"""The page of open questions."""


@dataclass(frozen=True)
class Caller:
    """A user who is logged in.

    Attributes:
        account: as in the trail, such as `airflow:anna`.
        token: of their log-in to Airflow.
    """

    account: str
    roles: Roles
    token: str = field(repr=False)

    @property
    def viewer(self) -> Viewer:
        """The caller at the desk."""
        return Viewer(self.roles, self.account)

    @property
    def takes_in(self) -> bool:
        """Whether they may store requests."""
        return self.roles.may(self.account, Act.SUBMIT)

    @property
    def reports(self) -> bool:
        """Whether they may see reports on many requests."""
        return self.roles.may(self.account, Act.TIMELINE)

    def officer(self, register: Register | None = None) -> Officer:
        """The caller as an officer at work; `register`: default that of the installation."""
        return Officer(register or open_register(), self.roles, self.account)


def caller(request: Request, user: GetUserDep) -> Caller:
    """The caller; every route depends on it.

    Raises:
        HTTPException: 401 without a log-in, 403 with one that is not valid.
        NotAllowedError: logged in, but without any role here; or another site asks with the cookie; or
            a change, and the browser does not say whose page asks for it.
    """
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        if not _may_use_cookie(request):
            raise cross_origin_error()
        token = request.cookies[COOKIE_NAME_JWT_TOKEN]
    roles = replace(load_roles(), location=Roles.location)  # where the file lies is for the terminal alone
    account = f"{AIRFLOW}{user.get_name()}"
    roles.require(account, Act.SEE)
    request.state.by = found = Caller(account, roles, token.strip())
    return found


def _may_use_cookie(request: Request) -> bool:
    """Whether the origin that the browser names allows a log-in by cookie, which the browser sends by itself.

    A look is recorded as the caller's own act, as a change is. So what a link on another site opens must
    not be done in their name.
    """
    if request.method not in SAFE:
        return from_our_page(request)
    # The list of open questions records no look, and people keep it as a bookmark.
    return not is_cross_origin(request) or (is_typed(request) and request.scope["route"].path == LIST)


Known = Annotated[Caller, Depends(caller)]
