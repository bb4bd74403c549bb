"""Write the data categories of the Fides taxonomy, and the schema of its datasets, as files of our own.

`uv run --no-project --with fideslang==VERSION tools/fides_table.py` writes them. Neither Afschrift nor its
tests install fideslang: it keeps pydantic at a release that Airflow's image has left behind.
"""

from __future__ import annotations

import csv
import json
from importlib.metadata import version
from pathlib import Path

from fideslang.default_taxonomy import DEFAULT_TAXONOMY
from fideslang.models import Dataset

ROOT = Path(__file__).resolve().parents[1]
CATEGORIES = ROOT / "plugins" / "afschrift" / "inventory" / "fides_categories.csv"
DATASET = ROOT / "tests" / "unit" / "datamap" / "exchange" / "data" / "fides_dataset.schema.json"


def main() -> None:
    """Write both files."""
    found = sorted(DEFAULT_TAXONOMY.data_category, key=lambda category: category.fides_key)
    with CATEGORIES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["category", "holds"])
        writer.writerows(
            [category.fides_key, " ".join((category.description or "").split())] for category in found
        )
    schema = Dataset.model_json_schema() | {"$comment": f"fideslang {version('fideslang')}, Apache-2.0"}
    DATASET.write_text(json.dumps(schema, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
