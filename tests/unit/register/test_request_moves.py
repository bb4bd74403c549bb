from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from testbed import register_reader
from tests.support.moves import moved
from tests.support.nightly import both_databases
from tests.support.properties import fewer
from tests.unit.conftest import AtOnce, Open

from afschrift.domain.errors import RefusedError, RetriableError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request
from afschrift.domain.state import TRANSITIONS, State
from afschrift.register.register import Register

WITHDRAWN = NewEvent("fact_withdrawn")
EVENTS = sorted({row.event for row in TRANSITIONS})
ASKED = "question_asked"
# A fact and a question have a row of their own.
MOVES = [(event, to) for event in EVENTS if not event.startswith("fact_") and event != ASKED for to in State]


def may(event: str, now: State, to: State) -> bool:
    """As the table says, read row by row."""
    return now is to or any(row.event == event and row.to is to for row in TRANSITIONS if now in row.states)


@pytest.mark.parametrize("now", State)
def test_moves_from_a_state_follow_the_table(register: Register, open_one: Open, now: State) -> None:
    request = moved(register, open_one().id, now)
    before = register.trail.events(request.id)
    pairs = [(event, to) for to in State for event in ("told", *EVENTS)]
    allowed = [pair for pair in pairs if may(pair[0], now, pair[1])]
    # tests/unit/domain/test_state.py has all of them
    for event, to in [pair for pair in pairs if pair not in allowed][::9]:
        with pytest.raises(RefusedError, match=f"{now} and cannot become {to} by {event}"):
            register.requests.move(request.id, to, NewEvent(event))
    assert (register.requests.get(request.id), register.trail.events(request.id)) == (request, before)
    for event, to in allowed:
        before = register.trail.events(request.id)
        after = register.requests.move(request.id, to, NewEvent(event, payload={"n": 1}))
        types = [header.type for header, _ in register.trail.events(request.id)[len(before) :]]
        assert after == register.requests.get(request.id)
        assert (after.state, after.version) == (to, request.version + (now is not to))
        assert types == ([event] if now is to else ["state_changed", event])
        request = after if now is to else moved(register, open_one().id, now)


@fewer(4)
@given(wanted=st.lists(st.sampled_from([*MOVES, (ASKED, State.NEEDS_PERSON)]), max_size=12))
def test_series_of_moves_follow_the_table(
    register: Register, open_one: Open, url: str, wanted: list[tuple[str, State]]
) -> None:
    request, state, version, written = open_one(), State.RECEIVED, 1, 0
    for event, to in wanted:
        if may(event, state, to):
            written += 1 + (to is not state)
            version += to is not state
            state = to
            if event == ASKED:
                register.questions.ask(
                    request.id, "unclassified", options=["include"], detail={"columns": [written]}
                )
            else:
                register.requests.move(request.id, to, NewEvent(event))
        else:
            with pytest.raises(RefusedError):
                register.requests.move(request.id, to, NewEvent(event))
        kept = register.requests.get(request.id)
        assert (kept.state, kept.version) == (state, version)
        assert len(register.trail.events(request.id)) == 1 + written
    assert register_reader.faults(url) == []


@both_databases
def test_older_version_changes_nothing(register: Register, opened: Request) -> None:
    moved(register, opened.id, State.ACKNOWLEDGED)
    before = register.trail.events()
    with pytest.raises(RetriableError, match="changed by someone else"):
        register.requests.move(opened.id, State.WITHDRAWN, WITHDRAWN, version=opened.version)
    assert register.trail.events() == before
    assert register.requests.move(opened.id, State.WITHDRAWN, WITHDRAWN, version=2).state is State.WITHDRAWN


def test_a_state_is_written_with_its_events_or_not_at_all(register: Register, opened: Request) -> None:
    before = register.trail.events()
    with pytest.raises(ValueError):  # no canonical form: the last thing to be written fails
        register.requests.move(
            opened.id, State.WITHDRAWN, NewEvent("fact_withdrawn", payload={"n": float("nan")})
        )
    assert (register.requests.get(opened.id), register.trail.events()) == (opened, before)


def test_options_change_while_open_with_an_event(register: Register, opened: Request) -> None:
    changed = register.requests.change_options(opened.id, formats=("json",), language="nl", by="officer")
    assert changed == register.requests.get(opened.id)
    assert (changed.formats, changed.language, changed.destination) == (("json",), "nl", "outbox")
    header, payload = register.trail.events(opened.id)[-1]
    assert (header.type, header.actor) == ("options_changed", "officer")
    assert payload == {"changed": {"formats": ["json"]}}
    before = register.trail.events()
    assert register.requests.change_options(opened.id, formats=["json"]) == changed
    assert register.trail.events() == before
    moved(register, opened.id, State.WITHDRAWN)
    before = register.trail.events()
    with pytest.raises(RefusedError, match="closed"):
        register.requests.change_options(opened.id, destination="elsewhere")
    assert register.trail.events() == before


@both_databases
def test_concurrent_moves_follow_the_version_read(
    register: Register, opened: Request, at_once: AtOnce
) -> None:
    outputs = at_once(
        f"""
from afschrift.domain.event import NewEvent
from afschrift.domain.state import State
from afschrift.domain.errors import RetriableError
moved = late = 0
while moved < 6:
    seen = register.requests.get({opened.id!r})
    asks = seen.state is not State.NEEDS_PERSON
    to = State.NEEDS_PERSON if asks else State.ACCEPTED
    event = NewEvent("question_asked" if asks else "accepted")
    time.sleep(0.002)
    try:
        register.requests.move(seen.id, to, event, version=seen.version, by=f"officer{{me}}")
        moved += 1
    except RetriableError:
        late += 1
print(late)
""",
        4,
    )
    assert sum(map(int, outputs)) > 0, "no two were at it at the same moment"
    assert register.requests.get(opened.id).version == 25
    changes = [(h.actor, p) for h, p in register.trail.events(opened.id) if h.type == "state_changed"]
    assert Counter(actor for actor, _ in changes) == {f"officer{n}": 6 for n in range(4)}
    assert [payload["version"] for _, payload in changes if payload] == list(range(2, 26))
