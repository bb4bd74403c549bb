"""Actions on who sees to a request."""

from __future__ import annotations

from pydantic import Field

from afschrift.casework.actions.action import Action, Choices, Code, Done, Parameters, Situation
from afschrift.casework.desk.owner import assign_request, owner
from afschrift.casework.officer import Officer


class Assignment(Parameters):
    """Who sees to a request from now on."""

    to: Code | None = Field(
        None, title="Person", description="Name of an officer in the roles file; empty: all officers."
    )


class Takeover(Parameters):
    """Of a request that the officer sees to from now on."""


def _assign(officer: Officer, request: str, given: Assignment) -> Done:
    timeline = assign_request(officer, request, given.to)
    return Done([timeline], [f"{request}: {owner(timeline) or 'all officers'}"])


def _take_over(officer: Officer, request: str, _given: Takeover) -> Done:
    return _assign(officer, request, Assignment(to=officer.roles.person(officer.by).name))


def _people(at: Situation) -> Choices:
    return [(name, name) for name in at.officers]


ACTIONS = (
    Action(
        "assign",
        "Assign it to an officer",
        "Record which officer sees to the request. Their deputies, by the roles file, may act for them.",
        Assignment,
        _assign,
        lambda at: at.timeline.state.open,
        {"to": _people},
    ),
    Action(
        "take-over",
        "Take it over",
        "Record that you see to the request from now on.",
        Takeover,
        _take_over,
        lambda at: at.timeline.state.open and owner(at.timeline) != at.name,
    ),
)
