"""Who is responsible, what they decided once, and by which keys they know people.

`controller.yml`, `policy.yml` and `identity.yml`, as a user writes them beside the sources.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import ConfigDict, model_validator

from afschrift.domain.keys import Unique
from afschrift.inventory.base import STRICT, Part, Text, Zone
from afschrift.law.case_facts import Matter
from afschrift.law.clock.place import usual_zone
from afschrift.law.person import USUAL, Factor, Level


def _zone_may_be_left_out(schema: dict[str, Any]) -> None:
    schema["required"].remove("zone")


class KeyDeclaration(Part):
    """An identity key of the organisation.

    Attributes:
        unique: whether a value is one person's for ever ("yes"), at any moment (`over_time`), or not even
            that (`no`).
        title: what the person reads for it.
    """

    unique: Unique
    title: Text | None = None


class Channel(Part):
    """A way on which requests are received, with the day on which that was published.

    Attributes:
        published_on: the day.
    """

    published_on: date


class Organisation(Part):
    """`controller.yml`: who is responsible, whom to reach, where to complain (RULES A.2, A.3).

    Attributes:
        name: of the organisation that is responsible.
        address: of it.
        body: `private` or `public`: which route of complaint applies.
        contact: where to ask.
        dpo: the data protection officer, if there is one.
        country: of the establishment that must act, ISO 3166 (`NL`), with its part where that counts
            (`DE-BY`).
        languages: in which the service is offered; every text of the inventory has them all.
        authority: where the person can complain, with the address.
        authority_url: its page on the web.
        court: how to go to court.
        registers: names of the organisation's own registers.
        zone: left out: that of `country`, or of its part where that has its own.
        days_off: further public holidays of the place.
        days_off_unsettled: days of which it is not settled whether they are.
        channels: the ways that were published for requests (R03).
        hand_over: what is not fulfilled here -> the desk that takes it (R05).
        example: nobody has filled it in: the organisation is made up, and takes requests in a demo alone.
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
    registers: tuple[str, ...] = ()
    days_off: tuple[date, ...] = ()
    days_off_unsettled: tuple[date, ...] = ()
    channels: dict[str, Channel] = {}
    hand_over: dict[Matter, str] = {}
    example: bool = False

    @model_validator(mode="before")
    @classmethod
    def _zone_of_the_place(cls, data: Any) -> Any:
        """A country without one usual zone must name it: its field is missing then, and that is said."""
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
    """Whether a person looks at a bundle before it leaves, with approver, date and the DPO's advice.

    Attributes:
        approved_by: who decided.
        on: the day.
        dpo_advice: what the data protection officer advised.
        choice: `flagged`: where something in the request says so.
    """

    choice: Literal["always", "flagged", "never"]
    approved_by: str
    on: date
    dpo_advice: str


class IdentityLevels(Part):
    """How sure an identity must be, by what makes a mistake worse or likelier (R12).

    Attributes:
        ordinary: of requests of which nothing below is so.
        special_categories: where such data would leave.
        financial: where such data would leave.
        contact_changed: where a contact detail was changed shortly before.
        representative: where somebody asks for another.
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
        join_keys: whether assigned numbers stay in portability where the files need them to be joined again.
        legitimate_interest: whether what rests on legitimate interest alone is handed over too, labelled as
            outside Art. 20.
        case_categories: Fides categories whose columns are all `review: case`, with those below them.
        identity_level: absent: special categories and financial data take `substantial`, another contact
            detail shortly before and a representative take `high`, and the rest takes `low`.
        review: left out: `flagged`.
        acknowledge: whether a receipt is confirmed by itself, where the channel had authenticated the person
            (R04).
    """

    observed: PolicyChoice
    join_keys: PolicyChoice
    legitimate_interest: PolicyChoice
    review: ReviewPolicy | None = None
    acknowledge: Literal["automatic", "manual"] = "automatic"
    identity_level: IdentityLevels | None = None
    case_categories: tuple[str, ...] = ()

    @property
    def reviewed(self) -> Literal["always", "flagged", "never"]:
        """When a person looks at a bundle before it leaves."""
        return self.review.choice if self.review else "flagged"


class IdentityFile(Part):
    """`identity.yml`: the identity keys; `person` is the key that stands for one person.

    Attributes:
        person: the key that stands for one person; reaching two of its values stops and asks.
        keys: name -> key.
        birth_date: column with the date of birth, as `source.table.column`; only whether the person is
            under age is read of it (R16).
        age: likewise a column with the age in full years, where there is no date.
    """

    person: str
    keys: dict[str, KeyDeclaration]
    birth_date: str | None = None
    age: str | None = None

    @property
    def age_column(self) -> str | None:
        """The one column that tells how old a person is."""
        return self.birth_date or self.age
