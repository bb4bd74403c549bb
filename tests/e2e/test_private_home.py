"""What commands and a run on Airflow leave in the home is the account's alone, started without a umask."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.command_line import command
from tests.support.installed import CUSTOMERS, Installation
from tests.support.small_disk import mounted
from tests.unit.app.test_private_files import modes

pytestmark = [pytest.mark.airflow]


def test_commands_without_a_umask_leave_nothing_open(tmp_path: Path, demo_warehouse: Path) -> None:
    home = tmp_path / "home"
    env = {name: value for name, value in os.environ.items() if not name.startswith("AFSCHRIFT_")}
    env |= {"AFSCHRIFT_HOME": str(home), "AFSCHRIFT_DEMO_DATA": str(demo_warehouse), "AFSCHRIFT_DEMO": "1"}

    def afschrift(*words: str | Path) -> str:
        program = Path(sys.executable).with_name("afschrift")
        done = subprocess.run(
            [program, *words], env=env, umask=0, text=True, capture_output=True, check=False
        )
        assert done.returncode in (0, 4), done.stderr  # 4: the request waits for a person
        return done.stdout

    message = tmp_path / "message.json"
    content = {"message": "All my data.", "channel": "portal", "received_at": "2026-06-10T09:30:00+02:00"}
    content |= {"right": "portability", "keys": {"customer_id": str(CUSTOMERS[0])}}
    content |= {"authenticated": {"by": "login", "level": "high", "at": "2026-06-10T09:29:00+02:00"}}
    message.write_text(json.dumps(content))
    afschrift("key", "new")
    [request, *_] = re.findall(r"req-[0-9a-z]{12}", afschrift("submit", message, "--start", "no"))
    afschrift("run", request)
    afschrift("register", "backup", home / "backup.db", "--data-keys", home / "data-keys.db")
    afschrift("audit", "export", home / "trail.jsonl")
    afschrift("case", "show", request, "--out", home / "case")
    [bundle] = (home / "outbox").glob("*.zip")
    afschrift("unpack", bundle, home / "opened" / "bundle")
    assert {"airflow.db", "run.log", "index.html"} <= {path.name for path in home.rglob("*")}
    assert modes(home) == {}


@pytest.mark.nightly
def test_full_disk_of_airflow_is_reported_without_loss(
    installation: Installation,
) -> None:
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
