"""`make bench-check`: are the ratios of the last run as good as the recorded ones?

    python -m bench.check [--record]

Compares `bench/results/latest.json` with `bench/recorded.json` and fails where a ratio is a quarter worse.
Only ratios are compared: absolute times drift with the machine. `--record` makes the last run the one to
beat.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

LATEST = Path(__file__).parent / "results" / "latest.json"
RECORDED = Path(__file__).parent / "recorded.json"

ALLOWED = 1.25
"""Between two quiet runs of the same code a ratio differs by a few hundredths."""

_BETTER_WHEN_LARGER = ("pandas",)


def main() -> None:
    """Compare, or record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--record", action="store_true", help="make the last run the one to beat")
    latest = ratios(LATEST)
    if parser.parse_args().record:
        RECORDED.write_text(json.dumps(latest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        print(f"{len(latest)} ratios recorded.")
        return
    worse = compare(ratios(RECORDED), latest)
    for line in worse:
        print(line, file=sys.stderr)
    if worse:
        sys.exit(1)
    print(f"{len(latest)} ratios are no more than a quarter worse than recorded.")


def ratios(path: Path) -> dict[str, float]:
    """`case, rows` -> ratio, of a file of results or of recorded ratios.

    Raises:
        SystemExit: there is no such file; says how to make it.
    """
    if not path.exists():
        how = "make bench" if path == LATEST else "make bench, then: python -m bench.check --record"
        sys.exit(f"There is no {path.name}. What to do: run `{how}`.")
    content: Any = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(content, dict):
        return content
    return {f"{r['case']}, {r['rows']}": round(r["ratio"], 3) for r in content if r["ratio"] is not None}


def compare(recorded: dict[str, float], latest: dict[str, float]) -> list[str]:
    """A line for each ratio that is a quarter worse, or was recorded and not measured."""
    lines = [f"{name}: not measured." for name in recorded if name not in latest]
    for name in recorded.keys() & latest.keys():
        was, now = recorded[name], latest[name]
        if name.startswith(_BETTER_WHEN_LARGER):
            was, now = 1 / was, 1 / now
        if now > was * ALLOWED:
            lines.append(f"{name}: {latest[name]:.2f}, recorded {recorded[name]:.2f}.")
    return sorted(lines)


if __name__ == "__main__":
    main()
