"""Who clicked in Airflow, as far as its run and its audit log know."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from afschrift.airflow_ext.trigger import Access, Clicked

RUN = "req-7k3m9x2p4v0q.1"
LOG = [
    {"event": "patch_task_instance", "task_id": "validate", "owner": "bob"},
    {"event": "patch_task_instance", "task_id": "extract_0", "owner": "carol"},
    {"event": "post_clear_task_instances", "task_id": None, "owner": "dave"},
]


def clicked(answer: Any, triggered_by: str | None = "anna", token: str | None = "t") -> Clicked:
    """With an Airflow that gives an answer."""

    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v2/eventLogs"
        assert request.url.params["run_id"] == RUN
        assert "trigger_dag_run" not in request.url.params.get_list("included_events")
        if isinstance(answer, int):
            return httpx.Response(answer)
        return httpx.Response(200, json=answer)

    return Clicked(RUN, triggered_by, Access("http://airflow", token), httpx.MockTransport(handle))


def test_a_mark_is_of_who_marked_that_task_and_else_of_the_last_click() -> None:
    who = clicked({"event_logs": LOG})
    assert who("marked_success", "validate") == "airflow:bob"
    assert who("marked_success", "extract") == "airflow:carol"
    assert who("not_extracted", "deliver") == "airflow:bob"
    for reason in ("another_run", "unknown_fields_in_conf"):  # what comes of the trigger
        assert who(reason, "assess") == "airflow:anna"
        assert clicked({"event_logs": LOG}, triggered_by=None)(reason, "assess") == "unknown"


@pytest.mark.parametrize(
    "answer",
    [403, 500, {"event_logs": []}, {}, {"event_logs": [{"owner": "anonymous"}]}, {"event_logs": [{}]}],
)
def test_where_airflow_does_not_tell_it_is_unknown(answer: Any) -> None:
    assert clicked(answer)("marked_success", "validate") == "unknown"
    assert clicked(answer, token=None)("marked_success", "validate") == "unknown"
