"""A tuned local Airflow on loopback: API server, scheduler with LocalExecutor, DAG processor, triggerer.

Its database is SQLite. It is for trying out, for demonstrations and for tests; production runs an Airflow of
its own with the settings of `config/airflow.env`.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from afschrift.airflow_ext.environment import DAG_ID, environment
from afschrift.airflow_ext.local_portal import OPTIONS, local_portal
from afschrift.airflow_ext.trigger import ADMIN, PASSWORDS
from afschrift.app.project import checkout, set_demo_data
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.law.roles import AIRFLOW, READ_ONLY_ROLES, Roles
from afschrift.register.open import initialise

GRACE_SECONDS = 15


class Processes:
    """Starts parts of Airflow; leaving the context ends them with all their children."""

    def __init__(self, env: Mapping[str, str], logs: Path) -> None:
        self._env = dict(env)
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.end()

    def start(self, part: str, *arguments: str) -> None:
        """Start `airflow <part>`; what it prints goes to `<part>.log`."""
        command = [sys.executable, "-m", "airflow", part, *arguments]
        with (self._logs / f"{part}.log").open("ab") as log:
            self._running[part] = subprocess.Popen(  # noqa: S603  (our own interpreter and words)
                command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that Ctrl-C reaches only us, and we end them in order
            )

    @property
    def pids(self) -> dict[str, int]:
        """First process of each part, by the part's name."""
        return {part: process.pid for part, process in self._running.items()}

    def must_live(self) -> None:
        """Check on them.

        Raises:
            RetriableError: one ended by itself.
        """
        for part, process in self._running.items():
            code = process.poll()
            if code is not None:
                raise RetriableError(
                    f"Airflow's {part} ended by itself (code {code}).",
                    remedy=f"see {self._logs / part}.log and start again.",
                )

    def watch(self) -> None:
        """Stay until one ends by itself, or until the process is interrupted."""
        while True:
            self.must_live()
            time.sleep(0.5)

    def end(self) -> None:
        """Ask all to end, wait, and then end what is left of their groups; at once if interrupted again."""
        for process in self._running.values():
            process.terminate()
        until = time.monotonic() + GRACE_SECONDS
        try:
            for process in self._running.values():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.1, until - time.monotonic()))
        finally:
            for process in self._running.values():
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            self._running.clear()


def port_is_free(port: int) -> bool:
    """Whether a port of 127.0.0.1 is free."""
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


HOME = "airflow"
"""Folder below the installation's home, with database, passwords and logs."""

READY_SECONDS = 120


@dataclass(frozen=True)
class Airflow:
    """A running Airflow.

    Attributes:
        url: base URL.
        user, password: of the administrator.
        logs: folder with a log of each process and of each task.
    """

    url: str
    user: str
    password: str
    logs: Path


def up(port: int = 8080) -> None:
    """Start it, say where the trigger form is, and end it on Ctrl-C or SIGTERM.

    Raises:
        ConfigurationError: the port is taken, or the register, keys or inventory cannot be used.
        RetriableError: a process of Airflow ended by itself, or none got ready.
    """
    settings = Settings.from_environment(_base())
    users = _users(load_roles(settings))
    with (
        suppress(KeyboardInterrupt),
        _interruptible(),
        local_portal(settings.home) as portal,
        running(port, _say, users, triggerer=True) as (airflow, processes),
    ):
        _say(f"Airflow is ready: {airflow.url}/dags/{DAG_ID} and then Trigger (top right).")
        _say(f"  the officers' pages: {airflow.url}/afschrift/")
        _say(f"  user {airflow.user}, password {airflow.password} (may do everything in Airflow)")
        for name, password in _passwords(airflow.logs.parent / PASSWORDS, users).items():
            if name in users:
                _say(f"  user {name}, password {password} ({users[name]} in Airflow)")
        if port != 8080:
            _say(f"  elsewhere: export AFSCHRIFT_AIRFLOW_URL={airflow.url}")
        if portal:
            _say(f"The portal is ready: {portal}, for requests whose destination is `portal`.")
            _say(f"  export {OPTIONS}={os.environ[OPTIONS]}")
            _say("  its link and code: afschrift delivery link DELIVERY, afschrift delivery words DELIVERY")
        _say(f"  logs in {airflow.logs}; Ctrl-C ends it.")
        processes.watch()


