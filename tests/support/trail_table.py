"""Prints the tampering matrix as a Markdown table: what each verifier finds, on each database.

PYTHONPATH=plugins:. python -m tests.support.trail_table
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testbed import postgres
from tests.support.tampering import MATRIX
from tests.support.trail_matrix import Found, Trail

HEADING = """\
| Tampering | Findings, as `code` at event | SQLite: afschrift | standalone | PostgreSQL: afschrift | standalone |
|---|---|---|---|---|---|"""


@contextmanager
def trails() -> Iterator[list[Trail]]:
    """The same life of a trail on both databases."""
    with tempfile.TemporaryDirectory() as folder, postgres.running() as server:
        lite, other = Path(folder, "sqlite"), Path(folder, "postgresql")
        lite.mkdir()
        other.mkdir()
        database = server.create()
        yield [Trail.new(f"sqlite:///{lite}/register.db", lite), Trail.new(database.url, other)]
        server.drop(database)


def row(trail: list[Trail], number: int) -> tuple[list[Found], set[str]]:
    """Findings of both verifiers on each database, and the codes that must be among them."""
    found, expected = [], set()
    for original in trail:
        with tempfile.TemporaryDirectory() as folder:
            copy = original.again(Path(folder))
            expected = MATRIX[number](copy)
            found += [copy.product(), copy.standalone()]
    return found, expected


def words(found: Found) -> Iterator[str]:
    """Each code with the first event that it was found at."""
    events: dict[str, list[int]] = {}
    for seq, code in sorted((seq, code) for code, seq in found):
        events.setdefault(code, []).append(seq)
    for code, seqs in events.items():
        yield f"`{code}` {seqs[0]}" + (f" and {len(seqs) - 1} more" if seqs[1:] else "")


def main() -> None:
    """Print the table; exit code 1 where something went unseen."""
    print(HEADING)
    complete = True
    with trails() as both:
        for number, tamper in enumerate(MATRIX):
            found, expected = row(both, number)
            marks = ["found" if expected <= {code for code, _ in item} else "NOT FOUND" for item in found]
            same = all(item == found[0] for item in found)
            complete = complete and same and set(marks) == {"found"}
            codes = ", ".join(words(found[0]))
            cells = [str(tamper.__doc__).rstrip("."), codes if same else f"{codes} (DIFFERS)", *marks]
            print(f"| {' | '.join(cells)} |")
    raise SystemExit(not complete)


if __name__ == "__main__":
    main()
