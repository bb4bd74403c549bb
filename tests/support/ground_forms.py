"""Forms of grounds for tests: filled in with the table's own examples, one field short, or empty."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from afschrift.domain.right import Right
from afschrift.inventory.law_files import load_grounds
from afschrift.law.ground_check import Accepted, RequestFacts, TurnedDown, check_ground
from afschrift.law.grounds import Grounds, OnlyWhile, Outcome
from afschrift.law.roles import Role

GROUNDS = load_grounds(Path(__file__).parents[2] / "include" / "grounds")
FORMS = ("empty", "one_field_short", "complete")
ANY = "any"
EARLIER = "req-000000000001"
FACTS = RequestFacts(
    today=date(2026, 1, 20),
    earlier={EARLIER: date(2025, 11, 1)},
    last_day=date(2026, 2, 5),
    longest_day=date(2026, 4, 7),
    tables=frozenset({"shop.ticket", "shop.orders"}),
    columns=frozenset({"shop.ticket.body"}),
    evasive=frozenset({"shop"}),
    wrote=("Ik wil graag alleen mijn bestellingen.",),
)
"""A second request within a year, of an identified person."""


def facts(code: str, outcome: Outcome) -> RequestFacts:
    """The facts under which a form with the table's examples can be complete."""
    ground = GROUNDS.grounds.get(code)
    only = ground.only if ground else None
    known = replace(
        FACTS,
        identified=only is not OnlyWhile.UNIDENTIFIED,
        lacks_mandate=only is OnlyWhile.WITHOUT_MANDATE,
    )
    return replace(known, earlier={EARLIER: None}) if outcome is Outcome.MERGE else known


def complete(code: str, outcome: Outcome, *, first_request: bool = False) -> dict[str, Any]:
    ground = GROUNDS.grounds.get(code)
    if ground is None:
        return {}
    given = {name: GROUNDS.fields[name].example for name in ground.fields}
    required = ground.required(outcome, first_request=first_request, form=given)
    return {name: value for name, value in given.items() if name in required}


def in_trail(form: dict[str, Any]) -> dict[str, Any]:
    """The fields of a form that the trail holds."""
    return {name: value for name, value in form.items() if name not in GROUNDS.texts(form)}


def forms(code: str, outcome: Outcome, form: str) -> Iterator[dict[str, Any]]:
    """The forms of a row: one field short is as many as there are fields."""
    whole = complete(code, outcome)
    if form == "complete":
        yield whole
    elif form == "empty" or not whole:
        yield {}
    else:
        for lacking in whole:
            yield {name: value for name, value in whole.items() if name != lacking}


def combos(grounds: Grounds) -> Iterator[tuple[str, str, Right, str]]:
    """Every code x outcome that it leads to, or that people try with it, x right x form.

    A code that exists to be turned down is so for `any` outcome.
    """
    for code in grounds.codes:
        ground = grounds.grounds.get(code)
        outcomes = [ANY]
        if ground:
            outcomes = [*ground.outcomes, *(n.outcome for n in ground.turned_down if n.outcome)]
        for outcome in outcomes:
            for right in Right:
                for form in FORMS:
                    yield code, outcome, right, form


def outcomes_of(row: str) -> list[Outcome]:
    return [o for o in Outcome if o is not Outcome.FULFIL] if row == ANY else [Outcome(row)]


def verdict(
    code: str | None, outcome: Outcome, right: Right, form: dict[str, Any], *signers: Role
) -> Accepted | TurnedDown:
    """What comes of a form that an officer filled in."""
    who = signers or (Role.OFFICER,)
    return check_ground(GROUNDS, outcome, code, right, form, who, facts(code or "", outcome))


def outcome_of(found: Accepted | TurnedDown) -> tuple[str, str, str]:
    """As the table of outcomes writes it: expected, rule, letter."""
    if isinstance(found, TurnedDown):
        return ("turned_down" if not found.fields else "form"), found.rule, ""
    expected = "accepted_second_signer" if found.second_signer else "accepted"
    return expected, found.rules[0], found.letter or "none"


def joined(found: set[tuple[str, str, str]]) -> tuple[str, str, str]:
    """Several outcomes of a row, which may differ in the rule that is named."""
    expected, rules, letters = (sorted({row[i] for row in found}) for i in range(3))
    return " ".join(expected), " ".join(rules), " ".join(letters)


def needed(schema: Mapping[str, Any] | None, choice: str) -> tuple[str, ...]:
    """The fields without which a choice is not complete."""
    rules = (schema or {}).get("allOf", ())
    return tuple(
        name
        for rule in rules
        if rule["if"]["properties"]["choice"]["const"] == choice
        for name in rule["then"]["required"]
    )