@contextmanager
def running(
    port: int, say: Callable[[str], None], users: Mapping[str, str] | None = None, *, triggerer: bool = False
) -> Iterator[tuple[Airflow, Processes]]:
    """Airflow while the context is open. SIGTERM interrupts like Ctrl-C.

    Args:
        port: of loopback.
        say: takes a line of progress.
        users: name -> Airflow's role of people who may log in besides the administrator. Their passwords are
            stored with the administrator's; what they may do with requests is in our own roles file.
        triggerer: start one too. Nothing of ours needs it; without it Airflow's page shows it as missing.
    """
    if not port_is_free(port):
        raise ConfigurationError(
            f"Port {port} of 127.0.0.1 is taken.", remedy="choose another one: `afschrift up --port 8081`."
        )
    users = users or {}
    base = _base()
    data = set_demo_data(base)
    settings = Settings.from_environment(base)
    initialise(settings)
    home = settings.home / HOME
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    env = environment(settings, home, base) | _own(port, home, users)
    if settings.demo:
        _demo_data(Path(data).absolute(), env, logs, say)
    airflow = Airflow(f"http://127.0.0.1:{port}", ADMIN, _passwords(home / PASSWORDS, users)[ADMIN], logs)
    say("Starting Airflow ...")
    _once(["-m", "airflow", "db", "migrate"], env, logs / "migrate.log")
    with _interruptible(), Processes(env, logs) as processes:
        processes.start("api-server", "--host", "127.0.0.1", "--port", str(port))
        processes.start("scheduler")
        processes.start("dag-processor")
        parts = ["metadatabase", "scheduler", "dag_processor"]
        if triggerer:
            processes.start("triggerer")
            parts.append("triggerer")
        _wait_until_ready(airflow, processes, parts)
        yield airflow, processes


def _base() -> dict[str, str]:
    """The environment; in a checkout AFSCHRIFT_DEMO defaults to 1."""
    return ({"AFSCHRIFT_DEMO": "1"} if checkout() else {}) | dict(os.environ)


def _users(roles: Roles) -> dict[str, str]:
    """Airflow's role for each person of our roles file; and `viewer`, without a role there, for a team."""
    found = {"viewer": "viewer"}
    for person in roles.people:
        role = "viewer" if person.roles <= READ_ONLY_ROLES else "user"
        ours = (account for account in person.accounts if account.startswith(AIRFLOW))
        found |= {account.removeprefix(AIRFLOW): role for account in ours}
    return {name: role for name, role in found.items() if name != ADMIN}


def _own(port: int, home: Path, users: Mapping[str, str]) -> dict[str, str]:
    return {
        # without it workers would call port 8080
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        # Airflow's own is shorter than SHA-512 requires; with a new one, sessions end at each start
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            [f"{ADMIN}:admin", *(f"{name}:{role}" for name, role in users.items())]
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / PASSWORDS),
    }


def _passwords(file: Path, users: Collection[str]) -> dict[str, str]:
    """The generated passwords by name, in a file that only the owner of the folder can read."""
    known: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    missing = [name for name in (ADMIN, *users) if name not in known]
    if missing:
        known |= {name: secrets.token_urlsafe(12) for name in missing}
        file.touch(mode=0o600)
        file.write_text(json.dumps(known), encoding="utf-8")
    return known


def _demo_data(folder: Path, env: dict[str, str], logs: Path, say: Callable[[str], None]) -> None:
    root = checkout()
    if root is None or (folder / "demo.json").exists():
        return
    say(f"Building the demo warehouse in {folder} ...")
    _once(["-m", "demo.build", "--into", str(folder)], env, logs / "demo.log", root)


def _once(arguments: list[str], env: dict[str, str], log: Path, cwd: Path | None = None) -> None:
    with log.open("wb") as file:
        done = subprocess.run(  # noqa: S603  (our own interpreter and words)
            [sys.executable, *arguments], env=env, cwd=cwd, stdout=file, stderr=file, check=False
        )
    if done.returncode:
        raise ConfigurationError(
            f"`{' '.join(arguments[1:])}` ended with code {done.returncode}.", remedy=f"see {log}."
        )


def _wait_until_ready(airflow: Airflow, processes: Processes, parts: Sequence[str]) -> None:
    """Until all parts beat and the DAG is there."""
    until = time.monotonic() + READY_SECONDS
    with httpx.Client(base_url=airflow.url, timeout=10, trust_env=False) as client:
        while time.monotonic() < until:
            processes.must_live()
            with suppress(httpx.HTTPError, KeyError):
                health = client.get("/api/v2/monitor/health").json()
                if all(health[part]["status"] == "healthy" for part in parts):
                    login = {"username": airflow.user, "password": airflow.password}
                    token = client.post("/auth/token", json=login).json()["access_token"]
                    bearer = {"Authorization": f"Bearer {token}"}
                    if client.get(f"/api/v2/dags/{DAG_ID}", headers=bearer).is_success:
                        client.get("/execution/health")  # loads what tasks talk to, for the first of them
                        return
            time.sleep(0.25)
    raise RetriableError(
        f"Airflow was not ready within {READY_SECONDS} seconds.", remedy=f"see the logs in {airflow.logs}."
    )


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM raises what Ctrl-C raises."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
