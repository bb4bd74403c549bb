"""An action: its name, parameters and role, when it can be done, and what does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, TypeVar, get_type_hints

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from afschrift.casework.clock import clock_row, fact_row
from afschrift.casework.decision.in_force import Restriction
from afschrift.casework.destruction import ProposedDestruction
from afschrift.casework.officer import Officer
from afschrift.domain.errors import FormError
from afschrift.law.clock.clock import Clock
from afschrift.law.clock.facts import Timeline
from afschrift.law.clock.sending import Sending
from afschrift.law.dispute import complaints, holds
from afschrift.law.letter import LetterRow, SendingChannel
from afschrift.law.roles import READ_ONLY_ROLES, Role, Roles
from afschrift.outside.read_model import read_model
from afschrift.questions.forms import WORDS
from afschrift.register.deliveries import DeliveryRow

LONGEST_TEXT = 20_000


def _as_iso(given: object) -> object:
    """Only what ISO 8601 writes with hyphens: pydantic would take digits for seconds since 1970."""
    return given if isinstance(given, date) or (isinstance(given, str) and "-" in given) else None


Day = Annotated[date, BeforeValidator(_as_iso)]
Instant = Annotated[AwareDatetime, BeforeValidator(_as_iso)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT),
    Field(json_schema_extra=WORDS),
]


def codes(values: Iterable[str], default: Any = ..., *, title: str, description: str = "") -> Any:
    """A field with a code of a list, or several. The law refuses others, and says why where it knows them."""
    return Field(
        default, title=title, description=description or None, json_schema_extra={"enum": list(values)}
    )


def agreement(description: str, title: str = "Agree") -> Any:
    """A field with the word of a second signer; `x-otherwise` names its option for false."""
    return Field(title=title, description=description, json_schema_extra={"x-otherwise": "disagree"})


class Parameters(BaseModel):
    """What an action takes besides the request. Each field has a title, and its description says more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def __repr__(self) -> str:
        return type(self).__name__  # the words may be about a person

    __str__ = __repr__


class NothingMore(Parameters):
    """Of an act that needs no more than whom or what it is about."""


class LetterParameters(Parameters):
    """Of an action with a letter: which one, and its sending where it was sent already."""

    letter: Code | None = Field(None, title="Letter", description="The letter in the outbox.")
    sent_on: Day | None = Field(None, title="Sent on", description="Where the letter was sent already.")
    channel: Code | None = codes(SendingChannel, None, title="Channel", description="How it was sent.")
    proof: Code | None = Field(
        None,
        title="Proof",
        description="A reference without spaces: track and trace, the id of the message.",
    )

    @property
    def sending(self) -> Sending | None:
        """The sending; None where nothing was sent yet.

        Raises:
            FormError: a part of it is missing.
        """
        if self.sent_on and self.channel and self.proof:
            return Sending(self.sent_on, self.channel, self.proof)
        parts = {"sent_on": self.sent_on, "channel": self.channel, "proof": self.proof}
        if not any(parts.values()):
            return None
        raise FormError.listing(
            "Day, channel and proof of a sent letter belong together.",
            {name: "is missing" for name, value in parts.items() if not value},
            remedy="give all three, or none and record them later: `afschrift request sent`.",
        )


@dataclass(frozen=True)
class Situation:
    """What a request or source is like at present, as far as actions depend on it.

    Attributes:
        officer: who looks.
        earlier: other requests of the same person.
        letters: of the request, in any state.
        mandate: the last decision on a representative's authority; empty: there is none.
        letter, delivery, source: the one that it is about, of an action of one of these.
        destruction: of the data key, as `DestructionService.stage` gives it; empty of an open request.
    """

    officer: Officer
    timeline: Timeline
    clock: Clock
    restrictions: Sequence[Restriction] = ()
    earlier: Sequence[str] = ()
    letters: Sequence[LetterRow] = ()
    mandate: str = ""
    letter: LetterRow | None = None
    delivery: DeliveryRow | None = None
    destruction: ProposedDestruction | str = ""
    source: str = ""


