"""A way to a PostgreSQL server that breaks at a chosen message: before it arrives, or before its answer does."""

import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy.engine import make_url

COMMIT = b"COMMIT\x00"


@dataclass
class Way:
    """To a server, over loopback; it breaks once where `breaks` says so.

    Attributes:
        url: of a register, by this way.
        breaks: whether a message of the client is the one; asked of each, in order.
        answered: it breaks once the server has answered that message; else before the server gets it.
        broken: done as it breaks, and before the client notices.
        lasts: it breaks whenever `breaks` says so.
        seen: messages of the client since `watch`.
    """

    url: str
    breaks: Callable[[bytes], bool] = lambda _message: False
    answered: bool = False
    broken: Callable[[], None] = lambda: None
    lasts: bool = False
    seen: int = 0

    def watch(
        self,
        breaks: Callable[[bytes], bool],
        *,
        answered: bool = False,
        broken: Callable[[], None] = lambda: None,
    ) -> None:
        """Break at the first message from now on of which `breaks` holds."""
        self.breaks, self.answered, self.broken, self.seen = breaks, answered, broken, 0

    def mend(self) -> None:
        self.watch(lambda _message: False)

    def carry(self, client: socket.socket, server: socket.socket) -> None:
        """Hand on what both say, until one ends or the way breaks."""
        with client, server, selectors.DefaultSelector() as ready, suppress(OSError):
            ready.register(client, selectors.EVENT_READ)
            ready.register(server, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                    if not data:
                        return
                    if key.fileobj is server:
                        client.sendall(data)
                        continue
                    self.seen += 1
                    if self.breaks(data):
                        if not self.lasts:
                            self.breaks = lambda _message: False
                        if self.answered:
                            server.sendall(data)
                            server.recv(1 << 16)
                        self.broken()
                        return
                    server.sendall(data)


@contextmanager
def way_to(url: str) -> Iterator[Way]:
    """A way to the server of a register; what goes by it goes by messages of one write of the client each."""
    there = make_url(url)
    folder = there.host or there.query.get("host")
    assert isinstance(folder, str)
    port = there.port or 5432
    with socket.create_server(("127.0.0.1", 0)) as listening:
        here = there.set(host="127.0.0.1", port=listening.getsockname()[1], query={})
        way = Way(here.render_as_string(hide_password=False))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    server = socket.socket(socket.AF_UNIX)
                    try:
                        server.connect(f"{folder}/.s.PGSQL.{port}")
                    except OSError:
                        client.close()
                        continue
                    threading.Thread(target=way.carry, args=(client, server), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield way
        listening.shutdown(socket.SHUT_RDWR)
