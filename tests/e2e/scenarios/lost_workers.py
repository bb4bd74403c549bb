"""`make scenario-celery`: twenty requests on CeleryExecutor, with a worker killed and one retired.

On the way the store answers nothing for a while, and Redis is lost with its messages and comes back empty.
Workers in namespaces of their own share nothing but an S3 store and databases. Ends with 1, and says what it
is, where something is not as it must be. Takes about eight minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from testbed.fleet.fleet import Fleet, fleet
from tests.e2e.scenarios.losses import Losses
from tests.e2e.scenarios.terminal import write


def losses(fleet_: Fleet, count: int, began: float) -> list[str]:
    """Let requests go through the losses; what is not as it must be."""

    def say(line: str) -> None:
        write(f"{time.monotonic() - began:5.0f} s  {line}")

    seen = Losses(fleet_, say)
    seen.begin(count)
    killed = seen.kill_one_at_work()
    fleet_.enlist(f"worker-{len(fleet_.workers) + 1}", killed.apart, killed.slots)
    fleet_.all_ready()
    say(f"{fleet_.workers[-1].name} takes its place.")
    seen.slow_store(15)
    seen.lose_broker(10)
    seen.retire_one_at_work()
    seen.to_the_end()
    seen.again()
    for line in seen.taken_over:
        say(f"taken over: {line}")
    wanted = Counter({f"{request}-access.zip": 1 for request in seen.requests})
    verified = seen.verified()
    say(f"At the destination: {len(seen.delivered)} bundles, put there {seen.delivered.total()} times.")
    say(f"`afschrift audit verify` ends with {verified.code}:\n{verified.text}")
    return [
        fault
        for fault, holds in {
            "a run failed": set(seen.states.values()) == {"success"},
            "not every request was delivered once": seen.delivered == wanted,
            f"events are there more than once or not at all: {seen.more_than_once()}": not seen.more_than_once(),
            "files of answered requests are left in staging": not seen.left_in_staging,
            "the trail is not whole": verified.code == 0,
        }.items()
        if not holds
    ]


def main() -> None:
    """The scenario, with a transcript."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20, help="requests")
    given = parser.parse_args()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="fleet-", ignore_cleanup_errors=True) as folder,
        fleet(Path(folder), say=lambda line: write(f"{time.monotonic() - began:5.0f} s  {line}")) as fleet_,
    ):
        faults = losses(fleet_, given.count, began)
    if faults:
        sys.exit(f"NOT AS IT MUST BE: {'; '.join(faults)}.")
    write("Everything was as it must be.")


if __name__ == "__main__":
    main()
