"""docs/proposals.md has the concepts of the vocabulary and the figures of the lists."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.unit.datamap.scan.scanned import DATA, outcomes

from afschrift.datamap.scan.proposal import PROPOSED

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "proposals.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_vocabulary() -> None:
    """Where this fails: PYTHONPATH=plugins python tools/proposals_page.py."""
    script = [sys.executable, str(ROOT / "tools" / "proposals_page.py"), "--check"]
    assert subprocess.run(script, env={"PYTHONPATH": str(ROOT / "plugins")}, check=False).returncode == 0


def test_the_figures_are_those_of_today() -> None:
    origins = Counter[str]()
    for file in DATA.glob("*.csv"):
        origins += outcomes(file.name)[0]
    cells = [sum(origins.values()), *(origins[one] for one in ("right", "wrong", "rightly open", "open"))]
    assert f"| all five, now | {' | '.join(map(str, cells))} |" in TEXT
    assert f"lie {cells[0]} columns" in TEXT
    assert f"proposed from {PROPOSED}" in TEXT
