"""What `afschrift submit` takes: the request as it came, and what else its message asks (R01, R02, R05)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from afschrift.domain.request import DEFAULT_FORMATS
from afschrift.domain.right import Right
from afschrift.law.case_facts import OTHER_RIGHTS, Matter
from afschrift.law.person import PARTIES

UNCLEAR = "unclear"
_DESK = Field(pattern=r"^[^\W\d_][\w .,&/()'-]{0,59}$")


def _as_tuple(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_text(value: Any) -> Any:
    if isinstance(value, dict) and not all(isinstance(item, str) for item in value.values()):
        raise ValueError("put identity keys between quotes: they are text, and 0046 is not 46")
    return value


def _of_others(value: Any) -> Any:
    known = {right.value for right in OTHER_RIGHTS}
    if isinstance(value, (list, tuple)) and not all(right in known for right in value):
        raise ValueError(f"choose among {', '.join(sorted(known))}; {' and '.join(Right)} go into `right`")
    return value


class _StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+:/#-]{0,79}$")]
"""A few words that the trail may keep: which log-in it was, and never who used it."""


class Authenticated(_StrictModel):
    """How the channel had authenticated the person: which log-in, at which level, when (R10)."""

    by: Word
    level: Word
    at: AwareDatetime


class Limits(_StrictModel):
    """The person's own limits, with the sentence that says so (R24)."""

    quote: str = Field(min_length=1)
    tables: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


class Forwarded(_StrictModel):
    """The message was passed on inside the organisation; desks, never names of people (R02).

    `from` and `to` are in the trail, so an address with an @ is refused.
    """

    at: AwareDatetime
    from_: Annotated[str, _DESK] = Field(alias="from")
    to: Annotated[str, _DESK]


class Party(_StrictModel):
    """A party of a case, and how to reach it; kept encrypted like identity keys, never in the trail.

    Attributes:
        language: of letters to it; default: that of the request.
        channel: how it wants to be written to.
    """

    name: str | None = Field(None, min_length=1, max_length=200, repr=False)
    organisation: str | None = Field(None, min_length=1, max_length=200, repr=False)
    email: str | None = Field(None, min_length=3, max_length=200, repr=False)
    phone: str | None = Field(None, min_length=3, max_length=40, repr=False)
    address: str | None = Field(None, min_length=3, max_length=400, repr=False)
    language: str | None = Field(None, pattern=r"^[a-z]{2,3}$")
    channel: Literal["post", "email", "portal", "counter"] | None = None

    @property
    def reachable(self) -> bool:
        """Whether it says who it is or how to reach them."""
        return any((self.name, self.organisation, self.email, self.phone, self.address))


class Intake(_StrictModel):
    """A message with what it asks.

    Attributes:
        message: the request verbatim; kept encrypted.
        channel: where it arrived, for example `portal` or `letter`.
        received_at: first arrival at an official channel, with its zone (R02).
        rights: one letter may hold several; each becomes a request of its own. `unclear`: it does not say
            which, and is read as access until an officer records a reading (R05).
        other_rights: what else it asks, which other desks fulfil: recorded, and handed over (R05).
        keys: identity key -> value, as verified or as the requester gave them; a message may give none: the
            person is asked for one (R01, R10).
        authenticated: absent: a person must confirm the identity before anything is read.
        made_by: who wrote it; an officer decides whether a representative may ask (R15, R16).
        about_deceased: it asks for data of a deceased person, which the GDPR does not cover (R17).
        person, representative, heir: the parties, as far as the message says who they are.
        forwarded: how it was passed on until it came here, in order (R02).
    """

    message: str = Field(min_length=1, repr=False)
    channel: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")
    received_at: AwareDatetime
    rights: Annotated[
        tuple[Right | Literal["unclear"], ...], BeforeValidator(_as_tuple), Field(alias="right")
    ] = ()
    other_rights: Annotated[tuple[Matter, ...], BeforeValidator(_of_others), BeforeValidator(_as_tuple)] = ()
    keys: Annotated[dict[str, str], BeforeValidator(_as_text), Field(repr=False)] = {}
    authenticated: Authenticated | None = None
    made_by: Literal["self", "parent", "guardian", "proxy", "heir"] = "self"
    about_deceased: bool = False
    person: Party | None = None
    representative: Party | None = None
    heir: Party | None = None
    forwarded: tuple[Forwarded, ...] = ()
    formats: tuple[str, ...] = DEFAULT_FORMATS
    language: str = "nl"
    destination: str = "outbox"
    limits: Limits | None = None

    @property
    def of_the_dead(self) -> bool:
        """It is about a deceased person: nothing is read, and a letter names the other way (R17)."""
        return self.about_deceased or self.made_by == "heir"

    @property
    def parties(self) -> dict[str, Party]:
        """The parties that are known, by role."""
        found = {role: getattr(self, role) for role in PARTIES}
        return {role: party for role, party in found.items() if party is not None}

    @property
    def unclear(self) -> bool:
        """The message does not say which right it means."""
        return UNCLEAR in self.rights

    @property
    def requested(self) -> tuple[Right, ...]:
        """The requests to open: of an unclear message one for access, the wider right."""
        if self.unclear or (self.of_the_dead and not self.rights):
            return (Right.ACCESS,)
        return tuple(Right(right) for right in dict.fromkeys(self.rights))

    @property
    def matters(self) -> tuple[Matter, ...]:
        """What is recorded to be handed over."""
        found = (*((Matter.DECEASED,) if self.of_the_dead else ()), *self.other_rights)
        return tuple(dict.fromkeys(found))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Check what the fields say together; each fault names the field and the remedy."""
        if self.of_the_dead:
            if self.keys or self.authenticated or self.limits:
                raise ValueError(
                    "keys, authenticated, limits: leave them out: of a deceased person nothing is read, so "
                    "nothing would use them; the message itself is kept (R17)"
                )
            if self.about_deceased and self.made_by == "self":
                raise ValueError("made_by: the deceased do not ask themselves: say `heir` or `proxy` (R17)")
        if not (self.requested or self.other_rights):
            raise ValueError(
                f"right: name {', '.join(Right)} or unclear; what else it asks goes into `other_rights`"
            )
        if self.unclear and len(self.rights) > 1:
            raise ValueError("right: `unclear` is given alone: a right that the message names is not unclear")
        if self.authenticated and not self.keys:
            raise ValueError("keys: a log-in knows its person by one: give it, or leave `authenticated` out")
        return self

    @model_validator(mode="after")
    def _parties_fit(self) -> Self:
        if self.representative is not None and self.made_by == "self":
            raise ValueError("representative: goes with `made_by`: parent, guardian or proxy (R15)")
        for role, party in self.parties.items():
            if not party.reachable:
                raise ValueError(f"{role}: give name, organisation, email, phone or address")
        return self
