"""Delivery to a store that knows no `If-None-Match`, as older ones that speak S3 do."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.contract.test_s3_store import BUNDLE, Answering, Store, reached, s3fs, served

from afschrift.domain.errors import RetriableError

pytestmark = pytest.mark.server
SIZE = 1_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with reached(tmp_path_factory.mktemp("s3")) as store:
        store.other.mkdir("outbox")
        yield store


@contextmanager
def refusing(store: Store, status: int, code: str, meanwhile: Callable[[], object]) -> Iterator[str]:
    """The address of a store that passes on all but a condition; what happens by then follows it."""

    class Handler(Answering):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "If-None-Match" in self.headers:
                meanwhile()
                self.reply(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())
                return
            behind = http.client.HTTPConnection("127.0.0.1", store.server.port, timeout=30)
            behind.request(self.command, self.path, body, dict(self.headers))
            got = behind.getresponse()
            self.reply(got.status, got.read(), got.getheaders())

        def reply(self, status: int, body: bytes, headers: list[tuple[str, str]] | None = None) -> None:
            self.send_response(status)
            for name, value in headers or []:
                if name.lower() not in (
                    "content-length",
                    "transfer-encoding",
                    "connection",
                    "date",
                    "server",
                ):
                    self.send_header(name, value)
            if self.command == "HEAD":
                self.send_header("Content-Length", dict(headers or []).get("Content-Length", "0"))
            else:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    with served(Handler) as address:
        yield address


@pytest.mark.parametrize(
    ("status", "code", "size", "between"),
    [
        (501, "NotImplemented", SIZE, None),
        (501, "NotImplemented", 60_000_000, None),  # in parts
        (400, "InvalidArgument", SIZE, None),
        (501, "NotImplemented", SIZE, "same"),
        (400, "InvalidRequest", SIZE, "other"),
        (412, "PreconditionFailed", SIZE, "late"),  # it knows the condition, and what it keeps is not seen
    ],
)
def test_a_store_that_knows_no_condition_takes_a_bundle_by_a_look(
    store: Store, monkeypatch: pytest.MonkeyPatch, status: int, code: str, size: int, between: str | None
) -> None:
    path, sent = f"outbox/answers/{BUNDLE}", b"x" * size
    kept = {"same": sent, "other": b"of another"}.get(between or "")

    def meanwhile() -> None:
        if kept is not None:
            store.other.pipe(path, kept)

    with refusing(store, status, code, meanwhile) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        s3fs.S3FileSystem.clear_instance_cache()
        destination = Store(None).destination
        if between in ("other", "late"):
            with pytest.raises(RetriableError):
                destination.deliver(BUNDLE, iter([sent]))
        else:
            assert destination.deliver(BUNDLE, iter([sent])).bytes == size
    found = store.other.cat(path) if store.other.exists(path) else None
    assert found == {"other": kept, "late": None}.get(between or "", sent)
    assert not store.other.list_multipart_uploads("outbox")
    if found is not None:
        store.other.rm(path)
