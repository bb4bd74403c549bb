"""The same request gives the same bytes: another day, folder, hash seed, zone, locale and thread count."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from demo.people import AWKWARD, HEAVY
from testbed.running import store
from tests.e2e.office import Office
from tests.e2e.opened import Opened
from tests.e2e.rebuild import packed

from afschrift.app.settings import Settings
from afschrift.register.open import initialise
from afschrift.wiring.build_services import build

ROOT = Path(__file__).parents[2]


def environment(folder: Path, warehouse: Path, hash_seed: str, zone: str, locale: str) -> dict[str, str]:
    (folder / "tmp").mkdir(parents=True)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'plugins'}",
        "PYTHONHASHSEED": hash_seed,
        "TZ": zone,
        "LC_ALL": locale,
        "TMPDIR": str(folder / "tmp"),
        "AFSCHRIFT_HOME": str(folder / "home"),
        "AFSCHRIFT_DEMO_DATA": str(warehouse),
    }


def pack(env: dict[str, str], day: str, threads: int, requests: list[str]) -> list[list[str]]:
    """SHA-256 of each bundle as the register has it, and of the one in staging."""
    command = [sys.executable, "-m", "tests.e2e.rebuild", day, str(threads), *requests]
    folder = Path(env["AFSCHRIFT_HOME"]).parent
    ended = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return [line.split() for line in ended.stdout.splitlines()]


def test_same_bytes(warehouse: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(warehouse, other / "warehouse")
    here = environment(tmp_path / "here", warehouse, "1", "UTC", "C.UTF-8")
    there = environment(other / "there", other / "warehouse", "4711", "Pacific/Chatham", "C")
    settings = Settings.from_environment(here)
    initialise(settings)
    services = build(lambda _line: None, settings)
    asked = ((HEAVY, "access"), (AWKWARD, "portability"))
    requests = [store(services, {"customer_id": str(who.number)}, right) for who, right in asked]
    first = pack(here, "2026-12-01", 1, requests)
    assert all(recorded == staged for recorded, staged in first)
    shutil.copytree(here["AFSCHRIFT_HOME"], there["AFSCHRIFT_HOME"])
    shutil.rmtree(Path(there["AFSCHRIFT_HOME"]) / "staging")
    assert pack(there, "2027-03-28", 2, requests) == first


@pytest.mark.nightly
def test_trail_records_data_that_changed_between_reads(warehouse: Path, tmp_path: Path) -> None:
    """The evidence names the snapshot and the files that the bundle was made of."""
    shutil.copytree(warehouse, tmp_path / "warehouse")
    (tmp_path / "home").mkdir()
    office = Office.open(tmp_path / "home", tmp_path / "warehouse")
    request = office.submit("access", {"customer_id": str(AWKWARD.number)})
    packed(office.services, request)
    office.services.staging(request).wipe()
    with duckdb.connect(str(tmp_path / "warehouse" / "shop.duckdb")) as con:
        con.execute("UPDATE customer SET first_name = 'Zoë' WHERE customer_id = ?", [AWKWARD.number])
    files = Opened(office.run_answering(request)).files
    held = {path for path in files if path.startswith("data/shop/") and not path.endswith(".schema.json")}
    extracted = [
        payload
        for header, payload in office.register.trail.events(request)
        if header.type == "extracted" and payload and payload["source"] == "shop"
    ]
    last = extracted[-1]["files"]
    plain = {path.removeprefix("data/"): hashlib.sha256(files[path]).hexdigest() for path in held}
    keyed = office.register.evidence.file_codes(plain)
    assert keyed.items() <= last.items()
    assert len(extracted) == 2
