"""The shell steps of deploy/, in an environment with nothing in it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.engine import make_url
from testbed import postgres as pg

from afschrift.register.keys.store import KeyStore

PASSWORDS = {"RUNS_PASSWORD": "r-un's", "OFFICERS_PASSWORD": "o", "CHECKS_PASSWORD": "c"}
LOG_INS = {"afschrift_worker": "r-un's", "afschrift_pages": "o", "afschrift_sweep": "c"}


def bare(script: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A script with `env -i`: the programs of the virtual environment and of the system, and what is given."""
    env = {"PATH": f"{Path(sys.executable).parent}:{os.defpath}"} | env
    return subprocess.run(["sh", script, *words], env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def steps(project_root: Path) -> Path:
    return project_root / "deploy"


def test_setup_makes_tables_roles_and_log_ins_twice(
    steps: Path, postgres: pg.Database, tmp_path: Path
) -> None:
    KeyStore.create(tmp_path / "keys.json")
    given = {"AFSCHRIFT_REGISTER": postgres.url, "AFSCHRIFT_HOME": str(tmp_path), **PASSWORDS}
    first = bare(steps / "setup.sh", **given)
    assert first.returncode == 0, first.stderr
    assert "has no tables yet" in first.stderr
    again = bare(steps / "setup.sh", **given)
    assert again.returncode == 0, again.stderr
    assert "Nothing would run." in again.stderr
    assert again.stdout == first.stdout[-len(again.stdout) :]
    for name, password in LOG_INS.items():
        address = make_url(postgres.libpq).set(username=name, password=password)
        with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as log_in:
            log_in.execute("SELECT count(*) FROM request")
            with pytest.raises(InsufficientPrivilege):
                log_in.execute("DELETE FROM event")
            with pytest.raises(InsufficientPrivilege):
                log_in.execute("CREATE TABLE mine (x int)")
        assert password not in first.stdout + first.stderr or len(password) == 1


@pytest.mark.parametrize("missing", ["AFSCHRIFT_REGISTER", *PASSWORDS])
def test_setup_names_what_it_lacks(steps: Path, missing: str) -> None:
    given = {"AFSCHRIFT_REGISTER": "postgresql+psycopg://nobody@127.0.0.1:9/x", **PASSWORDS}
    done = bare(steps / "setup.sh", **{name: value for name, value in given.items() if name != missing})
    assert done.returncode != 0
    assert missing in done.stderr


def test_setup_ends_where_the_register_is_down(steps: Path, tmp_path: Path) -> None:
    given = {"AFSCHRIFT_REGISTER": "postgresql+psycopg://u:geheim@127.0.0.1:9/x", **PASSWORDS}
    done = bare(steps / "setup.sh", AFSCHRIFT_HOME=str(tmp_path), **given)
    assert done.returncode != 0
    assert "did not answer" in done.stderr
    assert "geheim" not in done.stderr


def test_install_names_what_is_not_there(steps: Path, tmp_path: Path) -> None:
    done = bare(steps / "install.sh", str(tmp_path))
    assert (done.returncode, "make wheel" in done.stderr) == (1, True)
    for name in ("afschrift-0.1.0-py3-none-any.whl", "afschrift-0.2.0-py3-none-any.whl"):
        (tmp_path / name).touch()
        done = bare(steps / "install.sh", str(tmp_path))
        assert done.returncode == 1
    assert "exactly one" in done.stderr


def wheel(folder: Path, name: str, text: str, version: str = "0.1.0", needs: str = "") -> Path:
    """A wheel of one module that says something."""
    path, about = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += f"Requires-Dist: {needs}\n" if needs else ""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"TEXT = {text!r}\n")
        archive.writestr(f"{about}/METADATA", metadata)
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


