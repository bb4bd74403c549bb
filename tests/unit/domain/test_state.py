import pytest

from afschrift.domain.state import DPV, END_ONCE_INFORMED, OWN, TRANSITIONS, State, StatusTerm, may_move

ANSWERED = {State.DELIVERED, State.ANSWERED_NOTHING_HELD, State.ANSWERED_NOTHING_PORTABLE}
CLOSED = {*ANSWERED, State.REFUSED, State.WITHDRAWN, State.MERGED, State.NOT_RECEIVED, State.PERSON_DECEASED}
BACK = ("fact_letter_bounced", "fact_complaint_ended", "fact_deceased_lifted", "fact_asked_again")


def next_states(now: State, *, but: tuple[str, ...] = ()) -> set[State]:
    return {row.to for row in TRANSITIONS if now in row.states and row.event not in but}


def reachable(start: State) -> set[State]:
    found, edge = {start}, {start}
    while edge:
        edge = {to for now in edge for to in next_states(now, but=BACK)} - found
        found |= edge
    return found


def test_every_state_is_reached_from_received() -> None:
    assert reachable(State.RECEIVED) == set(State)


def test_only_named_facts_leave_an_end() -> None:
    for state in State:
        assert state.open is (state not in CLOSED)
        assert bool(next_states(state, but=BACK)) is state.open
        assert State.NEEDS_PERSON in next_states(state)


def test_open_states_reach_every_answer_and_end_at_once() -> None:
    for state in State:
        if state.open:
            assert reachable(state) >= {*ANSWERED, State.REFUSED, State.WITHDRAWN}
            assert next_states(state) >= {State.REFUSED, State.WITHDRAWN}


def test_person_who_is_not_informed_has_no_answer() -> None:
    informing = {"fact_letter_sent", "fact_handed_over"}
    for row in TRANSITIONS:
        assert row.to not in ANSWERED or row.event in informing
        assert row.to is not State.REFUSED or row.event == "fact_letter_sent"
    assert set(END_ONCE_INFORMED) == {state for state in State if state.to_inform}
    assert set(END_ONCE_INFORMED.values()) == ANSWERED == {state for state in State if state.answered}


def test_no_way_back_to_intake_and_ready_needs_accepted() -> None:
    assert not [row for row in TRANSITIONS if row.to is State.RECEIVED]
    assert [now for now in State if State.ACKNOWLEDGED in next_states(now)] == [State.RECEIVED]
    assert [now for now in State if State.READY in next_states(now, but=BACK)] == [State.ACCEPTED]


@pytest.mark.parametrize("now", State)
def test_may_move_allows_the_table_and_staying_alone(now: State) -> None:
    for event in {row.event for row in TRANSITIONS}:
        rows = [row for row in TRANSITIONS if row.event == event and now in row.states]
        assert {to for to in State if may_move(event, now, to)} == {now, *(row.to for row in rows)}


@pytest.mark.parametrize(
    ("status", "term"),
    [
        (State.RECEIVED, "RequestInitiated"),
        (State.ACKNOWLEDGED, "RequestAcknowledged"),
        (StatusTerm.WAITING_FOR_IDENTITY, "RequestRequiresAction"),
        (StatusTerm.WAITING_FOR_SPECIFICATION, "RequestRequiresAction"),
        (StatusTerm.EXTENDED, "RequestActionDelayed"),
        (State.ACCEPTED, "RequestAccepted"),
        (State.DELIVERED, "RequestFulfilled"),
        (State.REFUSED, "RequestUnfulfilled"),
    ],
)
def test_what_dpv_has_a_term_for_bears_it(status: State | StatusTerm, term: str) -> None:
    assert status.iri == status.broader == DPV + term
    assert len({state.iri for state in State}) == len(State)


OWN_TERMS = [
    *(State.READY, State.NOTHING_HELD, State.NOTHING_PORTABLE, State.ANSWERED_NOTHING_HELD),
    *(
        State.ANSWERED_NOTHING_PORTABLE,
        State.WITHDRAWN,
        State.MERGED,
        State.NOT_RECEIVED,
        State.PERSON_DECEASED,
    ),
    *(StatusTerm.SUSPENDED, StatusTerm.PARTLY_FULFILLED),
]


@pytest.mark.parametrize("status", OWN_TERMS)
def test_own_term_names_its_broader_term_of_dpv(status: State | StatusTerm) -> None:
    assert status.iri == OWN + status.value
    assert status.broader.startswith(DPV + "Request")
    assert not status.iri.startswith(DPV)
