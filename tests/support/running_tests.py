"""CPU seconds of each test file; and a worker that dies costs the test that it ran, the others run elsewhere.

xdist 3.8 gives a test at which a worker died to the next worker, which dies too, and waits for ever for a worker
that was given a single test (its --dist loadfile).
"""

import faulthandler
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

LEAST = 0.5
"""Files that used less are counted and not listed."""
STARTED = pytest.StashKey[float]()


def used_seconds() -> float:
    """CPU seconds of this process and of its child processes that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class CpuSeconds:
    """Measures in the process that runs a test, and adds up in the process that reports.

    What a shared fixture uses counts for the first test that needs it; a server that such a fixture starts counts
    where it ends.
    """

    def __init__(self) -> None:
        self.by_file: Counter[str] = Counter()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        item.stash[STARTED] = used_seconds()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        report = yield
        if call.when == "teardown":
            used = used_seconds() - item.stash.get(STARTED, used_seconds())
            # A report's properties reach the other process.
            report.user_properties.append(("cpu_seconds", used))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            used = dict(report.user_properties).get("cpu_seconds", 0)
            self.by_file[report.nodeid.partition("::")[0]] += used

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if os.environ.get("CI") != "true":
            return
        terminalreporter.section("CPU seconds by test file")
        for name, seconds in self.by_file.most_common():
            if seconds >= LEAST:
                terminalreporter.line(f"{seconds:8.1f} {name}")
        terminalreporter.line(f"{sum(self.by_file.values()):8.1f} in all")


GRACE = 60.0
"""Seconds that a test has for its teardown after its timeout."""


TOGETHER = {
    "tests/dags/": "Airflow",
    "tests/contract/test_add_a_": "Airflow",
    "tests/hostile/test_bodies.py": "Airflow",
    "tests/unit/airflow_ext/": "Airflow",
    "tests/e2e/test_bundle_frames.py": "office",
    "tests/e2e/test_portability_scope.py": "office",
    "tests/e2e/test_reuse.py": "office",
}
"""Where tests lie that share with other files what takes long to make: one worker has all of a kind."""


class FileScheduling(LoadFileScheduling):
    """`--dist loadfile`, by which a test runs once; Airflow and answers that several files read are made once."""

    def _split_scope(self, nodeid: str) -> str:
        shared = (what for begin, what in TOGETHER.items() if nodeid.startswith(begin))
        return next(shared, super()._split_scope(nodeid))

    def remove_node(self, node: Any) -> str | None:
        """Give the unfinished tests of a worker to others; the test at which it died is finished."""
        workload = self.assigned_work.pop(node)
        unfinished = [
            (scope, test) for scope, unit in workload.items() for test, done in unit.items() if not done
        ]
        if not unfinished:
            return None
        scope, lost = unfinished[0]
        workload[scope][lost] = True
        self.workqueue.update({scope: unit for scope, unit in workload.items() if not all(unit.values())})
        for other in self.assigned_work:
            self._reschedule(other)
        return lost

    def _reschedule(self, node: Any) -> None:
        """Give a worker files until it has three tests, as it begins a test when it knows the next one."""
        if node not in self.registered_collections:
            return  # it replaces another one and is still collecting
        while not node.shutting_down and self._pending_of(self.assigned_work[node]) <= 2:
            super()._reschedule(node)


class LostWorkers:
    def __init__(self) -> None:
        self._stderr = os.dup(2)  # while a test runs, pytest has descriptor 2

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> FileScheduling | None:
        return FileScheduling(config, log) if config.getvalue("dist") == "loadfile" else None

    @pytest.hookimpl(optionalhook=True, wrapper=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> Iterator[None]:
        """End a worker whose test goes on after its timeout: a signal does not reach all code."""
        if hasattr(item.config, "workerinput"):
            faulthandler.dump_traceback_later(settings.timeout + GRACE, exit=True, file=self._stderr)
        return (yield)

    @pytest.hookimpl(optionalhook=True, wrapper=True)
    def pytest_timeout_cancel_timer(self, item: pytest.Item) -> Iterator[None]:
        faulthandler.cancel_dump_traceback_later()
        return (yield)
