"""Airflow in a test's own process: a private home with its tables, runs of its DAGs, its API server.

    def test_something(flow):
        request = flow.submit(HEAVY.number, "portability")
        assert flow.run(request).state == "success"

Airflow reads its home when it is imported, once a process: a module that uses these fixtures imports
airflow, and what imports airflow, inside its functions.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.installed import Installation, installed

ONCE = (
    *("acknowledged", "assessed", "accepted", "plan_frozen", "extracted app", "extracted shop"),
    *("validated", "sealed", "bundle_sealed", "packed", "bundle_arrived", "bundle_delivered"),
    *("fact_answer_ready", "question_asked"),
)
"""Events of the demo's requests that are once in the trail, however often a task ran."""


@dataclass
class AirflowEnv:
    """Airflow loaded in this process.

    Attributes:
        home: its AIRFLOW_HOME.
        lines: progress of the last run.
    """

    home: Path
    lines: list[str] = field(default_factory=list)

    @property
    def log(self) -> str:
        """All that Airflow and the tasks logged in this process so far."""
        return (self.home / "logs" / "run.log").read_text(encoding="utf-8")

    def dag(self) -> Any:
        """`fulfil_request`, read anew; retries come at once."""
        from afschrift.airflow_ext.local import load_dag

        dag = load_dag()
        for task in dag.task_dict.values():
            task.retry_delay = timedelta(0)
            task.retry_exponential_backoff = 0
        return dag

    def run(self, conf: Mapping[str, Any], on_line: Callable[[str], None] = lambda line: None) -> Any:
        """Run the real DAG to its end; the `RunOutcome`."""
        from afschrift.airflow_ext.local import run_dag

        self.lines = []

        def collect(line: str) -> None:
            self.lines.append(line)
            on_line(line)

        return run_dag(self.dag(), conf, collect)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of Airflow's own database."""
        import sqlite3

        with sqlite3.connect(self.home / "airflow.db") as connection:
            return connection.execute(statement, values).fetchall()

    def task_tries(self, run_id: str) -> dict[str, tuple[str, int]]:
        """State and number of tries of each task of a run."""
        statement = "SELECT task_id, state, try_number FROM task_instance WHERE run_id = ?"
        return {name: (state, tries) for name, state, tries in self.rows(statement, run_id)}

    def xcoms(self, run_id: str = "%") -> list[str]:
        """XComs of a run, or of all, as JSON."""
        return self._kept("value", "xcom%", run_id)

    def rendered(self, run_id: str = "%") -> list[str]:
        """Rendered fields of a run's tasks, or of all, as JSON."""
        return self._kept("rendered_fields", "%", run_id)

    def _kept(self, column: str, names: str, run_id: str) -> list[str]:
        """Airflow 3.4 has two tables for one of 3.3, the newer without the run's id."""
        tables = self.rows(
            "SELECT t.name, EXISTS (SELECT * FROM pragma_table_info(t.name) WHERE name = 'run_id') "
            "FROM sqlite_master t, pragma_table_info(t.name) c "
            "WHERE t.type = 'table' AND t.name LIKE ? AND c.name = ?",
            names,
            column,
        )
        assert tables, "Airflow keeps them elsewhere now: see its models"
        instances = "task_instance_id IN (SELECT id FROM task_instance WHERE run_id LIKE ?)"
        return [
            value
            for table, has_run in tables
            for (value,) in self.rows(
                f"SELECT {column} FROM {table} WHERE {'run_id LIKE ?' if has_run else instances}", run_id
            )
        ]


@dataclass
class Flow(Installation):
    """An installation, and the Airflow that runs its DAGs.

    Attributes:
        logged: length of Airflow's log at the start.
    """

    env: AirflowEnv
    logged: int

    def run(self, request: str, on_line: Callable[[str], None] = lambda line: None, **conf: Any) -> Any:
        """Run `fulfil_request` for a request; the `RunOutcome`."""
        return self.env.run({"request": request, **conf}, on_line)

    @property
    def lines(self) -> str:
        """Progress of the last run."""
        return "\n".join(self.env.lines)

    @property
    def log(self) -> str:
        """What Airflow and the tasks logged since the start."""
        return self.env.log[self.logged :]

    @property
    def register(self) -> Any:
        return self.services.register

    @property
    def staged(self) -> list[Path]:
        """Files that are left in staging."""
        return [path for path in (self.home / "staging").rglob("*") if path.is_file()]


@contextmanager
def flow_on(
    env: AirflowEnv, warehouse: Path, folder: Path, variables: Mapping[str, str] | None = None
) -> Iterator[Flow]:
    """An installation in a folder, on a copy of a warehouse."""
    with installed(warehouse, folder, variables) as made:
        yield Flow(made.home, made.warehouse, env, len(env.log))


def dag_named(name: str) -> Any:
    """A DAG, read anew; its tasks are not tried again."""
    from airflow.dag_processing.dagbag import DagBag

    from afschrift.airflow_ext.environment import DAGS

    bag = DagBag(dag_folder=str(DAGS / f"{name}.py"))
    assert bag.import_errors == {}
    for task in bag.dags[name].task_dict.values():
        task.retries = 0
    return bag.dags[name]


def ran(dag: Any, **given: Any) -> dict[str, str]:
    """Run a DAG to its end; state of the run, and of each task, a mapped one by its place."""
    done = dag.test(**given)
    tasks = {
        ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": str(ti.state)
        for ti in done.get_task_instances()
    }
    return {"run": str(done.state), **tasks}


def make_known(*dags: str) -> None:
    """Put DAGs into Airflow's database, as its DAG processor does."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.utils.session import create_session
    from sqlalchemy import text

    from afschrift.airflow_ext.environment import DAGS

    with create_session() as session:
        session.execute(text("INSERT OR IGNORE INTO dag_bundle (name) VALUES ('dags-folder')"))
    for dag in dags:
        file = dag if Path(dag).is_absolute() else str(DAGS / f"{dag}.py")
        sync_bag_to_db(DagBag(dag_folder=file), "dags-folder", None)


def load(home: Path) -> AirflowEnv:
    """Airflow on a home without anything in it: fresh tables, in about a second. Once a process."""
    if "airflow" in sys.modules:
        pytest.fail("a test module imports airflow at its top: see tests/airflow_support.py", pytrace=False)
    (home / "logs").mkdir()
    os.environ.update(_environment(home))
    from afschrift.airflow_ext.local import log_to

    log_to(home / "logs" / "run.log")
    from airflow.utils.db import initdb

    initdb()
    return AirflowEnv(home)


def _environment(home: Path) -> dict[str, str]:
    from afschrift.airflow_ext.environment import environment
    from afschrift.app.settings import Settings

    ours = environment(Settings.from_environment(), home)
    airflows = {name: value for name, value in ours.items() if name.startswith("AIRFLOW")}
    # a test may change the DAG that the one before it ran a second ago
    return airflows | {"AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0"}


@contextmanager
def api_server() -> Iterator[Any]:
    """What Airflow's API server runs, with the DAGs that officers start in its database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")  # its import sets it; other tests are no server
        from airflow.api_fastapi.main import app

        make_known("fulfil_request", "look_up_identity")
        yield app


def log_in(user: str, role: str = "user") -> str:
    """The token of a user who is logged in to Airflow."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return str(get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=user, role=role)))
