"""What every task is wrapped in: services and request, a log line per event, and errors that a log may show.

Many people read a task log. An error of a library may quote a row, a key or a statement, so only its type and
the places in the code are logged.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException
from structlog.contextvars import bound_contextvars

from afschrift.airflow_ext.outside.metrics import connected, hear
from afschrift.app.extras import EXTRAS, missing_extra
from afschrift.domain.errors import AfschriftError, NeedsPersonError, RetriableError
from afschrift.domain.request import is_id, run_name

if TYPE_CHECKING:
    from afschrift.domain.event import Header
    from afschrift.services import Services

log = logging.getLogger("afschrift.run")
trail_log = logging.getLogger("afschrift.trail")

LIBRARIES = (
    *("adbc_driver_manager", "aiobotocore", "alembic", "asyncio", "azure", "boto3", "botocore", "fsspec"),
    *("gcsfs", "google", "httpcore", "httpx", "polars", "pyarrow", "s3transfer", "snowflake", "sqlalchemy"),
    *("tink", "upath", "urllib3"),
    *(module for modules in EXTRAS.values() for module in modules),
)
"""Loggers of libraries that our tasks use. Their warnings are still shown."""

_PACKAGE = Path(__file__).parents[1]


@contextmanager
def step(run_id: str | None = None, triggered_by: str | None = None) -> Iterator[Services]:
    """Services that log into the task's log, with a line for each event that they append.

    Args:
        run_id: Airflow's id of the run that the task belongs to.
        triggered_by: name of the account that triggered it.

    Raises:
        AirflowSkipException: a person must decide; what follows is skipped and the run ends as a success.
        AfschriftError: any other fault, without its cause.
    """
    with shown():
        from afschrift.airflow_ext.secrets import connection
        from afschrift.airflow_ext.trigger import Clicked
        from afschrift.values.without_pandas import keep_pandas_out
        from afschrift.wiring.build_services import build  # heavy: never when Airflow parses the DAG file

        keep_pandas_out()
        services = build(log.info, connect=lambda name: connected(connection(name)))
        if run_id is not None:
            services = replace(services, run=run_name(run_id), clicked=Clicked(run_id, triggered_by))
        try:
            yield services
        except NeedsPersonError as error:
            log.warning("A person is needed. %s", error)
            raise AirflowSkipException(
                "A person is needed, see above. The answer starts the next run."
            ) from None


def handed_on(services: Services, step: str, request: object, params: Mapping[str, Any] | None) -> str:
    """The request of a task.

    Users can edit an XCom or a conf, so the use case then asks the register whether this run began for this
    request.

    Raises:
        GateError: `assess` handed no id on, or the form names another request.
    """
    from afschrift.steps.gates import refusal

    named = (params or {}).get("request")
    named = named if isinstance(named, str) and is_id(named) else None
    if not isinstance(request, str) or not is_id(request):
        raise refusal(
            services,
            named,
            step,
            "not_assessed",
            f"Step {step} was started, but `assess` of this run handed no request on.",
        )
    if named is not None and named != request:
        raise refusal(
            services,
            request,
            step,
            "another_request_in_conf",
            f"The conf of this run names another request than {request}, which the run works for.",
        )
    return request


@contextmanager
def shown() -> Iterator[None]:
    """Wrap a task: a line in its log for each event, and errors only as a task log may show them."""
    try:
        with trail_lines():
            yield
    except AfschriftError as error:
        raise error from None  # the cause may quote data
    except BaseException as error:
        if _belongs_to_airflow(error):
            raise
        raise masked(error) from None


@contextmanager
def trail_lines() -> Iterator[None]:
    """While open, log a line for each event that is appended, once it is committed."""
    from afschrift.register.database.written import listening  # heavy: never when Airflow parses the DAG file

    with listening(_log_event), quiet_libraries():
        yield


def _log_event(header: Header, payload: dict[str, Any]) -> None:
    from afschrift.audit.sentences import line

    hear(header, payload)
    of_request = {"request": header.request} if header.request else {}
    with bound_contextvars(trail_seq=header.seq, trail_type=header.type, **of_request):  # fields of the line
        trail_log.info("%s", line(header, payload))


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """While open, libraries log nothing below a warning; afterwards their levels are restored."""
    loggers = [logging.getLogger(name) for name in LIBRARIES]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(max(logger.level, logging.WARNING))
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def masked(error: BaseException) -> AfschriftError:
    """An error of unknown origin without its message: with its type and its places in the code.

    An error of the operating system (a disk that is full, a connection that broke) may pass, so it is
    retriable, and its standard text names no file.
    """
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    where = " < ".join(_locations(error))
    if missing := missing_extra(error, f"The step at {where}"):
        return missing
    if isinstance(error, OSError):
        reason = os.strerror(error.errno) if error.errno else name
        return RetriableError(f"The system said: {reason} ({name} at {where}).")
    return AfschriftError(
        f"There was an unexpected {name} at {where}.",
        remedy="this is a fault of the software: report it with this line. The message of the error "
        "is left out, as it may quote personal data.",
    )


def _locations(error: BaseException) -> list[str]:
    """Where it was raised, then our own frames of the traceback, innermost first, as file:line."""
    frames = list(reversed(traceback.extract_tb(error.__traceback__)))
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    shown = [*frames[:1], *(frame for frame in ours if frame is not frames[0])]
    return [f"{_short(frame.filename)}:{frame.lineno}" for frame in shown[:6]]


def _short(filename: str) -> str:
    path = Path(filename)
    return (
        str(path.relative_to(_PACKAGE.parent)) if path.is_relative_to(_PACKAGE) else "/".join(path.parts[-2:])
    )


def _belongs_to_airflow(error: BaseException) -> bool:
    """Whether an exception is one by which Airflow controls tasks (a time limit, an end from outside)."""
    return isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)) or type(
        error
    ).__module__.startswith("airflow.")
