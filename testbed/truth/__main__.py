"""Judge a file of an inventory: `python -m testbed.truth INVENTORY/shop.yml tests/truth/shop.yml`.

Prints a line an aspect, the score, and each answer that is wrong; `--all` those left open too.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from afschrift.inventory.document import Document, InventoryError
from afschrift.inventory.model import SourceFile
from testbed.truth.answers import read
from testbed.truth.judge import ASPECTS, Judged, Verdict, counts, judge, score, unknown


def load(path: Path) -> SourceFile:
    """One file of an inventory, which need not be complete yet.

    Raises:
        InventoryError: it is not written as docs/datamap/inventory.md says.
    """
    document = Document(path)
    source = document.parse(SourceFile)
    if source is None or document.faults:
        raise InventoryError(document.faults)
    return source


def report(judged: list[Judged], every: bool = False) -> str:
    """The figures and the answers that are wrong."""
    lines = [f"{'':12}{'right':>7}{'wrong':>7}{'open':>7}{'score':>8}"]
    for aspect in (*ASPECTS, None):
        of = counts(judged, aspect)
        points = score(of)
        shown = "" if points is None else f"{points:.0%}"
        figures = "".join(f"{of[verdict]:>7}" for verdict in Verdict)
        lines.append(f"{aspect or 'together':12}{figures}{shown:>8}")
    shown_too = {Verdict.WRONG, Verdict.OPEN} if every else {Verdict.WRONG}
    lines += [
        f"{judgement.verdict:6} {judgement.aspect} {judgement.place}: {judgement.answer or 'nothing'}; right: {judgement.right}"
        for judgement in judged
        if judgement.verdict in shown_too
    ]
    return "\n".join(lines)


def main() -> int:
    """Print the judgement; exit code 1 where the inventory cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inventory", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--all", action="store_true", help="show what is left open too")
    given = parser.parse_args()
    truth = read(given.truth)
    try:
        source = load(given.inventory)
    except InventoryError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(report(judge(source, truth), given.all) + "\n")
    if rest := unknown(source, truth):
        sys.stdout.write(f"not judged: {', '.join(rest)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
