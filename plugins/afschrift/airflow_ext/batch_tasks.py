"""The tasks of `fulfil_batch`. They hand on only ids of requests and names of sources."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from afschrift.airflow_ext.environment import BATCH_DAG_ID
from afschrift.airflow_ext.params import refuse_unknown, several_requests
from afschrift.airflow_ext.queues import must_be_its_queue
from afschrift.airflow_ext.step import step
from afschrift.domain.errors import RefusedError
from afschrift.domain.request import is_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afschrift.services import Services


# The imports in the functions are heavy, and must not run each time Airflow parses the DAG file.


def prepare(params: Any = None, dag_run: Any = None, ti: Any = None) -> dict[str, list[str]]:
    """Assess and classify each request by itself, as its own run would; freeze its plan.

    A request that needs a person is left out, with its question in the register. Hands on the sources, each
    with the ids of the requests that read it.
    """
    with _batch(dag_run) as services:
        from afschrift.batch.fulfil_batch import prepare as use_case
        from afschrift.steps.gates import refusal

        try:
            refuse_unknown(dag_run.conf, several_requests(), BATCH_DAG_ID)
        except RefusedError:
            refusal(services, None, "prepare", "unknown_fields_in_conf", "")
            raise
        must_be_its_queue(ti, services.inventory)
        by, requests = f"airflow:{dag_run.triggering_user_name or 'system'}", _ids(params["requests"])
        with _alive(services, requests, dag_run):
            sources, _ = use_case(services, requests, dag_run.run_id, by)
        return {source: list(requests) for source, requests in sources.items()}


def extract(source: str, prepared: dict[str, list[str]], dag_run: Any = None, ti: Any = None) -> None:
    """Extract a source for all requests whose plans read it alike, in one pass over each table.

    Each request's rows go into its own encrypted staging, after its own gate. Requests that cannot be read
    together are left to their own runs; the log says how many and why. Skipped where no request reads the
    source.
    """
    requests = _ids(prepared.get(source))
    if not requests:
        raise AirflowSkipException("No request of this batch reads the source.")
    with _batch(dag_run) as services:
        from afschrift.batch.fulfil_batch import extract_source

        must_be_its_queue(ti, services.inventory, source)
        with _alive(services, requests, dag_run):
            extract_source(services, source, requests, dag_run.run_id)


def end(params: Any = None, dag_run: Any = None) -> list[dict[str, Any]]:
    """End the batch, whatever happened before; hand on the runs of `fulfil_request` that continue."""
    with _batch(dag_run) as services:
        from afschrift.batch.fulfil_batch import end as use_case
        from afschrift.casework.run_findings import next_free, next_run

        going = use_case(services, _ids(params["requests"]), dag_run.run_id)
        known = {status.request: status for status in services.register.oversight.progress(going)}
        runs = {request: next_free(services.register, request, next_run(known[request])) for request in going}
        return [{"trigger_run_id": run, "conf": {"request": request}} for request, run in runs.items()]


@contextmanager
def _batch(dag_run: Any) -> Iterator[Services]:
    """Services of the batch; the run of each request is identified by its name and the request."""
    with step(dag_run.run_id, dag_run.triggering_user_name) as services:
        yield services


def _alive(services: Services, requests: list[str], dag_run: Any) -> AbstractContextManager[None]:
    from afschrift.airflow_ext.heartbeat import all_beating
    from afschrift.batch.fulfil_batch import batch_run

    return all_beating(services, {request: batch_run(dag_run.run_id, request) for request in requests})


def _ids(given: Any) -> list[str]:
    """The ids among the values of a conf or XCom, which users can edit."""
    return [value for value in given or () if isinstance(value, str) and is_id(value)]
