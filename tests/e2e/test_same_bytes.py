"""The same request gives the same bytes: another day, folder, hash seed, zone, locale and thread count."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from demo.people import AWKWARD, HEAVY
from tests.support.running import store

from afschrift.wiring.services import build, initialise
from afschrift.wiring.settings import Settings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Place:
    """Where and how a bundle is packed."""

    folder: Path
    warehouse: Path
    day: str
    threads: int
    hash_seed: str
    zone: str
    locale: str

    @property
    def environment(self) -> dict[str, str]:
        """Of the process."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": self.hash_seed,
            "TZ": self.zone,
            "LC_ALL": self.locale,
            "TMPDIR": str(self.folder / "tmp"),
            "AFSCHRIFT_HOME": str(self.folder / "home"),
            "AFSCHRIFT_DEMO_DATA": str(self.warehouse),
        }

    def pack(self, request: str) -> tuple[str, str]:
        """SHA-256 of the bundle as the register has it, and of the one in staging."""
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.e2e.rebuild", request, self.day, str(self.threads)]
        ended = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        recorded, staged = ended.stdout.split()
        return recorded, staged


@pytest.mark.parametrize(
    ("customer", "right"),
    [(HEAVY.number, "access"), (AWKWARD.number, "portability")],
    ids=["heavy", "awkward"],
)
def test_same_bytes(customer: int, right: str, warehouse: Path, tmp_path: Path) -> None:
    here = Place(tmp_path / "here", warehouse, "2026-12-01", 1, "1", "UTC", "C.UTF-8")
    shutil.copytree(warehouse, tmp_path / "other" / "warehouse")
    there = Place(
        tmp_path / "other" / "there",
        tmp_path / "other" / "warehouse",
        "2027-03-28",
        2,
        "4711",
        "Pacific/Chatham",
        "C",
    )
    settings = Settings.from_environment(here.environment)
    initialise(settings)
    request = store(build(lambda _line: None, settings), {"customer_id": str(customer)}, right)
    first = here.pack(request)
    assert first[0] == first[1]
    shutil.copytree(here.folder / "home", there.folder / "home")
    shutil.rmtree(there.folder / "home" / "staging")
    assert there.pack(request) == first