@dataclass(frozen=True)
class Done:
    """What an action came to.

    Attributes:
        timelines: of the requests that it changed, with the new facts.
        lines: what remains to be done, in sentences.
        clock: of the request, after an action that moves it.
        letter: after an action of a letter.
        question: id of one that is to be answered now.
        shown: a link or words for the person who acts alone: never in an address, a log or a notice.
    """

    timelines: Sequence[Timeline]
    lines: Sequence[str] = ()
    clock: Clock | None = None
    letter: LetterRow | None = None
    question: str | None = None
    shown: str | None = field(default=None, repr=False)

    def document(self) -> dict[str, Any]:
        """The same as JSON."""
        letter = {"letter": asdict(self.letter)} if self.letter else {}
        shown = {"shown": self.shown} if self.shown else {}
        return {
            "requests": list(map(self._row, self.timelines)),
            "lines": list(self.lines),
            **letter,
            **shown,
        }

    def _row(self, timeline: Timeline) -> dict[str, Any]:
        found: dict[str, Any] = {"request": timeline.request, "state": timeline.state.value}
        if self.clock is not None:
            return found | {"clock": clock_row(self.clock), "facts": list(map(fact_row, timeline.facts))}
        return found | {
            "holds": [
                {"hold": h.id, "ground": h.ground, "since": h.since, "by": h.by, "review_on": h.review_on}
                for h in holds(timeline)
            ],
            "complaints": [
                {
                    "reference": c.reference,
                    "from": c.entered.detail.get("from"),
                    "received": c.entered.day,
                    "outcome": c.ended.detail.get("outcome") if c.ended else None,
                }
                for c in complaints(timeline)
            ],
        }


def done_with(officer: Officer, request: str, lines: Iterable[str] = (), **more: Any) -> Done:
    """What an action came to that is about one request, with its new facts."""
    return Done([officer.register.facts.timeline(request)], list(lines), **more)


class Subject(StrEnum):
    """Whose id an action takes, as in addresses. One of a case takes a request too: it alone is meant."""

    REQUEST = "requests"
    CASE = "cases"
    LETTER = "letters"
    DELIVERY = "deliveries"
    QUESTION = "questions"
    SOURCE = "sources"


NO_REQUEST: Any = None
"""The timeline and the clock of an action that is about no request."""


Choices = Sequence[tuple[str, str]]
"""Values that can be chosen, with their words."""
Sheet = Callable[[Officer, str, str], str]


@dataclass(frozen=True)
class Action:
    """What a person can do with a request or a case.

    Attributes:
        name: in commands and addresses, with hyphens.
        title: what it does, as a link says it.
        help: what it does and when, in sentences.
        parameters: what it takes.
        do: does it: by whom, the id of the request or case, and the parameters. Raises as the service of its
            subject: NotAllowedError (the attempt is an event), TooLateError and RefusedError (names the rule
            and the remedy); the register is then unchanged.
        is_open: whether it can be done in a situation; pages show it then alone.
        choices: of a parameter that names something of the request -> what can be named.
        role: that may do it.
        also: roles that may do it too.
        of: whose id it takes.
        sheet: makes of what it shows a page to be printed: by whom, the id, and what is shown.
        command: whether the terminal's command is made from it; False: it has one of its own.
    """

    name: str
    title: str
    help: str
    parameters: type[Parameters]
    do: Callable[[Officer, str, Any], Done]
    is_open: Callable[[Situation], bool] = lambda _: True
    choices: Mapping[str, Callable[[Situation], Choices]] = field(default_factory=dict)
    role: Role = Role.OFFICER
    also: tuple[Role, ...] = ()
    of: Subject = Subject.REQUEST
    sheet: Sheet | None = None
    command: bool = True

    def is_for(self, roles: Roles, account: str) -> bool:
        """Whether an account has the role; those who advise or audit hold it without a substitute."""
        own = {*self.also, *(READ_ONLY_ROLES & {self.role})}
        return roles.holds(account, self.role) or not own.isdisjoint(roles.person(account).roles)

    def permit(self, officer: Officer, owner: str) -> Mapping[str, str]:
        """Check that an officer has the role for it; of an answer, returns it as `Officer.authority` does.

        Raises:
            NotAllowedError: they have not; the attempt is an event `answer_refused`.
        """
        if not self.is_for(officer.roles, officer.by):
            with officer.refusals(_request_of(officer, self.of, owner), self.name, role=self.role.value):
                raise officer.roles.refusal([self.role, *self.also])
        return {}

    def read(self, given: object, authority: Mapping[str, str]) -> Any:  # noqa: ARG002
        """Its parameters; `authority`: as `permit` returns it, for answers.

        Raises:
            FormError: names those that do not fit.
        """
        return read_model(self.parameters, given)

    def fields(self) -> dict[str, dict[str, Any]]:
        """Name of each parameter -> JSON Schema of its value; those of a letter come last."""
        found = self.parameters.model_json_schema().get("properties", {})
        order = sorted(found, key=lambda name: name in LetterParameters.model_fields)
        return {name: _plain(found[name]) for name in order}

    def needed(self) -> tuple[str, ...]:
        """Names of the parameters that must be given."""
        return tuple(self.parameters.model_json_schema().get("required", ()))

    def form(self, at: Situation) -> dict[str, Any]:
        """A form of its parameters. Those that name something have what can be named, or are left out."""
        fields = self.fields()
        for name, find in self.choices.items():
            if found := dict(find(at)):
                fields[name] |= {"enum": list(found), "x-titles": found}
            elif name not in self.needed():
                del fields[name]
        return {"properties": fields, "required": self.needed()}


