"""A real Airflow on a small shop, with a logged-in user: for measurements of whole runs."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import httpx
from testbed.fleet.processes import cpu_seconds
from testbed.mini import write_database, write_inventory
from testbed.running import store

from afschrift.airflow_ext import environment, up
from afschrift.airflow_ext.trigger import Access, trigger
from afschrift.app.settings import Settings
from afschrift.domain.errors import RetriableError
from afschrift.register.open import initialise
from afschrift.services import Services
from afschrift.wiring.build_services import build

ROLES = "people:\n  Anna: {accounts: [airflow:admin, cli:anna], roles: [officer]}\n"
CONFIRMED = {"method": "call_back", "level": "substantial"}
ENDED = ("success", "failed")

_FIRST, _PEOPLE = 1_000, 5_000
_NUMBERS = itertools.count(_FIRST)

AT_ONCE = 4
"""More runs at once than this, and Airflow on SQLite says now and then that its database is locked."""


def _with_people(database: Path) -> Path:
    """More customers, alike but for number and address: a person's repeat would be put before an officer."""
    with duckdb.connect(str(database)) as connection:
        columns = [row[0] for row in connection.sql("DESCRIBE customer").fetchall()]
        address = ", 'c' || n || '@example.org' AS email" if "email" in columns else ""
        connection.execute(
            f"INSERT INTO customer SELECT c.* REPLACE (n AS customer_id{address}) "
            f"FROM customer c, range({_FIRST}, {_FIRST + _PEOPLE}) AS r(n) WHERE c.customer_id = 1"
        )
    return database


@dataclass(frozen=True)
class Shop:
    """An installation on the small shop of the tests.

    Attributes:
        home: its folder.
        variables: what its Airflow and its services find in the environment.
    """

    home: Path
    variables: dict[str, str]

    @classmethod
    def make(cls, folder: Path) -> Shop:
        """Keys, an empty register, an officer and a few rows of three customers."""
        folder.mkdir(parents=True)
        home = folder / "home"
        variables = {
            "AFSCHRIFT_HOME": str(home),
            "AFSCHRIFT_INVENTORY": str(write_inventory(folder / "inventory")),
            "AFSCHRIFT_DEMO": "0",
            "MINI_SHOP": str(_with_people(write_database(folder / "shop.duckdb"))),
        }
        initialise(Settings.from_environment(variables))
        (home / "roles.yml").write_text(ROLES, encoding="utf-8")
        return cls(home, variables)

    @property
    def services(self) -> Services:
        """The use cases' services, in this process."""
        return build(lambda _line: None, Settings.from_environment(self.variables))

    def requests(self, count: int, *, known: bool) -> list[str]:
        """Store requests, each of another customer; `known`: the channel had authenticated the person."""
        services = self.services
        more: dict[str, Any] = {} if known else {"authenticated": None}
        return [store(services, {"customer_id": str(next(_NUMBERS))}, **more) for _ in range(count)]


@dataclass(frozen=True)
class Live:
    """A running Airflow.

    Attributes:
        client: reaches it as its administrator.
        access: the same, for `trigger`.
        pids: the first process of each of its parts.
    """

    client: httpx.Client
    access: Access
    pids: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """CPU seconds so far of all its processes, those of ended tasks too."""
        return sum(map(cpu_seconds, self.pids))

    def start(self, request: str) -> str:
        """Trigger the next run of a request; its id. SQLite below Airflow may be busy for a moment."""
        for pause in range(1, 20):
            try:
                return trigger(request, {}, self.access)
            except RetriableError:
                time.sleep(pause)
                if going := self.going(request):
                    return going  # it had begun before the fault
        return trigger(request, {}, self.access)

    def going(self, request: str) -> str | None:
        """The run of a request that has not ended."""
        found = self._get("/dagRuns", run_id_prefix_pattern=f"{request}.", order_by="-id")["dag_runs"]
        return next((str(run["dag_run_id"]) for run in found if run["state"] not in ENDED), None)

    def paced(self, starts: Iterable[Callable[[], str]], limit: float) -> list[dict[str, Any]]:
        """Start runs, a few at once, as a day's requests come in; the runs, once all have ended."""
        going: list[str] = []
        ended: list[dict[str, Any]] = []
        for start in starts:
            going.append(start())
            if len(going) == AT_ONCE:
                ended += self.wait([going.pop(0)], limit)
        return ended + self.wait(going, limit)

    def timed(self, request: str, limit: float = 300) -> float:
        """Run a request to its end: seconds from the trigger to the end of the run, by Airflow's clock."""
        run = self.wait([self.start(request)], limit)[0]
        if run["state"] != "success":
            raise RuntimeError(f"run {run['dag_run_id']} ended as {run['state']}")
        queued, ended = (datetime.fromisoformat(run[name]) for name in ("queued_at", "end_date"))
        return (ended - queued).total_seconds()

    def wait(self, runs: Iterable[str], limit: float) -> list[dict[str, Any]]:
        """The runs, once all have ended."""
        ended, left, until = [], list(runs), time.monotonic() + limit
        while left:
            run = self._get(f"/dagRuns/{left[0]}")
            if run["state"] in ENDED:
                ended.append(run)
                left.pop(0)
            elif time.monotonic() > until:
                raise TimeoutError(f"{len(left)} runs have not ended after {limit:.0f} s")
            else:
                time.sleep(0.25)
        return ended

    def tasks(self, run: str) -> set[str]:
        """Ids of a run's tasks."""
        found = self._get(f"/dagRuns/{run}/taskInstances")["task_instances"]
        return {task["task_id"] for task in found}

    def in_tasks(self, run: str) -> float:
        """Seconds of a run between the starts and ends of its tasks, added up."""
        found = self._get(f"/dagRuns/{run}/taskInstances")["task_instances"]
        return float(sum(task["duration"] or 0 for task in found))

    def answer(self, question: str) -> dict[str, Any]:
        """Confirm an identity by the REST interface; `run`: the next run, None where it did not start.

        An answer that was recorded although its reply got lost counts as one without a run.
        """
        body = {"choice": "confirmed", "detail": CONFIRMED}
        reply = self._send("POST", f"/afschrift/api/questions/{question}/answer", json=body)
        if reply.status_code == httpx.codes.CONFLICT:
            return {"run": None}
        body: dict[str, Any] = reply.raise_for_status().json()
        return body

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        reply = self._send("GET", f"/api/v2/dags/{environment.DAG_ID}{path}", params=query)
        found: dict[str, Any] = reply.raise_for_status().json()
        return found

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Ask, and ask again while SQLite below Airflow is busy."""
        for pause in range(1, 10):
            with suppress(httpx.TransportError):
                reply = self.client.request(method, path, **content)
                if not reply.is_server_error:
                    return reply
            time.sleep(pause)
        return self.client.request(method, path, **content)


@contextmanager
def airflow(shop: Shop, dags: Path) -> Iterator[Live]:
    """`afschrift up` for a shop, on a free port and with the DAG files of a folder.

    Args:
        shop: for which it works.
        dags: folder with `fulfil_request.py`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        patch.dict(os.environ, shop.variables),
        patch.object(environment, "DAGS", dags),
        patch.object(up, "READY_SECONDS", 600),  # the machine may be busy
        up.running(port, lambda _line: None) as (started, processes),
        httpx.Client(base_url=started.url, timeout=60, trust_env=False) as client,
    ):
        login = {"username": started.user, "password": started.password}
        token = client.post("/auth/token", json=login).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield Live(client, Access(started.url, token), tuple(processes.pids.values()))
