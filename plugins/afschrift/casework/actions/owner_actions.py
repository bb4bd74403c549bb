"""Actions on who sees to a request, and of those who watch over it: advice, and destroying its data key."""

from __future__ import annotations

from pydantic import Field

from afschrift.casework.actions.action import (
    OTHERWISE,
    ActionTable,
    Choices,
    Code,
    Done,
    NothingMore,
    Parameters,
    Situation,
    Words,
    done_with,
    is_open,
)
from afschrift.casework.decision.advice import give_advice
from afschrift.casework.desk.owner import assign_request, owner, possible_owners
from afschrift.casework.destruction import DestructionService, ProposedDestruction
from afschrift.casework.officer import Officer
from afschrift.domain.language import gettext
from afschrift.law.destruction import REASONS, Destroying
from afschrift.law.roles import Role

_SHRED = Destroying.SHRED


class Assignment(Parameters):
    """Who sees to a request from now on."""

    to: Code | None = Field(
        None, title="Person", description="Name of an officer in the roles file; empty: all officers."
    )


def _people(at: Situation) -> Choices:
    return [(name, name) for name in possible_owners(at.officer.roles)]


class Advice(Parameters):
    """What the data protection officer advises."""

    text: Words = Field(title="Your advice", max_length=6_000)


class Destruction(Parameters):
    """Why a data key is destroyed."""

    rule: Code = Field(title="Why", description="A code of the closed list.")


class DestructionSignature(Parameters):
    """The word of a second signer on a destruction."""

    agree: bool = Field(
        title="Do you agree?",
        description="Afterwards it cannot be read any more who made the request.",
        json_schema_extra=OTHERWISE,
    )


def _proposal(at: Situation) -> Choices:
    if not isinstance(at.destruction, ProposedDestruction):
        return ()
    why = gettext(REASONS[at.destruction.rule].title)
    yes = gettext("Yes, destroy it. {name} proposed it: {why}.", name=at.destruction.by, why=why)
    return [("true", yes), ("false", gettext("No, keep it."))]


ACTIONS = ActionTable()


@ACTIONS.row(
    "assign",
    "Assign it to an officer",
    is_open,
    {"to": _people},
)
def _assign(officer: Officer, request: str, given: Assignment) -> Done:
    """Record which officer sees to the request.

    Their deputies, by the roles file, may act for them.
    """
    timeline = assign_request(officer, request, given.to)
    return Done([timeline], [f"{request}: {owner(timeline) or 'all officers'}"])


@ACTIONS.row(
    "take-over",
    "Take it over",
    lambda at: at.timeline.state.open and owner(at.timeline) != at.officer.roles.person(at.officer.by).name,
)
def _take_over(officer: Officer, request: str, _given: NothingMore) -> Done:
    """Record that you see to the request from now on."""
    return _assign(officer, request, Assignment(to=officer.roles.person(officer.by).name))


OVERSIGHT = ActionTable()


@OVERSIGHT.row(
    "advise",
    "Give advice",
    is_open,
    role=Role.DPO,
)
def _advise(officer: Officer, request: str, given: Advice) -> Done:
    """As data protection officer, advise on the request:

    the words are kept encrypted, and decisions on a ground that names advice quote them (Art. 38). You
    advise and do not decide.
    """
    give_advice(officer, request, given.text)
    words = gettext("It is kept encrypted. A decision on a ground that asks for advice quotes it.")
    return done_with(officer, request, [words])


@OVERSIGHT.row(
    "destroy",
    "Propose to destroy its data key",
    lambda at: at.destruction == "possible",
    {"rule": lambda _: [(code, reason.title) for code, reason in REASONS.items() if _SHRED in reason.of]},
)
def _destroy(officer: Officer, request: str, given: Destruction) -> Done:
    """Propose to destroy the data key of a closed request:

    its keys, texts, plans and staged files are unreadable once another person signed. States, times and
    the trail remain. A hold prevents it.
    """
    proposed = DestructionService(officer).propose_shredding(request, given.rule)
    words = (
        gettext("Another person signs it: then the data key is destroyed.")
        if proposed
        else gettext("It was destroyed before; the trail says when and by which rule.")
    )
    return done_with(officer, request, [words])


@OVERSIGHT.row(
    "sign-destruction",
    "Sign the destruction of its data key",
    lambda at: isinstance(at.destruction, ProposedDestruction),
    {"agree": _proposal},
    role=Role.SECOND_SIGNER,
)
def _sign_destruction(officer: Officer, request: str, given: DestructionSignature) -> Done:
    """As second signer:

    whether the data key of the request is destroyed. It cannot be undone.
    """
    DestructionService(officer).sign(_SHRED, request, agree=given.agree)
    words = (
        gettext("Destroyed. The next back-up of the data keys is without it.")
        if given.agree
        else gettext("Turned down. Nothing was destroyed.")
    )
    return done_with(officer, request, [words])
