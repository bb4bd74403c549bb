"""Writes `docs/operator/performance.md` and its chart from `bench/results/latest.json`.

python -m bench.report
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from bench.check import LATEST
from bench.stages import STAGES

DOCS = Path(__file__).parents[1] / "docs"
CHART = DOCS / "images" / "performance.svg"

TEXT = """# Performance

Written by `python -m bench.report` from one run of `make bench` on {day}: {cores} cores, Python {python}.
Each case runs the functions that the tasks call, in their order: the plan, the extract with `ORDER BY` and
bound keys into encrypted staging, the reading back of every value by another parser, the bundle with its
hashes and signature, the delivery. Beside it, in the same run and in turns, stands its limit.

![Rows against seconds and memory](images/performance.svg)

| case | rows | seconds | held against | ratio | not reconciled | peak MB |
|---|---:|---:|---:|---:|---:|---:|
{rows}

- `wide`: 19 awkward columns (numeric, jsonb, arrays, intervals, bytea, ...) from PostgreSQL. Held against
  `psql COPY | gzip -1`: the same rows in one text form with the cheapest compression, without order,
  encryption, validation or a bundle. Seconds are the median of the turns. *Not reconciled* is the ratio
  of the same request where the rows are not reconciled with PostgreSQL, which the product
  cannot leave out.
- `pandas`: `read_sql`, `to_csv` and a ZIP of the same rows. Held against ours: the ratio says how many times
  longer it takes.
- `eight columns`, `orders and lines`: for themselves. An order has two lines, joined in the warehouse.
- `whole run`: a small request through a running Airflow, from its trigger to the end of its run, held against
  the functions that its tasks call and the services that each builds: {whole_run}. With
  [one task for all steps](operations.md#one-task-for-all-steps): {one_task}.
- A gate, what a step asks the register before it works, for a request with 200 events: {gates}.
- CPU seconds of the tasks of a request on tables that hold a row each: {tables}.
- peak MB: of the process with all its children, without the database server. It depends on
  `AFSCHRIFT_BATCH_MEGABYTES` and not on the number of rows.

Absolute times drift with the machine; the ratios hold. `make bench-check` fails where a ratio is a quarter
worse than the recorded one.

## Where the time of a large request goes

CPU seconds a million rows of the wide table, by `python -m bench.stages`: of all our threads, and of
PostgreSQL's process. On the clock two cores do most of it side by side.

| stage | ours | PostgreSQL |
|---|---:|---:|
{stages}
"""
_IN_WORDS = ("gate", "tables")
BY_HAND = "\n## The same memory"
"""Where the part begins that other commands and people write."""


def main() -> None:
    """Write both."""
    results: list[dict[str, Any]] = json.loads(LATEST.read_text(encoding="utf-8"))
    draw(results)
    text = TEXT.format(
        day=datetime.fromtimestamp(LATEST.stat().st_mtime, UTC).date().isoformat(),
        cores=os.cpu_count(),
        python=platform.python_version(),
        rows="\n".join(_row(result) for result in results if result["case"] not in _IN_WORDS),
        gates="; ".join(result["note"] for result in results if result["case"] == "gate"),
        tables="; ".join(
            f"{result['seconds']:.2f} on {result['rows']:,}"
            for result in results
            if result["case"] == "tables"
        ),
        whole_run=_note(results, "whole run"),
        one_task=_note(results, "whole run, one task"),
        stages="\n".join(_stages()),
    )
    page = DOCS / "performance.md"
    _, apart, measured = page.read_text(encoding="utf-8").partition(BY_HAND)
    page.write_text(text + apart + measured, encoding="utf-8")
    print("Written to docs/operator/performance.md.")


def _note(results: Sequence[dict[str, Any]], case: str) -> str:
    return next((str(result["note"]) for result in results if result["case"] == case), "not measured")


def _stages() -> Iterator[str]:
    found: dict[str, list[float]] = json.loads(STAGES.read_text(encoding="utf-8")) if STAGES.exists() else {}
    together = ("**together**", [sum(part) for part in zip(*found.values(), strict=True)] or [0.0, 0.0])
    for name, (ours, database) in (*found.items(), together):
        yield f"| {name} | {ours:.2f} | {f'{database:.2f}' if database >= 0.005 else ''} |"


def _row(result: dict[str, Any]) -> str:
    bare = "" if result["bare_ratio"] is None else f"{result['bare_ratio']:.2f}"
    limit = "" if result["limit_seconds"] is None else f"{result['limit_seconds']:.2f} s"
    ratio = "" if result["ratio"] is None else f"{result['ratio']:.2f}"
    peak = "" if result["case"].startswith("whole run") else f"{result['peak_mb']:.0f}"  # of all of Airflow
    return (
        f"| {result['case']} | {result['rows']:,} | {result['seconds']:.2f} | {limit} | {ratio} | {bare} "
        f"| {peak} |"
    )


def draw(results: Sequence[dict[str, Any]]) -> None:
    """The wide cases: rows against seconds, with the limit, and against memory."""
    plt.rcParams.update({"svg.hashsalt": "afschrift", "font.size": 10, "axes.spines.top": False})
    figure, (seconds, memory) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    limits = {r["rows"]: r["limit_seconds"] for r in results if r["case"] == "wide csv"}
    _line(seconds, limits, "psql COPY | gzip -1", color="#888888", linestyle="--")
    for case, color in (("wide csv", "#1b6e8c"), ("wide csv,json", "#c2582b")):
        of_case = [r for r in results if r["case"] == case]
        label = case.removeprefix("wide ").replace(",", " and ").upper().replace("AND", "and")
        _line(seconds, {r["rows"]: r["seconds"] for r in of_case}, label, color=color)
        _line(memory, {r["rows"]: r["peak_mb"] for r in of_case}, label, color=color)
    seconds.set_ylabel("seconds")
    memory.set_ylabel("peak of the process tree, MB")
    for axes in (seconds, memory):
        axes.set_xlabel("million rows of 19 columns")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rows, _: f"{rows / 1e6:g}"))
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.spines["right"].set_visible(False)
        axes.legend(frameon=False, loc="best")
    CHART.parent.mkdir(exist_ok=True)
    figure.savefig(CHART, metadata={"Date": None})


def _line(axes: Axes, points: dict[int, float], label: str, **style: str) -> None:
    axes.plot(list(points), list(points.values()), marker="o", label=label, **style)


if __name__ == "__main__":
    main()
