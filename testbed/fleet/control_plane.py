"""The parts of Airflow that are no workers: API server, scheduler, DAG processor."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from afschrift.airflow_ext.environment import DAG_ID
from afschrift.airflow_ext.trigger import ADMIN, PASSWORDS, Access
from afschrift.airflow_ext.up import Processes
from testbed.fleet.servers import unused_port

SECONDS = 600
"""That it may take to get ready; half a minute on two idle cores."""


@dataclass(frozen=True)
class ControlPlane:
    """It runs.

    Attributes:
        client: reaches it as its administrator.
        access: the same, for `trigger`.
        environment: what workers need of its settings, with those of the fleet.
        pids: process of each part by its name.
    """

    client: httpx.Client
    access: Access
    environment: Mapping[str, str]
    pids: Mapping[str, int]


@contextmanager
def running(environment: Mapping[str, str]) -> Iterator[ControlPlane]:
    """Start it with an environment, and wait until it answers and knows the DAG."""
    home, port, password = Path(environment["AIRFLOW_HOME"]), unused_port(), secrets.token_urlsafe(12)
    logs, url = home / "logs", f"http://127.0.0.1:{port}"
    logs.mkdir(parents=True)
    (home / PASSWORDS).write_text(json.dumps({ADMIN: password}), encoding="utf-8")
    env = {
        **environment,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / PASSWORDS),
    }
    with (logs / "migrate.log").open("wb") as log:
        migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(migrate, env=env, stdout=log, stderr=log, check=True)
    with Processes(env, logs) as parts, httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        parts.start("api-server", "--host", "127.0.0.1", "--port", str(port))
        parts.start("scheduler")
        parts.start("dag-processor")
        token = _ready(client, parts, password)
        client.headers["Authorization"] = f"Bearer {token}"
        yield ControlPlane(client, Access(url, token), env, parts.pids)


def _ready(client: httpx.Client, parts: Processes, password: str) -> str:
    """A token of the administrator, once all parts beat and the DAG is there."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        parts.must_live()
        with suppress(httpx.HTTPError, KeyError):
            login = {"username": ADMIN, "password": password}
            token = str(client.post("/auth/token", json=login).json()["access_token"])
            health = client.get("/api/v2/monitor/health").json()
            beating = all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor"))
            known = client.get(f"/api/v2/dags/{DAG_ID}", headers={"Authorization": f"Bearer {token}"})
            if beating and known.is_success:
                client.get("/execution/health")  # loads what tasks talk to, for the first of them
                return token
        time.sleep(0.25)
    raise TimeoutError(f"Airflow was not ready after {SECONDS} seconds")
