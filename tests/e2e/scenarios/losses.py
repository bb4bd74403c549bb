"""Requests that go through a fleet which loses workers, and what came of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import s3fs
from testbed.fleet.fleet import Fleet
from testbed.fleet.workers import Worker
from tests.airflow_support import ONCE
from tests.support.command_line import CommandResult, command

LIMIT = 1_200
"""Seconds; as a rule it is two to five minutes."""


@dataclass
class Losses:
    """A fleet at work.

    Attributes:
        say: takes a line of the transcript.
        requests: those that were sent in, in their order; `runs` and `states` beside them.
    """

    fleet: Fleet
    say: Callable[[str], None]
    requests: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)

    def begin(self, count: int) -> None:
        """Send requests in, and start a run of each."""
        self.requests = [self.fleet.submit() for _ in range(count)]
        self.runs = [self.fleet.trigger(request) for request in self.requests]
        self.say(f"{count} requests are stored, and a run of each is started.")

    def kill_one_at_work(self) -> Worker:
        """SIGKILL to a worker and all its tasks, while it works on some."""
        worker, working = self._at_work()
        worker.kill()
        self.say(
            f"{worker.name} is killed (SIGKILL to all its processes) while it works on {_listed(working)}."
        )
        return worker

    def retire_one_at_work(self) -> Worker:
        """SIGTERM to a worker that works: it ends its tasks, takes nothing more, and goes."""
        worker, working = self._at_work()
        began = time.monotonic()
        worker.retire()
        self.say(f"{worker.name} is asked to go (SIGTERM) while it works on {_listed(working)}.")
        self._until(lambda: worker.retired, f"{worker.name} did not go")
        self.say(f"{worker.name} has gone by itself after {time.monotonic() - began:.0f} s.")
        return worker

    def lose_broker(self, seconds: float) -> None:
        """Redis is killed, with all messages in it, and comes back empty."""
        self.fleet.broker.end()
        self.say("Redis is killed, with the messages in it.")
        time.sleep(seconds)
        self.fleet.broker.start()
        self.say(f"Redis is back after {seconds:.0f} s, empty.")

    def slow_store(self, seconds: float) -> None:
        """The S3 store answers nothing for a while."""
        self.say(f"The S3 store answers nothing for {seconds:.0f} s.")
        self.fleet.objects.hang(seconds)

    def to_the_end(self) -> None:
        """Wait for the end of all runs."""
        began = time.monotonic()
        self.states = self.fleet.wait(self.runs, LIMIT)
        ended = ", ".join(f"{n} {state}" for state, n in Counter(self.states.values()).items())
        self.say(f"All runs have ended after {time.monotonic() - began:.0f} s more: {ended}.")

    def again(self) -> None:
        """Start another run of what Airflow gave up, as the sweep does, and wait for its end."""
        failed = [run for run in self.runs if self.states[run] != "success"]
        if not failed:
            return
        self.say(f"{len(failed)} runs failed; another run of each is started, as the sweep would.")
        next_runs = {run: self.fleet.trigger(run.partition(".")[0]) for run in failed}
        self.runs = [next_runs.get(run, run) for run in self.runs]
        self.to_the_end()

    @property
    def taken_over(self) -> list[str]:
        """Tasks that were tried again, each with the worker that did it at last."""
        return [
            f"{_name(task)} by {task['hostname']} at try {task['try_number']}"
            for run in self.runs
            for task in self.fleet.tasks(run)
            if task["try_number"] > 1
        ]

    @property
    def delivered(self) -> Counter[str]:
        """How often each bundle was put at the destination, which keeps every version of a file."""
        files = s3fs.S3FileSystem(skip_instance_cache=True)
        versions = files.call_s3("list_object_versions", Bucket="outbox").get("Versions", [])
        names = (str(version["Key"]).rpartition("/")[2] for version in versions)
        return Counter(name for name in names if not name.startswith("."))

    @property
    def left_in_staging(self) -> list[str]:
        """Files of requests that are answered, and so should be gone."""
        return list(map(str, s3fs.S3FileSystem(skip_instance_cache=True).find("staging")))

    def more_than_once(self) -> dict[str, dict[str, int]]:
        """Events of a step that are in the trail more than once, or not at all, by request."""
        found = {}
        register = self.fleet.services.register
        for request in self.requests:
            counts = Counter(
                f"{header.type} {payload['source']}"
                if header.type == "extracted" and payload
                else header.type
                for header, payload in register.trail.events(request)
            )
            wrong = {kind: counts[kind] for kind in ONCE if kind != "question_asked" and counts[kind] != 1}
            if wrong:
                found[request] = wrong
        return found

    def verified(self) -> CommandResult:
        """What `afschrift audit verify` says."""
        return command(("audit", "verify"))

    def _at_work(self) -> tuple[Worker, list[str]]:
        """A worker with the most tasks at the moment, and these."""
        found: dict[str, list[str]] = {}

        def some() -> bool:
            found.clear()
            for run in self.runs:
                for task in self.fleet.tasks(run):
                    if task["state"] == "running" and task["task_id"] != "assess":
                        found.setdefault(task["hostname"], []).append(_name(task))
            return bool(found)

        self._until(some, "no worker was seen at work")
        name = max(found, key=lambda host: len(found[host]))
        return next(worker for worker in self.fleet.workers if worker.name == name), found[name]

    @staticmethod
    def _until(condition: Callable[[], bool], otherwise: str) -> None:
        until = time.monotonic() + LIMIT
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError(otherwise)
            time.sleep(0.2)


def _name(task: dict[str, Any]) -> str:
    return f"{task['task_id']} of {task['dag_run_id'].partition('.')[0]}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
