"""Actions on who sees to a request, of those who watch over it, and on what answers say of a source."""

from __future__ import annotations

from pydantic import Field

from afschrift.casework.actions.action import (
    ActionTable,
    Choices,
    Code,
    Day,
    Done,
    NothingMore,
    Parameters,
    Situation,
    Subject,
    Words,
    agreement,
    done_with,
    is_open,
)
from afschrift.casework.decision.advice import give_advice
from afschrift.casework.decision.denial import propose, sign, waiting
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

    agree: bool = agreement("Afterwards it cannot be read any more who made the request.", "Do you agree?")


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


class EvasiveWords(Parameters):
    """Of a change of what answers say of a source."""

    lift: bool = Field(False, title="Answers say", description="Lift it: answers say it plainly again")
    from_: Day | None = Field(
        None,
        alias="from",
        title="Holds from",
        description="Day from which it holds, for requests received from then on; empty: from the signature.",
    )


class EvasiveSignature(Parameters):
    """The second signer's word on that."""

    agree: bool = agreement("Whether the change counts.", "Do you agree?")


def _waits(at: Situation) -> bool:
    return waiting(at.officer.register, at.source) is not None


def _what(_at: Situation) -> Choices:
    return [
        ("false", gettext("not whether nothing is held (evasive words)")),
        ("true", gettext("plainly that nothing was found")),
    ]


def _proposed_words(at: Situation) -> Choices:
    found = waiting(at.officer.register, at.source)
    if found is None:
        return ()
    by, proposed = found
    words = gettext("evasive words") if proposed["evasive"] else gettext("plain words")
    name = at.officer.roles.person(by).name
    yes = gettext("Yes: {words}, as {name} proposed.", words=words, name=name)
    return [("true", yes), ("false", gettext("No, leave it as it is."))]


SOURCES = ActionTable(Subject.SOURCE)


@SOURCES.row(
    "evasive",
    "Change what answers say of a source",
    lambda at: not _waits(at),
    {"lift": _what},
)
def _propose(officer: Officer, source: str, given: EvasiveWords) -> Done:
    """Propose that answers do not say whether nothing is held in a source, or say it again (R09, R84).

    It holds for requests received from then on; only on these may a restriction be hidden. A second
    signer signs it.
    """
    propose(officer, source, evasive=not given.lift, since=given.from_)
    return Done([], [gettext("Proposed. It holds once another person signs it.")])


@SOURCES.row(
    "sign-evasive",
    "Sign what answers say of a source",
    _waits,
    {"agree": _proposed_words},
    role=Role.SECOND_SIGNER,
)
def _sign(officer: Officer, source: str, given: EvasiveSignature) -> Done:
    """As second signer:

    whether the proposed change of what answers say of a source counts (R09, R84).
    """
    sign(officer, source, agree=given.agree)
    words = gettext("Signed.") if given.agree else gettext("Turned down. Nothing was changed.")
    return Done([], [words])
