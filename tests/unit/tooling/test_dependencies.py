"""constraints.txt is whole, names no registry, and its hashes are held when it is installed from."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tools import advisories

UV = Path(sys.executable).with_name("uv")
ENTRY = re.compile(
    r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ]+)(?: ; [^\\]+)?(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})+)"
)


@pytest.fixture(scope="module")
def entries(project_root: Path) -> list[str]:
    text = (project_root / "constraints.txt").read_text(encoding="utf-8")
    return re.sub(r"\s*\\\n\s*", " ", text).splitlines()


def test_the_lock_has_every_dependency_with_one_version_and_its_hashes(
    project_root: Path, entries: list[str]
) -> None:
    """Also what builds it, and no address. Where this fails: make lock."""
    assert not [entry for entry in entries if not ENTRY.fullmatch(entry)]
    project = tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))
    named = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(requirement for group in project["dependency-groups"].values() for requirement in group),
    ]
    names = {canonicalize_name(Requirement(requirement).name) for requirement in named}
    assert names <= {entry.split("==")[0] for entry in entries}


def test_what_is_installed_here_has_the_versions_of_the_lock(entries: list[str]) -> None:
    """Where this fails: make venv."""
    locked: dict[str, set[str]] = defaultdict(set)
    for found in map(ENTRY.fullmatch, entries):
        assert found
        locked[found["name"]].add(found["version"])
    other = {}
    for name, versions in locked.items():
        with suppress(PackageNotFoundError):  # for another platform or Python, or of the group `bench`
            if version(name) not in versions:
                other[name] = version(name)
    assert not other


def wheel(folder: Path) -> str:
    """Lay a wheel of one empty module; its SHA-256."""
    file, info = folder / "tiny-1.0-py3-none-any.whl", "tiny-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("tiny.py", "")
        out.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        out.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        out.writestr(f"{info}/RECORD", f"tiny.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def install(
    folder: Path, project_root: Path, lock: str, name: str = "tiny"
) -> subprocess.CompletedProcess[str]:
    """Install a package with the flags that the Makefile gives uv; no network is needed."""
    (folder / "constraints.txt").write_text(lock, encoding="utf-8")
    make = ["make", "-s", "-f", str(project_root / "Makefile")]
    asked = [*make, "--eval", "flags: ; @echo $(LOCKED)", "flags"]
    flags = subprocess.run(asked, cwd=folder, check=True, capture_output=True, text=True).stdout.split()
    project = f'[project]\nname = "x"\nversion = "1"\ndependencies = ["{name}"]\n'
    (folder / "pyproject.toml").write_text(project, encoding="utf-8")
    here = ["--no-index", "--find-links", ".", "--target", "out", "--python", sys.executable]
    command = [str(UV), "pip", "install", *here, *flags, "-r", "pyproject.toml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_a_changed_hash_stops_the_installation(tmp_path: Path, project_root: Path) -> None:
    right = wheel(tmp_path)
    wrong = ("0" if right[0] != "0" else "1") + right[1:]

    refused = install(tmp_path, project_root, f"tiny==1.0 --hash=sha256:{wrong}\n")
    assert refused.returncode and "Hash mismatch" in refused.stderr
    unknown = install(tmp_path, project_root, "")
    assert unknown.returncode and "tiny" in unknown.stderr
    bare = install(tmp_path, project_root, "tiny==1.0\n")
    assert bare.returncode and "hash" in bare.stderr
    assert not (tmp_path / "out" / "tiny.py").exists()

    done = install(tmp_path, project_root, f"tiny==1.0 --hash=sha256:{right}\n")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "tiny.py").exists()


ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def installed() -> list[str]:
    """A file as Airflow publishes one: the versions of a resolved environment."""
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "freeze", "--exclude-editable", "--python", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def check(folder: Path, lines: list[str]) -> tuple[int, str]:
    (folder / "constraints.txt").write_text("# constraints\n" + "\n".join(lines), encoding="utf-8")
    command = [sys.executable, "tools/constraints_check.py", str(folder / "constraints.txt")]
    env = os.environ | {"UV_OFFLINE": "1"}  # all of it is in the cache of `make venv`
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_versions_that_go_together_fit(tmp_path: Path, installed: list[str]) -> None:
    code, output = check(tmp_path, installed)

    assert code == 0, output
    assert f"fits the {len(installed)} packages of constraints.txt" in output


@pytest.mark.parametrize(
    ("pin", "words"),
    [
        ("pydantic==2.11.0", ("pydantic>=2.12", "pydantic==2.11.0")),
        (
            "duckdb==1.4.0",
            ("The extra duckdb does not fit.", "The extra s3 fits.", "Without extras it fits."),
        ),
    ],
)
def test_what_conflicts_is_named(
    tmp_path: Path, installed: list[str], pin: str, words: tuple[str, ...]
) -> None:
    name = pin.partition("==")[0]
    lines = [line for line in installed if not line.startswith(f"{name}==")]

    code, output = check(tmp_path, [*lines, pin])

    assert code == 1
    assert [text for text in words if text not in output] == []


def test_the_image_has_one_version_of_each_package_on_each_python() -> None:
    (file,) = (ROOT / "deploy").glob("airflow-*.txt")
    lines = [Requirement(line) for line in file.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    for python in ("3.11", "3.12", "3.13"):
        env = {"python_version": python}
        there = [line for line in lines if line.marker is None or line.marker.evaluate(env)]
        assert len({requirement.name for requirement in there}) == len(there) > 400
        pin = f"apache-airflow=={file.stem.removeprefix('airflow-')}"
        assert pin in {str(requirement) for requirement in there}


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


def test_packages_left_out_are_no_clean_answer() -> None:
    """pip-audit itself ends with 0 and 'No known vulnerabilities found' where the service knows no package."""
    unknown = {"name": "one", "skip_reason": "Dependency not found"}
    clean = {"name": "two", "version": "2.0", "vulns": []}

    assert advisories.report([unknown])[0] == 0 and "SKIPPED" in advisories.report([unknown])[1]
    assert (
        advisories.report([unknown, clean])[0] == 2
        and "one: not looked up" in advisories.report([unknown, clean])[1]
    )
