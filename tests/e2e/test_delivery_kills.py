"""A process that delivers is killed at each named point and at random instants: one file, one receipt."""

import dataclasses
import os
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from random import Random, SystemRandom
from urllib.request import Request, urlopen

import pytest
import s3fs
from testbed.fleet import installation as fleet
from testbed.fleet import servers
from testbed.registers import set_up
from testbed.running import store
from testbed.small import write_database, write_inventory
from tests.contract.test_portal_destination import place_of
from tests.support.attempts import ANN, extract_shop
from tests.support.moves import assess, classify, package, validate
from tests.support.nightly import nightly_after
from tests.support.portal import Portal, running
from tests.support.watched.deliveries import At, Home, Watched, must_be_delivered_once, settings, watch_place
from tests.support.watched.killing import reached

from afschrift.destinations.folder import FolderDestination
from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError, StagedFileError
from afschrift.steps.deliver import deliver

pytestmark = pytest.mark.server
POINTS = (
    *("after delivery_begun", "first byte", "last byte", "before its name", "both names", "after its name"),
    *("receipt", "before bundle_delivered", "after bundle_delivered"),
)
OF_A_SERVER = tuple(point for point in POINTS if not point.endswith(("name", "names")))
PLACES = ("folder", "s3", "portal")
RANDOM_KILLS, MEASURED = 50, 3


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with servers.s3(tmp_path_factory.mktemp("s3")) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in fleet.aws(server.port).items():
            patch.setenv(name, value)
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        patch.setattr(s3fs.S3FileSystem, "retries", 1)
        make_bucket()
        yield server
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running(tmp_path_factory.mktemp("portal")) as started:
        yield started


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("packed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINI_SHOP", str(write_database(folder / "shop.sqlite")))
        write_inventory(folder / "inventory")
        home = Home(folder, str(folder / "outbox"), "")
        set_up(settings(folder, home.url))
        services = home.built()
        home.request = store(services, ANN)
        for step in (assess, classify, extract_shop, validate, package):
            step(services, home.request)
        yield home


@pytest.fixture
def make_home(packed: Home, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Home]:
    """Makes a copy of the installation whose destination is of a kind."""

    def copied(place: str) -> Home:
        if place == "s3":
            request.getfixturevalue("s3")
        folder = tmp_path / os.urandom(8).hex()
        shutil.copytree(packed.folder, folder)
        if place == "portal":
            portal: Portal = request.getfixturevalue("portal")
            desk = place_of(portal)
            for name in portal.whole():  # of the home before it, whose request has the same id
                desk.remove(name)
            for receipt in desk.receipts([])[0]:
                desk.acknowledge(receipt.id)
            return Home(folder, "", packed.request, portal)
        url = f"s3://outbox/{folder.name}" if place == "s3" else str(folder / "outbox")
        return Home(folder, url, packed.request)

    return copied


