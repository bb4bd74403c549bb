"""Kills, cuts and losses end in one whole file, one delivery and one receipt; a thief of the machine reads nothing."""

import os
import re
import secrets
import signal
import socket
import sqlite3
import threading
import time
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from tests.support.nightly import nightly_after
from tests.support.portal import CODE, FACTS, Portal, Sealed, bundle, running

from afschrift_portal.container import CHUNK, Decryptor, plain_size
from afschrift_portal.settings import SettingsError, load_settings

pytestmark = pytest.mark.server
LARGE = 40_000_000
TCP_REPAIR = 19
"""Of Linux: a socket in this state is closed without a word."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Portal]:
    """A portal that a test may kill."""
    with running(tmp_path, stalled="2") as started:
        yield started


def fetch_part(portal: Portal, sealed: Sealed, key: dict[str, str], least: int) -> tuple[bytes, str]:
    """The beginning of a download that the reader gives up, and its ETag."""
    with (
        portal.client() as client,
        client.stream("GET", f"/api/o/{sealed.link}/bundle", headers=key) as answer,
    ):
        got = bytearray()
        for piece in answer.iter_raw():
            got += piece
            if len(got) >= least:
                break
    return bytes(got), answer.headers["ETag"]


def fetch_rest(portal: Portal, sealed: Sealed, key: dict[str, str], got: bytes, tag: str) -> bytes:
    with portal.client() as client:
        headers = key | {"Range": f"bytes={len(got)}-", "If-Range": tag}
        return got + client.get(f"/api/o/{sealed.link}/bundle", headers=headers).content


def test_upload_goes_on_after_a_kill(own: Portal) -> None:
    sealed = Sealed(secrets.token_bytes(LARGE))
    path = f"/deliveries/{sealed.delivery}"

    def half() -> Iterator[bytes]:
        for at in range(0, LARGE // 2, CHUNK):
            yield sealed.content[at : at + CHUNK]
        own.stop(signal.SIGKILL)
        yield sealed.content[LARGE // 2 :]

    with own.client(inner=True) as client:
        assert client.put(path, json=sealed.announced()).status_code == 201
        with pytest.raises(httpx.TransportError):
            client.patch(f"{path}/content", content=half(), headers=sealed.upload())
    own.start()
    with own.client(inner=True) as client:
        assert client.put(path, json=sealed.announced()).status_code == 200
        there = client.get(path).json()
        assert 0 < there["received"] < len(sealed.content)
        headers = sealed.upload(there["received"])
        rest = client.patch(f"{path}/content", content=sealed.content[there["received"] :], headers=headers)
        assert rest.json()["state"] == "ready"
    with own.client() as client:
        got, _ = fetch_part(own, sealed, own.open(sealed, client), LARGE)
    assert got == sealed.plain


def test_download_goes_on_after_a_kill_and_counts_once(own: Portal) -> None:
    sealed = own.put(Sealed(secrets.token_bytes(LARGE)))
    with own.client() as client:
        key = own.open(sealed, client)
    got, tag = bytearray(), ""
    with own.client() as client, client.stream("GET", f"/api/o/{sealed.link}/bundle", headers=key) as answer:
        tag = answer.headers["ETag"]
        with pytest.raises(httpx.TransportError):
            for piece in answer.iter_raw():
                got += piece
                if len(got) > LARGE // 3 and own.process:
                    own.stop(signal.SIGKILL)
    assert len(got) < LARGE
    own.start()
    assert own.receipts(sealed) == []
    assert fetch_rest(own, sealed, key, bytes(got), tag) == sealed.plain
    assert [row["kind"] for row in own.receipts(sealed, 1)] == ["fetched"]


def test_cut_at_the_end_counts_nothing_until_the_rest_is_sent(own: Portal) -> None:
    sealed = own.put(Sealed(secrets.token_bytes(LARGE)))
    with own.client() as client:
        key = own.open(sealed, client)
        got, tag = fetch_part(own, sealed, key, LARGE // 2)
        client.get(f"/api/o/{sealed.link}/bundle", headers=key | {"Range": "bytes=0-9"})
        time.sleep(0.5)
        assert own.receipts(sealed) == []
        assert fetch_rest(own, sealed, key, got, tag) == sealed.plain
        assert len(own.receipts(sealed, 1)) == 1
        threads = [threading.Thread(target=fetch_part, args=(own, sealed, key, LARGE)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(own.receipts(sealed, 3)) == 3  # two at once, each whole


def test_revocation_cuts_a_running_download(own: Portal) -> None:
    sealed = own.put(Sealed(secrets.token_bytes(LARGE)))
    got = 0
    with own.client() as client, own.client(inner=True) as inner:
        key = own.open(sealed, client)
        answer = client.send(
            client.build_request("GET", f"/api/o/{sealed.link}/bundle", headers=key), stream=True
        )
        with pytest.raises(httpx.TransportError):
            for piece in answer.iter_raw():
                if not got:
                    assert inner.delete(f"/deliveries/{sealed.delivery}").status_code == 204
                got += len(piece)
        assert 0 < got < LARGE
        assert client.get(f"/api/o/{sealed.link}", headers=key).status_code == 403
        assert inner.get(f"/deliveries/{sealed.delivery}").status_code == 404
    assert own.receipts(sealed) == []


def test_slow_reader_and_slow_sender_are_cut(tmp_path: Path) -> None:
    with running(tmp_path, stalled="2", outer_cert="", outer_key="") as own:  # as behind a proxy
        sealed = own.put(Sealed(secrets.token_bytes(LARGE)))
        page = BytesIO()
        with zipfile.ZipFile(page, "w") as made:
            made.writestr("afschrift-x/index.html", bytes(LARGE))
        paged = own.put(Sealed(page.getvalue()))
        with own.client() as client:
            asked = [
                f"GET /api/o/{each.link}/{path} HTTP/1.1\r\nHost: x\r\nAfschrift-Key: {key}\r\n\r\n"
                for each, path in ((sealed, "bundle"), (paged, "read/index.html"))
                for key in own.open(each, client).values()
            ]
        host, port = own.outer.partition("//")[2].split(":")
        assert own.process is not None
        opened = Path(f"/proc/{own.process.pid}/fd")

        def held() -> int:
            return sum("socket" in str(path.readlink()) for path in opened.iterdir())

        time.sleep(0.5)
        before = held()
        with (
            socket.socket() as reader,
            socket.socket() as page_reader,
            socket.create_connection((host, int(port))),
            socket.create_connection((host, int(port))) as slow,
            socket.create_connection((host, int(port))) as no_upload,
            socket.create_connection((host, int(port))) as second,
        ):
            slow.sendall(b"POST /o/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
            no_upload.sendall(b"PATCH /o/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
            second.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert second.recv(4096).startswith(b"HTTP/1.1 204")
            second.sendall(b"GET /o/x")  # a head that never ends, after a whole request
            for each, ask in zip((reader, page_reader), asked, strict=True):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                each.connect((host, int(port)))
                each.sendall(ask.encode())
            time.sleep(0.5)
            assert held() == before + 6  # with one that asks for nothing
            end = time.monotonic() + 30
            while held() > before and time.monotonic() < end:
                time.sleep(0.2)
                for sender in (slow, no_upload, second):
                    with suppress(OSError):
                        sender.send(b"x")
            assert held() == before
        assert own.receipts(sealed) == []
        assert own.log.read_text() == ""


def test_sender_that_vanished_does_not_hold_its_file(own: Portal) -> None:
    """As a machine that lost its power: no packet says that it has gone."""
    sealed = Sealed(secrets.token_bytes(2_000_000))
    path = f"/deliveries/{sealed.delivery}"
    host, port = own.inner.partition("//")[2].split(":")
    head = f"PATCH {path}/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {own.token}\r\nUpload-Offset: 0\r\n"
    with own.client(inner=True) as client:
        client.put(path, json=sealed.announced())
        sender = own.trust.wrap_socket(socket.create_connection((host, int(port))), server_hostname=host)
        sender.sendall(
            f"{head}Content-Length: {len(sealed.content)}\r\n\r\n".encode() + sealed.content[:CHUNK]
        )
        time.sleep(0.5)
        assert client.patch(f"{path}/content", headers=sealed.upload()).status_code == 409
        try:
            sender.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        except OSError:
            pytest.skip("only root may let a connection vanish")
        sender.close()
        end, code = time.monotonic() + 30, 409
        while code == 409 and time.monotonic() < end:
            time.sleep(0.2)
            code = client.patch(f"{path}/content", headers=sealed.upload()).status_code
        assert code == 200


def test_lost_database_or_file_leads_to_putting_again(own: Portal) -> None:
    first = own.put(Sealed(bundle()))
    own.stop()
    before = (own.home / "portal.db").read_bytes()
    own.start()
    second = own.put(Sealed(bundle()))
    own.stop()
    (own.home / "portal.db").write_bytes(before)  # put back by a day
    own.start()
    with own.client(inner=True) as client:
        states = [client.get(f"/deliveries/{sealed.delivery}").status_code for sealed in (first, second)]
    assert states == [200, 404]
    assert [path.name for path in (own.home / "files").iterdir()] == [first.delivery]
    (own.home / "files" / first.delivery).unlink()
    with own.client() as client:
        assert client.post(f"/api/o/{first.link}", json={"code": CODE}).status_code == 403
    own.stop()
    own.start()
    with own.client(inner=True) as client:
        there = client.get(f"/deliveries/{first.delivery}").json()
    assert (there["state"], there["received"]) == ("uploading", 0)
    own.put(first)
    own.stop()
    (own.home / "portal.db").unlink()
    own.start()
    own.put(first)
    with own.client() as client:
        assert own.open(first, client)


def needles(sealed: list[Sealed]) -> list[bytes]:
    """What no thief may find: texts of bundles, links, codes and keys, raw and as they are sent."""
    found = [b"kanarie", CODE.encode(), CODE.upper().encode(), CODE.replace(" ", "+").encode()]
    for each in sealed:
        found += [each.link.encode(), each.raw_link, each.key, each.plain[5000:5032], each.plain[:200][60:92]]
        found += [urlsafe_b64encode(each.key)[:40]]
    return found


def memory_of(process: int) -> Iterator[bytes]:
    """What a process has in memory, region by region."""
    maps = Path(f"/proc/{process}/maps").read_text()
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for start, stop in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) r", maps, re.MULTILINE):
            try:
                memory.seek(int(start, 16))
                yield memory.read(int(stop, 16) - int(start, 16))
            except (OSError, OverflowError):
                continue


@pytest.mark.parametrize("count", nightly_after(1, [6, 50]))
def test_thief_of_the_machine_reads_nothing(own: Portal, count: int) -> None:
    sealed = [own.put(Sealed(bundle(size=20_000))) for _ in range(count)]
    with own.client() as client:
        for each in sealed[:5]:
            key = own.open(each, client)
            assert client.get(f"/api/o/{each.link}/bundle", headers=key).content == each.plain
            assert client.post(f"/o/{each.link}", data={"code": CODE}).status_code == 303
            assert "kanarie" in client.get(f"/o/{each.link}/read/index.html").text
            client.post(f"/o/{each.link}", data={"code": CODE + "s"})
            client.get(f"/o/{each.link}/%00/../x")
    own.stop(signal.SIGKILL)
    own.start()
    assert own.process is not None
    disk = {path: path.read_bytes() for path in [*own.home.rglob("*"), own.log] if path.is_file()}
    memory = b"".join(memory_of(own.process.pid))
    sought = needles(sealed)
    assert [path for path, content in disk.items() for needle in sought if needle in content] == []
    assert [needle for needle in sought if needle in memory] == []
    # The search finds what is there: a fact that is shown, and the address of the listener.
    assert FACTS["case"].encode() in disk[own.home / "portal.db"]
    assert own.outer.encode() in memory
    print(
        f"{len(disk)} files of {sum(map(len, disk.values())):,} bytes and {len(memory):,} bytes of memory: nothing"
    )
    assert {path.stat().st_mode & 0o077 for path in own.home.rglob("*")} == {0}
    own.stop()
    for path in own.home.rglob("*.key"):
        assert path.stat().st_mode & 0o777 == 0o600


def test_file_of_twenty_gigabytes_is_read_at_its_end(tmp_path: Path) -> None:
    sealed = Sealed(b"")
    size = 20 * 10**9
    count = -(-size // CHUNK)
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    total = 256 + size + 16 * count
    assert plain_size(total) == size
    cipher, path = AESGCM(sealed.key), tmp_path / "large"
    with path.open("wb") as file:  # sparse: the first chunk and the last alone are written
        file.write(sealed.content[:127] + size.to_bytes(8) + bytes(256 - 135))
        file.seek(256)
        file.write(cipher.encrypt(bytes(12), b"a" * CHUNK, None))
        file.seek(256 + (count - 1) * (CHUNK + 16))
        rest = b"z" * (size - (count - 1) * CHUNK)
        file.write(cipher.encrypt(bytes(7) + (count - 1).to_bytes(4) + b"\1", rest, None))
    with Decryptor(os.open(path, os.O_RDONLY), sealed.key) as content:
        content.seek(-3, os.SEEK_END)
        assert content.read() == b"zzz"
        content.seek(0)
        assert content.read(2) == b"aa"


@pytest.mark.parametrize(
    ("environment", "file", "message"),
    [
        ({}, "=", "is not TOML"),
        ({}, 'colour = "red"', "There is no setting colour"),
        ({}, "outer = 3", "outer: write a text between quotes"),
        ({}, 'stalled = "soon"', "stalled: write a whole number"),
        ({"INNER": "0.0.0.0:1"}, "", "else a token goes in clear"),
        ({"OUTER": "here"}, "", "such as 127.0.0.1:8600"),
        ({"TEXTS": "/none"}, "", "texts: there is no folder /none"),
    ],
)
def test_setting_that_cannot_be_used_is_named(
    tmp_path: Path, environment: dict[str, str], file: str, message: str
) -> None:
    (tmp_path / "portal.toml").write_text(file)
    named = {f"AFSCHRIFT_PORTAL_{key}": value for key, value in environment.items()}
    with pytest.raises(SettingsError, match=message):
        load_settings({"AFSCHRIFT_PORTAL_HOME": str(tmp_path)} | named)


def test_init_keeps_the_key_and_takes_a_token(tmp_path: Path) -> None:
    portal = Portal(tmp_path)
    lost = portal.home.rename(tmp_path / "other")
    answer = portal.command("serve")
    assert (answer.returncode, "Run afschrift-portal init" in answer.stderr) == (2, True)
    lost.rename(portal.home)
    again = portal.command("init")
    assert again.stdout == f"public key: {portal.public_key}\n"
    assert portal.command("health").returncode == 1
    (tmp_path / "token").write_text("t" * 43 + "\n")
    assert portal.command("init", "--token-file", str(tmp_path / "token")).stdout == again.stdout
    portal.token = "t" * 43
    with running_again(portal):
        assert portal.command("health").returncode == 0
        with portal.client(inner=True) as client:
            assert client.get("/health").status_code == 200
    with sqlite3.connect(portal.home / "portal.db") as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)


class running_again:
    """A portal that was made before, while it is open."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def __enter__(self) -> None:
        self._portal.start()

    def __exit__(self, *_: object) -> None:
        self._portal.stop(signal.SIGKILL)
