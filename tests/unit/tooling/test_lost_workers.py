"""A run with workers that die or hang reports each such test by name, and all others."""

import os
import re
import subprocess
import sys
from pathlib import Path

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


def test_each_lost_test_is_named_and_all_others_are_reported(tmp_path: Path, project_root: Path) -> None:
    files = {"conftest": CONFTEST, "test_dying": DYING, "test_hanging": HANGING, "test_busy": BUSY}
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    plugins = ["-p", "xdist", "-p", "pytest_timeout", "-p", "no:cacheprovider"]
    workers = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env |= {"CI": "true", "PYTHONPATH": str(project_root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-rA", *plugins, *workers]

    run = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    output = run.stdout
    assert set(re.findall(r"crashed while running '(\S+)'", output)) == DIED
    assert "FAILED test_hanging.py::test_sleeps - Failed: Timeout" in output
    passed = re.findall(r"^PASSED (\S+)", output, re.MULTILINE)
    assert len(passed) == len(set(passed)) == 8
    assert re.search(r"\b4 failed, 8 passed\b", output)
    table = output.partition("CPU seconds by test file")[2]
    assert re.search(r"^ +\d+\.\d in all$", table, re.MULTILINE)
