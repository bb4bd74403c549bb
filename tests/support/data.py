"""Tables and documents that lie in a folder `data` beside the tests that read them."""

import csv
import json
from pathlib import Path
from typing import Any

import yaml


def lines(test: str, name: str) -> list[dict[str, str]]:
    """The lines of a table by its first line: `.csv`, or tab-separated without quoting; `test` is the `__file__`."""
    form: Any = {} if name.endswith(".csv") else {"delimiter": "\t", "quoting": csv.QUOTE_NONE}
    with (Path(test).parent / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, restval="", **form))


def document(test: str, name: str) -> Any:
    """A document in YAML or JSON; its texts may be bytes as Latin-1."""
    text = (Path(test).parent / "data" / name).read_text(encoding="utf-8")
    return yaml.safe_load(text) if name.endswith(".yml") else json.loads(text)
