"""The look-up of advisories tells what is known, and never takes an unanswered question for a clean answer."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tools import advisories

KNOWN = {
    "id": "PYSEC-0000-1",
    "affected": [
        {
            "package": {"name": "two", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}],
        }
    ],
}


@contextmanager
def service(answers: dict[str, Any], status: int = 200) -> Iterator[str]:
    """An advisory service on loopback that speaks as OSV does; its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(answers.get(f"{asked['package']['name']}=={asked['version']}", {})).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def tree(tmp_path: Path, project_root: Path) -> Path:
    (tmp_path / "tools").mkdir()
    shutil.copy(project_root / "tools" / "advisories.py", tmp_path / "tools")
    pins = [
        f"{name}=={number}.0 \\\n    --hash=sha256:{'0' * 64}\n"
        for number, name in enumerate(("one", "two"), 1)
    ]
    (tmp_path / "constraints.txt").write_text("".join(pins), encoding="utf-8")
    return tmp_path


def look_up(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/advisories.py", "--cache-dir", str(tree), *arguments]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def test_a_known_vulnerability_fails_and_is_named(tree: Path) -> None:
    with service({"two==2.0": {"vulns": [KNOWN]}}) as address:
        done = look_up(tree, "--osv-url", address)
        ignored = look_up(tree, "--osv-url", address, "--ignore-vuln", "PYSEC-0000-1")

    assert done.returncode == 1
    assert "two 2.0: PYSEC-0000-1, mended in 2.1" in done.stdout
    assert "2 packages looked up, 1 known vulnerabilities in 1" in done.stdout
    nothing = "Advisories: 2 packages looked up, 0 known vulnerabilities in 0.\n"
    assert (ignored.returncode, ignored.stdout) == (0, nothing)


def test_a_service_out_of_reach_is_a_skip_that_says_so(tree: Path) -> None:
    with service({}) as address:
        pass  # no server listens there any more
    done = look_up(tree, "--osv-url", address)

    assert done.returncode == 0
    assert "SKIPPED" in done.stdout and "nothing was looked up" in done.stdout and "--osv-url" in done.stdout


def test_a_service_that_refuses_is_a_failure_and_no_skip(tree: Path) -> None:
    with service({}, status=500) as address:
        done = look_up(tree, "--osv-url", address)

    assert done.returncode == 2
    assert "pip-audit broke off" in done.stderr and "SKIPPED" not in done.stdout


def test_packages_left_out_are_no_clean_answer() -> None:
    """pip-audit itself ends with 0 and 'No known vulnerabilities found' where the service knows no package."""
    unknown = {"name": "one", "skip_reason": "Dependency not found"}
    clean = {"name": "two", "version": "2.0", "vulns": []}

    assert advisories.report([unknown])[0] == 0 and "SKIPPED" in advisories.report([unknown])[1]
    assert (
        advisories.report([unknown, clean])[0] == 2
        and "one: not looked up" in advisories.report([unknown, clean])[1]
    )
