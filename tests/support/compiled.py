"""Statements on registers in SQLite are compiled once a process, though each test has a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.util import LRUCache


@contextmanager
def compiled_once() -> Iterator[None]:
    """While open, what was compiled for one file serves all.

    The product keeps compiled statements by the address of a register, of which a process has one. A test
    process has thousands, and compiling takes a twentieth of what a request through all steps takes.
    """
    from afschrift.register.database import database

    by_address = database._compiling.__wrapped__
    model = create_engine("sqlite://")
    with model.connect():
        pass  # it learns the version of SQLite
    statements: LRUCache[Any, Any] = LRUCache(database._STATEMENTS)

    @lru_cache(maxsize=8)
    def compiling(url: URL) -> tuple[Engine, LRUCache[Any, Any]]:
        engine, own = by_address(url)
        if url.get_driver_name() != "pysqlite":
            return engine, own
        return Engine(engine.pool, model.dialect, engine.url, hide_parameters=True), statements

    with patch.object(database, "_compiling", compiling):
        yield
