"""Who may do what with letters, by the installation's roles; the trail tells of attempts without one."""

from __future__ import annotations

from afschrift.app.roles import load_roles
from afschrift.domain.errors import NotAllowedError
from afschrift.domain.event import NewEvent
from afschrift.law.roles import Act
from afschrift.register.register import Register


def require(register: Register, request_id: str, by: str, act: str, kind: str) -> dict[str, str]:
    """The role in which somebody acts, and what says that they hold it.

    Args:
        register: the register.
        request_id: the request that it is about.
        by: account of whoever acts.
        act: name of an `Act`.
        kind: what is tried, a code for the trail.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they lack the role; the attempt is an event `answer_refused`.
    """
    register.requests.get(request_id)
    roles = load_roles()
    try:
        role = roles.require(by, Act(act))
    except NotAllowedError:
        register.trail.record(request_id, NewEvent("answer_refused", by, {"kind": kind, "act": act}))
        raise
    return {"role": role.value, "source": roles.person(by).source}
