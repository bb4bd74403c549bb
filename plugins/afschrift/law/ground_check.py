"""Checks a decision: its ground, right, form and signers, and what is known of the request.

Pure: nothing is read or written. A refusal names the rule and the remedy. Choices that the law rules out are
checked first, then the form of each field, then values that contradict the register.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import jsonschema_rs

from afschrift.domain.right import Right
from afschrift.law.grounds import Ground, GroundField, Grounds, OnlyWhile, Outcome
from afschrift.law.roles import Role

_YEAR = timedelta(days=365)
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True)
class RequestFacts:
    """What the register knows of the request that a decision is about.

    Attributes:
        today: local date where the controller must act.
        identified: the identity is confirmed.
        lacks_mandate: a representative asks, whose authority is not proven (R15, R16).
        earlier: earlier requests of the same person -> local date on which each ended; None: still open.
        last_day: the last day for an answer now; None: the clock is suspended.
        longest_day: the last day with an extension.
        tables: `source.table` of all personal tables; None: not known, so places are not checked.
        columns: likewise, `source.table.column`.
        systems: that people search; only a hidden restriction may name one.
        evasive: sources and systems of which the answer does not say whether nothing is held (R09).
        withheld: places that other decisions in force leave out.
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
    evasive: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    wrote: Sequence[str] = field(default=(), repr=False)

    @property
    def first_request(self) -> bool:
        """Whether no request was answered in the last year: a year is never too short an interval (R50)."""
        ended = [day for day in self.earlier.values() if day is not None]
        return not any(self.today - day < _YEAR for day in ended)


def fits(entry: GroundField, value: Any) -> bool:
    """Whether a value is valid for a field."""
    return bool(jsonschema_rs.validator_for(dict(entry.schema), validate_formats=True).is_valid(value))


def cannot_be(outcome: Outcome, form: Mapping[str, Any], facts: RequestFacts) -> Iterator[tuple[str, str]]:
    """Fields whose valid values contradict the register, each with what is wrong."""
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
        yield "quote", "is in nothing that the person wrote (R24); quote it word for word"


def quoted(quote: str, wrote: Sequence[str]) -> bool:
    """Whether the person wrote these words, regardless of spacing and case."""
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
        words = "are in no inventory; write source.table or source.table.column"
        yield "places", f"{len(unknown)} of them {words}"
    elif form.get("existence") == "hidden" and (plain := sources_of(form["places"]) - facts.evasive):
        yield (
            "existence",
            f"takes open: this answer says plainly what is not held on {', '.join(sorted(plain))} (R09). For "
            "requests received later, two people set the evasive words: `afschrift grounds evasive SOURCE`; "
            "where the provision forbids to restrict it openly, ask the data protection officer",
        )
    elif outcome is Outcome.REFUSE_PART and not _given({*form["places"], *facts.withheld}, facts):
        yield "places", "are all that there is, with other decisions: that would refuse the whole (R31)"


def sources_of(places: Iterable[str]) -> set[str]:
    """The sources of tables and columns, and systems themselves."""
    return {place.partition(".")[0] for place in places}


def _given(places: Collection[str], facts: RequestFacts) -> frozenset[str]:
    """The tables of which something is left: neither the table nor each of its columns is named."""
    columns = {column.rpartition(".")[0] for column in facts.columns}
    left = {column.rpartition(".")[0] for column in facts.columns.difference(places)}
    return (facts.tables or frozenset()).difference(places, columns - left)


def _day(form: Mapping[str, Any], name: str) -> date | None:
    return date.fromisoformat(form[name]) if name in form else None


def _same(text: str) -> str:
    """The words of a text, without line breaks and punctuation."""
    return " ".join(_WORDS.findall(text.casefold()))


def takes(schema: Mapping[str, Any]) -> str:
    """A description of the values that the field with this JSON Schema takes."""
    names, values, items = (schema.get(n, {}) for n in ("propertyNames", "additionalProperties", "items"))
    if "const" in schema:
        return str(schema["const"]).lower()
    if "enum" in schema:
        more = f"; {schema['description']}" if "description" in schema else ""
        return " | ".join(map(str, schema["enum"])) + more
    if schema.get("type") == "array":
        return f"a list of {' | '.join(items['enum'])}" if "enum" in items else "a list"
    if schema.get("type") == "object":
        left = " | ".join(names.get("enum", ())) or "name"
        return f"{left}: {' | '.join(values.get('enum', ())) or 'amount in euro as 3.50'}"
    if schema.get("format") == "date":
        return "a date as 2026-11-25"
    if kind := {"boolean": "true | false", "integer": "a number"}.get(schema.get("type", "")):
        return kind
    if "maxLength" not in schema:
        return "a code"
    longest = schema["maxLength"]
    return f"{'a text' if longest > 200 else 'a line'} of up to {longest} characters"


@dataclass(frozen=True)
class Accepted:
    """A valid decision.

    Attributes:
        ground: None: `fulfil` needs none.
        letter: kind of the letter that must be sent.
        second_signer: it counts only after another person signed too.
    """

    ground: Ground | None
    letter: str | None
    rules: tuple[str, ...]
    second_signer: bool = False


@dataclass(frozen=True)
class TurnedDown:
    """A decision that is refused.

    Attributes:
        rule: that refuses it.
        because: the reason, a clause.
        instead: the remedy.
        fields: name of a field -> what is wrong with it; never repeats a value.
    """

    rule: str
    because: str
    instead: str
    fields: Mapping[str, str] = field(default_factory=dict)


