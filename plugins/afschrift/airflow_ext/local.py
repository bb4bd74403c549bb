"""Run the real `fulfil_request` in this process, on a private Airflow that nothing else uses."""

from __future__ import annotations

import fcntl
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from afschrift.airflow_ext.environment import DAG_ID, DAGS, environment
from afschrift.app.settings import Settings
from afschrift.domain.errors import AfschriftError, ConfigurationError, RefusedError, RetriableError

if TYPE_CHECKING:
    from airflow.sdk import DAG

HERE = "airflow-here"
"""Folder below the installation's home. Not that of `afschrift up`: its scheduler would run our runs too."""

LOG = "run.log"


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        state: of the DAG run, `success` or `failed`.
        failed, skipped: tasks.
        run_id: in the private Airflow.
        seconds: from start to end.
    """

    state: str
    failed: tuple[str, ...]
    skipped: tuple[str, ...]
    run_id: str
    seconds: float


def run_here(request_id: str, conf: Mapping[str, Any], on_line: Callable[[str], None]) -> RunOutcome:
    """Run a request as far as the register allows.

    Args:
        request_id: id of a stored request.
        conf: options of the trigger form.
        on_line: gets a line when a task starts and ends, and what a person has to do.

    Raises:
        ConfigurationError: another Airflow is loaded in this process already.
        RefusedError: another process runs the request.
        RetriableError: the folder of that Airflow is full or cannot be written.
    """
    if "airflow" not in sys.modules:
        on_line("Starting Airflow in this process, about ten seconds ...")
    settings = Settings.from_environment()
    try:
        prepare(settings)
        return run_dag(load_dag(), {"request": request_id, **conf}, on_line)
    except (
        OSError,
        DBAPIError,
    ) as error:  # a step reports its own errors; these are of Airflow's database and logs
        reason = getattr(error, "strerror", None) or getattr(error, "orig", None) or type(error).__name__
        raise RetriableError(
            f"The Airflow in {settings.home / HERE} cannot work: {reason}.",
            remedy="see that the disk has room and that this account may write there, and run the request "
            "again: what is done is not done twice.",
        ) from None


def prepare(settings: Settings) -> Path:
    """Load Airflow on its private home, with its tables at the newest version; returns the home."""
    home = settings.home / HERE
    if "airflow" in sys.modules:
        if os.environ.get("AIRFLOW_HOME") != str(home):
            raise ConfigurationError(
                "Another Airflow is loaded in this process already.",
                remedy="run the request in a process of its own.",
            )
        return home
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    ours = environment(settings, home)
    for name in os.environ.keys() - ours.keys():
        del os.environ[name]
    os.environ.update(ours)
    log_to(logs / LOG)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # otherwise two first runs at once would both make the tables
        from airflow.utils.db import initdb

        initdb()
    return home


def log_to(file: Path) -> None:
    """Send what Airflow logs in this process to a file, so that the terminal shows only the progress."""
    from airflow.sdk.log import configure_logging

    configure_logging(output=file.open("a", encoding="utf-8", buffering=1), colored_console_log=False)


def load_dag(dag_id: str = DAG_ID) -> DAG:
    """A DAG as Airflow reads it from its file.

    Raises:
        ConfigurationError: the file does not import.
    """
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(DAGS / f"{dag_id}.py"))
    if bag.import_errors:
        raise ConfigurationError("The DAG does not import: " + " ".join(bag.import_errors.values()))
    return bag.dags[dag_id]


def run_dag(dag: DAG, conf: Mapping[str, Any], on_line: Callable[[str], None]) -> RunOutcome:
    """Run a DAG to its end; Airflow must be loaded and have its tables.

    Raises:
        RefusedError: another process runs the request on this Airflow.
    """
    from airflow.sdk import TaskInstanceState

    from afschrift.airflow_ext.run_output import printed_progress
    from afschrift.airflow_ext.step import quiet_libraries

    began = time.monotonic()
    with quiet_libraries(), alone(conf.get("request")), printed_progress(on_line):
        run = dag.test(run_conf=dict(conf))
    by_state: dict[str, list[str]] = {}
    for ti in sorted(run.get_task_instances(), key=lambda ti: (ti.start_date is None, ti.start_date)):
        by_state.setdefault(str(ti.state), []).append(ti.task_id)
    return RunOutcome(
        state=str(run.state),
        failed=tuple(by_state.get(TaskInstanceState.FAILED, ())),
        skipped=tuple(by_state.get(TaskInstanceState.SKIPPED, ())),
        run_id=run.run_id,
        seconds=time.monotonic() - began,
    )


@contextmanager
def alone(request_id: str | None) -> Iterator[None]:
    """While open, no other process runs the request on this Airflow.

    Only this process can run the runs of this Airflow now. So a run that is still open in the register was
    killed, or could not record its end. It is ended as lost at once, instead of after the usual time.
    """
    if request_id is None:
        yield
        return
    with (Path(os.environ["AIRFLOW_HOME"]) / "runs.lock").open("a") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, zlib.crc32(request_id.encode()))
        except OSError:
            raise RefusedError(
                f"Another process runs request {request_id}.", remedy="wait for its end."
            ) from None
        _end_dead_runs(request_id)
        yield


def _end_dead_runs(request_id: str) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from afschrift.domain.request import LOST, run_name
    from afschrift.register.open import open_register

    try:
        register = open_register(Settings.from_environment())
    except AfschriftError:
        return  # the run's first task gets the same error and reports it
    going = register.runs.all(request_id=request_id, going=True)
    if not going:
        return
    with create_session() as session:
        here = {run_name(run_id) for run_id in session.scalars(select(DagRun.run_id))}
    for run in going:
        if run.id in here:
            register.runs.end(request_id, run.id, LOST)