def delivering(home: Home, at: At = lambda _point: None, begin: int | None = None) -> int:
    """Start a process that delivers; its id. `begin`: where it writes a byte once it has read its settings."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        services = home.built()
        inner = services.destination
        watch_place(at)
        if begin is not None:
            os.write(begin, b".")
        with reached(at):
            deliver(
                dataclasses.replace(services, destination=lambda name: Watched(inner(name), at)), home.request
            )
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_at(point: str) -> At:
    return lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == point else None


@pytest.mark.parametrize("place", nightly_after(1, PLACES))
def test_a_delivery_that_is_killed_at_a_named_point_is_made_once(
    place: str, make_home: Callable[[str], Home]
) -> None:
    for point in POINTS if place == "folder" else OF_A_SERVER:
        home = make_home(place)
        assert ended(delivering(home, kill_at(point))) == -signal.SIGKILL, point
        if home.portal and point != "after bundle_delivered":  # the next try is a day later
            with sqlite3.connect(home.portal.home / "portal.db") as base:
                base.execute("UPDATE delivery SET expires_at = expires_at - 86400")
        assert ended(delivering(home)) == 0, point
        must_be_delivered_once(home)


@pytest.mark.parametrize("point", nightly_after(1, ["first byte", "last byte", "receipt"]))
def test_a_portal_that_is_killed_meanwhile_has_it_once(
    point: str, make_home: Callable[[str], Home], portal: Portal
) -> None:
    home, done = make_home("portal"), list[str]()
    services = home.built()
    inner = services.destination

    def at(name: str) -> None:
        if name == point and not done:
            done.append(name)
            portal.stop(signal.SIGKILL)

    killing = dataclasses.replace(services, destination=lambda name: Watched(inner(name), at))
    if point == "receipt":
        deliver(killing, home.request)
    else:
        with pytest.raises(RetriableError, match=r"The portal 'outbox'.*bring it back"):
            deliver(killing, home.request)
    portal.start()
    deliver(home.built(), home.request)
    must_be_delivered_once(home)


@pytest.mark.nightly
@pytest.mark.parametrize("place", PLACES)
def test_a_delivery_that_is_killed_at_random_instants_is_made_once(
    place: str, make_home: Callable[[str], Home]
) -> None:
    seed = int(os.environ.get("DELIVERY_SEED") or SystemRandom().getrandbits(32))
    print(f"DELIVERY_SEED={seed}")
    random, seconds, died = Random(seed), 60.0, 0
    for number in range(-MEASURED, RANDOM_KILLS):
        home = make_home(place)
        reader, writer = os.pipe()
        child = delivering(home, begin=writer)
        os.close(writer)
        assert os.read(reader, 1), "it began"
        os.close(reader)
        start = time.monotonic()
        if number >= 0:
            time.sleep(random.random() * seconds)
            os.kill(child, signal.SIGKILL)
        was_killed = ended(child) == -signal.SIGKILL
        died += was_killed
        if not was_killed:  # a machine with less to do delivers faster than it was measured
            seconds = min(seconds, time.monotonic() - start)
        assert ended(delivering(home)) == 0, (seed, number)
        must_be_delivered_once(home)
    print(f"{died} of {RANDOM_KILLS} died before their end")
    assert died > RANDOM_KILLS / 2


@pytest.mark.parametrize("place", ["folder", "s3"])
@pytest.mark.parametrize("pair", ["aa", "ab"])
def test_two_tries_at_once_leave_the_whole_file_of_one(
    place: str, pair: str, make_home: Callable[[str], Home]
) -> None:
    """Both have sent their last byte before either gives its file the name."""
    home, name, meeting = make_home(place), "req-0123456789ab-access.zip", get_context("fork").Barrier(2)
    contents = [letter.encode() * (6 << 20) for letter in pair]
    children = []
    # moto looks and writes in two steps, so that of two at the same instant both would pass; S3 does it in one.
    for content, pause in zip(contents, (0, 0.5 * (place == "s3")), strict=True):
        children.append(os.fork())
        if not children[-1]:

            def chunks(content: bytes = content, pause: float = pause) -> Iterator[bytes]:
                yield content
                meeting.wait(60)
                time.sleep(pause)

            code = 1
            try:
                FolderDestination("outbox", home.url).deliver(name, chunks())
                code = 0
            except RetriableError:
                code = 2
            finally:
                os._exit(code)
    codes = [ended(child) for child in children]
    [(there, whole)] = home.there().items()
    assert (there, 0 in codes, {*codes} <= {0, 2}) == (name, True, True)
    assert {content[:1] for content, code in zip(contents, codes, strict=True) if code == 0} == {whole[:1]}
    assert whole in contents


@pytest.mark.parametrize("again", ["deliver", "remove"])
def test_parts_that_a_killed_upload_left_are_gone(again: str, s3: servers.Server, tmp_path: Path) -> None:
    """S3 takes a large file in parts, which stay there unseen until the upload ends."""
    s3fs.S3FileSystem.clear_instance_cache()
    name, chunk = "req-0123456789ab-access.zip", os.urandom(6 << 20)
    url = f"s3://outbox/{tmp_path.name}"

    def die() -> Iterator[bytes]:
        yield from (chunk, chunk)
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        s3fs.S3FileSystem.default_block_size = 5 << 20
        try:
            FolderDestination("outbox", url).deliver(name, die())
        finally:
            os._exit(1)
    assert ended(child) == -signal.SIGKILL
    store = s3fs.S3FileSystem(skip_instance_cache=True)
    assert len(store.list_multipart_uploads("outbox")) == 1
    outbox = FolderDestination("outbox", url)
    if again == "remove":
        assert not outbox.remove(name)
    else:
        assert outbox.deliver(name, iter([chunk, chunk])).bytes == 12 << 20
    assert store.list_multipart_uploads("outbox") == []
    assert [path.rpartition("/")[2] for path in store.find(url)] == [name] * (again == "deliver")


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens at a point, the error that names it, and how it is mended."""

    place: str
    happen: Callable[[Home, servers.Server], object]
    error: type[AfschriftError]
    words: str
    mend: Callable[[Home, servers.Server], object] = lambda _home, _server: None
    point: str = "first byte"


