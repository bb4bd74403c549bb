from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from afschrift.ledger.register import Ledger

EACH = 60


def test_processes_that_append_at_once_make_one_chain(
    ledger: Ledger, at_once: Callable[[str, int], list[str]]
) -> None:
    at_once(
        f"""
from afschrift.core.event import NewEvent
for n in range({EACH}):
    ledger.record(None, NewEvent("counted", f"writer{{me}}", {{"n": n}}))
""",
        4,
    )
    events = ledger.events()
    assert Counter(header.actor for header, _ in events) == {f"writer{n}": EACH for n in range(4)}
    assert [header.seq for header, _ in events] == list(range(1, 4 * EACH + 1))
    for writer in range(4):
        own = [payload["n"] for header, payload in events if payload and header.actor == f"writer{writer}"]
        assert own == list(range(EACH))
    assert ledger.verify([ledger.head()]) == []


def test_processes_that_open_requests_at_once_share_one_index_key(
    ledger: Ledger, at_once: Callable[[str, int], list[str]]
) -> None:
    told = at_once(
        """
from afschrift.core.keys import Key
from afschrift.core.right import Right
received = f"2026-01-0{me + 1}T00:00:00Z"
case = ledger.open_case(b"text", "mail", received, received)
keys = (Key("customer_id", "C-1"),)
print(ledger.open_request(case, Right.ACCESS, received, "UTC", "en", ["csv"], "outbox", keys).id)
""",
        3,
    )
    assert ledger.earlier(told[2]) == (told[0], told[1])
    assert ledger.verify() == []
