"""Use of Airflow's REST API: to start runs, over the network or within its server, and to see who clicked.

A task cannot read Airflow's database. A run names who triggered it; marks and clears are in Airflow's audit
log, which the API gives to an account that may read it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio.from_thread
import httpx
from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_exponential

from afschrift.airflow_ext.environment import BATCH_DAG_ID, DAG_ID, LOOK_UP_DAG_ID
from afschrift.app.settings import Settings
from afschrift.domain.errors import AfschriftError, ConfigurationError, RefusedError, RetriableError
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.law.roles import AIRFLOW
from afschrift.services import UNKNOWN

ADMIN = "admin"
PASSWORDS = "passwords.json"
_DAGS = "/api/v2/dags"
WITHOUT = {DAG_ID: "afschrift run {}", LOOK_UP_DAG_ID: "afschrift request look-up {} --run"}
"""DAG -> the command that does the same in its own process."""
_SECONDS = 30
_FAULT = Retrying(
    retry=retry_if_result(lambda answer: answer.is_server_error),
    wait=wait_exponential(multiplier=0.25),
    stop=stop_after_attempt(4),
    retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
)
"""Airflow answers 500 while its database is locked: a second later it may not be."""


class RunGoesError(RefusedError):
    """A run of the request is still under way; two at once would work in the same staging."""


@dataclass(frozen=True)
class Access:
    """Where Airflow is and how to get in.

    Attributes:
        url: base URL (`AFSCHRIFT_AIRFLOW_URL`).
        token: bearer token (`AFSCHRIFT_AIRFLOW_TOKEN`), or None: one is asked for with user and password.
        user, password: `AFSCHRIFT_AIRFLOW_USER`, `AFSCHRIFT_AIRFLOW_PASSWORD`; default: those that
            `afschrift up` made.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Access:
        """Read the environment."""
        env = os.environ if environment is None else environment
        user, password = env.get("AFSCHRIFT_AIRFLOW_USER"), env.get("AFSCHRIFT_AIRFLOW_PASSWORD")
        made = Settings.from_environment(env).home / "airflow" / PASSWORDS
        if user is None and made.exists():
            user, password = ADMIN, json.loads(made.read_text(encoding="utf-8"))[ADMIN]
        url = env.get("AFSCHRIFT_AIRFLOW_URL", "http://127.0.0.1:8080").rstrip("/")
        return cls(url, env.get("AFSCHRIFT_AIRFLOW_TOKEN"), user, password)


def trigger(
    request_id: str,
    conf: Mapping[str, Any],
    access: Access | None = None,
    transport: httpx.BaseTransport | None = None,
    run_id: str | None = None,
    dag_id: str = DAG_ID,
) -> str:
    """Start the next run of a request, named `<request>.<attempt>`.

    Args:
        request_id: id of a stored request.
        conf: options of the form (`formats`, `language`, `destination`); nothing that names a person.
        access: default: from the environment.
        run_id: this id; by default the next that is free.
        dag_id: of which DAG.
        transport: how Airflow is reached; default: over the network.

    Returns:
        The run's id.

    Raises:
        RetriableError: Airflow does not answer.
        ConfigurationError: it does not let us in, or does not know the DAG or has it paused.
        RefusedError: it refuses the options, or a run of this request is still under way.
    """
    access = access or Access.from_environment()
    with _let_in(access, transport, dag_id, WITHOUT[dag_id].format(request_id)) as client:
        attempt = 1 + _attempts(client, access, request_id, dag_id)
        while True:
            name = run_id or f"{request_id}.{attempt}"
            if _started(client, access, dag_id, name, {"request": request_id, **conf}):
                return name
            if run_id:
                raise _run_exists(run_id)
            attempt = max(attempt, _attempts(client, access, request_id, dag_id)) + 1


