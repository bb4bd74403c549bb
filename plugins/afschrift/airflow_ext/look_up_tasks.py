"""The task of `look_up_identity`. Its docstring is what Airflow shows beside it."""

from __future__ import annotations

from typing import Any

from afschrift.airflow_ext.environment import LOOK_UP_DAG_ID
from afschrift.airflow_ext.outside.measured import measured
from afschrift.airflow_ext.params import refuse_unknown, request_alone
from afschrift.airflow_ext.queues import must_be_its_queue
from afschrift.airflow_ext.step import step
from afschrift.domain.errors import RefusedError


def look_up(params: Any = None, dag_run: Any = None, ti: Any = None) -> dict[str, Any]:
    """Read what an officer asked to see before the identity is confirmed, and keep it encrypted.

    Hands on the number of rows by table, and the tables that could not be read.
    """
    with step(dag_run.run_id) as services:
        from afschrift.steps.gates import refusal  # heavy: never when Airflow parses the DAG file
        from afschrift.steps.read_identifying import STEP
        from afschrift.steps.read_identifying import look_up as use_case

        try:
            refuse_unknown(dag_run.conf, request_alone(), LOOK_UP_DAG_ID)
        except RefusedError:
            refusal(services, params.get("request"), STEP, "unknown_fields_in_conf", "")
            raise
        must_be_its_queue(ti, services.inventory)
        with measured(STEP, services.inventory, params["request"]):
            return use_case(services, params["request"])
