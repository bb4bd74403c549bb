"""`python -m plays.officer` plays all its scenes on a running Airflow, and checks itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.airflow_support import ROOT

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("play-officer"),
    pytest.mark.skipif(sys.platform != "linux", reason="plays on an Airflow that ends with its children"),
]


def test_every_scene_is_as_it_must_be() -> None:
    play = [sys.executable, "-m", "plays.officer"]
    done = subprocess.run(play, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-4000:] + done.stderr
    assert done.stdout.endswith("Everything was as it must be.\n")
