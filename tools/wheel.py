"""Build wheel and sdist: equal files give equal bytes, wherever and whenever, and under any umask.

`python tools/wheel.py FOLDER` writes them there and prints their SHA-256. setuptools takes the times and
modes of files into a wheel, those it writes itself included: it builds from a copy, under one umask.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
FILES = ("pyproject.toml", "README.md", "LICENSE")
EPOCH = 315532800
"""1980-01-01, the first day that a ZIP file can tell; SOURCE_DATE_EPOCH of reproducible-builds.org."""
SETTINGS = {"SOURCE_DATE_EPOCH": str(EPOCH), "TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}


def build(out: Path) -> list[Path]:
    """Build from a copy of the sources, and return the paths of wheel and sdist in `out`."""
    os.umask(0o022)
    with TemporaryDirectory() as folder:
        copy = Path(folder, "source")
        shutil.copytree(
            ROOT / "plugins" / "afschrift",
            copy / "plugins" / "afschrift",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        for name in FILES:
            shutil.copy(ROOT / name, copy)
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
            os.utime(path, (EPOCH, EPOCH))
        uv = Path(sys.executable).with_name("uv")
        how = ["--wheel", "--sdist", "--no-build-isolation", "--offline", "--python", sys.executable]
        command = [str(uv), "build", "-q", *how, "--out-dir", folder, str(copy)]
        subprocess.run(command, check=True, env=os.environ | SETTINGS)
        (wheel,), (sdist,) = Path(folder).glob("*.whl"), Path(folder).glob("*.tar.gz")
        out.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copy(wheel, out)), _packed_anew(sdist, out / sdist.name)]


def _packed_anew(sdist: Path, target: Path) -> Path:
    """The same files by name, without owners, and of one time: setuptools takes the clock's."""
    with (
        tarfile.open(sdist) as built,
        gzip.GzipFile("", "wb", fileobj=target.open("wb"), mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as made,
    ):
        for member in sorted(built.getmembers(), key=lambda member: member.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = EPOCH, 0, 0, "", ""
            member.mode, member.pax_headers = 0o755 if member.isdir() else 0o644, {}
            made.addfile(member, built.extractfile(member) if member.isfile() else None)
    return target


def main() -> int:
    """Build, and print as `sha256sum` does, for a release to tell."""
    for file in build(Path(sys.argv[1])):
        sys.stdout.write(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
