"""Start a run from within Airflow's API server, by its own REST interface and in its own process.

No address, certificate or second log-in has to be known: the request goes to the same application with the
token of whoever answered, so Airflow checks and logs it as any other trigger.
"""

from __future__ import annotations

from typing import Any

import anyio.from_thread
import httpx

from afschrift.airflow_ext.environment import DAG_ID, LOOK_UP_DAG_ID
from afschrift.airflow_ext.trigger import Access, trigger


class InProcess(httpx.BaseTransport):
    """Carries requests to an ASGI application, from a thread that its event loop waits for."""

    def __init__(self, app: Any) -> None:
        self._asgi = httpx.ASGITransport(app=app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request to the application and back."""
        return anyio.from_thread.run(self._carry, request)

    async def _carry(self, request: httpx.Request) -> httpx.Response:
        answer = await self._asgi.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        content = b"".join([part async for part in answer.stream])
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


def start_look_up(request_id: str, token: str) -> str:
    """Start the look-up of a request's keys as whoever holds the token; errors as of `trigger`."""
    return _start(request_id, token, LOOK_UP_DAG_ID)


def start(request_id: str, token: str) -> str:
    """Start the next run of a request as whoever holds the token; errors as of `trigger`."""
    return _start(request_id, token, DAG_ID)


def _start(request_id: str, token: str, dag_id: str) -> str:
    from airflow.api_fastapi.main import app  # what the server runs; loaded there already

    return trigger(request_id, {}, Access("http://airflow", token), InProcess(app), dag_id=dag_id)
