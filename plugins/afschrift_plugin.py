"""The only file that Airflow's plugin manager executes; it runs in every process, so it stays light."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin


class AfschriftPlugin(AirflowPlugin):
    """What Afschrift adds to Airflow."""

    name = "afschrift"

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The web application; asked for by the API server alone, so it is built there alone."""
        from afschrift.airflow_ext.in_process import start
        from afschrift.web.app import create

        return [{"app": create(start), "url_prefix": "/afschrift", "name": "afschrift"}]
