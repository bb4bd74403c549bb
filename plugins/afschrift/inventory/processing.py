"""The models of a purpose's and a column's processing: the fields of the information sheet."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from afschrift.inventory.base import Part, Text


class Retention(Part):
    """How long data for a purpose are kept: an ISO 8601 period from an event, or what decides it (R75).

    Attributes:
        period: such as `P2Y`. Another text loads, but an access request stops at it.
        criterion: what decides the time if no period can be named (Art. 15(1)(d)), as a clause: "as long as
            your account is open". It is used without the other words.
        from_: `table.column` of the source whose value, the latest of the person's rows, starts the period.
        withdrawal: the period starts on the day on which the person withdrew the purpose's consent.
        trigger: the event in words that follow the period: "after you close your account".
        why: why data are kept that long, in a sentence: where consent is gone, with its article.
    """

    period: str | None = None
    from_: str | None = Field(None, alias="from")
    withdrawal: bool = False
    trigger: Text | None = None
    criterion: Text | None = None
    why: Text | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.period is None) == (self.criterion is None):
            raise ValueError("give `period`, or `criterion` if no period can be named")
        if self.criterion is not None and (self.from_ or self.trigger):
            raise ValueError("`from` and `trigger` belong to `period`; a criterion needs neither")
        return self


def bare_period(value: Any) -> Any:
    """Read a bare text as a period."""
    return {"period": value} if isinstance(value, str) else value


Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""


class CountryOf(Part):
    """The table that holds a recipient's country, in the row whose `name` is the recipient's.

    Attributes:
        table: of the source.
        name: its column with the recipient's name.
        country: its column with the recipient's country.
    """

    table: str
    name: str
    country: str


class OnlyFor(Part):
    """Whom a purpose or a recipient concerns: people with one of some values in a column of their rows.

    Attributes:
        column: `table.column` of the source.
        values: of it, as text.
    """

    column: str
    values: Annotated[tuple[str, ...], Field(min_length=1)]


class Recipient(Part):
    """Who receives data for a purpose (Art. 15(1)(c), R74).

    Attributes:
        why: why no name can be given, with `group`.
        name: of a recipient of all data of the purpose.
        from_: `table.column` of the source that names the recipients of this person's data, in their own
            rows.
        group: category of recipients, if no name can be given; `why` gives the reason.
        country: of the recipient.
        does: what they do with the data, or why they get them.
        tables: they get data of these tables only; empty: of all that the purpose uses.
        only: the people whose data they get; absent: all.
    """

    name: str | None = None
    from_: str | None = Field(None, alias="from")
    group: Text | None = None
    why: Text | None = None
    country: Country | CountryOf | None = None
    does: Text | None = None
    tables: tuple[str, ...] = ()
    only: OnlyFor | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.name, self.from_, self.group)) != 1:
            raise ValueError("give one of `name`, `from` and `group`")
        if isinstance(self.country, CountryOf) and self.from_ is None:
            raise ValueError("a country from a table needs `from`")
        return self

    @property
    def read(self) -> tuple[tuple[str, str], ...]:
        """Word -> `table.column` that is read for it."""
        found = [("from", self.from_)] if self.from_ else []
        if isinstance(self.country, CountryOf):
            of = self.country
            found += [("country", f"{of.table}.{column}") for column in (of.name, of.country)]
        return (*found, ("only", self.only.column)) if self.only else tuple(found)


class Transfer(Part):
    """The safeguard for recipients in a country outside the European Economic Area (Art. 15(2)).

    Attributes:
        country: outside the European Economic Area.
        safeguard: that allows the transfer (Art. 46), in words.
    """

    country: Country
    safeguard: Text | None = None


class DecisionException(StrEnum):
    """Why a decision without a person is permitted (Art. 22(2)): points (a), (b) and (c)."""

    CONTRACT = "contract"
    LAW = "law"
    CONSENT = "consent"


class AutomatedDecision(Part):
    """A decision by automated means that significantly affects the person (Art. 15(1)(h), Art. 22, R76).

    Attributes:
        logic: which data are used, how, and with which weight: the procedure and principles as applied.
        significance: why it matters.
        consequences: what may follow for the person.
        exception: of Art. 22(2) that permits it.
        outcome: `table.column` with the outcome; `codes` or `ranges` of the column say what it means.
        inputs: `table.column`, or `source.table.column`, of each value of the person that counted
            (C-203/22): the sheet says the person's own.
        at: `table.column` with the day of the decision; the newest of several is explained.
        change: what another input would have changed, where the rule says so.
    """

    logic: Text | None = None
    significance: Text | None = None
    consequences: Text | None = None
    exception: DecisionException | None = None
    outcome: str | None = None
    inputs: tuple[str, ...] = ()
    at: str | None = None
    change: Text | None = None

    @property
    def texts(self) -> dict[str, Text | None]:
        """The words that every such decision needs."""
        return {word: getattr(self, word) for word in ("logic", "significance", "consequences")}


class DataSource(Part):
    """The source of data that are not from the person (Art. 15(1)(g)).

    Attributes:
        name: of the source, in words.
        from_: column of the same table that names it in the person's rows.
        how: how the data were obtained.
        contact: how the person reaches it; with `from`, for each name in the column.
    """

    name: Text | None = None
    from_: str | None = Field(None, alias="from")
    how: Text | None = None
    contact: str | dict[str, str] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.name is None) == (self.from_ is None):
            raise ValueError("give one of `name` and `from`")
        return self

    def contacts(self, names: Sequence[str]) -> tuple[str, ...]:
        """How the person reaches the sources with these names, as far as the map says it."""
        if isinstance(self.contact, dict):
            return tuple(self.contact[name] for name in names if name in self.contact)
        return (self.contact,) if self.contact else ()
