"""The portal in an environment of its own, as its image has it; and Schemathesis, whose lock ours cannot have."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.portal import Sealed, bundle, running

UV = Path(sys.executable).with_name("uv")
ROOT = Path(__file__).parents[2]
RELEASE = "schemathesis==4.32.5"

pytestmark = [pytest.mark.nightly, pytest.mark.server]


def run(*words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, env=more or None)


def test_every_answer_is_one_that_the_document_describes(tmp_path: Path) -> None:
    own = tmp_path / "own"
    for words in (("venv", own), ("pip", "install", "--python", own / "bin" / "python", RELEASE)):
        made = run(UV, "-q", *words)
        if made.returncode:
            pytest.skip(f"{RELEASE} cannot be installed: {made.stderr.strip()[-200:]}")
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    with running(tmp_path, outer_cert="", outer_key="") as portal:
        portal.put(Sealed(bundle()))
        words = ("--phases", "coverage,fuzzing", "--max-examples", "40", "--checks", checks)
        command = [own / "bin" / "schemathesis", "run", f"{portal.outer}/openapi.json", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=own
        )  # it keeps a cache
    print(done.stdout[-700:])
    assert done.returncode == 0, done.stdout
    assert "Error" not in portal.log.read_text()


def test_image_installs_what_the_lock_has_by_its_hashes(tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "portal" / "Containerfile").read_text("utf-8")
    [command] = re.findall(r"^RUN (for wheel .*?[^\\])\n", text, re.M | re.S)
    build = tmp_path / "build"
    words = ("--wheel", "--offline", "--no-build-isolation", "--python", sys.executable, "--out-dir", build)
    assert run(UV, "build", "-q", *words, ROOT / "portal").returncode == 0
    shutil.copy(ROOT / "constraints.txt", build)
    if (made := run(UV, "-q", "venv", "--seed", tmp_path / "own")).returncode:
        pytest.skip(f"pip cannot be installed: {made.stderr.strip()[-200:]}")
    own = tmp_path / "own" / "bin"
    shell = f"PATH={own}:$PATH; {command.replace('/build/', f'{build}/')}"
    done = run("bash", "-ec", shell)
    assert done.returncode == 0, done.stderr
    made = run(own / "afschrift-portal", "init", AFSCHRIFT_PORTAL_HOME=str(tmp_path / "home"))
    assert made.stdout.startswith("public key: ")
