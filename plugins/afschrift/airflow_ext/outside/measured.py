"""A pass through a step, as others see it: how long it took, about how many rows, and what it read and gave.

What it did stands in the events that it appends; so a step need not know that anybody measures it. Numbers
that leave the register would tell whose request it was when that is forgotten (docs/adr/0029): rows go as
powers of ten.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from structlog.contextvars import bound_contextvars

from afschrift.airflow_ext.outside.metrics import send_pass
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.request import is_id

if TYPE_CHECKING:
    from afschrift.domain.event import Header
    from afschrift.domain.sources import Connection
    from afschrift.inventory.model import Inventory


@dataclass
class Pass:
    """What is known of a pass through a step.

    Attributes:
        inventory: that it went by.
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
    """The pass of this process that goes on or ended last; a task is a process of its own."""
    return _last


def hear(header: Header, payload: Mapping[str, Any]) -> None:
    """Take from an event of the pass what others see."""
    if header.type == "extracted":
        tables = payload.get("tables", {})
        _last.rows += sum(tables.values())
        _last.tables.setdefault(str(payload["source"]), []).extend(tables)
    elif header.type == "validated":
        _last.rows += payload["rows"]
    elif header.type == "bundle_delivered":
        _last.request, _last.destination = header.request, payload["destination"]


def connected(connection: Connection) -> Connection:
    """Keep where a connection leads, without who it is for; the connection."""
    _last.addresses[connection.id] = (connection.host, connection.port, connection.database)
    return connection


def magnitude(rows: int) -> int:
    """The power of ten that a number of rows begins with: 0, 1, 10, 100, ..."""
    return 10 ** (len(str(rows)) - 1) if rows else 0


@contextmanager
def measured(step: str, inventory: Inventory, request: str) -> Iterator[None]:
    """While open, a pass through a step: a span where Airflow's traces are on, and its figures at the end.

    Lines that are logged meanwhile have `step` and `request` as fields of their own in Airflow's JSON.
    An exception leaves only its kind in the span, since its text may be one that no log may show.

    Args:
        step: name of the step.
        inventory: that it goes by.
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
