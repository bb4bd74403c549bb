"""Actions on a source: the evasive words, which two people set for it or lift."""

from __future__ import annotations

from pydantic import Field

from afschrift.casework.actions.action import (
    OTHERWISE,
    ActionTable,
    Choices,
    Day,
    Done,
    Parameters,
    Situation,
    Subject,
)
from afschrift.casework.decision.denial import propose, sign, waiting
from afschrift.casework.officer import Officer
from afschrift.domain.language import gettext
from afschrift.law.roles import Role


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

    agree: bool = Field(
        title="Do you agree?", description="Whether the change counts.", json_schema_extra=OTHERWISE
    )


def _waits(at: Situation) -> bool:
    return waiting(at.officer.register, at.source) is not None


def _what(_at: Situation) -> Choices:
    return [
        ("false", gettext("not whether nothing is held (evasive words)")),
        ("true", gettext("plainly that nothing was found")),
    ]


def _proposal(at: Situation) -> Choices:
    found = waiting(at.officer.register, at.source)
    if found is None:
        return ()
    by, proposed = found
    words = gettext("evasive words") if proposed["evasive"] else gettext("plain words")
    name = at.officer.roles.person(by).name
    yes = gettext("Yes: {words}, as {name} proposed.", words=words, name=name)
    return [("true", yes), ("false", gettext("No, leave it as it is."))]


ACTIONS = ActionTable(Subject.SOURCE)


@ACTIONS.row(
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


@ACTIONS.row(
    "sign-evasive",
    "Sign what answers say of a source",
    _waits,
    {"agree": _proposal},
    role=Role.SECOND_SIGNER,
)
def _sign(officer: Officer, source: str, given: EvasiveSignature) -> Done:
    """As second signer:

    whether the proposed change of what answers say of a source counts (R09, R84).
    """
    sign(officer, source, agree=given.agree)
    words = gettext("Signed.") if given.agree else gettext("Turned down. Nothing was changed.")
    return Done([], [words])
