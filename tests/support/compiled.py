"""Statements on registers are compiled once a process, though each test has a register of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch

from sqlalchemy import URL, Engine
from sqlalchemy.util import LRUCache


@contextmanager
def compiled_once() -> Iterator[None]:
    """While open, what was compiled for the first register on a kind of database serves all.

    The product keeps compiled statements by the address of a register, of which a process has one. A test
    process has thousands, and compiling takes as long as a small test does. A dialect is shared once it
    learned of its server what it compiles by, with the first connection.
    """
    from afschrift.register.database import database

    by_address = database._compiling.__wrapped__
    first: dict[str, tuple[Engine, LRUCache[Any, Any]]] = {}

    @lru_cache(maxsize=8)
    def compiling(url: URL) -> tuple[Engine, LRUCache[Any, Any]]:
        own = by_address(url)
        known, statements = first.setdefault(url.drivername, own)
        if known is own[0] or getattr(known.dialect, "server_version_info", None) is None:
            return own
        return Engine(own[0].pool, known.dialect, url, hide_parameters=True), statements

    with patch.object(database, "_compiling", compiling):
        yield
