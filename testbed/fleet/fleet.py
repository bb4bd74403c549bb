"""The whole fleet: databases, store, broker, an Airflow on CeleryExecutor, and its workers.

with fleet(folder, workers=2) as one:
    run = one.trigger(one.submit())
    one.workers[0].kill()
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import s3fs

from afschrift.airflow_ext.environment import DAG_ID
from afschrift.airflow_ext.trigger import trigger
from afschrift.app.settings import Settings
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.register.open import initialise
from afschrift.services import Services
from afschrift.wiring.build_services import build
from testbed import postgres
from testbed.fleet import control_plane, installation, servers, warehouse
from testbed.fleet.control_plane import ControlPlane
from testbed.fleet.workers import Worker, can_be_apart
from testbed.running import store

ENDED = ("success", "failed")
READY_SECONDS = 600
_CUSTOMERS = range(warehouse.FIRST_PERSON, warehouse.FIRST_PERSON + warehouse.PEOPLE)


@dataclass
class Fleet:
    """A fleet that runs.

    Attributes:
        folder: of its parts' homes and of what they print.
        control: the Airflow.
        broker, objects: Redis and the S3 store, which can be lost and come back.
        reading: source -> queue in which tasks read it; empty: nothing is said of any.
    """

    folder: Path
    control: ControlPlane
    broker: servers.Server
    objects: servers.Server
    reading: Mapping[str, str] = field(default_factory=dict)
    workers: list[Worker] = field(default_factory=list)
    _people: Iterator[int] = field(default_factory=lambda: iter(_CUSTOMERS))

    @property
    def settings(self) -> Settings:
        """Of the installation, as the control plane has it."""
        return Settings.from_environment(self.control.environment)

    @property
    def services(self) -> Services:
        """The use cases' services, in this process."""
        return build(lambda _line: None, self.settings)

    def submit(self, **more: Any) -> str:
        """Store a request of the next person, received now; its id.

        One that is received long ago is overdue, and then the hourly check of deadlines fails, as it must.
        """
        now = {"received_at": rfc3339(utc_now())}
        return store(self.services, {"customer_id": str(next(self._people))}, **(now | more))

    def trigger(self, request: str) -> str:
        """Start the next run of a request; its id."""
        return trigger(request, {}, self.control.access)

    def get(self, path: str, **query: Any) -> Any:
        """What the REST API says of the DAG."""
        answer = self.control.client.get(f"/api/v2/dags/{DAG_ID}{path}", params=query)
        return answer.raise_for_status().json()

    def tasks(self, run: str) -> list[dict[str, Any]]:
        """Task instances of a run."""
        found: list[dict[str, Any]] = self.get(f"/dagRuns/{run}/taskInstances")["task_instances"]
        return found

    def wait(
        self, runs: list[str], seconds: float, often: Callable[[], object] = lambda: None
    ) -> dict[str, str]:
        """States of runs, once all have ended; `often` is called again and again meanwhile.

        Raises:
            TimeoutError: some have not ended after so many seconds.
        """
        ended: dict[str, str] = {}
        until = time.monotonic() + seconds
        while len(ended) < len(runs):
            often()
            states = {run: str(self.get(f"/dagRuns/{run}")["state"]) for run in runs if run not in ended}
            ended |= {run: state for run, state in states.items() if state in ENDED}
            if time.monotonic() > until:
                raise TimeoutError(f"{len(runs) - len(ended)} runs have not ended after {seconds:.0f} s")
            time.sleep(0.5)
        return ended

    def enlist(self, name: str, apart: bool, slots: int, queues: Sequence[str] = ("default",)) -> Worker:
        """Start one more worker, with what it needs from the installation and nothing else.

        Where it serves no queue in which a source is read, it does not have the connection of that source.
        """
        home, folder = self.settings.home, self.folder / name
        given = {
            "keys.json": (home / "keys.json").read_bytes(),
            "airflow/.keep": b"",
            **{f"inventory/{file.name}": file.read_bytes() for file in (home / "inventory").iterdir()},
        }
        variables = {**self.control.environment, "AFSCHRIFT_INVENTORY": str(folder / "inventory")}
        for source, queue in self.reading.items():
            if not {queue, installation.EVERYWHERE} & set(queues):
                del variables[installation.connection(source)]
        self.workers.append(Worker(name, self.folder, apart, variables, given, slots, queues))
        self.workers[-1].start()
        return self.workers[-1]

    def all_ready(self) -> None:
        """Wait until all workers take tasks.

        Raises:
            RuntimeError: one ended by itself.
            TimeoutError: they do not.
        """
        until = time.monotonic() + READY_SECONDS
        while waiting := [worker for worker in self.workers if not worker.ready]:
            if ended := [worker.name for worker in waiting if worker.retired]:
                raise RuntimeError(f"{ended[0]} ended by itself: see {waiting[0].log}")
            if time.monotonic() > until:
                raise TimeoutError(f"the workers were not ready after {READY_SECONDS} s")
            time.sleep(0.1)


@contextmanager
def fleet(
    folder: Path,
    *,
    workers: int = 2,
    tables: int = 10,
    slots: int = 4,
    reading: Mapping[str, str] | None = None,
    serving: Sequence[Sequence[str]] = (),
    say: Callable[[str], None] = lambda _line: None,
) -> Iterator[Fleet]:
    """A fleet while the context is open; nothing of it is left afterwards, on SIGINT and SIGTERM neither.

    Args:
        folder: to work in; it must be there.
        workers: of Celery; with none, the tasks run in the scheduler's LocalExecutor.
        tables: in the two sources together.
        slots: tasks that a worker has at a time.
        reading: source -> queue in which tasks read it.
        serving: the queues of each worker; left out, all serve the default one.
        say: takes a line of progress.
    """
    with ExitStack() as stack:
        stack.callback(
            signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, signal.default_int_handler)
        )
        server = stack.enter_context(postgres.running(durable=False))
        broker, objects = (stack.enter_context(fleet_(folder)) for fleet_ in (servers.redis, servers.s3))
        ours = installation.installed(folder, server, tables, reading) | installation.aws(objects.port)
        stack.enter_context(patch.dict(os.environ, ours))
        _buckets()
        initialise(Settings.from_environment(ours))
        say("PostgreSQL, Redis and the S3 store answer.")
        address = f"redis://127.0.0.1:{broker.port}/0"
        env = installation.airflow(ours, server.create(), address, celery=workers > 0)
        control = stack.enter_context(control_plane.running(env))
        fleet_ = Fleet(folder, control, broker, objects, reading or {})
        say("Airflow's API server, scheduler and DAG processor are ready.")
        stack.callback(lambda: [worker.end() for worker in fleet_.workers])
        apart = can_be_apart()
        for number, queues in enumerate(serving or [("default",)] * workers, start=1):
            fleet_.enlist(f"worker-{number}", apart, slots, queues)
        fleet_.all_ready()
        if workers:
            where = "in namespaces of their own" if apart else "with homes of their own (no namespaces here)"
            say(f"{workers} Celery workers are ready, {where}.")
        yield fleet_


def _buckets() -> None:
    """Staging, and a destination that keeps every version of a file, so that it can be counted."""
    files = s3fs.S3FileSystem(skip_instance_cache=True)
    files.mkdir("staging")
    files.mkdir("outbox")
    files.call_s3("put_bucket_versioning", Bucket="outbox", VersioningConfiguration={"Status": "Enabled"})