def test_install_takes_a_compiled_reader_over_one_of_the_same_version(steps: Path, tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").touch()
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    wheel(tmp_path, "afschrift", "")
    for text in ("earlier", "later"):
        wheel(tmp_path, "afschrift_native", text)
        done = bare(steps / "install.sh", str(tmp_path), PYTHON=python)
        assert done.returncode == 0, done.stderr
        command = [python, "-Bc", "import afschrift_native; print(afschrift_native.TEXT)"]
        assert subprocess.run(command, capture_output=True, text=True).stdout.split() == [text]


def test_install_does_not_choose_among_compiled_readers(steps: Path, tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").touch()
    wheel(tmp_path, "afschrift", "")
    built = wheel(tmp_path, "afschrift_native", "")
    built.with_name("afschrift_native-0.2.0-py3-none-any.whl").write_bytes(built.read_bytes())
    done = bare(steps / "install.sh", str(tmp_path), PYTHON="/bin/false")
    assert done.returncode == 1
    assert "at most one afschrift_native" in done.stderr


@pytest.fixture
def offline(tmp_path: Path) -> dict[str, str]:
    """An empty environment, and a folder of wheels in place of an index: `needed` 0.1.0 and 0.2.0."""
    venv.create(tmp_path / "venv", with_pip=True)
    (tmp_path / "index").mkdir()
    for version in ("0.1.0", "0.2.0"):
        wheel(tmp_path / "index", "needed", version, version=version)
    wheel(tmp_path, "afschrift", "", needs="needed")
    python = str(tmp_path / "venv" / "bin" / "python")
    return {"PYTHON": python, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "index")}


def locked(folder: Path, version: str, of: str | None = None) -> None:
    """A lock of `needed` at a version, with the hash of a file of it or of another one."""
    file = folder / "index" / f"needed-{of or version}-py3-none-any.whl"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    (folder / "constraints.txt").write_text(f"needed=={version} \\\n    --hash=sha256:{digest}\n")


def there(python: str) -> dict[str, str]:
    """Name -> version of what an environment has."""
    listed = subprocess.run([python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True)
    found = dict(line.split("==") for line in listed.stdout.split())
    return {name: version for name, version in found.items() if name not in {"pip", "setuptools"}}


def test_install_adds_what_the_lock_has_the_hash_of(
    steps: Path, tmp_path: Path, offline: dict[str, str]
) -> None:
    locked(tmp_path, "0.1.0")
    done = bare(steps / "install.sh", str(tmp_path), **offline)
    assert done.returncode == 0, done.stderr
    assert there(offline["PYTHON"]) == {"afschrift": "0.1.0", "needed": "0.1.0"}


def test_install_refuses_a_file_that_is_not_the_locked_one(
    steps: Path, tmp_path: Path, offline: dict[str, str]
) -> None:
    locked(tmp_path, "0.1.0", of="0.2.0")
    done = bare(steps / "install.sh", str(tmp_path), **offline)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert there(offline["PYTHON"]) == {}


def test_install_refuses_what_the_lock_does_not_know(
    steps: Path, tmp_path: Path, offline: dict[str, str]
) -> None:
    (tmp_path / "constraints.txt").touch()
    done = bare(steps / "install.sh", str(tmp_path), **offline)
    assert done.returncode != 0
    assert "constraints.txt has no hash of needed==0.2.0" in done.stderr
    assert there(offline["PYTHON"]) == {}


def test_install_leaves_what_is_there_as_it_is(steps: Path, tmp_path: Path, offline: dict[str, str]) -> None:
    locked(tmp_path, "0.2.0")
    before = str(tmp_path / "index" / "needed-0.1.0-py3-none-any.whl")
    subprocess.run([offline["PYTHON"], "-m", "pip", "install", "-q", "--no-index", before], check=True)
    done = bare(steps / "install.sh", str(tmp_path), **offline)
    assert done.returncode == 0, done.stderr
    assert there(offline["PYTHON"]) == {"afschrift": "0.1.0", "needed": "0.1.0"}
