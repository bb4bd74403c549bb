"""docs/where.md is what the packages say of themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_page_is_made_from_the_tree() -> None:
    """Where this fails: python tools/where_page.py."""
    script = [sys.executable, str(ROOT / "tools" / "where_page.py"), "--check"]
    assert subprocess.run(script, check=False).returncode == 0
