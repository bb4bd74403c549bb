"""Every ground x right x form has the outcome that `grounds_outcomes.csv` lists, and it lists nothing else."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.support.data import document, lines
from tests.support.ground_forms import (
    EARLIER,
    FACTS,
    GROUNDS,
    combos,
    complete,
    facts,
    forms,
    joined,
    outcome_of,
    outcomes_of,
    verdict,
)

from afschrift.casework.decision.require_decision import RULES_OF_GROUND
from afschrift.domain.right import Right
from afschrift.law.clock.suspension import REASONS
from afschrift.law.ground_check import Accepted, RequestFacts, TurnedDown, check_ground, takes
from afschrift.law.grounds import FieldStorage, FourEyes, Outcome
from afschrift.law.roles import MAY, Role
from afschrift.letters.elements import COSTS, WAYS
from afschrift.letters.elements import GROUNDS as LETTER_GROUNDS
from afschrift.letters.kinds import KINDS

OUTCOMES = lines(__file__, "grounds_outcomes.csv")
ROWS = {(r["code"], r["outcome"], r["right"], r["form"]): r for r in OUTCOMES}
REFUSED = document(__file__, "grounds_refused.yml")


def test_the_table_is_complete_and_holds_nothing_else() -> None:
    assert list(ROWS) == [(code, str(o), right.value, form) for code, o, right, form in combos(GROUNDS)]


@pytest.mark.parametrize("row", ROWS, ids="-".join)
def test_the_listed_outcome(row: tuple[str, str, str, str]) -> None:
    code, outcome, right, form = row
    found = {
        outcome_of(verdict(code, row, Right(right), filled))
        for row in outcomes_of(outcome)
        for filled in forms(code, row, form)
    }
    assert joined(found) == (ROWS[row]["expected"], ROWS[row]["rule"], ROWS[row]["letter"])


def test_refusal_names_a_remedy_and_repeats_nothing() -> None:
    for code, outcome, right, form in combos(GROUNDS):
        for row in outcomes_of(outcome):
            for filled in forms(code, row, form):
                found = verdict(code, row, right, {**filled, "kwikstaart": "Jan de Vries"})
                assert isinstance(found, TurnedDown)
                assert found.instead and found.because
                assert "kwikstaart" not in repr(found)


def decide(code: str, outcome: Outcome, known: RequestFacts = FACTS, **given: Any) -> Accepted | TurnedDown:
    """On an access request unless the ground is for the other one; a field given as None is left out."""
    ground = GROUNDS.grounds[code]
    form = complete(code, outcome, first_request=known.first_request) | given
    filled = {name: value for name, value in form.items() if value is not None}
    return check_ground(GROUNDS, outcome, code, ground.rights[0], filled, [Role.OFFICER], known)


def turned_down(found: Accepted | TurnedDown) -> tuple[str, list[str]]:
    assert isinstance(found, TurnedDown), found
    return found.rule, list(found.fields)


def test_after_a_year_a_request_is_a_first_one() -> None:
    for ended, first in ((date(2025, 1, 20), True), (date(2025, 1, 21), False), (None, True)):
        assert replace(FACTS, earlier={EARLIER: ended}).first_request is first


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row['code']}-{row['rule']}")
def test_a_value_that_cannot_be(row: dict[str, Any]) -> None:
    code, outcome = row["code"], Outcome(row["outcome"])
    known = facts(code, outcome)
    assert isinstance(decide(code, outcome, known), Accepted)
    found = decide(code, outcome, replace(known, **row.get("known", {})), **row.get("given", {}))
    assert turned_down(found) == (row["rule"], [row["field"]] if "field" in row else [])


@pytest.mark.parametrize("code", ["rights_of_others", "trade_secret", "outside_portability"])
def test_all_columns_of_all_tables_are_the_whole(code: str) -> None:
    """R31: whether tables are named, or each of their columns, in one decision or in several."""
    columns = {"shop.ticket.body", "shop.ticket.title", "shop.orders.price"}
    known = replace(FACTS, columns=frozenset(columns))
    for places in (sorted(columns), ["shop.ticket.body", "shop.ticket.title", "shop.orders"]):
        assert turned_down(decide(code, Outcome.REFUSE_PART, known, places=places))[1] == ["places"]
        assert isinstance(decide(code, Outcome.REFUSE_PART, known, places=places[1:]), Accepted)
        rest = replace(known, withheld=frozenset(places[:1]))
        assert turned_down(decide(code, Outcome.REFUSE_PART, rest, places=places[1:]))[1] == ["places"]


def test_each_ground_of_a_part_gives_the_plan_its_own_rules() -> None:
    parts = {Outcome.REFUSE_PART, Outcome.RESTRICT}
    narrowing = {code for code, ground in GROUNDS.grounds.items() if parts & ground.outcomes.keys()}
    assert narrowing == RULES_OF_GROUND.keys()


def test_merge_needs_an_open_and_charge_a_closed_request() -> None:
    open_ = replace(FACTS, earlier={EARLIER: None})
    assert isinstance(decide("overlap", Outcome.MERGE, open_), Accepted)
    assert turned_down(decide("overlap", Outcome.MERGE)) == ("R55", ["earlier"])


def test_values_that_are_enough() -> None:
    first, unidentified = (
        replace(FACTS, earlier={}),
        replace(facts("no_mandate", Outcome.REFUSE), identified=False),
    )
    assert isinstance(decide("no_mandate", Outcome.REFUSE, unidentified), Accepted)
    assert isinstance(decide("manifestly_excessive", Outcome.REFUSE, first), Accepted)
    again = decide("manifestly_excessive", Outcome.REFUSE, advantage=None, evidence=None)
    assert isinstance(again, Accepted)
    quote = "«Alleen\n mijn bestellingen»"  # may lose its line breaks and marks
    assert isinstance(decide("persons_wish", Outcome.REFUSE_PART, quote=quote), Accepted)


def test_a_hidden_restriction_has_no_letter() -> None:
    found = decide(
        "restriction", Outcome.RESTRICT, existence="hidden", refused=None, given=None, reasons=None
    )
    assert isinstance(found, Accepted)
    assert (found.letter, found.second_signer) == (None, True)


def test_to_fulfil_takes_no_ground_and_all_else_takes_one() -> None:
    free = verdict(None, Outcome.FULFIL, Right.ACCESS, {})
    assert isinstance(free, Accepted)
    assert (free.letter, free.second_signer) == (None, False)
    assert isinstance(verdict("complexity", Outcome.FULFIL, Right.ACCESS, {}), TurnedDown)
    for outcome in Outcome:
        for code in (None, "other"):
            if (outcome, code) != (Outcome.FULFIL, None):
                found = verdict(code, outcome, Right.ACCESS, {})
                assert isinstance(found, TurnedDown)


def test_who_signs() -> None:
    """An officer signs first, a second signer completes, and no other role signs."""
    for code, ground in GROUNDS.grounds.items():
        outcome, right = next(iter(ground.outcomes)), ground.rights[0]
        form = complete(code, outcome)
        both = verdict(code, outcome, right, form, Role.OFFICER, Role.SECOND_SIGNER)
        assert isinstance(both, Accepted)
        assert not both.second_signer
        alone = ((Role.DPO,), (Role.INTAKE,), (Role.SECOND_SIGNER,))
        for wrong in (*alone, (Role.OFFICER, Role.DPO), (Role.OFFICER, Role.OFFICER)):
            assert isinstance(verdict(code, outcome, right, form, *wrong), TurnedDown), (code, wrong)


def test_refusal_fee_and_restriction_take_two() -> None:
    ground = replace(GROUNDS.grounds["complexity"], four_eyes=FourEyes.FIRST_REQUEST)
    assert ground.two(first_request=True)
    assert not ground.two(first_request=False)
    two = {Outcome.REFUSE, Outcome.CHARGE, Outcome.RESTRICT}
    for code, ground in GROUNDS.grounds.items():
        if two & set(ground.outcomes) or (Outcome.REFUSE_PART in ground.outcomes and code != "persons_wish"):
            assert ground.four_eyes is FourEyes.ALWAYS, code
            assert "dpo_advice" in ground.fields, code
        for role in ground.signers:
            assert role in MAY and role not in (Role.DPO, Role.AUDITOR)


def test_a_form_gives_all_that_its_letter_says() -> None:
    for code, ground in GROUNDS.grounds.items():
        for outcome, kind in ground.outcomes.items():
            if kind is None:
                continue
            letter = KINDS[kind]
            wanted = {e.name for e in letter.asked if e.name in letter.required} - {"ground"}
            required = ground.required(outcome, first_request=False, form={"existence": "open"})
            assert wanted <= required.keys(), (code, kind)
            assert "ground" not in letter.required or ground.letter_ground in LETTER_GROUNDS, code
            assert {"to", "name"} <= set(ground.fields), code


def test_codes_are_those_of_the_clock_and_the_letters() -> None:
    fields = GROUNDS.fields
    assert tuple(fields["complexity"].schema["items"]["enum"]) == REASONS
    assert set(fields["costs"].schema["propertyNames"]["enum"]) == set(COSTS)
    assert set(WAYS) <= set(fields["asked"].schema["items"]["enum"])


def test_only_words_are_kept_encrypted_and_all_words_are() -> None:
    for name, field in GROUNDS.fields.items():
        free = field.schema.get("maxLength") or field.schema.get("items", {}).get("maxLength")
        assert (field.kept is FieldStorage.CASE_FILE) == bool(free), name
        assert takes(field.schema)
