"""A StatsD server on loopback that keeps what it is sent."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class StatsdListener:
    """One that listens.

    Attributes:
        port: of UDP, on loopback.
        lines: what came, as `name:value|type`.
    """

    port: int
    lines: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(self.port),
        }

    def values(self, prefix: str) -> dict[str, list[str]]:
        """Name below `airflow.` -> what came of it, in order."""
        found: dict[str, list[str]] = {}
        for line in self.lines:
            name, _, value = line.removeprefix("airflow.").partition(":")
            if name.startswith(prefix):
                found.setdefault(name, []).append(value)
        return found


@contextmanager
def statsd_listener() -> Iterator[StatsdListener]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        listener, over = StatsdListener(server.getsockname()[1]), threading.Event()

        def listen() -> None:
            while True:
                try:
                    listener.lines += server.recv(65_536).decode().splitlines()
                except TimeoutError:
                    if over.is_set():  # and all that was sent has been read
                        return

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            over.set()
            thread.join()
