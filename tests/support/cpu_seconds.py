"""CPU seconds of each test file, which CI prints at the end of a run."""

import os
from collections import Counter
from collections.abc import Iterator

import pytest

PROPERTY = "cpu_seconds"
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
            report.user_properties.append((PROPERTY, used))  # a report's properties reach the other process
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self.by_file[report.nodeid.partition("::")[0]] += dict(report.user_properties).get(PROPERTY, 0)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if os.environ.get("CI") != "true":
            return
        terminalreporter.section("CPU seconds by test file")
        for name, seconds in self.by_file.most_common():
            if seconds >= LEAST:
                terminalreporter.line(f"{seconds:8.1f} {name}")
        terminalreporter.line(f"{sum(self.by_file.values()):8.1f} in all")
