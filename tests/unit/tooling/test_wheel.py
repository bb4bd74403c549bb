"""Wheel and sdist are the same, byte for byte, wherever they are built, and one makes the other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def tree(root: Path, folder: Path, time: int) -> Path:
    """A copy of what the wheel is made of, all files of one time."""
    for name in ("plugins", "tools"):
        shutil.copytree(
            root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, folder)
    for path in folder.rglob("*"):
        os.utime(path, (time, time))
    return folder


def build(folder: Path, umask: int, **env: str) -> Path:
    command = [sys.executable, "tools/wheel.py", "dist"]
    subprocess.run(command, cwd=folder, check=True, umask=umask, env=os.environ | env)
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def sdist_beside(wheel: Path) -> Path:
    (sdist,) = wheel.parent.glob("*.tar.gz")
    return sdist


def test_two_places_times_and_umasks_give_the_same_bytes(tmp_path: Path, project_root: Path) -> None:
    here = tree(project_root, tmp_path / "one", 1_700_000_000)
    other = tree(project_root, tmp_path / "elsewhere" / "other", 1_600_000_000)
    for path in [*other.rglob("*.py"), other / "LICENSE"]:
        path.chmod(0o700)
    (other / "plugins" / "afschrift" / "__pycache__").mkdir()
    (other / "plugins" / "afschrift" / "__pycache__" / "left.cpython-311.pyc").write_bytes(b"left")

    first = build(here, 0o022, TZ="Europe/Amsterdam")
    second = build(other, 0o077, TZ="Asia/Tokyo", LC_ALL="C", SOURCE_DATE_EPOCH="1700000000")

    assert first.read_bytes() == second.read_bytes()
    assert sdist_beside(first).read_bytes() == sdist_beside(second).read_bytes()


def test_the_sdist_makes_the_same_files(tmp_path: Path, project_root: Path) -> None:
    wheel = build(tree(project_root, tmp_path / "one", 1_700_000_000), 0o022)
    with tarfile.open(sdist_beside(wheel)) as file:
        file.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.glob("afschrift-*")
    uv = [str(Path(sys.executable).with_name("uv")), "build", "-q", "--wheel", "--offline"]
    subprocess.run([*uv, "--no-build-isolation", "--python", sys.executable], cwd=unpacked, check=True)
    (again,) = (unpacked / "dist").glob("*.whl")

    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as other:
        assert {name: first.read(name) for name in first.namelist() if "/RECORD" not in name} == {
            name: other.read(name) for name in other.namelist() if "/RECORD" not in name
        }


def test_the_wheel_has_the_package_and_nothing_beside_it(tmp_path: Path, project_root: Path) -> None:
    wheel = build(tree(project_root, tmp_path / "one", 1_700_000_000), 0o022)

    with zipfile.ZipFile(wheel) as file:
        inside = {name for name in file.namelist() if ".dist-info/" not in name}
    folders = {"afschrift": project_root / "plugins" / "afschrift"}
    folders |= {f"afschrift/{name}": project_root / name for name in ("config", "dags", "include")}
    files = {
        f"{into}/{path.relative_to(folder).as_posix()}"
        for into, folder in folders.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == {name for name in files if not name.startswith("afschrift/include/inventory/")}
    assert {"afschrift/include/sql/person.sql", "afschrift/dags/fulfil_request.py"} <= inside
