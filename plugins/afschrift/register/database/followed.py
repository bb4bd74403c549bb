"""Whoever follows a task hears of each event that is appended meanwhile, once its transaction is committed.

Registers are opened in many places, so the listener belongs to the work that goes on and to no register.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection

from afschrift.domain.event import Header

Listener = Callable[[Header, dict[str, Any]], None]
"""Gets the header and the payload, as who reads the trail later gets them."""

_APPENDED = "afschrift_appended"
_listener: ContextVar[Listener | None] = ContextVar("afschrift_followed", default=None)


@contextmanager
def followed(listener: Listener) -> Iterator[None]:
    """While open, `listener` hears of every event that this thread appends, whatever register it opens."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def note(connection: Connection, appended: Iterable[tuple[Header, str]]) -> None:
    """Keep headers with their payloads (canonical JSON) until their transaction is committed."""
    if _listener.get() is not None:
        options = connection.get_execution_options()
        kept = options.get(_APPENDED, ())
        connection.execution_options(**{_APPENDED: (*kept, *appended)})


def tell(connection: Connection) -> None:
    """After the commit: what was appended in it, in order."""
    listener = _listener.get()
    if listener is not None:
        for header, payload in connection.get_execution_options().get(_APPENDED, ()):
            listener(header, json.loads(payload))
