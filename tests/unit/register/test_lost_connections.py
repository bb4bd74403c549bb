"""A server that goes down within a transaction, at each point of it, and commits whose answer is lost."""

import os
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
import pytest
from sqlalchemy.engine import make_url
from testbed import postgres as pg
from tests.support.moves import opened
from tests.support.nightly import nightly_after

from afschrift.domain.errors import RefusedError, RetriableError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.files import Receipt
from afschrift.domain.state import State
from afschrift.register import schema
from afschrift.register.database import errors
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

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


pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]
Answer = TypeVar("Answer")
Change = Callable[[], object]


@pytest.fixture(scope="module")
def server() -> Iterator[pg.Server]:
    """Of this file alone, since it is killed."""
    with pg.running(durable=False) as made:
        yield made


@pytest.fixture(scope="module")
def migrated(server: pg.Server) -> pg.Database:
    made = server.create()
    schema.upgrade(made.url)
    return made


@pytest.fixture
def way(server: pg.Server, migrated: pg.Database) -> Iterator[Way]:
    made = once_up(lambda: server.copy(migrated), psycopg.OperationalError)
    with way_to(made.url) as way:
        yield way


def once_up(ask: Callable[[], Answer], down: type[Exception]) -> Answer:
    """What a killed server answers, once it is back."""
    until = time.monotonic() + 60
    while True:
        try:
            return ask()
        except down:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@pytest.fixture
def register(way: Way, keys: KeyStore) -> Iterator[Register]:
    register = Register(way.url, keys)
    yield register
    register.store.database.close()


ABOUT = digest(1)


def ask(register: Register, request: str) -> None:
    register.questions.ask(request, "unclassified", options=["include"], detail={"columns": 1}, about=ABOUT)


RECEIPT = Receipt("file:///outbox/b.zip", 9, ABOUT)
PATIENCE = timedelta(minutes=10)

CHANGES: dict[str, Callable[[Register, str], object]] = {
    "open": lambda register, _: opened(register),
    "send": lambda register, of: register.deliveries.begin(of, "outbox", "b.zip", ABOUT),
    "deliver": lambda register, of: register.deliveries.arrive(of, RECEIPT),
    "record": lambda register, _: register.trail.record(None, NewEvent("counted")),
    "answer": lambda register, of: register.questions.answer(of, "include", "officer", {"rules": ["R32"]}),
    "decide": lambda register, of: register.decisions.take(of, "identity", "confirmed", "officer"),
    "ask": ask,
    "move": lambda register, of: register.requests.move(of, State.ACKNOWLEDGED, NewEvent("acknowledged")),
    "finish": lambda register, of: register.steps.finish(of, "assess", ABOUT, {"rows": 1}),
    "write": lambda register, of: register.cases.add_text(of, "note", b"They called.", "officer"),
    "document": lambda register, of: register.documents.add(
        of, [b"%PDF"], "officer", name="proof.pdf", media_type="application/pdf"
    ),
    "begin": lambda register, of: register.runs.begin(of, f"{of}.1", PATIENCE, by="officer"),
    "end": lambda register, of: register.runs.end(of, f"{of}.1", "accepted"),
    "forget": lambda register, of: register.data_keys.shred(of, "retention"),
}

BEFORE = {"answer": "ask", "end": "begin", "deliver": "send"}


@pytest.fixture
def change(register: Register, request: pytest.FixtureRequest) -> Change:
    """Makes the change of the parameter to a new request; what it needs is there."""
    new = opened(register).id
    if needed := BEFORE.get(request.param):
        CHANGES[needed](register, new)
    needs = (*register.questions.all(request_id=new), *register.deliveries.of(new, begun=True))
    about = needs[0].id if needs else new
    return lambda: CHANGES[request.param](register, about)


every_change = pytest.mark.parametrize("change", nightly_after(4, CHANGES), indirect=True)


def each_message(way: Way) -> Iterator[None]:
    """Breaks the way at the first message, then at the second, until what is done needs no more."""
    for number in range(1, 100):
        way.watch(lambda _message, number=number: way.seen == number)  # type: ignore[misc]
        yield
        if way.seen < number:
            way.mend()
            return
    pytest.fail("no end")


@every_change
def test_connection_lost_anywhere_is_retried(way: Way, register: Register, change: Change) -> None:
    failures = 0
    for _ in each_message(way):
        try:
            change()
        except RetriableError as error:
            failures += 1
            assert "the step is tried again" in str(error)
        except RefusedError:  # made already, in an attempt that needed no more messages
            pass
    assert failures > 3
    assert register.trail.verify() == []


whether_answered = pytest.mark.parametrize(
    "answered", [False, True], ids=["before it arrives", "before its answer"]
)


def lose_a_commit(way: Way, register: Register, change: Change, answered: bool, **more: Any) -> None:
    """It is found out whether what was committed counts, and then it is done once."""
    before = register.trail.head()[0]
    way.watch(lambda message: COMMIT in message, answered=answered, **more)
    if not answered:
        with pytest.raises(RetriableError, match=r"did not answer.*the step is tried again"):
            change()
        assert once_up(register.trail.head, RetriableError)[0] == before
    change()
    assert once_up(register.trail.head, RetriableError)[0] > before
    assert once_up(register.trail.verify, RetriableError) == []  # the server may go down once more


@every_change
@whether_answered
def test_a_commit_that_is_lost_is_found_out(
    way: Way, register: Register, change: Change, answered: bool
) -> None:
    lose_a_commit(way, register, change, answered)


@pytest.mark.parametrize("change", ["record", "deliver", "decide"], indirect=True)
@whether_answered
def test_a_server_killed_in_a_commit(
    server: pg.Server, way: Way, register: Register, change: Change, answered: bool
) -> None:
    def kill() -> None:
        """Kill processes of the server, which takes all others down and comes back by itself."""
        clients = "datname <> 'postgres' AND backend_type = 'client backend'"
        with psycopg.connect(server.admin, autocommit=True) as connection:
            found = connection.execute(f"SELECT pid FROM pg_stat_activity WHERE {clients}").fetchall()
        for (pid,) in found:
            os.kill(pid, signal.SIGKILL)

    lose_a_commit(way, register, change, answered, broken=kill)


@pytest.mark.parametrize("change", ["decide"], indirect=True)
def test_commit_is_unknown_while_the_server_is_away(
    way: Way, register: Register, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "BACK_SECONDS", 0.5)

    def stay_away() -> None:
        way.breaks = lambda _message: True
        way.answered, way.lasts = False, True

    way.watch(lambda message: COMMIT in message, answered=True, broken=stay_away)

    with pytest.raises(RetriableError, match=r"whether that change is recorded is not known.*audit show"):
        change()


def test_server_lost_in_a_snapshot_is_reported_as_retriable(way: Way, register: Register) -> None:
    register.trail.record(None, NewEvent("counted"))
    for _ in each_message(way):
        try:
            with register.read_snapshot():
                register.trail.head()
                with suppress(RetriableError):  # as a step that goes on without what it looked for
                    register.trail.events()
                register.trail.head()
        except RetriableError as error:
            assert "the step is tried again" in str(error)

    with pytest.raises(RefusedError, match="no"), register.read_snapshot():
        register.trail.head()
        way.watch(lambda _message: True)
        with suppress(RetriableError):
            register.trail.events()
        raise RefusedError("no")
    with pytest.raises(RetriableError, match="did not answer"), register.read_snapshot():
        register.trail.head()
        way.watch(lambda _message: True)
        register.trail.events()
    assert register.trail.head()[0] == 1
