"""Wheel and sdist are the same, byte for byte, wherever they are built, and one makes the other."""

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


def build(folder: Path, umask: int, **env: str) -> tuple[Path, Path]:
    """Wheel and sdist."""
    command = [sys.executable, "tools/wheel.py", "dist"]
    subprocess.run(command, cwd=folder, check=True, umask=umask, env=os.environ | env)
    [wheel], [sdist] = ((folder / "dist").glob(name) for name in ("*.whl", "*.tar.gz"))
    return wheel, sdist


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("built") / "one"
    return build(tree(project_root, folder, 1_700_000_000), 0o022, TZ="Europe/Amsterdam")


@pytest.mark.nightly
def test_two_places_times_and_umasks_give_the_same_bytes(
    built: tuple[Path, Path], tmp_path: Path, project_root: Path
) -> None:
    other = tree(project_root, tmp_path / "elsewhere" / "other", 1_600_000_000)
    for path in [*other.rglob("*.py"), other / "LICENSE"]:
        path.chmod(0o700)
    left = other / "plugins" / "afschrift" / "__pycache__" / "left.cpython-311.pyc"
    left.parent.mkdir()
    left.write_bytes(b"left")

    second = build(other, 0o077, TZ="Asia/Tokyo", LC_ALL="C", SOURCE_DATE_EPOCH="1700000000")

    assert [file.read_bytes() for file in built] == [file.read_bytes() for file in second]


def test_the_sdist_makes_the_same_files(built: tuple[Path, Path], tmp_path: Path) -> None:
    wheel, sdist = built
    with tarfile.open(sdist) as file:
        file.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.glob("afschrift-*")
    uv = [str(Path(sys.executable).with_name("uv")), "build", "-q", "--wheel", "--offline"]
    subprocess.run([*uv, "--no-build-isolation", "--python", sys.executable], cwd=unpacked, check=True)
    (again,) = (unpacked / "dist").glob("*.whl")

    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as other:
        contents = [
            {name: archive.read(name) for name in archive.namelist() if "/RECORD" not in name}
            for archive in (first, other)
        ]
    assert contents[0] == contents[1]


def test_the_wheel_has_the_package_and_nothing_beside_it(
    built: tuple[Path, Path], project_root: Path
) -> None:
    with zipfile.ZipFile(built[0]) as file:
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
