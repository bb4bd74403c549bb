"""From a task of a run in Airflow to the page of the request that it works for."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

from afschrift.airflow_ext.environment import DAG_ID


class RequestLink(BaseOperatorLink):
    """A button on each task of `fulfil_request`; the API server asks for it when somebody looks."""

    name = "Request"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002  (the name is Airflow's)
        """Relative to wherever Airflow is; empty for tasks of other DAGs, and then there is no button."""
        return f"afschrift/runs/{quote(ti_key.run_id, safe='')}" if ti_key.dag_id == DAG_ID else ""
