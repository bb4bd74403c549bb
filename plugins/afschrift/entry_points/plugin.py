"""What Afschrift adds to Airflow. Airflow loads it in every process, so it stays light."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin


class AfschriftPlugin(AirflowPlugin):
    """What Afschrift adds to Airflow."""

    name = "afschrift"
    external_views = [  # noqa: RUF012
        # A plain link in the menu "Browse". With `url_route` it would be framed, and a frame lets no log-in
        # and no new tab through; outside of a menu, Airflow 3.3 makes it a button that leads nowhere. The
        # address is relative, so it holds wherever `[api] base_url` puts Airflow.
        {"name": "Afschrift", "href": "afschrift/", "destination": "nav", "category": "browse"}
    ]

    @cached_property
    def global_operator_extra_links(self) -> list[Any]:  # type: ignore[override]
        """The way from a run to its request."""
        from afschrift.airflow_ext.links import RequestLink

        return [RequestLink()]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The web application; asked for by the API server alone, so it is built there alone."""
        from afschrift.airflow_ext.in_process import start, start_look_up
        from afschrift.web.app import create

        return [{"app": create(start, start_look_up), "url_prefix": "/afschrift", "name": "afschrift"}]