def demand_credentials(server: servers.Server, after: int) -> None:
    """Let the store accept our made-up credentials for some calls more."""
    address, head = f"http://127.0.0.1:{server.port}/moto-api/reset-auth", {"Content-Type": "text/plain"}
    urlopen(Request(address, str(after).encode(), head)).close()


def make_bucket() -> None:
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir("outbox")


def restart(_home: Home, server: servers.Server) -> None:
    server.start()
    make_bucket()


def alter_staged(home: Home, _server: servers.Server) -> None:
    [staged] = home.folder.glob("home/staging/*/bundle*")
    content = bytearray(staged.read_bytes())
    content[-100] ^= 1
    staged.write_bytes(content)


def put_a_file(home: Home, _server: servers.Server) -> None:
    shutil.rmtree(Path(home.url))
    Path(home.url).write_bytes(b"")


CANNOT, BROUGHT_BACK = (
    "'outbox' cannot be used.*folder exists.*credentials",
    "'outbox' did not take.*tried again",
)
FAULTS = {
    "the store dies": Fault("s3", lambda _, server: server.end(), RetriableError, BROUGHT_BACK, restart),
    "the credentials expire": Fault(
        "s3",
        lambda _, server: demand_credentials(server, 0),
        ConfigurationError,
        CANNOT,
        lambda _, server: demand_credentials(server, 1_000_000),
    ),
    "the bucket goes": Fault(
        "s3",
        lambda *_: s3fs.S3FileSystem(skip_instance_cache=True).rm("outbox", recursive=True),
        ConfigurationError,
        CANNOT,
        lambda *_: make_bucket(),
    ),
    "the folder goes": Fault(
        "folder", lambda home, _: shutil.rmtree(Path(home.url)), ConfigurationError, CANNOT
    ),
    "a file is put in its place": Fault(
        "folder", put_a_file, ConfigurationError, CANNOT, lambda home, _: Path(home.url).unlink()
    ),
    "the staged file is altered": Fault("folder", alter_staged, StagedFileError, "is damaged", point="asked"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_place_that_fails_meanwhile_is_named_and_nothing_is_half_delivered(
    name: str, make_home: Callable[[str], Home], s3: servers.Server
) -> None:
    fault = FAULTS[name]
    home, done = make_home(fault.place), list[str]()
    services = home.built()
    inner = services.destination

    def at(point: str) -> None:
        if point == fault.point and not done:
            done.append(point)
            fault.happen(home, s3)

    failing = dataclasses.replace(services, destination=lambda name: Watched(inner(name), at))
    with pytest.raises(fault.error, match=fault.words):
        deliver(failing, home.request)
    fault.mend(home, s3)
    assert home.there() == {}
    deliver(home.built(), home.request)
    must_be_delivered_once(home)
