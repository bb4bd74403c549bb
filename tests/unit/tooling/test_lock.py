"""constraints.txt is whole, names no registry, and its hashes are held when it is installed from."""

import hashlib
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections import defaultdict
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def test_what_builds_a_package_needs_a_hash_too(tmp_path: Path, project_root: Path) -> None:
    """`tiny` lies here as a builder without a hash; `source` is published as source alone and wants it."""
    wheel(tmp_path)
    inside = tmp_path / "source-1.0"
    inside.mkdir()
    build = '[build-system]\nrequires = ["tiny"]\nbuild-backend = "tiny"\n[project]\nname = "source"\nversion = "1.0"\n'
    (inside / "pyproject.toml").write_text(build, encoding="utf-8")
    (inside / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: source\nVersion: 1.0\n", encoding="utf-8")
    with tarfile.open(tmp_path / "source-1.0.tar.gz", "w:gz") as out:
        out.add(inside, "source-1.0")
    digest = hashlib.sha256((tmp_path / "source-1.0.tar.gz").read_bytes()).hexdigest()

    done = install(tmp_path, project_root, f"source==1.0 --hash=sha256:{digest}\n", "source")

    assert done.returncode and "no trusted hash was provided for: `tiny`" in " ".join(done.stderr.split())
