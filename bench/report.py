"""Prints the tables of `bench/results/latest.json`, and draws the chart of docs/operator/performance.md.

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

CHART = Path(__file__).parents[1] / "docs" / "images" / "performance.svg"

TEXT = """One run of `make bench` on {day}: {cores} cores, Python {python}.

| case | rows | seconds | limit | ratio | not reconciled | peak MB |
|---|---:|---:|---:|---:|---:|---:|
{rows}

- `wide`: 19 awkward columns from PostgreSQL; the limit is `psql COPY | gzip -1`. Seconds are medians.
  *Not reconciled*: the ratio without the reconciliation with PostgreSQL, which the product cannot leave out.
- `pandas`: `read_sql`, `to_csv` and a ZIP; the ratio says how many times longer than ours it takes.
- `whole run`: a small request through a running Airflow, with the functions that its tasks call as limit:
  {whole_run}. With one task for all steps: {one_task}.
- A gate of a request with 200 events: {gates}.
- CPU seconds of the tasks of a request on tables with a row each: {tables}.
- peak MB: the process with all its children, without the database server.

CPU seconds a million rows of the wide table, by `python -m bench.stages`: our threads, and PostgreSQL.

| stage | ours | PostgreSQL |
|---|---:|---:|
{stages}
"""
_IN_WORDS = ("gate", "tables")


def main() -> None:
    """Draw the chart and print the tables."""
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
    print(text)


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
