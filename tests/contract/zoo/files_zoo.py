"""What a field of CSV and a member of JSON lines hold: texts, whatever they look like."""

import csv
import json
from pathlib import Path
from typing import Any

from tests.contract.zoo.cages import TABLE, Row, Zoo, plain
from tests.support.warehouses import Warehouse

TEXTS = ["0012", "1.10", "", "NULL", ' "x", y\n', "é 😀", "=1+1", "2024-02-30", "\\N", "\x01" + "1.10"]
MEMBERS = [
    "1.10",
    "-0.0",
    "1e400",
    "123456789012345678901234567890",
    "true",
    '"1.10"',
    '"null"',
    '"\\u0001" ',
]
NESTED = ['{"b":[1.10,"\\u00011"],"a":null}', "[]"]
CSV, LINES = "field of CSV", "member of JSON lines"
ROWS = (
    *(Row(CSV, "", note=ascii(text)) for text in TEXTS),
    *(Row(LINES, "", note=text.strip()) for text in (*MEMBERS, *NESTED)),
)

holds = plain


def build(folder: Path, _: Any) -> Zoo:
    """A file of each format; the own texts are what was written, and what Python's reader says of a JSON string."""
    names = [f"value_{number}" for number in range(len(ROWS))]
    fields, members = names[: len(TEXTS)], names[len(TEXTS) :]
    with (folder / f"{TABLE}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([fields, TEXTS])
    line = ",".join(f'"{name}": {text}' for name, text in zip(members, (*MEMBERS, *NESTED), strict=True))
    (folder / "lines.jsonl").write_text(f"{{{line}}}\n", encoding="utf-8")
    read = [json.loads(text) if text.startswith('"') else text.strip() for text in (*MEMBERS, *NESTED)]
    tables = dict.fromkeys(fields, TABLE) | dict.fromkeys(members, "lines")
    own = dict(zip(names, [*TEXTS, *read], strict=True))
    return Zoo(Warehouse("files", {"root": str(folder)}), ROWS, own, holds, tables)


def types() -> set[str]:
    return {CSV, LINES}
