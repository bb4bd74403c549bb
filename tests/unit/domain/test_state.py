from __future__ import annotations

import pytest

from afschrift.domain.state import DPV, MOVES, OWN, State, may_move
from afschrift.law.clock.status import REFUSAL_GROUNDS, Justification, StatusTerm

GDPR = "https://w3id.org/dpv/legal/eu/gdpr#"
CLOSED = {State.DELIVERED, State.REFUSED, State.WITHDRAWN, State.MERGED, State.NOT_RECEIVED}


def reachable(start: State) -> set[State]:
    found, edge = {start}, {start}
    while edge:
        edge = {to for now in edge for to in MOVES[now]} - found
        found |= edge
    return found


def test_every_state_is_reached_from_received() -> None:
    assert reachable(State.RECEIVED) == set(State) == MOVES.keys()


def test_closed_states_have_no_exit_and_every_open_one_can_be_closed() -> None:
    for state in State:
        assert state.open is (state not in CLOSED)
        assert bool(MOVES[state]) is state.open
        assert reachable(state) & CLOSED


def test_no_way_leads_back_to_intake_and_only_what_was_accepted_is_delivered() -> None:
    for to in MOVES.values():
        assert State.RECEIVED not in to
    assert [state for state in State if State.ACKNOWLEDGED in MOVES[state]] == [State.RECEIVED]
    assert [state for state in State if State.DELIVERED in MOVES[state]] == [State.ACCEPTED]


@pytest.mark.parametrize("now", State)
def test_staying_is_always_allowed_and_so_is_what_the_table_holds_alone(now: State) -> None:
    assert [to for to in State if may_move(now, to)] == [to for to in State if to is now or to in MOVES[now]]


@pytest.mark.parametrize(
    ("status", "term", "ground"),
    [
        (State.RECEIVED, "RequestInitiated", None),
        (State.ACKNOWLEDGED, "RequestAcknowledged", None),
        (StatusTerm.WAITING_FOR_IDENTITY, "RequestRequiresAction", "JustificationA12IdentityRequired"),
        (
            StatusTerm.WAITING_FOR_SPECIFICATION,
            "RequestRequiresAction",
            "JustificationA12InformationRequired",
        ),
        (StatusTerm.ANSWER_RECEIVED, "RequestRequiredActionPerformed", None),
        (StatusTerm.EXTENDED, "RequestActionDelayed", "JustificationA12Complexity"),
        (State.ACCEPTED, "RequestAccepted", None),
        (State.DELIVERED, "RequestFulfilled", None),
        (State.REFUSED, "RequestUnfulfilled", None),
        (StatusTerm.STATUS_ASKED, "RequestStatusQuery", None),
    ],
)
def test_what_dpv_has_a_term_for_bears_it(status: State | StatusTerm, term: str, ground: str | None) -> None:
    assert status.iri == status.broader == DPV + term
    found = status.justification if isinstance(status, StatusTerm) else None
    assert (found and found.iri) == (ground and GDPR + ground)


def test_a_refusal_is_rejected_and_then_unfulfilled_on_a_ground_of_its_own() -> None:
    assert State.REFUSED.passed == (DPV + "RequestRejected", DPV + "RequestUnfulfilled")
    assert State.ACCEPTED.passed == (DPV + "RequestAccepted",)
    names = [ground.iri.partition("#")[2].removeprefix("JustificationA12") for ground in REFUSAL_GROUNDS]
    assert names == [
        "ManifestlyUnfounded",
        "ManifestlyExcessive",
        "MaliciousIntent",
        "IdentityFailure",
        "ThirdPartyRightsImpaired",
        "LegallyExempted",
    ]
    assert {ground.iri for ground in Justification} >= {ground.iri for ground in REFUSAL_GROUNDS}
    assert not any("HighVolume" in ground.iri for ground in Justification)


@pytest.mark.parametrize(
    "status",
    [
        State.NOTHING_HELD,
        State.NOTHING_PORTABLE,
        State.WITHDRAWN,
        State.MERGED,
        State.NOT_RECEIVED,
        StatusTerm.SUSPENDED,
        StatusTerm.FEE_PROPOSED,
        StatusTerm.PARTLY_FULFILLED,
    ],
)
def test_what_dpv_has_no_term_for_is_ours_and_says_what_stands_above(status: State | StatusTerm) -> None:
    assert status.iri == OWN + status.value
    assert status.broader.startswith(DPV + "Request")
    assert not status.iri.startswith(DPV)


def test_no_two_states_share_a_term() -> None:
    assert len({state.iri for state in State}) == len(State)
