"""`python -m bench.gates`: what a gate costs that replays a request's events, by how many there are.

Each request has events of others around it: those since its own last one are proven to be others', so a
request that waited long pays once for them. Milliseconds of CPU a gate, median of twenty; also a case of
`make bench`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from testbed.registers import place

from afschrift.domain.event import NewEvent
from afschrift.domain.keys import Key
from afschrift.domain.right import Right
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

AT = datetime(2026, 3, 2, 9, tzinfo=UTC).isoformat()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=int, default=200, help="of the request")
    parser.add_argument("--since", default="0,1000,100000", help="events of others after its last one")
    args = parser.parse_args()
    for since in map(int, args.since.split(",")):
        took = seconds_of_a_gate(args.events, since)
        print(f"{args.events} events, {since} of others since: {took * 1000:.1f} ms")


def seconds_of_a_gate(events: int, since: int) -> float:
    """Seconds of CPU, median of twenty, of a request with so many events and so many of others after them."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        register = Register(place(Path(folder) / "register.db"), KeyStore.create(Path(folder) / "keys.json"))
        request = _store(register, events)
        for _ in range(since // 1000):
            register.trail.record(None, *(NewEvent("counted", payload={"n": n}) for n in range(1000)))
        return statistics.median(_gate(register, request) for _ in range(20))


def _gate(register: Register, request: str) -> float:
    began = time.process_time()
    assert register.evidence.of_request(request) == ()
    return time.process_time() - began


def _store(register: Register, events: int) -> str:
    """A request with so many events, every second of which is about a row."""
    case = register.cases.open(b"What do you have about me?", "mail", AT, AT)
    keys = (Key("customer_id", "1"),)
    request = register.requests.open(case, Right.ACCESS, AT, "UTC", "nl", ("csv",), "outbox", keys, ())
    for number in range((events - 2) // 2):
        register.steps.finish(request.id, "step", f"{number:064}", {"rows": number, "digest": "x" * 64})
        register.trail.record(request.id, NewEvent("counted", payload={"n": number}))
    return request.id


if __name__ == "__main__":
    main()
