"""Actions on what a message asks and on whom it is about, and those that put something before a person."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

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
    codes,
    done_with,
    is_open,
    one_of,
)
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.identity.accounts import key_title
from afschrift.casework.identity.correct_keys import change_keys
from afschrift.casework.intake.parties import record_parties
from afschrift.casework.intake.read_right import Reading, read_right
from afschrift.casework.intake.referral import record_handed_over
from afschrift.casework.letters.prefilled_elements import right_unclear
from afschrift.casework.officer import Officer
from afschrift.casework.partial_response.answer import PartialResponseService
from afschrift.casework.partial_response.question import decided_partial, hindrance
from afschrift.domain.errors import FormError
from afschrift.domain.language import gettext, served_language
from afschrift.law.case_facts import referrals
from afschrift.law.person import PARTIES
from afschrift.law.roles import Act, Role
from afschrift.questions.forms import WORDS
from afschrift.questions.view import in_words

_BY_NAME: dict[str, Any] = {**WORDS, "additionalProperties": {"type": "string"}}
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    Field(json_schema_extra={**WORDS}),
]


class ReadingParameters(Parameters):
    """Of the right that an unclear message means."""

    right: Code = codes(Reading, title="Right", description="Which right the message means.")
    text: Words = Field(
        title="The person's words that name the right", description="Word for word, as in the message."
    )


class PartyParameters(Parameters):
    """Of a party of a case."""

    party: Code = codes(PARTIES, title="Who")
    name: Line | None = Field(None, title="Name")
    organisation: Line | None = Field(None, title="Organisation")
    email: Line | None = Field(None, title="E-mail address")
    phone: Line | None = Field(None, title="Phone")
    address: Words | None = Field(None, title="Postal address")
    language: Code | None = Field(None, title="Language")
    channel: Code | None = codes(("post", "email", "portal", "counter"), None, title="Wants to be written by")
    remove: bool = Field(False, title="Take this party out of the case")


class HandOverParameters(Parameters):
    """Of a matter that another desk took over."""

    right: Code = Field(title="What was asked")
    to: Code = Field(title="Desk", description="Which took it over; no name of a person.")
    reference: Code = Field(title="Reference", description="Under which the desk knows it, without spaces.")


class KeysParameters(Parameters):
    """Of keys to correct, to add or to take out."""

    keys: dict[str, Annotated[str, StringConstraints(max_length=1_000)]] = Field(
        title="Keys",
        description="Leave empty what stays as it is; a hyphen (-) takes a key out. The trail holds "
        "that it changed, never the value.",
        json_schema_extra=_BY_NAME,
    )


class LaterParameters(Parameters):
    """Of a source that is left for later."""

    source: Code = Field(title="Source", description="The system that cannot be read now.")
    rest_by: Day = Field(title="By when the rest follows")
    text: Words = Field(title="Why, in your own words")


class BackParameters(Parameters):
    """Of a source that is back."""

    source: Code = Field(title="Source")


def _of_case(officer: Officer, owner: str) -> Done:
    case = officer.register.cases.get(owner)
    requests = case.requests if owner == case.id else (owner,)
    return Done([officer.register.facts.timeline(request) for request in requests])


def _key_titles(at: Situation) -> Choices:
    return [(name, key_title(at.officer, name)) for name in at.officer.inventory.identity.keys]


def _matters(at: Situation) -> Choices:
    facts = at.officer.register.case_facts.of(at.timeline.case)
    return [(r.matter.value, in_words(r.matter)) for r in referrals(facts) if r.handed_over is None]


def _sources(at: Situation) -> Choices:
    inventory = at.officer.inventory
    return [
        (name, source.title.get(served_language()) if source.title else name)
        for name, source in inventory.sources.items()
        if hindrance(inventory, name) is None
    ]


def _left(at: Situation) -> Choices:
    decisions = at.officer.register.decisions.of(at.timeline.request)
    return [(later.source, later.source) for later in decided_partial(at.officer.inventory, decisions)]


ACTIONS = ActionTable()


@ACTIONS.row(
    "reading",
    "Record which right the message means",
    "Record which right an unclear message means (R05), with the person's own words. Until then it is "
    "handled as access. With both, a request for portability is opened too, with the same receipt.",
    lambda at: is_open(at) and right_unclear(at.timeline),
)
def _read(officer: Officer, request: str, given: ReadingParameters) -> Done:
    done = read_right(officer, request, one_of(Reading, given.right, "right"), given.text)
    if done.other is None:
        return Done([done.timeline])
    line = gettext("A request for portability was opened too; start its run: {other}.", other=done.other)
    return Done([done.timeline, officer.register.facts.timeline(done.other)], [line])


@ACTIONS.row(
    "keys",
    "Correct the keys",
    "Correct or add keys by which the person is found. Who asks is then to be confirmed again; what was "
    "looked up and what was staged by the earlier keys is destroyed.",
    is_open,
    {"keys": _key_titles},
)
def _keys(officer: Officer, request: str, given: KeysParameters) -> Done:
    known = officer.inventory.identity.keys
    if not given.keys or given.keys.keys() - known.keys():
        names = ", ".join(known)
        raise FormError("This is not what it takes.", {"keys": f"choose among {names}"}, remedy="choose one.")
    values = {name: "" if value.strip() == "-" else value for name, value in given.keys.items()}
    done = change_keys(officer, request, values)
    return done_with(officer, request, [done.sentence], question=done.question)


@ACTIONS.row(
    "party",
    "Record who is concerned",
    "Record the person, a representative or an heir, with how to reach them. It replaces what was "
    "recorded of that party. It is kept encrypted; letters go to one of them.",
    of=Subject.CASE,
    command=False,
)
def _party(officer: Officer, owner: str, given: PartyParameters) -> Done:
    values = given.model_dump(mode="json", exclude={"party", "remove"}, exclude_none=True)
    try:
        record_parties(officer, owner, {given.party: None if given.remove else values})
    except FormError as error:
        own = {name.rpartition(".")[2]: fault for name, fault in error.fields.items()}
        faults = {name if name in values else "name": fault for name, fault in own.items()}
        raise FormError(str(error.args[0]), faults, remedy=error.remedy) from None
    return _of_case(officer, owner)


@ACTIONS.row(
    "hand-over",
    "Record that a matter was handed over",
    "Record that another desk took over what is not fulfilled here, and under which reference (R05).",
    lambda at: bool(_matters(at)),
    {"right": _matters},
    of=Subject.CASE,
    also=(Role.INTAKE,),
)
def _hand_over(officer: Officer, owner: str, given: HandOverParameters) -> Done:
    case = officer.register.cases.get(owner).id
    record_handed_over(
        officer.register, officer.roles, case, given.right, given.to, given.reference, officer.by
    )
    return _of_case(officer, owner)


@ACTIONS.row(
    "decide",
    "Decide on it though nothing was flagged",
    "Open a decision on the request, for example to refuse it in part. The next page asks it.",
    is_open,
)
def _decide(officer: Officer, request: str, _given: NothingMore) -> Done:
    officer.acting(request, Act.DECIDE, "decision")
    asked = open_decision(officer.grounds, officer.register, request)
    return done_with(officer, request, question=asked.id)


@ACTIONS.row(
    "leave-source",
    "Leave a source for later",
    "Leave a source that is down for later: the next run gives the rest (R44). The request stays open, "
    "and its clock runs.",
    is_open,
    {"source": _sources},
)
def _later(officer: Officer, request: str, given: LaterParameters) -> Done:
    parts = PartialResponseService(officer, officer.inventory, officer.jurisdiction)
    parts.leave(request, given.source, given.rest_by.isoformat(), given.text)
    line = gettext("Start the run again: it gives the rest. Then a letter says what is missing.")
    return done_with(officer, request, [line])


@ACTIONS.row(
    "source-back",
    "Record that a source is back",
    "Record that a source that was left for later is back: the next run reads it again.",
    lambda at: is_open(at) and bool(_left(at)),
    {"source": _left},
)
def _back(officer: Officer, request: str, given: BackParameters) -> Done:
    PartialResponseService(officer, officer.inventory, officer.jurisdiction).take_back(request, given.source)
    line = gettext("The next run reads the source again.")
    return done_with(officer, request, [line])
