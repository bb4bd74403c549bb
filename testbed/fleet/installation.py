"""What the processes of a fleet find in the environment, and the databases that it names."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from afschrift.airflow_ext.environment import environment
from afschrift.app.settings import Settings
from testbed import postgres
from testbed.fleet import warehouse

CELERY = "airflow.providers.celery.executors.celery_executor.CeleryExecutor"
LOST_AFTER = 30
"""Seconds without a sign of life after which Airflow takes a task for lost; config/airflow.env says 60."""


EVERYWHERE = "everywhere"
"""The queue of workers that reach every source, where sources have queues of their own."""


def installed(
    folder: Path, server: postgres.Server, tables: int, queues: Mapping[str, str] | None = None
) -> dict[str, str]:
    """An empty installation on a filled warehouse; its settings, those of the AWS libraries aside.

    `queues`: in which tasks read which source; none: all in the default one.
    """
    sources = {source: server.create() for source in warehouse.SOURCES}
    for source, database in sources.items():
        warehouse.fill(database, source, tables)
    home = folder / "control"
    home.mkdir()
    return {
        "AFSCHRIFT_HOME": str(home),
        "AFSCHRIFT_REGISTER": server.create().url,
        "AFSCHRIFT_INVENTORY": str(warehouse.write_inventory(home / "inventory", tables, queues)),
        **({"AFSCHRIFT_QUEUE": EVERYWHERE} if queues else {}),
        "AFSCHRIFT_STAGING": "s3://staging/afschrift",
        "AFSCHRIFT_DESTINATION_OUTBOX": "s3://outbox/answers",
        "AFSCHRIFT_DEMO": "0",
        "AFSCHRIFT_TASKS": os.environ.get("AFSCHRIFT_TASKS", "steps"),
        **{connection(source): database.libpq for source, database in sources.items()},
    }


def connection(source: str) -> str:
    """Name of the variable that holds a source's connection."""
    return f"AIRFLOW_CONN_{source.upper()}"


def aws(port: int) -> dict[str, str]:
    """What the AWS libraries find: an S3 store on loopback."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "afschrift",
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def airflow(
    ours: Mapping[str, str], metadata: postgres.Database, broker: str, *, celery: bool
) -> dict[str, str]:
    """The whole environment of Airflow's processes.

    Args:
        ours: what `installed` and `aws` gave.
        metadata: Airflow's own database.
        broker: address of Redis.
        celery: with workers of Celery; else the scheduler runs the tasks itself.
    """
    base = {name: value for name, value in os.environ.items() if not name.startswith(("AFSCHRIFT_", "AWS_"))}
    settings = Settings.from_environment(ours)
    made = environment(settings, settings.home / "airflow", base | dict(ours))
    made["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = metadata.url
    made["AIRFLOW__CORE__FERNET_KEY"] = ""
    if not celery:
        return made
    return made | {
        "AIRFLOW__CORE__EXECUTOR": CELERY,
        "AIRFLOW__CORE__PARALLELISM": "32",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "AIRFLOW__CELERY__BROKER_URL": broker,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{metadata.url}",
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "21600",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(LOST_AFTER),
        # what a lost worker had taken and not begun, or a lost Redis held, is queued again after this. With 90,
        # tasks that only waited on a busy machine were queued thrice, which Airflow takes for a failure
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "300",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "15",
    }