def trigger_batch(
    requests: Sequence[str],
    access: Access | None = None,
    transport: httpx.BaseTransport | None = None,
    run_id: str | None = None,
) -> str:
    """Start a run of `fulfil_batch` for stored requests.

    Args:
        requests: their ids.
        access: default: from the environment.
        transport: how Airflow is reached; default: over the network.
        run_id: this id; by default made from the present time.

    Returns:
        The run's id.

    Raises:
        RetriableError, ConfigurationError, RefusedError: as `trigger`.
    """
    access, name = access or Access.from_environment(), run_id or f"manual__{rfc3339(utc_now())}"
    with _let_in(access, transport, BATCH_DAG_ID, "afschrift batch start --here") as client:
        if not _started(client, access, BATCH_DAG_ID, name, {"requests": list(requests)}):
            raise _run_exists(name)
    return name


@contextmanager
def _let_in(
    access: Access, transport: httpx.BaseTransport | None, dag_id: str, without: str
) -> Iterator[httpx.Client]:
    """A client that may trigger a DAG which is ready; `without`: the command that does the same here."""
    try:
        with httpx.Client(
            base_url=access.url, timeout=_SECONDS, trust_env=False, transport=transport
        ) as client:
            client.headers["Authorization"] = f"Bearer {token_of(client, access)}"
            _dag_must_be_ready(client, access, dag_id)
            yield client
    except httpx.HTTPError as error:
        raise RetriableError(
            f"Airflow at {access.url} does not answer ({type(error).__name__}).",
            remedy=f"start it (`afschrift up`), or set AFSCHRIFT_AIRFLOW_URL; `{without}` does it without.",
        ) from None


def _started(client: httpx.Client, access: Access, dag_id: str, name: str, conf: Mapping[str, Any]) -> bool:
    """Whether a run was started; False: a run of this id exists already."""
    body = {"dag_run_id": name, "logical_date": None, "conf": conf}
    answer = _FAULT(client.post, f"{_DAGS}/{dag_id}/dagRuns", json=body)
    if answer.status_code == httpx.codes.CONFLICT:
        return False
    _check(answer, access)
    return True


def _run_exists(run_id: str) -> RefusedError:
    return RefusedError(
        f"Run {run_id} exists in Airflow already.",
        remedy="see its log; when what it says is mended, trigger the next one.",
    )


def token_of(client: httpx.Client, access: Access) -> str:
    """A bearer token.

    Raises:
        ConfigurationError: there is no way in.
    """
    if access.token is not None:
        return access.token
    if access.user is None or access.password is None:
        raise ConfigurationError(
            "There is no way in to Airflow.",
            remedy="set AFSCHRIFT_AIRFLOW_TOKEN, or AFSCHRIFT_AIRFLOW_USER and AFSCHRIFT_AIRFLOW_PASSWORD.",
        )
    login = {"username": access.user, "password": access.password}
    answer = _FAULT(client.post, "/auth/token", json=login)
    _check(answer, access)
    return str(answer.json()["access_token"])


def _dag_must_be_ready(client: httpx.Client, access: Access, dag_id: str) -> None:
    answer = _FAULT(client.get, f"{_DAGS}/{dag_id}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise ConfigurationError(
            f"Airflow at {access.url} knows no DAG {dag_id}.",
            remedy="put `dags/` and `plugins/` where it looks, and see its import errors.",
        )
    _check(answer, access)
    if answer.json()["is_paused"]:
        raise ConfigurationError(
            f"The DAG {dag_id} is paused: a run would wait for ever.",
            remedy=f"unpause it on its page, or with `airflow dags unpause {dag_id}`.",
        )


def _attempts(client: httpx.Client, access: Access, request_id: str, dag_id: str) -> int:
    """How many runs the request has had.

    Raises:
        RunGoesError: one is still under way.
    """
    query: dict[str, str | int] = {"run_id_prefix_pattern": f"{request_id}.", "order_by": "-id", "limit": 100}
    answer = _FAULT(client.get, f"{_DAGS}/{dag_id}/dagRuns", params=query)
    _check(answer, access)
    for run in answer.json()["dag_runs"]:
        if run["state"] in ("queued", "running"):
            raise RunGoesError(
                f"Run {run['dag_run_id']} of this request is still going.",
                remedy="wait for its end; a failed task is cleared in it instead of starting another run.",
            )
    return int(answer.json()["total_entries"])


