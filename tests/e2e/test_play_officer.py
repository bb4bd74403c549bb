"""`python -m plays.officer` plays on a running Airflow, and checks itself.

Of its scenes those that are short and no other end-to-end test plays; `make play-officer` plays all of them.
"""

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


def test_scenes_are_as_they_must_be() -> None:
    scenes = [word for scene in ("5", "6") for word in ("--only", scene)]
    play = [sys.executable, "-m", "plays.officer", *scenes]
    done = subprocess.run(play, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-4000:] + done.stderr
    assert done.stdout.endswith("Everything was as it must be.\n")
