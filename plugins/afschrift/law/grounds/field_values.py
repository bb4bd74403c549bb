"""What a field of a form takes, and values that the register knows better. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import jsonschema_rs

from afschrift.law.grounds.grounds import GroundField, Outcome

_YEAR = timedelta(days=365)
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True)
class RequestFacts:
    """What the register knows of the request that a decision is about.

    Attributes:
        today: local date where the controller must act.
        identified: the identity is confirmed.
        lacks_mandate: somebody asks for the person, and their authority is not proven (R15, R16).
        earlier: earlier requests of the same person -> local date on which each ended; None: still open.
        last_day: the last day for an answer as it stands; None: the clock stands still.
        longest_day: the same with an extension.
        tables: `source.table` of all that is personal; None: not known, so places are not looked up.
        columns: `source.table.column` likewise.
        systems: that people search; a hidden restriction alone may name one.
        wrote: what the person wrote.
    """

    today: date
    identified: bool = True
    lacks_mandate: bool = False
    earlier: Mapping[str, date | None] = field(default_factory=dict)
    last_day: date | None = None
    longest_day: date | None = None
    tables: frozenset[str] | None = None
    columns: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    wrote: Sequence[str] = field(default=(), repr=False)

    @property
    def first_request(self) -> bool:
        """None was answered in the last year: one year is never too short an interval (R50)."""
        ended = [day for day in self.earlier.values() if day is not None]
        return not any(self.today - day < _YEAR for day in ended)


def fits(one: GroundField, value: Any) -> bool:
    """Whether a value does for a field."""
    return bool(jsonschema_rs.validator_for(dict(one.schema), validate_formats=True).is_valid(value))


def cannot_be(outcome: Outcome, form: Mapping[str, Any], facts: RequestFacts) -> Iterator[tuple[str, str]]:
    """Values of the right shape that the register knows better."""
    day = _day(form, "needed_until")
    if day is not None and facts.longest_day is not None and day > facts.longest_day:
        yield "needed_until", f"lies after {facts.longest_day}, the last day that the law allows (R39)"
    if day is not None and facts.last_day is not None and day <= facts.last_day:
        yield "needed_until", f"lies within the first month, until {facts.last_day}: no extension is needed"
    day = _day(form, "review_on")
    if day is not None and day <= facts.today:
        yield "review_on", "takes a day to come (R84)"
    day = _day(form, "asked_on")
    if day is not None and day > facts.today:
        yield "asked_on", "lies in the future"
    yield from _earlier(outcome, form, facts)
    yield from _locations(outcome, form, facts)
    if "quote" in form and not quoted(form["quote"], facts.wrote):
        yield "quote", "stands in nothing that the person wrote (R24); quote it word for word"


def quoted(quote: str, wrote: Sequence[str]) -> bool:
    """Whether words stand in what the person wrote, whatever their spacing and case."""
    return any(_same(quote) in _same(text) for text in wrote)


def _earlier(outcome: Outcome, form: Mapping[str, Any], facts: RequestFacts) -> Iterator[tuple[str, str]]:
    if "earlier" not in form:
        return
    if form["earlier"] not in facts.earlier:
        yield "earlier", "is no earlier request of this person"
    elif outcome is Outcome.MERGE and facts.earlier[form["earlier"]] is not None:
        yield "earlier", "is closed; only one that is open can take this one in (R55)"
    elif outcome is Outcome.CHARGE and facts.earlier[form["earlier"]] is None:
        yield "earlier", "is still open, so this is no further copy of it (R53)"


def _locations(outcome: Outcome, form: Mapping[str, Any], facts: RequestFacts) -> Iterator[tuple[str, str]]:
    if "places" not in form or facts.tables is None:
        return
    systems = facts.systems if form.get("existence") == "hidden" else frozenset()
    known = facts.tables | facts.columns | systems
    if unknown := [p for p in form["places"] if p not in known]:
        words = "stand in no inventory; write source.table or source.table.column"
        yield "places", f"{len(unknown)} of them {words}"
    elif outcome is Outcome.REFUSE_PART and facts.tables <= set(form["places"]):
        yield "places", "are all that there is: that would refuse the whole (R31)"


def _day(form: Mapping[str, Any], name: str) -> date | None:
    return date.fromisoformat(form[name]) if name in form else None


def _same(text: str) -> str:
    """Words alone, so that line breaks and quotation marks make no difference."""
    return " ".join(_WORDS.findall(text.casefold()))


def takes(one: GroundField) -> str:
    """What a field takes, in words."""
    schema = one.schema
    names, values, items = (schema.get(n, {}) for n in ("propertyNames", "additionalProperties", "items"))
    if "const" in schema:
        return str(schema["const"]).lower()
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"a list of {' | '.join(items['enum'])}" if "enum" in items else "a list"
    if schema.get("type") == "object":
        left = " | ".join(names.get("enum", ())) or "name"
        return f"{left}: {' | '.join(values.get('enum', ())) or 'amount in euro as 3.50'}"
    if schema.get("format") == "date":
        return "a date as 2026-11-25"
    if "maxLength" not in schema:
        return "a code"
    longest = schema["maxLength"]
    return f"{'a text' if longest > 200 else 'a line'} of up to {longest} characters"
