"""Fixtures of the tests of what knows Airflow."""

from __future__ import annotations

from tests.airflow_support import airflow_env, demo_warehouse, installation, once

__all__ = ["airflow_env", "demo_warehouse", "installation", "once"]
