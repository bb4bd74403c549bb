from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_page_is_made_of_the_table() -> None:
    done = subprocess.run([sys.executable, "tools/states_page.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "python tools/states_page.py"
