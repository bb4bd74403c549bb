"""Staging and destination by Airflow connections: the tasks of a real run find them."""

from __future__ import annotations

import json

import pytest
from tests.airflow_support import AirflowEnv
from tests.support.installed import CUSTOMERS, Installation
from tests.support.two_sources import installation, two_sources

__all__ = ["installation", "two_sources"]


def test_run_takes_addresses_from_connections(
    airflow_env: AirflowEnv, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_STAGING_OPTIONS", "airflow-connection:places")
    monkeypatch.setenv("AFSCHRIFT_DESTINATION_OUTBOX", str(installation.home / "by-connection"))
    monkeypatch.setenv("AFSCHRIFT_DESTINATION_OUTBOX_OPTIONS", "airflow-connection:outbox")
    monkeypatch.setenv("AIRFLOW_CONN_OUTBOX", json.dumps({"conn_type": "generic", "extra": {}}))
    request = installation.submit(CUSTOMERS[0], "portability")
    monkeypatch.setenv(
        "AIRFLOW_CONN_PLACES", json.dumps({"conn_type": "generic", "extra": {"auto_mkdir": True}})
    )
    assert airflow_env.run({"request": request}).state == "success"
    assert len([*(installation.home / "by-connection").glob("*.zip")]) == 1
