"""The processes of a local Airflow: each in a group of its own, ended together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from afschrift.domain.errors import RetriableError

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
                start_new_session=True,  # Ctrl-C reaches us alone, and we end them in order
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
    """Whether a port of 127.0.0.1 can be had."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
