"""The scope matrix, case by case, and what must hold for every column there could be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.data import lines

from afschrift.domain.decision import (
    About,
    Action,
    ColumnFacts,
    ConsentState,
    Policy,
    Protect,
    PurposeFacts,
    ThirdParty,
    decide,
)
from afschrift.domain.right import Right
from afschrift.domain.vocabulary import BASES, PORTABLE, SPECIAL_CONDITIONS, Origin

CASES = lines(__file__, "columns.csv")


def facts_of(row: dict[str, str]) -> ColumnFacts:
    consent = ConsentState(row["consent"]) if row["consent"] else None
    purposes = tuple(
        PurposeFacts(f"p{number}", basis, special or None, consent=consent)
        for number, text in enumerate(filter(None, row["bases"].split("|")))
        for basis, _, special in [text.partition("+")]
    )
    return ColumnFacts(
        origin=Origin(row["origin"]) if row["origin"] not in ("", "mixed") else None,
        purposes=purposes,
        automated=row["automated"] != "no",
        about=About(row["about"] or "subject"),
        third_party=ThirdParty(row["third_party"]) if row["third_party"] else None,
        protect=Protect(row["protect"]) if row["protect"] else None,
        join_key=row["join_key"] == "yes",
        mixed=row["origin"] == "mixed",
    )


@pytest.mark.parametrize("row", CASES, ids=[f"{r['case']}-{r['column']}" for r in CASES])
@pytest.mark.parametrize("right", list(Right))
def test_case(row: dict[str, str], right: Right) -> None:
    decision = decide(right, facts_of(row), Policy())
    assert str(decision.action) == row[str(right)]
    assert decision.rules


purposes = st.builds(
    PurposeFacts,
    id=st.just("p"),
    basis=st.sampled_from(BASES),
    special=st.none() | st.sampled_from(SPECIAL_CONDITIONS),
    public_task=st.booleans(),
    consent=st.none() | st.sampled_from(ConsentState),
)
facts = st.builds(
    ColumnFacts,
    origin=st.none() | st.sampled_from(Origin),
    purposes=st.lists(purposes, max_size=3).map(tuple),
    automated=st.booleans(),
    about=st.sampled_from(About),
    third_party=st.none() | st.sampled_from(ThirdParty),
    protect=st.none() | st.sampled_from(Protect),
    join_key=st.booleans(),
    wanted=st.booleans(),
    mixed=st.booleans(),
)


@given(facts, st.builds(Policy, st.booleans(), st.booleans(), st.booleans()))
def test_laws(column: ColumnFacts, policy: Policy) -> None:
    portability = decide(Right.PORTABILITY, column, policy)
    access = decide(Right.ACCESS, column, policy)
    if portability.selected:
        # Art. 20 never gives more than Art. 15.
        assert access.selected or access.action is Action.ASK
        assert column.origin is not None
        joins = column.origin is Origin.ASSIGNED and column.join_key
        assert column.origin.from_the_person or joins or received(column)
        if not joins:
            bases = {code for p in column.purposes for code in (p.basis, p.special)}
            assert bases & PORTABLE or portability.outside_art20
    if column.origin in (Origin.DERIVED, Origin.INFERRED, Origin.THIRD_PARTY) and not received(column):
        assert not portability.selected
    if column.protect is Protect.SECRET:
        assert not portability.selected
        assert not access.selected
    if column.origin is None and column.wanted and column.protect is not Protect.SECRET:
        assert portability.action is Action.ASK
        assert access.action is Action.ASK or column.mixed
    if not column.wanted:
        assert portability.action is access.action is Action.EXCLUDE
    assert portability.rules
    assert access.rules


def received(column: ColumnFacts) -> bool:
    """A message of another to the person, for their own use (R33)."""
    own_use = column.about is About.THIRD_PARTY and column.third_party is ThirdParty.OWN_USE
    return own_use and column.origin is Origin.THIRD_PARTY


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
def test_a_message_that_the_person_received_goes_along(right: Right) -> None:
    message = of_others(Origin.THIRD_PARTY, ThirdParty.OWN_USE)
    decision = decide(right, message, Policy())
    assert (decision.action, decision.reason, "R33" in decision.rules) == (Action.INCLUDE, "own_use", True)


def test_third_party_data_and_messages_without_basis_stay() -> None:
    for column in (
        ColumnFacts(Origin.THIRD_PARTY, CONTRACT),
        ColumnFacts(Origin.DERIVED, CONTRACT, about=About.THIRD_PARTY, third_party=ThirdParty.OWN_USE),
        ColumnFacts(Origin.THIRD_PARTY, INTEREST, about=About.THIRD_PARTY, third_party=ThirdParty.OWN_USE),
    ):
        assert decide(Right.PORTABILITY, column, Policy()).action is Action.EXCLUDE


def test_policy_switches() -> None:
    def portable(column: ColumnFacts, **policy: bool) -> Action:
        return decide(Right.PORTABILITY, column, Policy(**policy)).action

    interest = ColumnFacts(Origin.OBSERVED, INTEREST)
    assert portable(interest) is Action.EXCLUDE
    voluntary = decide(Right.PORTABILITY, interest, Policy(legitimate_interest=True))
    assert (voluntary.action, voluntary.outside_art20, voluntary.rules) == (Action.INCLUDE, True, ("R22",))
    assert portable(ColumnFacts(Origin.ASSIGNED, CONTRACT, join_key=True), join_keys=False) is Action.EXCLUDE
    # It ties rows together, and is still the controller's own.
    assert portable(ColumnFacts(Origin.DERIVED, CONTRACT, join_key=True)) is Action.EXCLUDE
    seen = ColumnFacts(Origin.OBSERVED, CONTRACT)
    assert portable(seen, observed=False) is Action.EXCLUDE
    assert decide(Right.ACCESS, seen, Policy(observed=False)).action is Action.INCLUDE


@pytest.mark.parametrize(
    ("decided", "action"), [(None, Action.ASK), (True, Action.INCLUDE), (False, Action.EXCLUDE)]
)
def test_special_data_on_another_condition_go_as_the_map_decided(
    decided: bool | None, action: Action
) -> None:
    care = PurposeFacts("care", "A6-1-b", "A9-2-h", special_portable=decided)
    facts = ColumnFacts(origin=Origin.PROVIDED, purposes=(care,), protect=Protect.SPECIAL)
    assert decide(Right.PORTABILITY, facts, Policy()).action is action
    assert decide(Right.ACCESS, facts, Policy()).action is Action.INCLUDE, "access gives it in any case"


@pytest.mark.parametrize(("basis", "special"), [("A6-1-a", None), ("A6-1-b", None), ("A6-1-c", "A9-2-a")])
def test_public_task_is_not_portable_on_any_basis(basis: str, special: str | None) -> None:
    task = PurposeFacts("task", basis, special, public_task=True)
    decision = decide(Right.PORTABILITY, ColumnFacts(Origin.PROVIDED, (task,)), Policy())
    assert (decision.action, decision.reason, decision.rules) == (Action.EXCLUDE, "public_task", ("R20",))
    both = ColumnFacts(Origin.PROVIDED, (task, *CONTRACT))
    portable = decide(Right.PORTABILITY, both, Policy())
    assert (portable.action, "R21" in portable.rules) == (Action.INCLUDE, True)
    assert decide(Right.ACCESS, ColumnFacts(Origin.PROVIDED, (task,)), Policy()).action is Action.INCLUDE


CONTRACT, INTEREST = (PurposeFacts("p", "A6-1-b"),), (PurposeFacts("p", "A6-1-f"),)
UNDECIDED = (None, ThirdParty.ASK)


def of_others(origin: Origin, third_party: ThirdParty | None) -> ColumnFacts:
    """A column about another person too, for a contract."""
    return ColumnFacts(origin, CONTRACT, about=About.THIRD_PARTY, third_party=third_party)


@pytest.mark.parametrize("third_party", UNDECIDED)
@pytest.mark.parametrize("origin", [Origin.ASSIGNED, Origin.DERIVED, Origin.INFERRED])
def test_no_question_on_others_data_that_are_excluded(origin: Origin, third_party: ThirdParty | None) -> None:
    """An answer that says to give them would hand over what Art. 20 does not cover."""
    column = of_others(origin, third_party)
    portable = decide(Right.PORTABILITY, column, Policy())
    assert (portable.action, portable.reason) == (Action.EXCLUDE, f"origin_{origin}")
    assert decide(Right.ACCESS, column, Policy()).reason == "others_undecided"


@pytest.mark.parametrize("third_party", UNDECIDED)
@pytest.mark.parametrize("origin", [Origin.PROVIDED, Origin.OBSERVED, Origin.THIRD_PARTY])
def test_question_on_others_data_that_may_be_included(origin: Origin, third_party: ThirdParty | None) -> None:
    column = of_others(origin, third_party)
    for right in Right:
        assert decide(right, column, Policy()).reason == "others_undecided"


@pytest.mark.parametrize("voluntary", [False, True])
@pytest.mark.parametrize(
    ("basis", "action", "reason"),
    [
        ("A6-1-b", Action.INCLUDE, "portable_observed"),  # use of the service is observed (K30)
        ("A6-1-f", Action.EXCLUDE, "basis_not_portable"),
        ("A6-1-c", Action.EXCLUDE, "proof_record"),
    ],
)
def test_proof_is_left_out_on_its_true_ground(
    basis: str, action: Action, reason: str, voluntary: bool
) -> None:
    facts = ColumnFacts(Origin.OBSERVED, (PurposeFacts("p", basis),), protect=Protect.SECURITY_PROOF)
    decision = decide(Right.PORTABILITY, facts, Policy(legitimate_interest=voluntary))
    assert (decision.action, decision.reason) == (action, reason)
    assert decide(Right.ACCESS, facts, Policy()).action is Action.INCLUDE
