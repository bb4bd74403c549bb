"""Actions on what a message asks, who asks and whom it is about, and those that put something to a person."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from afschrift.app.jurisdiction import load_controller
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
from afschrift.casework.identity.breach import take_back
from afschrift.casework.identity.correct_keys import change_keys
from afschrift.casework.identity.death import RESTS_ON, lift_death
from afschrift.casework.identity.question import PROVEN
from afschrift.casework.intake.not_received import propose
from afschrift.casework.intake.parties import record_parties
from afschrift.casework.intake.read_right import Reading, read_right
from afschrift.casework.intake.referral import record_handed_over
from afschrift.casework.letters.prefilled_elements import right_unclear
from afschrift.casework.officer import Officer
from afschrift.casework.partial_response.answer import PartialResponseService
from afschrift.casework.partial_response.question import decided_partial, hindrance
from afschrift.casework.record_death import record_death
from afschrift.domain.errors import FormError
from afschrift.domain.language import gettext, served_language
from afschrift.domain.state import State, may_move
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


class MandateWithdrawal(Parameters):
    """Of a mandate that the person took back."""

    text: Words | None = Field(None, title="How the person said so")


class Death(Parameters):
    """Of a death."""

    rests_on: Code = codes(RESTS_ON, title="What that rests on")
    text: Words | None = Field(None, title="More, in your own words")


class DeathError(Parameters):
    """Of a death that was recorded in error."""

    text: Words | None = Field(None, title="How that is known")


class NotReceived(Parameters):
    """Of a message to an address that is not meant for requests."""

    published_on: Day = Field(
        title="Published on", description="Day on which the proper channel was clearly published."
    )
    text: Words = Field(title="Why the address was clearly not meant for requests")


ACTIONS = ActionTable()


@ACTIONS.row(
    "mandate-withdrawn",
    "Record that the person took the mandate back",
    lambda at: at.mandate == PROVEN,
)
def _mandate_withdrawn(officer: Officer, request: str, given: MandateWithdrawal) -> Done:
    """Record that the person revoked a mandate:

    nothing is delivered on it, and it is asked again (R15).
    """
    take_back(officer, request, given.text)
    lines = [
        gettext("Recorded: the mandate of {request} no longer holds.", request=request),
        gettext(
            "The next run asks for another one; if the person continues alone, they make another request."
        ),
        gettext(
            "What lies at a destination for the representative is removed. Where an answer left on it, see "
            "`afschrift questions --request {request}`: a possible breach.",
            request=request,
        ),
    ]
    return done_with(officer, request, lines)


@ACTIONS.row(
    "deceased",
    "Record that the person died",
    is_open,
)
def _deceased(officer: Officer, request: str, given: Death) -> Done:
    """Record that the person died:

    the requests of the case end, and nothing leaves any more (R17).
    """
    lines = record_death(officer, request, given.rests_on, given.text)
    return done_with(officer, request, lines)


@ACTIONS.row(
    "not-deceased",
    "Lift a death that was recorded in error",
    lambda at: at.timeline.state is State.PERSON_DECEASED,
    role=Role.SECOND_SIGNER,
)
def _not_deceased(officer: Officer, request: str, given: DeathError) -> Done:
    """As second signer, lift a death that was recorded in error:

    requests and their clock go on.
    """
    found = lift_death(officer, request, given.text)
    return Done(found, [f"{timeline.request}: {timeline.state}" for timeline in found])


@ACTIONS.row(
    "not-received",
    "Find that the message was not received",
    lambda at: may_move("fact_not_received", at.timeline.state, State.NOT_RECEIVED),
    of=Subject.CASE,
)
def _not_received(officer: Officer, owner: str, given: NotReceived) -> Done:
    """Decide that a message to an address not meant for requests counts as not received (R03).

    Only before any step ran, only if a proper channel was clearly published before it came, and only once
    a second signer agrees. Nothing is deleted: the message remains in its case.
    """
    case = officer.register.cases.get(owner)
    published = load_controller(officer.settings).channels
    asked = propose(officer, case, given.published_on, given.text, published=published)
    lines = [
        gettext(
            "It counts as not received once a second signer agrees: `afschrift answer {question}`.",
            question=asked.id,
        ),
        gettext(
            "Until then it counts as received, and its period runs (R02, R03). Nothing is deleted either way."
        ),
    ]
    return done_with(officer, asked.request, lines)


@ACTIONS.row(
    "reading",
    "Record which right the message means",
    lambda at: is_open(at) and right_unclear(at.timeline),
)
def _read(officer: Officer, request: str, given: ReadingParameters) -> Done:
    """Record which right an unclear message means (R05), with the person's own words.

    Until then it is handled as access. With both, a request for portability is opened too, with the same
    receipt.
    """
    done = read_right(officer, request, one_of(Reading, given.right, "right"), given.text)
    if done.other is None:
        return Done([done.timeline])
    line = gettext("A request for portability was opened too; start its run: {other}.", other=done.other)
    return Done([done.timeline, officer.register.facts.timeline(done.other)], [line])


@ACTIONS.row(
    "keys",
    "Correct the keys",
    is_open,
    {"keys": _key_titles},
)
def _keys(officer: Officer, request: str, given: KeysParameters) -> Done:
    """Correct or add keys by which the person is found.

    Who asks is then to be confirmed again; what was looked up and what was staged by the earlier keys is
    destroyed.
    """
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
    of=Subject.CASE,
    command=False,
)
def _party(officer: Officer, owner: str, given: PartyParameters) -> Done:
    """Record the person, a representative or an heir, with how to reach them.

    It replaces what was recorded of that party. It is kept encrypted; letters go to one of them.
    """
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
    lambda at: bool(_matters(at)),
    {"right": _matters},
    of=Subject.CASE,
    also=(Role.INTAKE,),
)
def _hand_over(officer: Officer, owner: str, given: HandOverParameters) -> Done:
    """Record that another desk took over what is not fulfilled here, and under which reference (R05)."""
    case = officer.register.cases.get(owner).id
    record_handed_over(
        officer.register, officer.roles, case, given.right, given.to, given.reference, officer.by
    )
    return _of_case(officer, owner)


@ACTIONS.row(
    "decide",
    "Decide on it though nothing was flagged",
    is_open,
)
def _decide(officer: Officer, request: str, _given: NothingMore) -> Done:
    """Open a decision on the request, for example to refuse it in part.

    The next page asks it.
    """
    officer.acting(request, Act.DECIDE, "decision")
    asked = open_decision(officer.grounds, officer.register, request)
    return done_with(officer, request, question=asked.id)


@ACTIONS.row(
    "leave-source",
    "Leave a source for later",
    is_open,
    {"source": _sources},
)
def _later(officer: Officer, request: str, given: LaterParameters) -> Done:
    """Leave a source that is down for later:

    the next run gives the rest (R44). The request stays open, and its clock runs.
    """
    parts = PartialResponseService(officer, officer.inventory, officer.jurisdiction)
    parts.leave(request, given.source, given.rest_by.isoformat(), given.text)
    line = gettext("Start the run again: it gives the rest. Then a letter says what is missing.")
    return done_with(officer, request, [line])


@ACTIONS.row(
    "source-back",
    "Record that a source is back",
    lambda at: is_open(at) and bool(_left(at)),
    {"source": _left},
)
def _back(officer: Officer, request: str, given: BackParameters) -> Done:
    """Record that a source that was left for later is back:

    the next run reads it again.
    """
    PartialResponseService(officer, officer.inventory, officer.jurisdiction).take_back(request, given.source)
    line = gettext("The next run reads the source again.")
    return done_with(officer, request, [line])
