"""The entry points for Airflow: policy, plugin, provider and a connection type.

Every process of every Airflow imports this module, even without a DAG of ours. So it imports no library and
nothing else of the package until a task of ours reads a source, or a page below `/afschrift` is requested.
A test compares the modules of each process with and without the package.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from functools import partial
from typing import Any
from urllib.parse import quote

from afschrift import __version__  # nothing of Airflow: it asks for the provider while it reads its settings

CONNECTION = "afschrift"
"""Connection type in Airflow's form, for an Airflow that has no provider for a source's own system.

A source accepts a connection of any type: the inventory names the kind of the source.
"""

_LOG = logging.getLogger(__name__)
_REST = 0.05
"""Seconds of sleep below which an idle scheduler keeps a processor busy."""
_AGAIN = 60
"""Seconds before a failed import of the pages is tried again: any user can request a page at any rate."""


class RequestLink:
    """A button on each task of `fulfil_request` that links to the page of the request.

    Airflow uses only the name and the address of a global link, so it needs no base class.
    """

    name = "Request"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002  (the name is Airflow's)
        """Return an address relative to Airflow's; empty for tasks of other DAGs, which get no button."""
        return f"afschrift/runs/{quote(ti_key.run_id, safe='')}" if ti_key.dag_id == "fulfil_request" else ""


class AfschriftHook:
    """The hook that Airflow requires for a connection type. Sources open their own connections."""

    conn_name_attr = "connection"
    default_conn_name = "afschrift_default"
    conn_type = CONNECTION
    hook_name = "Afschrift source"


def provider_info() -> dict[str, Any]:
    """Return name, version and connection type for `airflow providers` and the form of connections."""
    return {
        "package-name": "afschrift",
        "name": "Afschrift",
        "description": "Fulfils people's requests for their own data (GDPR Art. 15 and 20).",
        "versions": [__version__],
        "connection-types": [
            {
                "connection-type": CONNECTION,
                "hook-class-name": f"{__name__}.{AfschriftHook.__name__}",
                "hook-name": AfschriftHook.hook_name,
                "ui-field-behaviour": {
                    "relabeling": {"schema": "Database"},
                    "placeholders": {"extra": "options of the source, as docs/datamap/sources.md lists them"},
                },
            }
        ],
    }


class Pages:
    """The web application, imported at the first request for one of its addresses.

    Airflow mounts it in its API server. If it cannot be imported, its addresses answer 500 and Airflow's own
    still work.
    """

    def __init__(self) -> None:
        self._app: Any = None
        self._lock = threading.Lock()
        self._failed_at: float | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request. The import takes seconds, so it runs in a thread and not in the event loop."""
        import asyncio

        app = self._app or await asyncio.to_thread(self._load)
        await app(scope, receive, send)

    def _load(self) -> Any:
        with self._lock:
            now = time.monotonic()
            if self._app is None and (self._failed_at is None or now >= self._failed_at + _AGAIN):
                try:
                    self._app = _create_pages()
                except Exception:
                    self._failed_at = now
                    _LOG.exception(
                        "The pages below /afschrift cannot be imported, and answer 500. Repair what is "
                        "named here: `pip check` says which packages do not fit. The import is tried again "
                        "after %d seconds.",
                        _AGAIN,
                    )
            return self._app or _not_there


def _create_pages() -> Any:
    from afschrift.airflow_ext.environment import LOOK_UP_DAG_ID
    from afschrift.airflow_ext.trigger import start_in_process
    from afschrift.web.app import create

    return create(start_in_process, partial(start_in_process, dag_id=LOOK_UP_DAG_ID))


async def _not_there(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001  (as ASGI calls it)
    words = "Afschrift cannot be loaded, and nothing was recorded. The log of the API server says why."
    kind, body = (
        "text/html",
        f"<!doctype html><html lang=en><title>Afschrift</title><h1>Not possible now</h1><p>{words}",
    )
    if scope["path"].removeprefix(scope.get("root_path", "")).startswith("/api/"):
        kind, body = "application/json", f'{{"detail": "{words}"}}'
    headers = {
        "content-type": f"{kind}; charset=utf-8",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
    }
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 500, "headers": pairs})
    await send({"type": "http.response.body", "body": body.encode()})


def __getattr__(name: str) -> Any:
    """Make the classes on demand: their bases do not exist yet when Airflow asks for the provider."""
    factories = {"AfschriftPolicy": _policy, "AfschriftPlugin": _plugin}
    if name not in factories:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = factories[name]()
    return globals()[name]


def _plugin() -> type:
    from airflow.plugins_manager import AirflowPlugin

    class AfschriftPlugin(AirflowPlugin):
        """What Afschrift adds to Airflow."""

        name = "afschrift"
        # A plain link in the menu "Browse". With `url_route` it would be framed, and a frame lets no log-in
        # and no new tab through; outside of a menu, Airflow 3.3 makes it a button that leads nowhere. The
        # address is relative, so it holds wherever `[api] base_url` puts Airflow.
        external_views = [  # noqa: RUF012
            {"name": "Afschrift", "href": "afschrift/", "destination": "nav", "category": "browse"}
        ]
        global_operator_extra_links = [RequestLink()]  # noqa: RUF012
        fastapi_apps = [{"app": Pages(), "url_prefix": "/afschrift", "name": "afschrift"}]  # noqa: RUF012

    return AfschriftPlugin


def _policy() -> type:
    """Return a cluster policy without rules. Airflow loads it at its start: forking processes warm up here.

    As an entry point it needs no file in `$AIRFLOW_HOME/config`; the installation's own file still applies.
    """
    from airflow.configuration import conf

    class AfschriftPolicy:
        """Has no rule for any DAG or task."""

    executor = conf.get("core", "executor")
    if sys.argv[1:2] == ["scheduler"]:
        must_rest(executor, conf.getfloat("scheduler", "scheduler_idle_sleep_time"))
    if os.environ.get("AFSCHRIFT_WARM") == "1" and forks_tasks(sys.argv[1:], executor):
        _warm()
    return AfschriftPolicy


def forks_tasks(arguments: list[str], executor: str) -> bool:
    """Whether a process forks its tasks.

    Args:
        arguments: its command line, without the program.
        executor: value of `[core] executor`.
    """
    return arguments[:2] == ["celery", "worker"] or (
        arguments[:1] == ["scheduler"] and "LocalExecutor" in executor
    )


def must_rest(executor: str, sleep: float) -> None:
    """Warn if the scheduler would poll for work without sleeping."""
    if "RevokingLocalExecutor" not in executor and sleep < _REST:
        _LOG.warning(
            "[scheduler] scheduler_idle_sleep_time is %g s, and %s does not wait instead: the scheduler "
            "keeps a processor busy. Set it to 0.1, or use the executor of config/airflow.env.",
            sleep,
            executor,
        )


def _warm() -> None:
    """Import what our tasks need into the process that forks them. If it fails, tasks only start slower."""
    try:
        from afschrift.airflow_ext.warm import warm

        warm(_LOG.warning)
    except Exception as error:
        _LOG.warning(
            "AFSCHRIFT_WARM: tasks import what they need themselves, as it failed here (%s: %s).",
            type(error).__name__,
            error,
        )
