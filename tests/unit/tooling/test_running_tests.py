"""tests/nightly.tsv: what is written of a nightly run, and what is wrong with a committed one."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests import conftest
from tools.nightly import MOST_COMMITS, Result, age, faults, read, read_report, write

REPORT = """<testsuites><testsuite time="61.6">
<testcase classname="tests.e2e.test_walk" name="test_way[a]" time="1"/>
<testcase classname="tests.e2e.test_walk" name="test_way[b]" time="1"/>
<testcase classname="tests.e2e.test_walk" name="test_end" time="1"><failure/></testcase>
<testcase classname="tests.e2e.test_walk" name="test_s3" time="1"><skipped/></testcase>
<testcase classname="tests.e2e.test_walk" name="test_sample[here]" time="1"/>
<testcase classname="tests.e2e.test_walk" name="test_sample[absent]" time="1"><skipped/></testcase>
<testcase classname="tests.e2e.test_walk.TestClass" name="test_method" time="1"/>
</testsuite></testsuites>"""

NAMES = ("test_way", "test_end", "test_s3", "test_sample", "TestClass::test_method")
WAY, END, S3, SAMPLE, METHOD = (f"tests/e2e/test_walk.py::{name}" for name in NAMES)


def run_git(folder: Path, *arguments: str) -> str:
    name = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def result(tmp_path: Path) -> Result:
    report = tmp_path / "nightly.xml"
    report.write_text(REPORT, encoding="utf-8")
    return read_report(report, "c0ffee")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit more than the limit after its first."""
    folder = tmp_path_factory.mktemp("history")
    run_git(folder, "init", "-q", "-b", "main")
    for number in range(MOST_COMMITS + 2):
        run_git(folder, "commit", "-q", "--allow-empty", "-m", str(number))
    return folder


def test_written_result_is_read_back(tmp_path: Path, result: Result) -> None:
    assert result.cases == {WAY: 2, END: 1, S3: 1, SAMPLE: 2, METHOD: 1}
    assert (result.seconds, result.failed) == (62, {END, S3})
    write(result, tmp_path / "nightly.tsv")
    assert read(tmp_path / "nightly.tsv") == result


@pytest.mark.parametrize(
    ("collected", "fault"),
    [
        ({WAY: 2}, ""),
        ({WAY: 1, SAMPLE: 2, METHOD: 1}, ""),
        ({WAY: 3}, "test_way has 3 cases, of which the last nightly run knew 2."),
        (
            {"tests/e2e/test_new.py::test_new": 1},
            "test_new has 1 cases, of which the last nightly run knew 0.",
        ),
        ({END: 1}, "test_end failed, or was skipped in all its cases."),
        ({S3: 1}, "test_s3 failed, or was skipped in all its cases."),
    ],
)
def test_fault_names_test(result: Result, collected: dict[str, int], fault: str) -> None:
    found = list(faults(result, collected))
    assert len(found) == bool(fault)
    assert fault in "".join(found)


def test_age_of_the_result_is_checked_where_the_history_is_there(history: Path, tmp_path: Path) -> None:
    first, second = run_git(history, "rev-list", "--reverse", "HEAD").splitlines()[:2]
    assert age(second, history)[1]
    sentence, recent = age(first, history)
    assert (recent, f"{MOST_COMMITS + 1} commits back" in sentence) == (False, True)
    sentence, recent = age("0" * 40, history)
    assert (recent, "not in the history" in sentence) == (False, True)

    run_git(tmp_path, "clone", "-q", "--depth", "3", history.as_uri(), "shallow")
    sentence, accepted = age(first, tmp_path / "shallow")
    assert (accepted, "git fetch --unshallow" in sentence) == (True, True)
    sentence, accepted = age("0" * 40, tmp_path)
    assert (accepted, "no clone" in sentence) == (True, True)
    exported = tmp_path / "shallow" / "export"  # inside a clone of something else
    exported.mkdir()
    assert age("0" * 40, exported)[1]


@pytest.mark.parametrize(
    ("program", "ci", "outcome"),
    [
        ("sh", "", None),
        ("sh", "true", None),
        ("no-such-program", "", pytest.skip.Exception),
        ("no-such-program", "true", pytest.fail.Exception),
    ],
)
def test_absence_skips_locally_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, program: str, ci: str, outcome: type[BaseException] | None
) -> None:
    monkeypatch.setenv("CI", ci)
    marks = {"needs_program": [pytest.mark.needs_program("sh", program).mark]}
    item: Any = SimpleNamespace(iter_markers=lambda name: marks[name])
    if outcome is None:
        conftest.pytest_runtest_setup(item)
        return
    with pytest.raises(outcome, match="no-such-program is not installed"):
        conftest.pytest_runtest_setup(item)


CONFTEST = """
import pytest
from tests.support import running_tests

running_tests.GRACE = 1

def pytest_configure(config):
    config.pluginmanager.register(running_tests.CpuSeconds())
    config.pluginmanager.register(running_tests.LostWorkers())
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
