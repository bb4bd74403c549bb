"""The hook that Airflow wants beside a type of connections. Sources open their own connections."""

from __future__ import annotations

from airflow.sdk import BaseHook

from afschrift.entry_points.provider import CONNECTION


class AfschriftHook(BaseHook):
    """Names the type; it opens nothing."""

    conn_name_attr = "connection"
    default_conn_name = "afschrift_default"
    conn_type = CONNECTION
    hook_name = "Afschrift source"
