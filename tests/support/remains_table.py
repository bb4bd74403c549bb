"""How many customers of the demo each forgotten request still fits; prints a table for docs/trail.md.

    PYTHONPATH=plugins:. python -m tests.support.remains_table [TARGETS] [--keep]

The attacker counts the rows of all customers by the hand-written SQL of `tests/sql`, and for the targets has
the product's own files, digests and sizes too, from an installation of his own. `--keep` destroys no key, so
that the search shows what it finds where nothing was forgotten.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from demo.build import build
from tests.e2e import hand_sql
from tests.e2e.office import Office
from tests.support.remains import Remains, fit, remains_of, rows_of

CHOICES = {"shared_key": "include", "consent_missing": "include"}
SCALE = 0.02


def counted(warehouse: Path) -> dict[str, Counter[str]]:
    """Customer -> table -> number of rows, by the hand-written SQL."""
    found: dict[str, Counter[str]] = {}
    with hand_sql.connect(warehouse) as con:
        for (customer,) in con.execute("SELECT customer_id FROM customer ORDER BY 1").fetchall():
            found[str(customer)] = Counter()
        for table in hand_sql.KEYS:
            statement = f"SELECT person, count(*) FROM ({hand_sql.statement(table)}) GROUP BY 1"
            for person, rows in con.execute(statement).fetchall():
                if str(person) in found:
                    found[str(person)][table] = rows
    return found


def by_counts(left: Remains, true: str, known: Mapping[str, Counter[str]]) -> int:
    """Customers left by numbers under the name of a table, or are the rows of all of them."""
    fits = set(known)
    for place, values in left.values.items():
        names = set(place.split("."))
        for value in values:
            for table in names & set(hand_sql.KEYS):
                if known[true][table] == value:
                    fits &= {person for person, rows in known.items() if rows[table] == value}
            if names & {"rows", "bytes"} and value == known[true].total():
                fits &= {person for person, rows in known.items() if rows.total() == value}
    return len(fits)


def table(folder: Path, targets: int, *, keep: bool) -> list[str]:
    """Lines of the table: by right and attack, the fewest and the median of customers left, and singled out."""
    warehouse = folder / "warehouse"
    build(warehouse, SCALE, say=lambda _: None, days_a_file=7)
    known = counted(warehouse)
    chosen = sorted(random.Random(7).sample(sorted(known), targets))
    ours, his = Office.open(folder / "ours", warehouse), Office.open(folder / "his", warehouse)
    lines = [
        "| Right | Attack | Customers left: fewest / median | Requests singled out |",
        "|---|---|---|---|",
    ]
    for right in ("access", "portability"):
        asked = {
            office.home.name: {person: _asked(office, person, right) for person in chosen}
            for office in (ours, his)
        }
        if not keep:
            for request in asked["ours"].values():
                assert ours.register.data_keys.shred(request, "retention_identity", "officer")
        his_rows, our_rows = (rows_of(folder / name / "register.db") for name in ("his", "ours"))
        everybody = {person: remains_of(his_rows, request) for person, request in asked["his"].items()}
        left = {person: remains_of(our_rows, request) for person, request in asked["ours"].items()}
        fits = [fit(left[person], person, everybody) for person in chosen]
        counts = [by_counts(left[person], person, known) for person in chosen]
        alone = sum(fit.by_types == 1 for fit in fits)
        lines.append(_line(right, f"row counts, of {len(known)}", counts, 0))
        lines.append(_line(right, f"all, of {targets} with files", [fit.by_all for fit in fits], alone))
        lines.append(_line(right, "types of events alone, likewise", [fit.by_types for fit in fits], 0))
    return lines


def _asked(office: Office, customer: str, right: str) -> str:
    request = office.submit(right, {"customer_id": customer})
    office.run_answering(request, CHOICES)
    return request


def _line(right: str, attack: str, left: list[int], alone: int) -> str:
    singled = sum(item == 1 for item in left) - alone
    return f"| {right} | {attack} | {min(left)} / {median(left):g} | {singled} of {len(left)} |"


if __name__ == "__main__":
    words = [item for item in sys.argv[1:] if item != "--keep"]
    with TemporaryDirectory() as made:
        for line in table(Path(made), int(words[0]) if words else 8, keep="--keep" in sys.argv):
            print(line)
