"""Whole runs of `fulfil_request` on a running Airflow: how long is one, and how many are there in an hour?

    python -m bench.whole_run [--count 40] [--repeat 5] [--tasks one]

The small shop of the tests, so that hardly anything but the way through Airflow counts. Prints as JSON:

- `seconds`: of a run that has Airflow for itself, from its trigger to its end (the median);
- `in_tasks`: so much of it between the starts and ends of its tasks; the rest, the scheduler needs;
- `ours`: what the functions that the tasks call take in one process, with the services that each builds
  (the median);
- `an_hour`: requests an hour, a few at once, over COUNT requests;
- `cpu`: CPU seconds of each of these, in all of Airflow's processes, with what they take for themselves
  meanwhile;
- `rows`: of a request.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from afschrift.airflow_ext.environment import DAGS
from bench.live import Live, Shop, airflow
from bench.request import run

LIMIT = 600
"""Seconds after which a run counts as hanging."""


def in_this_process(shop: Shop, repeat: int) -> dict[str, Any]:
    """The functions alone; the first turn warms up."""
    turns = [run(lambda: shop.services, request) for request in shop.requests(repeat + 1, known=True)]
    rows = [turn.pop("rows") for turn in turns]
    return {"ours": statistics.median(sum(turn.values()) for turn in turns[1:]), "rows": rows[-1]}


def alone(live: Live, shop: Shop, repeat: int) -> dict[str, Any]:
    """Runs one after the other; the first one warms up."""
    requests = shop.requests(repeat + 1, known=True)
    seconds = [live.timed(request, LIMIT) for request in requests][1:]
    in_tasks = [live.in_tasks(f"{request}.1") for request in requests[1:]]
    return {"seconds": statistics.median(seconds), "in_tasks": statistics.median(in_tasks)}


def together(live: Live, shop: Shop, count: int) -> dict[str, Any]:
    """Runs a few at once, as many as Airflow gets through."""
    starts = [partial(live.start, request) for request in shop.requests(count, known=True)]
    before, began = live.cpu_seconds(), time.monotonic()
    states = {run["state"] for run in live.paced(starts, LIMIT)}
    if states != {"success"}:
        raise RuntimeError(f"runs ended as {', '.join(sorted(states))}")
    took, cpu = time.monotonic() - began, live.cpu_seconds() - before
    return {"an_hour": round(count * 3600 / took), "cpu": round(cpu / count, 2)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=40, help="requests for the figure an hour")
    parser.add_argument("--repeat", type=int, default=5, help="runs timed one by one")
    parser.add_argument("--tasks", choices=("steps", "one"), default="steps", help="AFSCHRIFT_TASKS")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="whole-run-", ignore_cleanup_errors=True) as folder:
        shop = Shop.make(Path(folder) / "shop")
        shop.variables["AFSCHRIFT_TASKS"] = given.tasks
        with airflow(shop, DAGS) as live:
            figures = alone(live, shop, given.repeat) | together(live, shop, given.count)
            figures |= in_this_process(shop, given.repeat)  # here, as the shop's variables are set here
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
