"""A run with workers that die or hang reports each such test by name, and all others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = """
import pytest
from tests.support import lost_workers
from tests.support.cpu_seconds import CpuSeconds

lost_workers.GRACE = 1

def pytest_configure(config):
    config.pluginmanager.register(CpuSeconds())
    config.pluginmanager.register(lost_workers.LostWorkers())
"""
DYING = """
import os, signal

def test_before(): pass
def test_exits(): os._exit(3)
def test_between(): pass
def test_killed(): os.kill(os.getpid(), signal.SIGKILL)
def test_after(): pass
"""
HANGING = """
import signal, time
import pytest

pytestmark = pytest.mark.timeout(1)

def test_first(): pass
def test_sleeps(): time.sleep(60)

def test_ignores_its_timeout():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    time.sleep(60)

def test_last(): pass
"""
BUSY = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_counts(number):
    for _ in range(2_000_000):
        number += 1
"""
DIED = {
    "test_dying.py::test_exits",
    "test_dying.py::test_killed",
    "test_hanging.py::test_ignores_its_timeout",
}


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> str:
    """What a run of these files prints."""
    folder = tmp_path_factory.mktemp("lost")
    files = {"conftest": CONFTEST, "test_dying": DYING, "test_hanging": HANGING, "test_busy": BUSY}
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    plugins = ["-p", "xdist", "-p", "pytest_timeout", "-p", "no:cacheprovider"]
    workers = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env |= {"CI": "true", "PYTHONPATH": str(project_root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", *plugins, *workers],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout


def test_each_test_that_ended_its_worker_is_named(output: str) -> None:
    assert set(re.findall(r"crashed while running '(\S+)'", output)) == DIED


def test_timeout_is_reported_without_loss_of_worker(output: str) -> None:
    assert "FAILED test_hanging.py::test_sleeps - Failed: Timeout" in output


def test_all_other_tests_ran(output: str) -> None:
    passed = re.findall(r"^PASSED (\S+)", output, re.MULTILINE)
    assert len(passed) == len(set(passed)) == 8
    assert re.search(r"\b4 failed, 8 passed\b", output)


def test_cpu_seconds_are_listed_by_file(output: str) -> None:
    table = output.partition("CPU seconds by test file")[2]
    assert re.search(r"^ +\d+\.\d in all$", table, re.MULTILINE)
