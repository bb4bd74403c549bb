"""Fixtures of the DAG tests."""

from __future__ import annotations

from tests.airflow_support import airflow_env, demo_warehouse, installation, once

__all__ = ["airflow_env", "demo_warehouse", "installation", "once"]
