"""A delivery from its beginning to its removal, each change with its event."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest

from afschrift.domain.errors import RefusedError
from afschrift.domain.files import Receipt
from afschrift.domain.request import Request
from afschrift.register.deliveries import DeliveryRow
from afschrift.register.register import Register


def test_a_delivery_is_recorded_once_with_its_event(register: Register, opened: Request) -> None:
    deliveries, bundle, sent = register.deliveries, "ee" * 32, "cc" * 32
    receipt = Receipt("file:///outbox/b-1.zip", 3_000_000_000, sent)

    def once(act: Callable[[], DeliveryRow], *events: str) -> DeliveryRow:
        before = register.trail.events()
        row = act()
        written = register.trail.events()[len(before) :]
        assert [header.type for header, _ in written] == list(events)
        assert act() == row
        assert register.trail.events() == [*before, *written]
        assert list(register.evidence.differences()) == []
        return row

    begun = once(
        partial(
            deliveries.begin, opened.id, "outbox", "b-1.zip", bundle, encryption="zip", secret="six words"
        ),
        "delivery_begun",
    )
    assert (begun.state, begun.uri, begun.sha256, begun.has_secret) == ("begun", "", bundle, True)
    assert deliveries.secret(begun.id) == "six words"
    assert (deliveries.of(opened.id), deliveries.of(opened.id, begun=True)) == ((), (begun,))
    arrived = once(partial(deliveries.arrive, begun.id, receipt), "bundle_arrived", "bundle_delivered")
    assert (arrived.state, arrived.bytes, arrived.sha256) == ("arrived", 3_000_000_000, bundle)
    assert deliveries.arrived(begun.id) == (sent, 3_000_000_000)
    assert deliveries.begin(opened.id, "outbox", "other.zip", bundle) == arrived
    second = deliveries.begin(opened.id, "outbox", "b-2.zip", bundle, kind="supplement")
    assert deliveries.of(opened.id, begun=True) == (arrived, second)
    until = datetime(2026, 4, 1, tzinfo=UTC)
    renewed = once(partial(deliveries.expire, begun.id, until), "delivery_renewed")
    assert renewed.expires_at == "2026-04-01T00:00:00.000000Z"
    fetched = deliveries.fetched(begun.id, "rcp-1", "2026-03-02T10:00:00Z")
    assert fetched.confirmed_at is None and (fetched.expires_at or "") < str(renewed.expires_at)
    once(partial(deliveries.confirm, begun.id, "said_so", "officer"), "delivery_confirmed")
    once(partial(deliveries.destroy_secret, begun.id), "secret_destroyed")
    last = once(partial(deliveries.removed, begun.id, "confirmed"), "bundle_removed")
    assert not last.has_secret
    assert last.confirmed_at
    assert last.destroyed_at
    assert deliveries.secret(begun.id) is None
    with pytest.raises(RefusedError, match=r"no delivery with this id.*`afschrift delivery list`"):
        deliveries.confirm(opened.id, "said_so")
