"""What a step sends out of the installation: metrics over UDP and a span; never a value or an exact count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.statsd_listener import StatsdListener, statsd_listener

from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.event import Header

pytestmark = pytest.mark.usefixtures("airflow_env")

REQUEST = "req-7k3m9x2p4v0q"
CANARY = "Kanarie van der Vogel"


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[StatsdListener]:
    """Airflow's metrics, configured as a task's process configures them."""
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics.stats_utils import get_stats_factory

    with statsd_listener() as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        stats.initialize(factory=get_stats_factory(), export_legacy_names=True)
        yield found
    monkeypatch.undo()
    stats.initialize(factory=get_stats_factory(), export_legacy_names=True)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Any:
    """OpenTelemetry with a store of spans in memory, in the place that `[traces] otel_on` fills."""
    from airflow.sdk.observability import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


def event(type_: str) -> Header:
    return Header(14, "2026-11-28T02:20:00.000000Z", REQUEST, type_, "system", "0" * 64, "1" * 64)


def extracted() -> None:
    from afschrift.airflow_ext.outside.metrics import hear

    hear(event("extracted"), {"source": "shop", "tables": {"customer": 1, "order_line": 628}})


def a_pass(step: str, request: str = REQUEST, *, ends: Exception | None = None) -> None:
    from afschrift.airflow_ext.outside.metrics import measured

    with measured(step, None, request):  # type: ignore[arg-type]
        extracted()
        if ends:
            raise ends


def test_duration_and_rows_go_to_statsd_as_a_power_of_ten(listener: StatsdListener) -> None:
    a_pass("extract")
    wait_for(listener, 2)

    found = listener.values("afschrift.")
    assert set(found) == {"afschrift.step.duration.extract", "afschrift.step.rows.extract"}
    assert found["afschrift.step.rows.extract"] == ["100|c"]
    [took] = found["afschrift.step.duration.extract"]
    assert took.endswith("|ms")
    assert REQUEST not in str(listener.lines)


def wait_for(listener: StatsdListener, lines: int) -> None:
    import time

    until = time.monotonic() + 10
    while len(listener.lines) < lines and time.monotonic() < until:
        time.sleep(0.01)


def test_gauges_of_an_installation(listener: StatsdListener) -> None:
    from afschrift.airflow_ext.outside.metrics import send_figures
    from afschrift.operations.figures import Figures

    send_figures(Figures(5, 1, 2, 0, 3, -2, {"decision": 3, "review": 0}))
    wait_for(listener, 9)

    assert {name: values[-1] for name, values in listener.values("afschrift.").items()} == {
        "afschrift.requests.open": "5|g",
        "afschrift.requests.late": "1|g",
        "afschrift.requests.running": "2|g",
        "afschrift.requests.failed": "0|g",
        "afschrift.requests.waiting": "3|g",
        "afschrift.requests.days_left": "-2|g",
        "afschrift.questions.waiting.decision": "3|g",
        "afschrift.questions.waiting.review": "0|g",
    }


def test_a_step_is_a_span_with_its_request(spans: Any) -> None:
    a_pass("extract")

    [span] = spans.get_finished_spans()
    assert span.name == "afschrift.extract"
    assert dict(span.attributes) == {
        "afschrift.step": "extract",
        "afschrift.request": REQUEST,
        "afschrift.rows": 100,
        "afschrift.outcome": "done",
    }


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(ValueError(CANARY), "failed"), (NeedsPersonError(CANARY, question="x"), "question")],
)
def test_what_went_wrong_is_a_word_and_never_its_text(spans: Any, error: Exception, outcome: str) -> None:
    with pytest.raises(type(error)):
        a_pass("extract", f"of {CANARY}", ends=error)

    [span] = spans.get_finished_spans()
    assert span.attributes["afschrift.outcome"] == outcome
    assert "afschrift.request" not in span.attributes
    assert CANARY not in span.to_json()


@pytest.mark.parametrize(
    ("rows", "sent"), [(0, 0), (1, 1), (9, 1), (10, 10), (629, 100), (20_000_000, 10_000_000)]
)
def test_rows_as_a_power_of_ten(rows: int, sent: int) -> None:
    from afschrift.airflow_ext.outside.metrics import magnitude

    assert magnitude(rows) == sent
