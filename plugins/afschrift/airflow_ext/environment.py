"""Environment of an Airflow of our own: its folders, and the tuned settings of `config/airflow.env`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from afschrift.app.project import PACKAGE, key_values
from afschrift.app.settings import Settings

DAG_ID = "fulfil_request"
BATCH_DAG_ID = "fulfil_batch"
LOOK_UP_DAG_ID = "look_up_identity"
CANARY_DAG_ID = "check_canary"
DAGS = (PACKAGE / "dags").resolve()
CONFIG = (PACKAGE / "config").resolve()
_KEPT = (
    *("AIRFLOW__SECRETS__", "AIRFLOW__WORKERS__SECRETS_BACKEND"),
    *("AIRFLOW__METRICS__", "AIRFLOW__TRACES__", "AIRFLOW__OPENLINEAGE__"),
)
"""Settings of another Airflow in the environment that are kept: for secrets, metrics, traces and lineage."""


def environment(settings: Settings, home: Path, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment for processes of an Airflow that lives in a folder.

    Settings of another Airflow in the environment are left out, so that this one never reaches that one's
    database. Kept are connections, variables (`AIRFLOW_CONN_...`), the secrets backend, and where metrics,
    traces and lineage go.
    """
    base = os.environ if base is None else base
    kept = {
        k: v
        for k, v in base.items()
        if k.startswith(_KEPT) or not (k.startswith("AIRFLOW__") or k == "AIRFLOW_HOME")
    }
    return (
        {"AFSCHRIFT_WARM": "1"}  # this Airflow runs our tasks alone
        | kept
        | key_values(CONFIG / "airflow.env")
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),  # ours comes by entry point
            "AFSCHRIFT_HOME": str(settings.home),
        }
    )
