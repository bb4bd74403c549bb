"""Servers that a fleet shares: Redis, which carries Celery's messages, and an S3 store, on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 30
"""That a server may take to answer."""


def unused_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A server on loopback that can be lost and come back.

    Attributes:
        command: that starts it on its port.
    """

    port: int
    command: list[str]
    log: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + SECONDS
        while not _answers(self.port):
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.command[0]} did not start: {self.log.read_text()[-800:]}")
            time.sleep(0.05)

    def hang(self, seconds: float) -> None:
        """Let it answer nothing for a while, as where a disk or a network is slow."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """End it; what it held in memory is lost."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


@contextmanager
def _running(make: Callable[[int], list[str]], log: Path) -> Iterator[Server]:
    port = unused_port()
    server = Server(port, make(port), log)
    try:
        server.start()
        yield server
    finally:
        server.end()


@contextmanager
def redis(folder: Path) -> Iterator[Server]:
    """Redis, in memory alone.

    Raises:
        RuntimeError: the program is not installed, or does not start.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise RuntimeError("the program redis-server is not installed (.ci/run installs it)")
    options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with _running(lambda port: [program, "--port", str(port), *options], folder / "redis.log") as server:
        yield server


@contextmanager
def s3(folder: Path) -> Iterator[Server]:
    """An S3 store without a bucket; it takes any credentials."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1"]
    with _running(lambda port: [*command, "-p", str(port)], folder / "s3.log") as server:
        yield server
