"""Tables and documents that lie in a folder `data` beside the tests that read them."""

import csv
import json
from pathlib import Path
from typing import Any


def lines(test: str, name: str) -> list[dict[str, str]]:
    """The lines of a table, tab-separated and without quoting, by its first line; `test` is the test's `__file__`."""
    with (Path(test).parent / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, restval=""))


def document(test: str, name: str) -> Any:
    """A document in JSON; its texts may be bytes as Latin-1."""
    return json.loads((Path(test).parent / "data" / name).read_text(encoding="utf-8"))
