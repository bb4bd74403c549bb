from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from testbed import register_reader
from tests.support.properties import fewer

from afschrift.domain.errors import RefusedError, RetriableError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request
from afschrift.domain.state import MOVES, State
from afschrift.register.register import Register

Open = Callable[..., Request]


def way_to(target: State) -> list[State]:
    """Shortest allowed way from `received`."""
    ways = deque([[State.RECEIVED]])
    while ways:
        way = ways.popleft()
        if way[-1] is target:
            return way[1:]
        ways.extend([*way, after] for after in sorted(MOVES[way[-1]]) if after not in way)
    raise AssertionError(target)


@pytest.mark.parametrize("now", State)
def test_every_move_from_a_state_is_allowed_or_refused_as_the_table_says(
    register: Register, open_one: Open, now: State
) -> None:
    for to in State:
        one = open_one()
        for step in way_to(now):
            one = register.requests.move(one.id, step)
        before = register.trail.events(one.id)
        if to is now or to in MOVES[now]:
            moved = register.requests.move(one.id, to, NewEvent("told", payload={"n": 1}))
            types = [header.type for header, _ in register.trail.events(one.id)[len(before) :]]
            assert moved == register.requests.get(one.id)
            assert (moved.state, moved.version) == (to, one.version + (now is not to))
            assert types == (["told"] if now is to else ["state_changed", "told"])
        else:
            with pytest.raises(RefusedError, match=f"{now} and cannot become {to}"):
                register.requests.move(one.id, to, NewEvent("told"))
            assert (register.requests.get(one.id), register.trail.events(one.id)) == (one, before)


@fewer(4)
@given(wanted=st.lists(st.sampled_from(State), max_size=12))
def test_any_series_of_moves_goes_as_far_as_the_table_and_writes_nothing_beyond(
    register: Register, open_one: Open, url: str, wanted: list[State]
) -> None:
    one, state, version, told = open_one(), State.RECEIVED, 1, 0
    for to in wanted:
        if to is state or to in MOVES[state]:
            told += 1 + (to is not state)
            version += to is not state
            state = to
            register.requests.move(one.id, to, NewEvent("told"))
        else:
            with pytest.raises(RefusedError):
                register.requests.move(one.id, to, NewEvent("told"))
        kept = register.requests.get(one.id)
        assert (kept.state, kept.version) == (state, version)
        assert len(register.trail.events(one.id)) == 1 + told
    assert register_reader.faults(url) == []


def test_the_events_of_its_moves_lead_to_the_state_of_a_request(register: Register, open_one: Open) -> None:
    one = open_one()
    for to in (State.ACKNOWLEDGED, State.NEEDS_PERSON, State.ACCEPTED, State.DELIVERED):
        one = register.requests.move(one.id, to, by="officer")
    state, version = State.RECEIVED.value, 1
    for header, payload in register.trail.events(one.id):
        if header.type == "state_changed":
            assert payload == {"from": state, "to": payload["to"], "version": version + 1}
            assert header.actor == "officer"
            state, version = payload["to"], version + 1
    assert (state, version) == (one.state.value, one.version) == ("delivered", 5)


def test_who_saw_an_older_version_changes_nothing(register: Register, open_one: Open) -> None:
    seen = open_one()
    register.requests.move(seen.id, State.ACKNOWLEDGED)
    before = register.trail.events()
    with pytest.raises(RetriableError, match="changed by someone else"):
        register.requests.move(seen.id, State.WITHDRAWN, NewEvent("told"), version=seen.version)
    assert register.trail.events() == before
    assert register.requests.move(seen.id, State.WITHDRAWN, version=2).state is State.WITHDRAWN


def test_a_state_and_its_events_are_written_together_or_not_at_all(
    register: Register, open_one: Open
) -> None:
    one = open_one()
    before = register.trail.events()
    with pytest.raises(ValueError):  # no canonical form: the last thing to be written fails
        register.requests.move(one.id, State.ACCEPTED, NewEvent("told", payload={"n": float("nan")}))
    assert (register.requests.get(one.id), register.trail.events()) == (one, before)


def test_options_change_while_a_request_is_open_and_the_change_is_told(
    register: Register, open_one: Open
) -> None:
    one = open_one()
    changed = register.requests.change_options(one.id, formats=("json",), language="nl", by="officer")
    assert changed == register.requests.get(one.id)
    assert (changed.formats, changed.language, changed.destination) == (("json",), "nl", "outbox")
    header, payload = register.trail.events(one.id)[-1]
    assert (header.type, header.actor) == ("options_changed", "officer")
    assert payload == {"changed": {"formats": ["json"]}}
    before = register.trail.events()
    assert register.requests.change_options(one.id, formats=["json"]) == changed
    register.requests.move(one.id, State.WITHDRAWN)
    with pytest.raises(RefusedError, match="closed"):
        register.requests.change_options(one.id, destination="elsewhere")
    assert len(register.trail.events()) == len(before) + 1


def test_of_processes_that_move_one_request_all_the_time_each_change_is_from_what_was_seen(
    register: Register, open_one: Open, at_once: Callable[[str, int], list[str]], url: str
) -> None:
    one = open_one()
    told = at_once(
        f"""
from afschrift.domain.state import State
from afschrift.domain.errors import RetriableError
moved = late = 0
while moved < 10:
    seen = register.requests.get({one.id!r})
    to = State.NEEDS_PERSON if seen.state is State.ACCEPTED else State.ACCEPTED
    time.sleep(0.002)
    try:
        register.requests.move(seen.id, to, version=seen.version, by=f"officer{{me}}")
        moved += 1
    except RetriableError:
        late += 1
print(late)
""",
        4,
    )
    assert sum(map(int, told)) > 0, "no two were at it at the same moment"
    assert register.requests.get(one.id).version == 41
    actors = Counter(
        header.actor for header, _ in register.trail.events(one.id) if header.type == "state_changed"
    )
    assert actors == {f"officer{n}": 10 for n in range(4)}
    assert register_reader.faults(url) == []


def test_of_two_processes_that_saw_the_same_version_one_moves(
    register: Register, open_one: Open, at_once: Callable[[str, int], list[str]]
) -> None:
    one = open_one()
    told = at_once(
        f"""
from afschrift.domain.state import State
from afschrift.domain.errors import RetriableError
try:
    register.requests.move({one.id!r}, [State.ACCEPTED, State.NEEDS_PERSON][me], version=1)
    print("moved")
except RetriableError:
    print("late")
""",
        2,
    )
    assert sorted(told) == ["late", "moved"]
    assert register.requests.get(one.id).version == 2
    assert [header.type for header, _ in register.trail.events(one.id)] == [
        "request_received",
        "state_changed",
    ]
