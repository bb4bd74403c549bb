"""What a request costs in all processes of an Airflow: CPU seconds, from /proc.

    python -m bench.fleet_cost [--workers 2] [--tables 10] [--count 8] [--warm 2]

The fleet of `make test-celery`, with a task for each step unless AFSCHRIFT_TASKS says `one`. With
`--workers 0` the tasks run in the scheduler's LocalExecutor; `--tables 1000` makes as many, in two sources.
The first requests warm up; then COUNT of them go together. Prints JSON: CPU seconds a request by process
(user and system time, of ended children too),
`airflow` for all of Airflow's together, `a_task`, what one task costs where tasks run, `idle`, what all of
Airflow's processes take in a second without a request, `seconds`, how long a request took with the others
beside it, and `work`: `airflow` without what they would have taken idle.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from testbed.fleet.fleet import Fleet, fleet
from testbed.fleet.processes import cpu_seconds

LIMIT = 1_800
"""Seconds after which the runs count as hanging."""

_IDLE = 10
"""Seconds without a request, in which is seen what Airflow takes for itself."""


def of_airflow(fleet_: Fleet) -> dict[str, float]:
    """CPU seconds so far of each of Airflow's processes; the workers as one."""
    seconds = {part: cpu_seconds(pid) for part, pid in fleet_.control.pids.items()}
    if fleet_.workers:
        seconds["workers"] = sum(cpu_seconds(worker.pid) for worker in fleet_.workers)
    return seconds


def go_through(fleet_: Fleet, count: int) -> list[str]:
    """Requests, together, from their triggers to their ends; their runs.

    Raises:
        RuntimeError: a run did not end well.
    """
    runs = [fleet_.trigger(request) for request in [fleet_.submit() for _ in range(count)]]
    if set(fleet_.wait(runs, LIMIT).values()) != {"success"}:
        raise RuntimeError("a run failed: see the logs of its tasks")
    return runs


def measured(fleet_: Fleet, count: int) -> dict[str, float]:
    """The figures of `count` requests."""
    before, began = of_airflow(fleet_), time.monotonic()
    runs = go_through(fleet_, count)
    took = time.monotonic() - began
    used = {part: seconds - before[part] for part, seconds in of_airflow(fleet_).items()}
    tasks = sum(len(fleet_.tasks(run)) for run in runs)
    figures = {part: seconds / count for part, seconds in used.items()}
    where = used["workers" if fleet_.workers else "scheduler"]
    figures |= {"airflow": sum(figures.values()), "a_task": where / tasks, "tasks": tasks / count}
    before = of_airflow(fleet_)
    time.sleep(_IDLE)
    idle = (sum(of_airflow(fleet_).values()) - sum(before.values())) / _IDLE
    figures |= {"idle": idle, "seconds": took / count, "work": figures["airflow"] - idle * took / count}
    return {name: round(value, 2) for name, value in figures.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=2, help="Celery workers; 0: LocalExecutor")
    parser.add_argument("--tables", type=int, default=10)
    parser.add_argument("--count", type=int, default=8, help="requests that are measured")
    parser.add_argument("--warm", type=int, default=2, help="requests before them")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="fleet-", ignore_cleanup_errors=True) as folder,
        fleet(Path(folder), workers=given.workers, tables=given.tables) as fleet_,
    ):
        go_through(fleet_, given.warm)
        print(json.dumps(measured(fleet_, given.count)))


if __name__ == "__main__":
    main()
