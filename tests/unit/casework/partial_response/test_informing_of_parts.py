"""A request that was answered in parts ends with the last part of which the person was informed (R37, R44)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from testbed.running import drive, hand_over
from tests.support.days import local_today
from tests.support.in_parts import Part, again, club, part, services
from tests.support.kept import Kept

from afschrift.domain.errors import RefusedError
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline
from afschrift.law.clock.sending import Sending, record_notification, record_sending
from afschrift.services import Services

pytestmark = pytest.mark.slow

__all__ = ["club", "part", "services"]


def post() -> Sending:
    return Sending(local_today(), "registered_post", "3SABC123")


@pytest.fixture
def whole(part: Part, kept: Kept, tmp_path: Path) -> Part:
    """The rest is delivered too; the person knows of neither."""
    kept.reached("part and rest are delivered", tmp_path / "home", lambda: drive(part.services, part.request))
    return Part(again(part.services, tmp_path), part.request, part.bundle)


def timeline(services: Services, request: str) -> Timeline:
    return services.register.facts.timeline(request)


def fact_of(services: Services, request: str, kind: FactKind) -> FactRow:
    [found] = timeline(services, request).of(kind)
    return found


def record_letter(services: Services, request: str, kind: FactKind) -> State:
    about = fact_of(services, request, kind).id
    services.register.facts.record(
        request, lambda t: record_sending(t, local_today(), about, post()), "officer"
    )
    return timeline(services, request).state


def test_the_letter_of_the_rest_ends_nothing_before_that_of_the_part(whole: Part) -> None:
    services, request_id = whole.services, whole.request
    assert record_letter(services, request_id, FactKind.ANSWER_READY) is State.READY
    assert record_letter(services, request_id, FactKind.PARTLY_DELIVERED) is State.DELIVERED
    assert timeline(services, request_id).ended_on == local_today()


def test_in_the_order_of_giving_the_rest_ends_it(whole: Part) -> None:
    services, request_id = whole.services, whole.request
    assert record_letter(services, request_id, FactKind.PARTLY_DELIVERED) is State.READY
    assert record_letter(services, request_id, FactKind.ANSWER_READY) is State.DELIVERED


def test_a_handover_covers_every_part_not_yet_announced(whole: Part) -> None:
    services, request_id = whole.services, whole.request
    hand_over(services, request_id)
    found = timeline(services, request_id)
    assert found.state is State.DELIVERED
    assert found.to_inform == found.unsent_parts == ()
    assert len(found.of(FactKind.HANDED_OVER)) == 2


def test_no_part_is_handed_over_before_it_exists(whole: Part) -> None:
    services, request_id = whole.services, whole.request
    early = Sending(local_today() - timedelta(days=1), "by_hand", "r-1")
    with pytest.raises(RefusedError, match="has been ready since"):
        services.register.facts.record(
            request_id, lambda t: record_notification(t, local_today(), early), "officer"
        )


def test_a_letter_of_the_part_that_comes_back_after_the_end_opens_it_again(whole: Part) -> None:
    services, request_id = whole.services, whole.request
    record_letter(services, request_id, FactKind.PARTLY_DELIVERED)
    record_letter(services, request_id, FactKind.ANSWER_READY)
    part = fact_of(services, request_id, FactKind.PARTLY_DELIVERED)

    def back(now: Timeline) -> list[NewFact]:
        return [NewFact(FactKind.LETTER_BOUNCED, about=part.id, to=now.reopened_by(part))]

    services.register.facts.record(request_id, back, "officer")
    assert timeline(services, request_id).state is State.READY
    hand_over(services, request_id)
    assert timeline(services, request_id).state is State.DELIVERED
    assert fact_of(services, request_id, FactKind.HANDED_OVER).about == part.id
