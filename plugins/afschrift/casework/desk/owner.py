"""The owner of a request: the person who sees to it. Deputies act for them, by the roles file."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.roles import Act, Role, Roles


def owner(timeline: Timeline) -> str | None:
    """Name of the person who sees to a request; None: all officers do."""
    assigned = timeline.of(FactKind.ASSIGNED)
    name = assigned[-1].detail["to"] if assigned else None
    return str(name) if name is not None else None


def possible_owners(roles: Roles) -> Iterator[str]:
    """Names of the officers in the roles file."""
    return (person.name for person in roles.people if Role.OFFICER in person.roles)


def assign_request(officer: Officer, request_id: str, to: str | None) -> Timeline:
    """Record who sees to a request; `to`: name or account of an officer, None: all officers.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they may not assign; the attempt is an event `answer_refused`.
        RefusedError: no officer has this name.
    """
    authority = officer.acting(request_id, Act.ASSIGN, "owner")
    person = officer.roles.named(to) if to else None
    if to and (person is None or Role.OFFICER not in person.roles):
        raise RefusedError(
            "No officer has this name.",
            remedy=f"name a person with the role officer in {officer.roles.location}; nothing was changed.",
        )
    name = person.name if person else None

    def make(timeline: Timeline) -> list[NewFact]:
        return [] if owner(timeline) == name else [NewFact(FactKind.ASSIGNED, detail={"to": name})]

    return officer.register.facts.record(request_id, make, officer.by, authority=authority)
