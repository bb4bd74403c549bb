"""Who calls: whoever Airflow's log-in says, with the roles that our own map gives them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated

from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends, Request

from afschrift.app.roles_file import load_roles
from afschrift.law.roles import AIRFLOW, Act, Roles
from afschrift.web.same_origin import SAFE, cross_origin_error, from_elsewhere, from_our_page, typed

LIST = "/"
"""The page of open questions."""


@dataclass(frozen=True)
class Caller:
    """Somebody who is logged in.

    Attributes:
        account: as the trail names them, such as `airflow:anna`.
        token: what they showed to Airflow.
    """

    account: str
    roles: Roles
    token: str = field(repr=False)


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
    return Caller(account, roles, token.strip())


def _may_use_cookie(request: Request) -> bool:
    """Whether what the browser says of where it was asked fits a log-in that it sends by itself.

    A look is somebody's own act, as a change is: what a link elsewhere opens counts for none in their name.
    """
    if request.method not in SAFE:
        return from_our_page(request)
    # The list of open questions is no look, and people keep it as a bookmark.
    return not from_elsewhere(request) or (typed(request) and request.scope["route"].path == LIST)


Known = Annotated[Caller, Depends(caller)]
