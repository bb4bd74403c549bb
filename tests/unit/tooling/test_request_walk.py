"""The walk of a request's id through `classify` stays as short as it was made."""

from __future__ import annotations

from tools.request_walk import walked

MOST_STAYS, MOST_CLIMBS = 25, 0


def test_the_walk_is_no_longer_than_it_was() -> None:
    walk = walked()
    assert len(walk.stays) <= MOST_STAYS, sorted(walk.stays)
    assert len(walk.climbs) <= MOST_CLIMBS, walk.climbs
