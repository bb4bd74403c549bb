"""Airflow's metrics about an installation and each pass through a step, and spans.

What a step did is read from the events that it appends, so steps contain no code for metrics. Exact numbers
outside the register would show whose request it was after that is forgotten (docs/adr/0004), so rows are sent
as powers of ten. Airflow's plain StatsD has no tags, so the name holds a kind or a step, and never more: no
id, no source, no text. Where metrics are off, nothing is sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from structlog.contextvars import bound_contextvars

from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.request import is_id

if TYPE_CHECKING:
    from afschrift.canary.history import CanaryCheck
    from afschrift.domain.event import Header
    from afschrift.domain.sources import Connection
    from afschrift.inventory.model import Inventory
    from afschrift.operations.figures import Figures


class Metric(NamedTuple):
    """A metric, or with `KIND` or `STEP` in its name one for each. All: docs/operator/monitoring.md.

    Attributes:
        name: without the prefix of Airflow's settings, usually `airflow.`.
        type: `gauge`, `timer` (milliseconds) or `counter`.
    """

    name: str
    type: str


OPEN = Metric("afschrift.requests.open", "gauge")
LATE = Metric("afschrift.requests.late", "gauge")
RUNNING = Metric("afschrift.requests.running", "gauge")
FAILED = Metric("afschrift.requests.failed", "gauge")
WAITING = Metric("afschrift.requests.waiting", "gauge")
DAYS_LEFT = Metric("afschrift.requests.days_left", "gauge")
QUESTIONS = Metric("afschrift.questions.waiting.KIND", "gauge")
FINDINGS = Metric("afschrift.inventory.findings", "gauge")
STOPS = Metric("afschrift.inventory.stops", "gauge")
DURATION = Metric("afschrift.step.duration.STEP", "timer")
ROWS = Metric("afschrift.step.rows.STEP", "counter")
CANARY_RECALL = Metric("afschrift.canary.recall", "gauge")
CANARY_PRECISION = Metric("afschrift.canary.precision", "gauge")
CANARY_LEAKS = Metric("afschrift.canary.leaks", "gauge")
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
    """Send how many findings of the data map are open, and for how many of them requests wait."""
    from airflow.sdk.observability import stats

    stats.gauge(FINDINGS.name, findings)
    stats.gauge(STOPS.name, stops)


def send_canary(checked: CanaryCheck) -> None:
    """Send the results of a check of the canary."""
    from airflow.sdk.observability import stats

    stats.gauge(CANARY_RECALL.name, 100 * checked.recall)
    stats.gauge(CANARY_PRECISION.name, 100 * checked.precision)
    stats.gauge(CANARY_LEAKS.name, checked.leaked)


def send_pass(step: str, seconds: float, rows: int) -> None:
    """Send duration and rows of a pass through a step.

    Args:
        step: name of the step.
        seconds: from its begin to its end.
        rows: as a power of ten, see `magnitude`; 0: it read none.
    """
    from airflow.sdk.observability import stats

    stats.timing(DURATION.name.replace("STEP", step), timedelta(seconds=seconds))
    if rows:
        stats.incr(ROWS.name.replace("STEP", step), rows)


@dataclass
class Pass:
    """What is known of a pass through a step.

    Attributes:
        inventory: that it used.
        addresses: id of a connection that it used -> host, port and database.
        rows: read from sources or, again, from staging.
        tables: name of a source -> its tables that were read.
        request, destination: of the bundle that was handed over.
    """

    inventory: Inventory | None = None
    addresses: dict[str, tuple[str | None, int | None, str | None]] = field(default_factory=dict)
    rows: int = 0
    tables: dict[str, list[str]] = field(default_factory=dict)
    request: str | None = None
    destination: str | None = None


_last = Pass()


def last_pass() -> Pass:
    """The current or last pass of this process; each task is a process of its own."""
    return _last


def hear(header: Header, payload: Mapping[str, Any]) -> None:
    """Take the figures of the pass from one of its events."""
    if header.type == "extracted":
        tables = payload.get("tables", {})
        _last.rows += sum(tables.values())
        _last.tables.setdefault(str(payload["source"]), []).extend(tables)
    elif header.type == "validated":
        _last.rows += payload["rows"]
    elif header.type == "bundle_delivered":
        _last.request, _last.destination = header.request, payload["destination"]


def connected(connection: Connection) -> Connection:
    """Keep the address of a connection, without its login; returns the connection."""
    _last.addresses[connection.id] = (connection.host, connection.port, connection.database)
    return connection


def magnitude(rows: int) -> int:
    """The power of ten that a number of rows begins with: 0, 1, 10, 100, ..."""
    return 10 ** (len(str(rows)) - 1) if rows else 0


@contextmanager
def measured(step: str, inventory: Inventory, request: str) -> Iterator[None]:
    """Measure a pass through a step: a span where Airflow's traces are on, and its figures at the end.

    Lines that are logged meanwhile have `step` and `request` as fields of their own in Airflow's JSON.
    An exception leaves only its kind in the span, since its text may be one that no log may show.

    Args:
        step: name of the step.
        inventory: that it uses.
        request: id of its request, for the span; metrics do not get it.
    """
    from airflow.sdk.observability import trace  # heavy: never when Airflow parses the DAG file

    global _last
    _last, began = Pass(inventory), time.monotonic()
    tracer = trace.get_tracer("afschrift")
    of = {"step": step, "request": request} if is_id(request) else {"step": step}
    with (
        bound_contextvars(**of),
        tracer.start_as_current_span(
            f"afschrift.{step}", record_exception=False, set_status_on_exception=False
        ) as span,
    ):
        span.set_attributes({f"afschrift.{name}": value for name, value in of.items()})
        outcome = "failed"
        try:
            yield
            outcome = "done"
        except NeedsPersonError:
            outcome = "question"
            raise
        finally:
            rows = magnitude(_last.rows)
            span.set_attributes({"afschrift.rows": rows, "afschrift.outcome": outcome})
            send_pass(step, time.monotonic() - began, rows)
