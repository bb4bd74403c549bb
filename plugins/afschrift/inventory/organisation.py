"""The models of `controller.yml`, `policy.yml` and `identity.yml`.

They hold the responsible organisation, its decisions of policy, and the keys by which it identifies people.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from afschrift.domain.keys import Unique
from afschrift.domain.plan import Medium
from afschrift.inventory.base import STRICT, Part, Text, Zone
from afschrift.law.case_facts import Matter
from afschrift.law.clock.place import usual_zone
from afschrift.law.person import USUAL, Factor, Level


def _zone_may_be_left_out(schema: dict[str, Any]) -> None:
    schema["required"].remove("zone")


class KeyDeclaration(Part):
    """An identity key of the organisation.

    Attributes:
        unique: whether a value is one person's for ever ("yes"), one person's at any time (`over_time`), or
            several persons' at the same time (`no`).
        title: name of the key for the person.
    """

    unique: Unique
    title: Text | None = None


class Channel(Part):
    """A channel by which requests are received, with the day on which it was published.

    Attributes:
        published_on: the day.
    """

    published_on: date


class DirectTransfer(Part):
    """Whether files can be sent straight to a party that the person names (Art. 20(2), R65).

    Attributes:
        possible: technically.
        why: if it is not possible, why, in words for the person (R66).
    """

    possible: bool
    why: Text | None = None

    @model_validator(mode="after")
    def _is_explained(self) -> Self:
        if self.possible is (self.why is not None):
            raise ValueError("`why` says why it is not possible: give it then, and only then")
        return self


SPOKEN_OF = tuple(medium for medium in Medium if medium not in (Medium.SAAS, Medium.NO_KEY))
"""What every answer speaks of: searched by people, not searched, not there, or not stated."""


class Unsearched(Part):
    """A place with personal data that no request searches.

    Attributes:
        name: of it, for the person.
        medium: what it is.
        why: why it is not searched, in a sentence for the person.
        kept: how long a copy is kept, such as `30 days`; a back-up needs it.
    """

    name: Text
    medium: Medium
    why: Text
    kept: Text | None = None


class SearchScope(Part):
    """What the statement on the search says besides the data map.

    Attributes:
        not_searched: places with personal data that no request searches, such as back-ups.
        none: kinds of places of which there are none with personal data.
        access_log: of the employees who look at data: false where none is kept; else the table of the data
            map that holds it, as `source.table`, or why it is not searched. Left out: the person may ask.
    """

    not_searched: tuple[Unsearched, ...] = ()
    none: tuple[Medium, ...] = ()
    access_log: Literal[False] | str | Text | None = None

    def unstated(self, searched: Collection[Medium]) -> tuple[Medium, ...]:
        """Return the kinds of places on which neither this nor the data map says anything."""
        known = {*searched, *self.none, *(place.medium for place in self.not_searched)}
        return tuple(medium for medium in SPOKEN_OF if medium not in known)


class Organisation(Part):
    """`controller.yml`: the controller, how to reach it, and where to complain.

    Attributes:
        name: of the controller.
        address: of it.
        body: `private` or `public`: which route of complaint applies.
        contact: where to ask.
        dpo: the data protection officer, if there is one.
        country: of the establishment that must act, ISO 3166 (`NL`), with its subdivision if that matters
            (`DE-BY`).
        languages: in which the service is offered; every text of the inventory has them all.
        authority: where the person can complain, with the address.
        authority_url: its page on the web.
        court: how to go to court after an answer.
        court_late: likewise where no answer came within the terms of Art. 12(3); left out: not known, so
            the person is advised to ask.
        registers: names of the organisation's own registers.
        zone: left out: that of `country`, or of its subdivision if that has its own.
        days_off: further public holidays of the place.
        days_off_unsettled: days that may or may not be public holidays.
        channels: the published channels for requests (R03).
        hand_over: matter that is not fulfilled here -> the desk that handles it (R05).
        direct_transfer: left out: the person is asked to ask.
        search: what is not searched; left out: the answer says that it is not stated.
        example: the organisation is invented, and accepts requests only in a demo.
    """

    model_config = ConfigDict(**STRICT, json_schema_extra=_zone_may_be_left_out)

    name: str
    address: str
    body: Literal["private", "public"]
    contact: str
    dpo: str | None = None
    zone: Zone
    country: str
    languages: tuple[str, ...]
    authority: Text
    authority_url: str
    court: Text
    court_late: Text | None = None
    registers: tuple[str, ...] = ()
    days_off: tuple[date, ...] = ()
    days_off_unsettled: tuple[date, ...] = ()
    channels: dict[str, Channel] = {}
    hand_over: dict[Matter, str] = {}
    direct_transfer: DirectTransfer | None = None
    search: SearchScope = SearchScope()
    example: bool = False

    @property
    def sends_directly(self) -> Literal["possible", "impossible", "on_request"]:
        """Whether files can be sent straight to another party."""
        if self.direct_transfer is None:
            return "on_request"
        return "possible" if self.direct_transfer.possible else "impossible"

    @model_validator(mode="before")
    @classmethod
    def _zone_of_the_place(cls, data: Any) -> Any:
        """Fill in the usual zone of the country. Without one the field is missing, which is a fault."""
        if not isinstance(data, dict) or "zone" in data or not isinstance(data.get("country"), str):
            return data
        zone = usual_zone(data["country"])
        return {**data, "zone": zone} if zone else data


class PolicyChoice(Part):
    """One decision of the controller, with approver, date and the DPO's advice (R22, Art. 38(6)).

    Attributes:
        choice: yes or no.
        approved_by: who decided.
        on: the day.
        dpo_advice: what the data protection officer advised.
    """

    choice: bool
    approved_by: str
    on: date
    dpo_advice: str


class ReviewPolicy(Part):
    """Whether an officer reviews a bundle before delivery, with approver, date and the DPO's advice.

    Attributes:
        approved_by: who decided.
        on: the day.
        dpo_advice: what the data protection officer advised.
        choice: `flagged`: if something in the request calls for it.
    """

    choice: Literal["always", "flagged", "never"]
    approved_by: str
    on: date
    dpo_advice: str


class ReadablePolicy(Part):
    """The least share of an answer that the person must be able to understand, with the DPO's advice.

    Attributes:
        least: percent of its values; under it, an officer's review says so.
        approved_by: who decided.
        on: the day.
        dpo_advice: what the data protection officer advised.
    """

    least: Annotated[int, Field(ge=1, le=100)]
    approved_by: str
    on: date
    dpo_advice: str


class IdentityLevels(Part):
    """How sure an identity must be, by what makes a mistake worse or more likely (R12).

    Attributes:
        ordinary: if none of the following applies.
        special_categories: if such data would be given.
        financial: if such data would be given.
        contact_changed: if a contact detail was changed shortly before.
        representative: if the request is made for another person.
        approved_by: who decided.
        on: the day.
        dpo_advice: what the data protection officer advised.
    """

    ordinary: Level = Level.LOW
    special_categories: Level = USUAL[Factor.SPECIAL_CATEGORIES]
    financial: Level = USUAL[Factor.FINANCIAL]
    contact_changed: Level = USUAL[Factor.CONTACT_CHANGED]
    representative: Level = USUAL[Factor.REPRESENTATIVE]
    approved_by: str
    on: date
    dpo_advice: str


class PolicyFile(Part):
    """`policy.yml`.

    Attributes:
        observed: whether observed data are portable.
        join_keys: whether assigned numbers remain in a portability bundle if its files need them for joins.
        legitimate_interest: whether data on the basis of legitimate interest alone are given too, labelled as
            outside Art. 20.
        case_categories: Fides categories whose columns are all `review: case`, with those below them.
        identity_level: absent: special categories and financial data need `substantial`, a contact detail
            that was changed shortly before and a representative need `high`, and all else needs `low`.
        review: left out: `flagged`.
        readable: left out: no share of an answer is required to be readable.
        acknowledge: whether the receipt is confirmed automatically, if the channel had authenticated the
            person (R04).
    """

    observed: PolicyChoice
    join_keys: PolicyChoice
    legitimate_interest: PolicyChoice
    review: ReviewPolicy | None = None
    acknowledge: Literal["automatic", "manual"] = "automatic"
    identity_level: IdentityLevels | None = None
    case_categories: tuple[str, ...] = ()
    readable: ReadablePolicy | None = None

    @property
    def reviewed(self) -> Literal["always", "flagged", "never"]:
        """When an officer reviews a bundle before delivery."""
        return self.review.choice if self.review else "flagged"


class IdentityFile(Part):
    """`identity.yml`: the identity keys; `person` is the key that identifies one person.

    Attributes:
        person: the key that identifies one person; a request that reaches two of its values stops and asks.
        keys: name -> key.
        birth_date: column with the date of birth, as `source.table.column`; it is only used to find out
            whether the person is a minor (R16).
        age: likewise a column with the age in full years, if there is no date.
    """

    person: str
    keys: dict[str, KeyDeclaration]
    birth_date: str | None = None
    age: str | None = None

    @property
    def age_column(self) -> str | None:
        """The column with date of birth or age."""
        return self.birth_date or self.age