def check_ground(
    grounds: Grounds,
    outcome: Outcome,
    code: str | None,
    right: Right,
    form: Mapping[str, Any],
    signers: Sequence[Role],
    facts: RequestFacts,
) -> Accepted | TurnedDown:
    """Check a decision against its ground.

    Args:
        grounds: the table.
        outcome: what is decided.
        code: of the ground; None for `fulfil`.
        right: of the request.
        form: name of a field -> value as JSON has it.
        signers: roles in which it was signed so far, the one who decided first.
        facts: of the request.
    """
    if outcome is Outcome.FULFIL:
        return _fulfil(code, form)
    never = grounds.never.get(code or "")
    if never is not None:
        return TurnedDown(never.rules[0], f"{code} is no ground: {never.because}", never.instead)
    offered = grounds.offered(outcome, right)
    ground = grounds.grounds.get(code or "")
    if ground is None:
        return TurnedDown(
            "R48", "a decision other than to fulfil names its ground", _choose(outcome, offered)
        )
    refused = _fits(ground, outcome, right, facts, offered) or _form(grounds, ground, outcome, form, facts)
    if refused is not None:
        return refused
    two = ground.two(first_request=facts.first_request)
    if not _signed(ground, signers):
        return TurnedDown(
            ground.rules[0],
            f"a decision on {ground.code} is taken by {' or '.join(ground.signers)}"
            + (" and signed by second_signer" if two else ""),
            "ask a person who has the role",
        )
    return Accepted(ground, ground.letter(outcome, form), ground.rules, two and len(signers) < 2)


def _signed(ground: Ground, signers: Sequence[Role]) -> bool:
    first, others = signers[:1], signers[1:]
    return bool(first) and first[0] in ground.signers and all(r is Role.SECOND_SIGNER for r in others)


def _fulfil(code: str | None, form: Mapping[str, Any]) -> Accepted | TurnedDown:
    if code is not None or form:
        return TurnedDown("R37", "to fulfil takes no ground and no form", "leave them out")
    return Accepted(None, None, ("R37",))


def _choose(outcome: Outcome, offered: Sequence[str]) -> str:
    return f"for {outcome} choose {' | '.join(offered)}" if offered else "choose another outcome"


def _fits(
    ground: Ground, outcome: Outcome, right: Right, facts: RequestFacts, offered: Sequence[str]
) -> TurnedDown | None:
    """Check the ground against right and outcome, and against what is known of the person."""
    for never in ground.turned_down:
        if never.right in (None, right) and never.outcome in (None, outcome):
            return TurnedDown(never.rule, never.because, never.instead)
    if right not in ground.rights:
        only = " and ".join(ground.rights)
        return TurnedDown(ground.rules[0], f"{ground.code} holds for {only} alone", _choose(outcome, offered))
    if outcome not in ground.outcomes:
        return TurnedDown(
            ground.rules[0],
            f"{ground.code} does not lead to {outcome}",
            f"choose {' | '.join(ground.outcomes)} on it; {_choose(outcome, offered)}",
        )
    if ground.only is OnlyWhile.UNIDENTIFIED and facts.identified:
        return TurnedDown(
            "R10",
            "the identity is confirmed, so there is nothing to doubt",
            "where a doubt arose since, answer the question of identity with not_confirmed first",
        )
    if ground.only is OnlyWhile.WITHOUT_MANDATE and not facts.lacks_mandate:
        return TurnedDown(
            "R15",
            "no one asks for the person without authority: they ask themselves, or a mandate is in force",
            "where it was taken back, enter that first: `afschrift request mandate-withdrawn`",
        )
    return None


def _form(
    grounds: Grounds, ground: Ground, outcome: Outcome, form: Mapping[str, Any], facts: RequestFacts
) -> TurnedDown | None:
    """Check the form: codes refused by name, then missing or invalid fields, then the register."""
    known = {name: grounds.fields[name] for name in ground.fields}
    for name, value in form.items():
        ruled_out = known[name].turned_down if name in known else {}
        found = next((never for code, never in ruled_out.items() if code in _codes(value)), None)
        if found is not None:
            return TurnedDown(found.rule, found.because, found.instead, {name: found.because})
    required = ground.required(outcome, first_request=facts.first_request, form=form)
    faults: dict[str, str] = {}
    if unknown := len(form.keys() - known.keys()):
        faults["form"] = f"{unknown} field(s) that {ground.code} does not have; it has {', '.join(known)}"
    rule = ground.rules[0]
    for name, entry in known.items():
        if form.get(name) in (None, "", [], {}):
            if name in required:
                faults[name] = f"is missing; it takes {takes(entry.schema)}"
                rule = required[name] if len(faults) == 1 else rule
        elif not fits(entry, form[name]):
            faults[name] = f"takes {takes(entry.schema)}"
    provision = grounds.provisions.get(form.get("provision", ""))
    if not faults and provision and provision.hidden and form.get("existence") != "hidden":
        faults["existence"] = (
            "is hidden under this provision, which forbids to say even that something exists"
        )
    faults = faults or dict(cannot_be(outcome, form, facts))
    if not faults:
        return None
    if "quote" in faults:
        rule = "R24"
    because = f"the form of {ground.code} is not filled in right"
    return TurnedDown(rule, because, f"`afschrift grounds show {ground.code}` shows it", faults)


def _codes(value: Any) -> set[str]:
    """The codes in a value: itself, its items, or the names of its parts."""
    if isinstance(value, str):
        return {value}
    return {c for c in value if isinstance(c, str)} if isinstance(value, (list, tuple, dict)) else set()
