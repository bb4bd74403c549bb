"""What commands and a run on Airflow leave in the home is the account's alone, started without a umask."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.command_line import command
from tests.support.installed import CUSTOMERS, Installation
from tests.support.small_disk import mounted
from tests.support.two_sources import two_sources, write_inventory
from tests.unit.app.test_private_files import modes

__all__ = ["two_sources"]

pytestmark = [pytest.mark.airflow]


COMMANDS = """
import io, os, sys
from afschrift.app.settings import Settings
from afschrift.cli.main import main
from afschrift.register.open import open_register
message, home = sys.argv[1:]
def afschrift(*words):
    os.umask(0)
    sys.argv = ["afschrift", *words]
    try:
        main()
    except SystemExit as ended:
        assert ended.code in (0, 4), (words, ended.code)  # 4: the request waits for a person
afschrift("key", "new")
afschrift("submit", message, "--start", "here")
[request] = {name[:16] for name in os.listdir(f"{home}/outbox")}
afschrift("register", "backup", f"{home}/backup.db", "--data-keys", f"{home}/data-keys.db")
afschrift("audit", "export", f"{home}/trail.jsonl")
afschrift("case", "show", request, "--out", f"{home}/case")
[bundle] = os.listdir(f"{home}/outbox")
deliveries = open_register(Settings.from_environment()).deliveries
sys.stdin = io.StringIO(deliveries.secret(deliveries.of(request)[0].id))
os.mkdir(f"{home}/opened")
afschrift("bundle", "open", f"{home}/outbox/{bundle}", f"{home}/opened/bundle")
"""


@pytest.mark.nightly
def test_commands_without_a_umask_leave_nothing_open(tmp_path: Path, two_sources: Path) -> None:
    home, message = tmp_path / "home", tmp_path / "message.json"
    env = {name: value for name, value in os.environ.items() if not name.startswith("AFSCHRIFT_")}
    env |= {"AFSCHRIFT_HOME": str(home), "AFSCHRIFT_DEMO_DATA": str(two_sources), "AFSCHRIFT_DEMO": "1"}
    env |= {"AFSCHRIFT_INVENTORY": str(write_inventory(tmp_path / "inventory"))}
    content = {"message": "All my data.", "channel": "portal", "received_at": "2026-06-10T09:30:00+02:00"}
    content |= {"right": "access", "keys": {"customer_id": str(CUSTOMERS[0])}}
    content |= {"authenticated": {"by": "login", "level": "high", "at": "2026-06-10T09:29:00+02:00"}}
    message.write_text(json.dumps(content))
    done = subprocess.run([sys.executable, "-c", COMMANDS, message, home], env=env, check=False)
    assert done.returncode == 0
    assert {"airflow.db", "run.log", "index.html"} <= {path.name for path in home.rglob("*")}
    assert modes(home) == {}


@pytest.mark.nightly
def test_full_disk_of_airflow_is_reported_without_loss(installation: Installation) -> None:
    request = installation.submit(CUSTOMERS[0], "portability")
    folder = installation.home / "airflow-here"
    folder.mkdir()
    with mounted(folder, 1) as disk:
        done = command(("run", request))

        assert done.code == 1
        assert "Traceback" not in done.errors
        assert f"afschrift: The Airflow in {folder} cannot work: database or disk is full." in done.errors
        assert "What to do: see that the disk has room" in done.errors

        disk.grow(64)
        assert command(("run", request)).code in (0, 4), "4: a person is asked"
    assert installation.services.register.trail.verify() == []
    assert len(installation.bundles) == 1
