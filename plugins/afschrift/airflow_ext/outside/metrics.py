"""Figures through Airflow's own metrics, to wherever its `[metrics]` section sends them.

Airflow's plain StatsD knows no tags, so a kind or a step stands in the name, and a name never holds more:
no id, no source, no text. Where no metrics are on, nothing is sent and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afschrift.canary.history import CanaryCheck
    from afschrift.operations.figures import Figures


@dataclass(frozen=True)
class Metric:
    """One name, or with `KIND` or `STEP` at its end one a kind of question or a step.

    Attributes:
        name: without the prefix of Airflow's settings, usually `airflow.`.
        type: `gauge`, `timer` (milliseconds) or `counter`.
        means: in words, for docs/monitoring.md.
    """

    name: str
    type: str
    means: str


OPEN = Metric("afschrift.requests.open", "gauge", "requests that are not closed")
LATE = Metric("afschrift.requests.late", "gauge", "open requests whose last day is over")
RUNNING = Metric("afschrift.requests.running", "gauge", "requests with a run that goes")
FAILED = Metric(
    "afschrift.requests.failed",
    "gauge",
    "requests whose run failed or was lost, and nothing follows by itself",
)
WAITING = Metric("afschrift.requests.waiting", "gauge", "requests with a question that waits for a person")
DAYS_LEFT = Metric(
    "afschrift.requests.days_left",
    "gauge",
    "calendar days to the nearest last day: 0 today, below 0 late; 100 where none is nearer",
)
QUESTIONS = Metric("afschrift.questions.waiting.KIND", "gauge", "open questions of a [kind](questions.md)")
FINDINGS = Metric(
    "afschrift.inventory.findings",
    "gauge",
    "errors and warnings between inventory and sources ([check.md](check.md)), after each check",
)
STOPS = Metric("afschrift.inventory.stops", "gauge", "those of them for which requests wait")
DURATION = Metric(
    "afschrift.step.duration.STEP", "timer", "how long a pass through a step took, however it ended"
)
ROWS = Metric("afschrift.step.rows.STEP", "counter", "rows that a step read, each pass as a power of ten")

CANARY_RECALL = Metric(
    "afschrift.canary.recall",
    "gauge",
    "percent of the [canary](canary.md)'s planted values that it was given",
)
CANARY_PRECISION = Metric(
    "afschrift.canary.precision", "gauge", "percent of the rows given to the canary that are its own"
)
CANARY_LEAKS = Metric(
    "afschrift.canary.leaks", "gauge", "values of the canary found in clear where none may be"
)

METRICS = (
    *(OPEN, LATE, RUNNING, FAILED, WAITING, DAYS_LEFT, QUESTIONS, FINDINGS, STOPS, DURATION, ROWS),
    *(CANARY_RECALL, CANARY_PRECISION, CANARY_LEAKS),
)


def send_figures(figures: Figures) -> None:
    """Send the gauges."""
    from airflow.sdk.observability import stats

    for metric, value in (
        (OPEN, figures.open),
        (LATE, figures.late),
        (RUNNING, figures.running),
        (FAILED, figures.failed),
        (WAITING, figures.waiting),
        (DAYS_LEFT, figures.days_left),
    ):
        stats.gauge(metric.name, value)
    for kind, number in figures.questions.items():
        stats.gauge(QUESTIONS.name.replace("KIND", kind), number)


def send_map(findings: int, stops: int) -> None:
    """Send how many findings of the data map stand, and for how many of them requests wait."""
    from airflow.sdk.observability import stats

    stats.gauge(FINDINGS.name, findings)
    stats.gauge(STOPS.name, stops)


def send_canary(checked: CanaryCheck) -> None:
    """Send what a check of the canary came to."""
    from airflow.sdk.observability import stats

    stats.gauge(CANARY_RECALL.name, 100 * checked.recall)
    stats.gauge(CANARY_PRECISION.name, 100 * checked.precision)
    stats.gauge(CANARY_LEAKS.name, checked.leaked)


def send_pass(step: str, seconds: float, rows: int) -> None:
    """Send what a pass through a step took.

    Args:
        step: name of the step.
        seconds: from its begin to its end.
        rows: as a power of ten, see `measured.magnitude`; 0: it read none.
    """
    from airflow.sdk.observability import stats

    stats.timing(DURATION.name.replace("STEP", step), timedelta(seconds=seconds))
    if rows:
        stats.incr(ROWS.name.replace("STEP", step), rows)


def table() -> str:
    """The metrics as the table of docs/monitoring.md."""
    rows = ["| Name | Type | What |", "|---|---|---|"]
    rows += (f"| `{one.name}` | {one.type} | {one.means} |" for one in METRICS)
    return "\n".join(rows)
