"""What the software writes is its account's alone, whatever the umask of the process that writes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from testbed.small import write_database, write_inventory

from afschrift.app.private_files import private_file, private_folder

A_WORKER = """
import os, sys
from pathlib import Path

os.umask(0)
home, inventory = Path(sys.argv[1]), Path(sys.argv[2])
os.environ.update(AFSCHRIFT_HOME=str(home), AFSCHRIFT_INVENTORY=str(inventory))

from testbed.running import drive, store
from afschrift.app.settings import Settings
from afschrift.register.backup import back_up, restore
from afschrift.register.open import initialise, open_keys
from afschrift.wiring.build_services import build

settings = Settings.from_environment()
initialise(settings)
services = build(lambda line: None, settings)
request = store(services, {"customer_id": "1"}, "portability", formats=["csv", "json", "parquet", "xml"])
drive(services, request)
with services.staging(request).writer("left/behind.json") as sink:
    sink.write(b"{}")
back_up(settings.register, home / "backup.db", home / "keys-backup.db")
elsewhere = f"sqlite:///{home / 'restored.db'}"
restore(elsewhere, home / "backup.db", open_keys(settings), home / "keys-backup.db")
"""


def modes(root: Path) -> dict[str, str]:
    """Each file and folder below a folder, itself included, that is not its owner's alone."""
    found = {
        str(path.relative_to(root)): path.lstat().st_mode & 0o777
        for path in [root, *root.rglob("*")]
        if not path.is_symlink()
    }
    wanted = {name: 0o700 if (root / name).is_dir() else 0o600 for name in found}
    return {name: oct(mode) for name, mode in found.items() if mode != wanted[name]}


def test_a_worker_without_a_umask_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project_root: Path
) -> None:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("PYTHONPATH", str(project_root))
    home = tmp_path / "not" / "yet" / "there"
    inventory = write_inventory(tmp_path / "inventory")
    done = subprocess.run(
        [sys.executable, "-c", A_WORKER, home, inventory], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    names = {path.name for path in home.rglob("*")}
    assert {"register.db", "keys.json", "backup.db", "restored.db", "outbox", "behind.json.enc"} <= names
    assert [name for name in names if name.endswith(".zip")]
    assert modes(tmp_path / "not") == {}


def test_a_file_that_is_there_keeps_its_mode_and_a_new_one_is_private(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"a")
    there.chmod(0o640)
    with private_file(there, append=True) as file:
        file.write(b"b")
    assert (there.read_bytes(), oct(there.stat().st_mode & 0o777)) == (b"ab", "0o640")
    with private_file(there) as file:
        file.write(b"c")
    assert there.read_bytes() == b"c"
    with pytest.raises(FileExistsError):
        private_file(there, new=True)
    private_folder(tmp_path)  # one that is there is left as it is
    with pytest.raises(NotADirectoryError):
        private_folder(there / "below")
