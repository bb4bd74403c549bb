import pytest
from tests.support.moves import moved
from tests.unit.conftest import Open

from afschrift.domain.errors import RefusedError, UnknownRequestError
from afschrift.domain.keys import Key
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.register.register import Register


def test_a_request_comes_back_as_it_was_opened(register: Register, open_one: Open) -> None:
    limits = {"tables": ["orders", "é"]}
    keys = (
        Key("email", "x@example.org", "2020-01-01T00:00:00Z"),
        Key("email", "y@example.org"),
        Key("a", ""),
    )
    opened = open_one(keys, limits=limits)
    assert opened == register.requests.get(opened.id)
    assert register.identities.of(opened.id) == keys
    assert (opened.right, opened.state, opened.version) == (Right.ACCESS, State.RECEIVED, 1)
    assert opened.received_at == "2026-03-02T08:00:00.000000Z"
    assert (opened.formats, opened.limits) == (("csv", "json"), limits)
    assert (opened.zone, opened.language, opened.destination) == ("Europe/Amsterdam", "nl", "outbox")


def test_the_trail_records_the_opening_without_the_person(register: Register, open_one: Open) -> None:
    request = open_one(limits={"tables": ["orders"]})
    (opened, received) = register.trail.events()
    assert opened[0].type == "case_opened"
    assert (received[0].type, received[0].request) == ("request_received", request.id)
    assert received[1] is not None
    assert received[1]["keys"] == ["customer_id", "email"]
    assert received[1]["limited"] is True
    text = repr((opened, received))
    for secret in ("C-10042", "Anneke", "orders"):
        assert secret not in text


@pytest.mark.parametrize(
    "bad", ["req-00000000000x", "../../etc/passwd", "' OR 1=1 --", "", "REQ-000000000000"]
)
def test_an_unknown_or_odd_id_is_an_unknown_request(register: Register, bad: str) -> None:
    identities = register.identities
    for ask in (register.requests.get, identities.of, register.decisions.of, identities.earlier):
        with pytest.raises(UnknownRequestError) as caught:
            ask(bad)
        assert not bad or bad not in str(caught.value)
    with pytest.raises(UnknownRequestError):
        moved(register, bad, State.ACCEPTED)
    with pytest.raises(UnknownRequestError):
        register.trail.record(bad)
    assert register.trail.events() == []


@pytest.mark.parametrize("bad", ["2026-03-02T09:00:00", "2026-03-02", "yesterday", ""])
def test_a_time_without_a_zone_opens_nothing(register: Register, open_one: Open, bad: str) -> None:
    with pytest.raises(RefusedError, match="offset"):
        open_one(received_at=bad)
    assert register.requests.all() == []


def test_requests_are_listed_as_they_were_received(register: Register, open_one: Open) -> None:
    late, early = open_one(received_at="2026-03-05T00:00:00Z"), open_one(received_at="2026-03-01T00:00:00Z")
    same_case = open_one(case=early.case, received_at="2026-03-03T00:00:00Z")
    moved(register, late.id, State.WITHDRAWN)
    assert [r.id for r in register.requests.all()] == [early.id, same_case.id, late.id]
    assert [r.id for r in register.requests.all(open_only=True)] == [early.id, same_case.id]
    assert [r.id for r in register.requests.all(case=early.case)] == [early.id, same_case.id]


def test_earlier_requests_of_a_person_are_found_by_any_spelling(register: Register, open_one: Open) -> None:
    first = open_one((Key("email", "Anneke.Jansen@Example.org"),), "2026-01-05T00:00:00Z")
    open_one((Key("email", "someone.else@example.org"),), "2026-01-06T00:00:00Z")
    open_one((Key("customer_id", "anneke.jansen@example.org"),), "2026-01-07T00:00:00Z")
    again = open_one((Key("email", " anneke.jansen@example.ORG "),), "2026-02-05T00:00:00Z")
    second_right = open_one((Key("email", "anneke.jansen@example.org"),), case=again.case)
    assert register.identities.earlier(first.id) == ()
    assert register.identities.earlier(again.id) == (first.id,)
    assert register.identities.earlier(second_right.id) == (first.id,)