def _request_of(officer: Officer, of: Subject, owner: str) -> str | None:
    """The request in whose trail an attempt is recorded; None: that of no request."""
    if of is Subject.SOURCE:
        return None
    if of is Subject.LETTER:
        return officer.register.letters.get(owner).request
    if of is Subject.DELIVERY:
        return officer.register.deliveries.get(owner).request
    requests = officer.register.cases.get(owner).requests
    return owner if owner in requests else requests[0]


def perform(officer: Officer, action: Action, owner: str, given: object) -> Done:
    """Do an action of the table, an answer too.

    Args:
        officer: who does it.
        action: what.
        owner: id of what it is of: a request, a case, a question.
        given: parameters by name, as texts or as the types of JSON; of an answer, a `GivenAnswer` too.

    Raises:
        NotAllowedError: they have no role that may; the attempt is an event `answer_refused`.
        FormError: names the parameters that do not fit; nothing was changed.
        AfschriftError: as `Action.do`.
    """
    authority = action.permit(officer, owner)
    return action.do(officer, owner, action.read(given, authority))


Do = TypeVar("Do", bound=Callable[..., Done])


class ActionTable(list[Action]):
    """The actions of a module, a row above the function that does each.

    `of` is what they are about where a row does not say otherwise. A row takes what `Action` has besides; its
    help is the function's docstring, and its parameters are those that the function takes as third argument.
    """

    def __init__(self, of: Subject = Subject.REQUEST) -> None:
        super().__init__()
        self._of = of

    def row(self, name: str, title: str, *more: Any, **named: Any) -> Callable[[Do], Do]:
        """Add an action."""

        def add(do: Do) -> Do:
            words = " ".join((do.__doc__ or "").split())
            parameters = list(get_type_hints(do).values())[2]
            self.append(Action(name, title, words, parameters, do, *more, **{"of": self._of, **named}))
            return do

        return add


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """The schema of a value that may be left out, and of a list of codes, as forms take them."""
    given: dict[str, Any] = next((kind for kind in field.pop("anyOf", ()) if kind.get("type") != "null"), {})
    plain = {**given, **field}
    plain.pop("default", None)
    if plain.get("type") == "array" and "enum" in plain:
        plain["items"] = {**plain["items"], "enum": plain.pop("enum")}
    return plain


def is_open(at: Situation) -> bool:
    """Whether the request is open."""
    return at.timeline.state.open


Codes = TypeVar("Codes", bound=StrEnum)


def one_of(kind: type[Codes], code: str, name: str = "reason") -> Codes:
    """A code as its kind.

    Raises:
        FormError: it is none of them; names the parameter.
    """
    if code not in list(kind):
        raise FormError.listing(
            "This is not what it takes.", {name: f"is none of {', '.join(kind)}"}, remedy="choose one."
        )
    return kind(code)
