"""docs/datamap/scan.md has the figures of the lists of column names."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.unit.datamap.scan.scanned import DATA, outcomes

from afschrift.datamap.scan.proposal import PROPOSED

TEXT = (Path(__file__).parents[3] / "docs" / "datamap" / "scan.md").read_text(encoding="utf-8")


def test_the_figures_are_those_of_today() -> None:
    origins = Counter[str]()
    for file in DATA.glob("*.csv"):
        origins += outcomes(file.name)[0]
    figures = [sum(origins.values()), *(origins[name] for name in ("right", "wrong", "rightly open", "open"))]
    assert f"| all five, now | {' | '.join(map(str, figures))} |" in TEXT
    assert f"from a confidence of {PROPOSED}" in TEXT
