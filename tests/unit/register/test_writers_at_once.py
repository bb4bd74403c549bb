from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.writers import measure

from afschrift.register.register import Register


def test_eight_processes_that_append_at_once_make_one_chain(
    register: Register, url: str, tmp_path: Path
) -> None:
    """The full number is `python -m bench.writers`."""
    figures = measure(url, tmp_path / "keys" / "keys.json", processes=8, events=40)
    assert figures["faults"] == []
    assert register.trail.head()[0] == figures["events"] == 320
    assert register.trail.verify([register.trail.head()]) == []


def test_processes_that_open_requests_at_once_share_one_index_key(
    register: Register, at_once: Callable[[str, int], list[str]]
) -> None:
    outputs = at_once(
        """
from afschrift.domain.keys import Key
from afschrift.domain.right import Right
received = f"2026-01-0{me + 1}T00:00:00Z"
case = register.cases.open(b"text", "mail", received, received)
keys = (Key("customer_id", "C-1"),)
print(register.requests.open(case, Right.ACCESS, received, "UTC", "en", ["csv"], "outbox", keys).id)
""",
        3,
    )
    assert register.identities.earlier(outputs[2]) == (outputs[0], outputs[1])
    assert register.trail.verify() == []
