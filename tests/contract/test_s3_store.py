"""Staging, destinations and lakes on a real S3 store that other workers write to, and that is lost or wrong."""

import asyncio
import gc
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.command_line import command
from upath import UPath

from afschrift.destinations.registry import open_destination
from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError, StagedFileError
from afschrift.domain.instants import utc_now
from afschrift.sources.registry import open_source
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_requests import destroy, staged_requests

s3fs = pytest.importorskip("s3fs", reason="of the extra `s3`")
pytestmark = [pytest.mark.server, pytest.mark.nightly]
REQUEST = "req-0123456789ab"
BUNDLE = f"{REQUEST}-access.zip"


class Store:
    """An S3 store, as one worker reaches it, and as another."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.other = s3fs.S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
        self.root = UPath("s3://staging/here")
        self.staging = EncryptedStaging(self.root, REQUEST, b"k" * 32)
        self.destination = open_destination("outbox", {"kind": "folder", "url": "s3://outbox/answers"})

    def write(self, path: str = "shop/a.csv") -> None:
        with self.staging.writer(path) as file:
            file.write(b"hello" * 1_000)

    def read(self, path: str = "shop/a.csv") -> bytes:
        with self.staging.reader(path) as file:
            return file.read()


@contextmanager
def reached(folder: Path) -> Iterator[Store]:
    """A server of its own; the library waits for no second try."""
    from testbed.fleet import installation, servers

    with servers.s3(folder) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in installation.aws(server.port).items():
            patch.setenv(name, value)
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        patch.setattr(s3fs.S3FileSystem, "retries", 1)
        s3fs.S3FileSystem.clear_instance_cache()
        yield Store(server)
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with reached(tmp_path_factory.mktemp("s3")) as store:
        yield store


@pytest.fixture
def store(server: Store) -> Iterator[Store]:
    """The server of all tests, with empty buckets."""
    s3fs.S3FileSystem.clear_instance_cache()
    made = Store(server.server)
    for bucket in ("staging", "outbox", "lake"):
        made.other.mkdir(bucket)
    yield made
    for bucket in ("staging", "outbox", "lake"):
        made.other.rm(bucket, recursive=True)


def test_what_another_worker_wrote_and_took_away_is_seen_at_once(store: Store) -> None:
    store.write()
    store.write("shop/b.csv")
    assert staged_requests(store.root)  # the library remembers what it listed

    folder = f"staging/here/{REQUEST}/shop"
    store.other.copy(f"{folder}/a.csv.enc", f"{folder}/c.csv.enc")
    store.other.rm(f"{folder}/b.csv.enc")

    assert store.staging.exists("shop/c.csv")
    assert not store.staging.exists("shop/b.csv")
    with pytest.raises(StagedFileError) as error:
        store.read("shop/b.csv")
    assert error.value.why == "missing"
    assert [staged.request for staged in staged_requests(store.root)] == [REQUEST]
    destroy(store.root, REQUEST)
    assert store.other.find("staging") == []


def test_a_signed_link_gives_the_file_until_it_is_removed(store: Store) -> None:
    store.destination.deliver(BUNDLE, iter([b"hello"]))
    link = store.destination.link(BUNDLE, utc_now() + timedelta(days=30))
    assert link is not None
    [ends] = parse_qs(urlsplit(link).query)["Expires"]
    assert timedelta(days=6) < datetime.fromtimestamp(int(ends), UTC) - utc_now() <= timedelta(days=7)
    with urlopen(link) as found:
        assert found.read() == b"hello"
    store.other.pipe(f"outbox/answers/.{BUNDLE}.part", b"half")
    assert store.destination.remove(BUNDLE)
    assert store.other.find("outbox") == []
    with pytest.raises(HTTPError):
        urlopen(link)
    assert not store.destination.remove(BUNDLE)


def test_a_file_that_the_store_lists_late_is_removed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.destination.deliver(BUNDLE, iter([b"hello"]))
    monkeypatch.setattr(UPath, "exists", lambda _path: False)
    store.destination.remove(BUNDLE)
    assert store.other.find("outbox") == []


def test_no_version_of_a_removed_file_is_kept(store: Store) -> None:
    versions = {"Status": "Enabled"}
    store.other.call_s3("put_bucket_versioning", Bucket="outbox", VersioningConfiguration=versions)
    for _ in range(2):
        store.destination.deliver(BUNDLE, iter([b"hello"]))
        store.destination.remove(BUNDLE)
    found = store.other.call_s3("list_object_versions", Bucket="outbox")
    assert not found.get("Versions")
    assert not found.get("DeleteMarkers")


@pytest.mark.parametrize("size", [1_000, 60_000_000])  # put at once, and begun in parts
def test_a_file_that_was_not_written_whole_takes_no_place(
    store: Store, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write()
    for path in ("shop/a.csv", "shop/b.csv"):
        with pytest.raises(ZeroDivisionError), store.staging.writer(path) as file:
            file.write(b"y" * size)
            raise ZeroDivisionError
    with monkeypatch.context() as changed:
        changed.setattr(store.staging, "_cipher", None)  # an error before the first byte
        with pytest.raises(AttributeError):
            store.write()
    gc.collect()  # a file that is left open is closed by it, and would be put

    assert store.read() == b"hello" * 1_000
    assert store.other.find("staging") == [f"staging/here/{REQUEST}/shop/a.csv.enc"]
    assert store.other.list_multipart_uploads("staging") == []


def test_a_file_is_written_by_one_call(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write()
    called: list[str] = []
    real = s3fs.S3FileSystem._call_s3

    async def call(self: Any, method: Any, *args: Any, **more: Any) -> Any:
        called.append(str(method))
        return await real(self, method, *args, **more)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", call)
    monkeypatch.setattr(s3fs.S3FileSystem, "call_s3", s3fs.core.sync_wrapper(call))
    s3fs.S3FileSystem.clear_instance_cache()
    Store(None).write("shop/b.csv")

    assert called == ["put_object"]


CALLS = {
    "write": Store.write,
    "read": Store.read,
    "exists": lambda store: store.staging.exists("shop/a.csv"),
    "remove": lambda store: store.staging.remove("shop/a.csv"),
    "wipe": lambda store: store.staging.wipe(),
    "list": lambda store: staged_requests(store.root),
    "destroy": lambda store: destroy(store.root, REQUEST),
    "deliver": lambda store: store.destination.deliver(BUNDLE, iter([b"PK", b"x" * 1_000])),
}
NAMED = {
    "deliver": "The destination 'outbox'",
    "list": "The place for staging",
    "destroy": "The place for staging",
}


def test_a_store_that_is_lost_is_named_and_tried_again(tmp_path: Path) -> None:
    with reached(tmp_path) as store:
        store.other.mkdir("staging")
        store.write()
        store.server.end()
        for name, call in CALLS.items():
            with pytest.raises(RetriableError) as error:
                call(store)
            assert not isinstance(error.value, StagedFileError), name
            assert NAMED.get(name, REQUEST) in str(error.value), name
            assert "What to do: " in str(error.value), name


@pytest.mark.parametrize(("status", "code"), [(507, "InsufficientStorage"), (403, "AccessDenied")])
def test_a_store_that_is_full_or_shut_is_named(
    store: Store, status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(status, code) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        s3fs.S3FileSystem.clear_instance_cache()
        for call in ("exists", "list", "deliver"):
            with pytest.raises((RetriableError, ConfigurationError)) as error:
                CALLS[call](Store(None))
            assert "What to do: " in str(error.value), call


def test_a_bucket_with_a_wrong_name_is_named_and_not_made(store: Store) -> None:
    wrong = EncryptedStaging(UPath("s3://stagign/here"), REQUEST, b"k" * 32)

    with (
        pytest.raises(AfschriftError, match="cannot be staged at s3://stagign/here"),
        wrong.writer("a") as file,
    ):
        file.write(b"hello")

    assert not store.other.exists("stagign")


def test_a_probe_of_health_uses_the_options_of_staging(tmp_path: Path) -> None:
    with reached(tmp_path) as store, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFSCHRIFT_STAGING", "s3://staging/here")
        patch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
        store.other.mkdir("staging")
        address = f"http://127.0.0.1:{store.server.port}"
        for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.delenv(name)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        file = tmp_path / "staging.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps({"key": "ours", "secret": "geheim", "endpoint_url": address}))
        extra = {"endpoint_url": address}
        made = {"conn_type": "aws", "login": "ours", "password": "geheim", "extra": extra}
        patch.setenv("AIRFLOW_CONN_STAGING_STORE", json.dumps(made))
        for options in (str(file), "airflow-connection:staging_store"):
            patch.setenv("AFSCHRIFT_STAGING_OPTIONS", options)
            assert probed() == ("ok", "can be written.")
        assert store.other.find("staging") == []  # the byte is gone
        store.server.end()
        health, says = probed()
    assert health == "failed"
    assert "What to do: " in says
    assert "geheim" not in says


def probed() -> tuple[str, str]:
    """What a probe, a process of its own, finds of staging."""
    done = command(("health", "--probe", "--json"))
    [look] = [look for look in json.loads(done.text) if look["name"] == "staging"]
    return look["health"], look["says"]


class Late(s3fs.S3FileSystem):
    """A store in which what was written is not seen at once."""

    protocol = "late"
    unseen = 0

    async def _info(self, path: str, *args: Any, **more: Any) -> Any:
        if path.endswith(".part") and Late.unseen:
            Late.unseen -= 1
            raise FileNotFoundError(path)
        return await super()._info(path, *args, **more)


def test_a_store_that_shows_files_late_is_tried_again(store: Store) -> None:
    import fsspec

    fsspec.register_implementation("late", Late, clobber=True)
    late = open_destination("outbox", {"kind": "folder", "url": "late://outbox/answers"})
    chunks = [b"PK", b"x" * 1_000]

    Late.unseen = 1_000
    with pytest.raises(RetriableError, match="The destination 'outbox' did not take the bundle"):
        late.deliver(BUNDLE, iter(chunks))
    assert not store.other.exists(f"outbox/answers/{BUNDLE}")
    Late.unseen = 0

    assert late.deliver(BUNDLE, iter(chunks)).bytes == 1_002


class Answering(BaseHTTPRequestHandler):
    def answer(self) -> None: ...

    def do_GET(self) -> None:
        self.answer()

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET

    def log_message(self, *args: object) -> None: ...


@contextmanager
def served(handler: type[Answering]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def answering(status: int, code: str) -> Iterator[str]:
    class Handler(Answering):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    with served(Handler) as address:
        yield address


ENDS = ["1.parquet", "C.PARQUET", "b.parq", "part-00001", "day=1/x[1]*.parquet", "day=1/e'f g+h%41.snappy"]


def test_a_lake_reads_every_file_that_others_wrote_since(store: Store) -> None:
    options = {"root": "s3://lake/of/all"}
    store.other.pipe({"lake/of/all/visit/day=2/": b"", "lake/of/all/visit/_SUCCESS": b""})
    for number, name in enumerate(ENDS):
        folder = "" if name.startswith("day") else "day=0/"
        store.other.pipe(f"lake/of/all/visit/{folder}{name}", parquet(number))
        with open_source("shop", "parquet", options) as session:
            read = session.rows('SELECT a FROM "visit" ORDER BY a')
        assert read == [(n,) for n in range(number + 1)]
    store.other.pipe("lake/of/all/later/part-1", parquet(7))
    with open_source("shop", "parquet", options) as session:
        assert set(session.catalogue()) == {"later", "visit"}
    large = parquet(*range(10, 60_000))
    store.other.pipe("lake/of/all/visit/day=0/large", large)
    with open_source("shop", "parquet", options) as session:
        assert len(large) > 100_000
        assert session.rows('SELECT count(*), sum(a) FROM "visit"') == [(59_996, sum(range(10, 60_000)) + 15)]
        assert session.described().rows == {"visit": 59_996, "later": 1}
        store.other.pipe(f"lake/of/all/visit/day=0/{ENDS[0]}", parquet(99))
        with pytest.raises(RetriableError, match="was replaced or removed while it was read"):
            list(session.stream('SELECT t.a\nFROM "visit" AS t\n'))


def test_a_lake_asks_once_for_each_file_and_not_one_after_the_other(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.other.pipe({f"lake/t/part-{number:03}": parquet(number) for number in range(60)})
    asked: list[str] = []
    at_once: list[int] = [0, 0]
    real = s3fs.S3FileSystem._call_s3

    async def counted(fs: Any, method: str, *args: Any, **more: Any) -> Any:
        asked.append(method)
        at_once[0] += 1
        at_once[1] = max(at_once)
        await asyncio.sleep(0.01)
        try:
            return await real(fs, method, *args, **more)
        finally:
            at_once[0] -= 1

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", counted)
    with open_source("shop", "parquet", {"root": "s3://lake"}) as session:
        assert session.rows('SELECT count(*) FROM "t"') == [(60,)]
        assert session.rows('SELECT sum(a) FROM "t"') == [(sum(range(60)),)]
        session.described()
    assert asked.count("get_object") <= 60
    assert len(asked) < 70
    assert at_once[1] > 30


def parquet(*values: int) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": list(values)}), file)
    return file.getvalue()
