"""A task's log as an auditor reads it: a line for each event that the task appends, no library's talk."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from afschrift.domain.event import Header

log = logging.getLogger("afschrift.trail")

LIBRARIES = (
    *("adbc_driver_manager", "aiobotocore", "alembic", "asyncio", "azure", "boto3", "botocore", "duckdb"),
    *("fsspec", "gcsfs", "google", "httpcore", "httpx", "polars", "psycopg", "pyarrow", "pymysql", "s3fs"),
    *("s3transfer", "snowflake", "sqlalchemy", "tink", "upath", "urllib3"),
)
"""Loggers of what our tasks use. What they warn of still shows."""


@contextmanager
def trail_lines() -> Iterator[None]:
    """While open, each event that is appended becomes a line once it is committed."""
    from afschrift.register.database.followed import followed  # heavy: never when Airflow parses the DAG file

    with followed(_say), quiet_libraries():
        yield


def _say(header: Header, payload: dict[str, Any]) -> None:
    from afschrift.steps.trail_lines.line import line

    log.info("%s", line(header, payload))


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Libraries say nothing below a warning; afterwards they have the levels that they had."""
    loggers = [logging.getLogger(name) for name in LIBRARIES]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(max(logger.level, logging.WARNING))
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
