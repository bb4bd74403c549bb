"""The shell steps of deploy/, in an environment with nothing in it."""

import hashlib
import os
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.engine import make_url
from testbed import postgres as pg

from afschrift.register.keys.store import KeyStore

STEPS = Path(__file__).parents[3] / "deploy"
PASSWORDS = {"RUNS_PASSWORD": "r-un's", "OFFICERS_PASSWORD": "o", "CHECKS_PASSWORD": "c"}
LOG_INS = {"afschrift_worker": "r-un's", "afschrift_pages": "o", "afschrift_sweep": "c"}


def bare(script: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A script with `env -i`: the programs of the virtual environment and of the system, and what is given."""
    env = {"PATH": f"{Path(sys.executable).parent}:{os.defpath}"} | env
    return subprocess.run(
        ["sh", STEPS / script, *words], env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.nightly
def test_setup_makes_tables_roles_and_log_ins_twice(postgres: pg.Database, tmp_path: Path) -> None:
    KeyStore.create(tmp_path / "keys.json")
    given = {"AFSCHRIFT_REGISTER": postgres.url, "AFSCHRIFT_HOME": str(tmp_path), **PASSWORDS}
    first = bare("setup.sh", **given)
    assert first.returncode == 0, first.stderr
    assert "has no tables yet" in first.stderr
    again = bare("setup.sh", **given)
    assert again.returncode == 0, again.stderr
    assert "Nothing would run." in again.stderr
    assert again.stdout == first.stdout[-len(again.stdout) :]
    for name, password in LOG_INS.items():
        address = make_url(postgres.libpq).set(username=name, password=password)
        with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as log_in:
            log_in.execute("SELECT count(*) FROM request")
            for statement in ("DELETE FROM event", "CREATE TABLE mine (x int)"):
                with pytest.raises(InsufficientPrivilege):
                    log_in.execute(statement)
        assert password not in first.stdout + first.stderr or len(password) == 1


@pytest.mark.parametrize("missing", ["AFSCHRIFT_REGISTER", *PASSWORDS])
def test_setup_names_what_it_lacks(missing: str) -> None:
    given = {"AFSCHRIFT_REGISTER": "postgresql+psycopg://nobody@127.0.0.1:9/x", **PASSWORDS}
    done = bare("setup.sh", **{name: value for name, value in given.items() if name != missing})
    assert done.returncode != 0
    assert missing in done.stderr


def test_setup_ends_where_the_register_is_down(tmp_path: Path) -> None:
    given = {"AFSCHRIFT_REGISTER": "postgresql+psycopg://u:geheim@127.0.0.1:9/x", **PASSWORDS}
    done = bare("setup.sh", AFSCHRIFT_HOME=str(tmp_path), **given)
    assert done.returncode != 0
    assert "did not answer" in done.stderr
    assert "geheim" not in done.stderr


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


def test_install_names_what_is_missing_or_there_twice(tmp_path: Path) -> None:
    done = bare("install.sh", str(tmp_path))
    assert (done.returncode, "make wheel" in done.stderr) == (1, True)
    wheel(tmp_path, "afschrift", "")
    second = wheel(tmp_path, "afschrift", "", "0.2.0")
    done = bare("install.sh", str(tmp_path))
    assert (done.returncode, "exactly one" in done.stderr) == (1, True)
    second.unlink()
    done = bare("install.sh", str(tmp_path))
    assert (done.returncode, "no constraints.txt" in done.stderr) == (1, True)
    (tmp_path / "constraints.txt").touch()
    for version in ("0.1.0", "0.2.0"):
        wheel(tmp_path, "afschrift_native", "", version)
    done = bare("install.sh", str(tmp_path), PYTHON="/bin/false")
    assert (done.returncode, "at most one afschrift_native" in done.stderr) == (1, True)


@dataclass(frozen=True)
class Offline:
    """An environment with pip alone, and a folder of wheels in place of an index: `needed` 0.1.0 and 0.2.0."""

    folder: Path

    def lock(self, version: str, of: str | None = None) -> None:
        """Lock `needed` at a version, with the hash of a file of it or of another one."""
        file = self.folder / "index" / f"needed-{of or version}-py3-none-any.whl"
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        lines = f"needed=={version} \\\n    --hash=sha256:{digest}\n"
        (self.folder / "constraints.txt").write_text(lines)

    def install(self) -> subprocess.CompletedProcess[str]:
        env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.folder / "index")}
        return bare("install.sh", str(self.folder), PYTHON=str(self.folder / "venv/bin/python"), **env)

    @property
    def site(self) -> Path:
        [found] = (self.folder / "venv/lib").glob("python*/site-packages")
        return found

    @property
    def there(self) -> dict[str, str]:
        """Name -> version of what the environment has."""
        found = dict(path.stem.split("-") for path in self.site.glob("*.dist-info"))
        return {name: version for name, version in found.items() if name not in {"pip", "setuptools"}}


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Offline:
    folder = tmp_path_factory.mktemp("offline")
    venv.create(folder / "venv", with_pip=True)
    (folder / "index").mkdir()
    for version in ("0.1.0", "0.2.0"):
        wheel(folder / "index", "needed", version, version)
    wheel(folder, "afschrift", "", needs="needed")
    return Offline(folder)


@pytest.mark.parametrize(
    ("of", "words"),
    [("0.2.0", "DO NOT MATCH THE HASHES"), ("", "constraints.txt has no hash of needed==0.2.0")],
    ids=["another file", "not in the lock"],
)
def test_install_refuses_what_has_no_hash_of_the_lock(offline: Offline, of: str, words: str) -> None:
    if of:
        offline.lock("0.1.0", of)
    else:
        (offline.folder / "constraints.txt").write_text("")
    before = offline.there
    done = offline.install()
    assert done.returncode != 0
    assert words in done.stderr
    assert offline.there == before == {}


def test_install_adds_what_is_locked_and_leaves_what_is_there(offline: Offline) -> None:
    native = "afschrift_native"
    for version, text in (("0.1.0", "earlier"), ("0.2.0", "later")):
        offline.lock(version)
        wheel(offline.folder, native, text)  # of the same version
        done = offline.install()
        assert done.returncode == 0, done.stderr
        assert offline.there == {"afschrift": "0.1.0", "needed": "0.1.0", native: "0.1.0"}
        assert (offline.site / f"{native}.py").read_text() == f"TEXT = '{text}'\n"
