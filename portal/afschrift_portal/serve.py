"""One process with both listeners, and a clock that removes what is over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import sqlite3
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from afschrift_portal.answers import Guarded
from afschrift_portal.gate import Gate
from afschrift_portal.identity import Identity
from afschrift_portal.inner import MOST_FACTS, build_inner
from afschrift_portal.outer import MOST_BODY, build_outer
from afschrift_portal.settings import PortalSettings, address
from afschrift_portal.store import Store

EVERY = 15
"""Seconds between two looks at what is over, at most."""


def serve(settings: PortalSettings) -> None:
    """Serve until a signal comes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold what is being sent
    # `Guarded` names the place of an error
    logging.getLogger("uvicorn.error").addFilter(lambda record: not record.exc_info)
    asyncio.run(_serve(settings))


async def _serve(settings: PortalSettings) -> None:
    store, identity = Store(settings.home), Identity(settings.home)
    store.recover()
    outer = Guarded(build_outer(store, Gate(store, identity), settings), MOST_BODY, settings.stalled)
    inner = Guarded(build_inner(store, identity, settings), MOST_FACTS, settings.stalled)
    listeners = [_listener(settings, "outer", outer), _listener(settings, "inner", inner)]

    def stop() -> None:
        for listener in listeners:
            listener.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    clock = asyncio.create_task(_keep_time(store, listeners, min(EVERY, settings.stalled)))
    await asyncio.gather(*(listener.serve() for listener in listeners))
    clock.cancel()


async def _keep_time(store: Store, listeners: list[Any], every: float) -> None:
    """Remove what is over, and connections on which nothing was asked or nothing is taken."""
    idle: set[Any] = set()
    while True:
        with contextlib.suppress(sqlite3.OperationalError):  # locked, as by a copy: at the next look
            await asyncio.to_thread(store.expire)
        await asyncio.sleep(every)
        kept = {(each, each.cycle) for server in listeners for each in server.server_state.connections}
        for connection, _ in kept:  # a sender may pause for long; one whose machine died would hold its file
            with contextlib.suppress(OSError, AttributeError):  # closed meanwhile, or no Linux
                probed = connection.transport.get_extra_info("socket")
                probed.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                probed.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, int(every))
        useless = {pair for pair in kept if _is_useless(*pair)}
        for connection, _ in useless & idle:
            connection.transport.abort()
        idle = useless


def _is_useless(connection: Any, cycle: Any) -> bool:
    """Also one whose head or body takes longer than two looks, and is no upload."""
    over = cycle is None or cycle.response_complete or connection.transport.is_closing()
    return bool(over or (cycle.more_body and cycle.scope["method"] != "PATCH"))


def _listener(settings: PortalSettings, name: str, app: ASGIApp) -> uvicorn.Server:
    host, port = address(settings, name)
    config = uvicorn.Config(
        app,
        host,
        port,
        ssl_certfile=getattr(settings, f"{name}_cert") or None,
        ssl_keyfile=getattr(settings, f"{name}_key") or None,
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        # h11 holds no more than 16 kB of a head, and one request of a connection; httptools all, and is quick
        http="h11" if name == "outer" else "httptools",
        ws="none",
        lifespan="off",
        limit_concurrency=settings.connections if name == "outer" else 50,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=5,
    )
    listener = uvicorn.Server(config)  # signals are the process's
    listener.capture_signals = contextlib.nullcontext  # type: ignore[assignment, method-assign]
    return listener
