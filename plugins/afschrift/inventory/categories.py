"""The data categories that an inventory may name."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def fides_categories() -> dict[str, str]:
    """Data categories of the Fides taxonomy: key -> what it holds. tools/fides_table.py writes the table."""
    table = files("afschrift.inventory") / "fides_categories.csv"
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    return {row["category"]: row["holds"] for row in rows}