def _check(answer: httpx.Response, access: Access) -> None:
    """Turn a refusal into an error; Airflow's own words are left out, as they repeat what was sent."""
    code = answer.status_code
    if answer.is_success:
        return
    if code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise ConfigurationError(
            f"Airflow at {access.url} does not let us in ({code}).",
            remedy="set AFSCHRIFT_AIRFLOW_TOKEN, or user and password of an account that may trigger DAGs.",
        )
    if code in (httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY):
        raise RefusedError(
            "Airflow turned the options of the run down.",
            remedy="see the trigger form: formats, language and destination have fixed choices.",
        )
    if answer.is_server_error:
        raise RetriableError(f"Airflow at {access.url} has a fault of its own ({code}).")
    raise AfschriftError(f"Airflow at {access.url} answered {code} to {answer.request.url.path}.")


class InProcess(httpx.BaseTransport):
    """Carries requests to an ASGI application, from a thread that its event loop waits for."""

    def __init__(self, app: Any) -> None:
        self._asgi = httpx.ASGITransport(app=app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the application and return its response."""
        return anyio.from_thread.run(self._carry, request)

    async def _carry(self, request: httpx.Request) -> httpx.Response:
        answer = await self._asgi.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        content = b"".join([part async for part in answer.stream])
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


def start_in_process(request_id: str, token: str, dag_id: str = DAG_ID) -> str:
    """Start a run from within Airflow's API server, as the owner of the token; errors as of `trigger`.

    No address, certificate or second log-in is needed: the request goes to the same application, which checks
    and logs it like any other trigger.
    """
    from airflow.api_fastapi.main import app  # what the server runs; loaded there already

    return trigger(request_id, {}, Access("http://airflow", token), InProcess(app), dag_id=dag_id)


_SECONDS_OF_LOG = 5
_CLICKS = (
    "patch_task_instance",
    "patch_task_group_instances",
    "bulk_task_instances",
    "post_clear_task_instances",
    "patch_dag_run",
    "bulk_dag_runs",
    "clear_dag_run",
    "clear_dag_runs",
)
"""Names of marks and clears in Airflow's audit log."""
_BY_TRIGGER = ("another_run", "unknown_fields_in_conf", "options")
"""Codes of faults of the trigger itself, not of a later mark or clear."""


@dataclass(frozen=True)
class Clicked:
    """Who clicked in a run.

    Attributes:
        run_id: Airflow's id of the run.
        triggered_by: user name of the run; None: a schedule, or Airflow does not say.
        access: the way to Airflow's API; None: from the environment.
        transport: how it is reached; None: over the network.
    """

    run_id: str
    triggered_by: str | None
    access: Access | None = None
    transport: httpx.BaseTransport | None = None

    def __call__(self, reason: str, step: str) -> str:
        """The account as `airflow:NAME`, or `unknown`.

        Args:
            reason: code of what was done.
            step: name of the task that was marked or cleared, as far as known.
        """
        if reason in _BY_TRIGGER:
            return f"{AIRFLOW}{self.triggered_by}" if self.triggered_by else UNKNOWN
        try:
            clicks = self._clicks()
        except (AfschriftError, httpx.HTTPError, KeyError, TypeError, ValueError):
            return UNKNOWN
        of_task = [click for click in clicks if (click.get("task_id") or "").split("_")[0] == step]
        owner = next((click.get("owner") for click in (of_task or clicks)), None)
        return f"{AIRFLOW}{owner}" if owner and owner != "anonymous" else UNKNOWN

    def _clicks(self) -> list[dict[str, str | None]]:
        """The newest first; empty where there is no way in."""
        access = self.access or Access.from_environment()
        if access.token is None and access.user is None:
            return []
        with httpx.Client(
            base_url=access.url, timeout=_SECONDS_OF_LOG, trust_env=False, transport=self.transport
        ) as client:
            client.headers["Authorization"] = f"Bearer {token_of(client, access)}"
            query: list[tuple[str, str | int | float | bool | None]] = [
                ("dag_id", DAG_ID),
                ("run_id", self.run_id),
                ("order_by", "-when"),
                ("limit", 50),
                *(("included_events", name) for name in _CLICKS),
            ]
            answer = client.get("/api/v2/eventLogs", params=query)
            answer.raise_for_status()
            found: list[dict[str, str | None]] = answer.json()["event_logs"]
            return found
