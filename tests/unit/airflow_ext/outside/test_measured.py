"""What a step sends out of the installation: metrics, a span, lineage and assets; never a value or an exact count."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.installed import CUSTOMERS, Installation
from tests.support.moves import moved
from tests.support.telemetry import StatsdListener, statsd_listener

from afschrift.datamap.check.map_findings import MapFinding, record
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.event import Header, NewEvent
from afschrift.domain.sources import Connection
from afschrift.domain.state import State
from afschrift.operations.figures import Figures

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
    until = time.monotonic() + 10
    while len(listener.lines) < lines and time.monotonic() < until:
        time.sleep(0.01)


def test_gauges_of_an_installation(listener: StatsdListener) -> None:
    from afschrift.airflow_ext.outside.metrics import send_figures

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


def test_a_table_of_a_database_is_known_by_its_address(installation: Installation) -> None:
    from afschrift.airflow_ext.outside.lineage import StepOperator
    from afschrift.airflow_ext.outside.metrics import connected, hear, measured

    inventory = installation.services.inventory
    shop = inventory.sources["shop"].model_copy(update={"kind": "postgres", "connection": "shop_db"})
    inventory = inventory.model_copy(update={"sources": {"shop": shop}})
    secret = Connection("shop_db", "postgres", "db.intern", None, "reader", "geheim", "winkel")

    with measured("extract", inventory, REQUEST):
        connected(secret)
        hear(event("extracted"), {"source": "shop", "tables": {"customer": 3}})
    lineage = StepOperator.get_openlineage_facets_on_complete(object(), None)  # type: ignore[arg-type]

    assert [(read.namespace, read.name) for read in lineage.inputs] == [
        ("postgres://db.intern:5432", "winkel.public.customer")
    ]
    assert lineage.outputs == []
    assert "geheim" not in repr(lineage)


def announced(
    register: Any, inventory: str | None, last: dict[str, Any], days: float = 0
) -> list[tuple[str, Any]]:
    """Names of assets and what their events say; `last` then holds the last one of each."""
    from afschrift.airflow_ext.outside.assets import ASSETS, news

    now = datetime.now(UTC) + timedelta(days=days)
    found = list(news(register, inventory, {asset: last.get(asset.name) for asset in ASSETS}, now))
    last.update({asset.name: ids for asset, ids in found})
    return [(asset.name, ids) for asset, ids in found]


def test_each_event_is_announced_once(installation: Installation) -> None:
    refused, found = (installation.submit(n, "access") for n in CUSTOMERS[:2])
    register, last = installation.services.register, dict[str, Any]()
    assert announced(register, "m1", last) == [("afschrift_map_changed", {"inventory": "m1"})]
    assert announced(register, "m1", last) == []

    moved(register, refused, State.REFUSED, by="cli:anna")
    register.oversight.record_findings([(found, {"code": "run_failed"})])
    register.trail.record(None, NewEvent("register_differs", payload={"found": 1, "codes": ["x"]}))
    first = announced(register, "m2", last)

    seq = {header.type: header.seq for header, _ in register.trail.events()}
    assert first == [
        ("afschrift_refused", {"event": seq["state_changed"], "type": "state_changed", "request": refused}),
        ("afschrift_finding", {"event": seq["sweep_found"], "type": "sweep_found", "request": found}),
        ("afschrift_finding", {"event": seq["register_differs"], "type": "register_differs"}),
        ("afschrift_map_changed", {"inventory": "m2"}),
    ]
    assert announced(register, "m2", last) == []
    register.oversight.record_findings([(found, {"code": "run_lost"})])
    assert [name for name, _ in announced(register, None, last)] == ["afschrift_finding"]  # a map with faults


def test_a_check_that_found_something_announces_a_changed_map(installation: Installation) -> None:
    register, last = installation.services.register, dict[str, Any]()
    assert announced(register, "m1", last) == [("afschrift_map_changed", {"inventory": "m1"})]
    seen = []
    for findings in ([MapFinding("shop.x", "table_not_described", "error")], []):
        record(register, findings, [], "airflow:check_inventory")
        [(name, ids)] = announced(register, "m1", last)
        assert (name, ids["inventory"]) == ("afschrift_map_changed", "m1")
        assert announced(register, "m1", last) == []
        seen.append(ids["findings"])
    assert seen[0] != seen[1]


def test_the_first_run_looks_back_a_week_and_later_ones_to_the_last(installation: Installation) -> None:
    request = installation.submit(CUSTOMERS[0], "access")
    register = installation.services.register
    register.oversight.record_findings([(request, {"code": "run_failed"})])

    assert announced(register, None, {}, days=8) == []
    assert len(announced(register, None, {}, days=6)) == 1
    after_an_outage = announced(register, None, {"afschrift_finding": {"event": 1}}, days=30)
    assert [name for name, _ in after_an_outage] == ["afschrift_finding"]
    restored = announced(register, None, {"afschrift_finding": {"event": 1_000_000}})
    assert [name for name, _ in restored] == ["afschrift_finding"]
