"""The example of a proxy (`examples/proxy/nginx.conf`), started as it is before the real application."""

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.airflow_support import log_in
from tests.support.browsing import served
from tests.support.mail_server import unused_port
from tests.support.pages import Desk, parts, text_of, token_in

pytestmark = [pytest.mark.airflow, pytest.mark.needs_program("nginx"), pytest.mark.needs_program("openssl")]

EXAMPLE = Path(__file__).parents[2] / "examples" / "proxy" / "nginx.conf"
HOST = "afschrift.example.org"
UNPRIVILEGED = 65534


@dataclass
class Reached:
    """The application behind the proxy, and what came through to it: method, path, scheme and caller."""

    app: Any
    seen: list[tuple[str, str, str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Note a request and let it pass."""
        if scope["type"] == "http":
            self.seen.append((scope["method"], scope["path"], scope["scheme"], scope["client"][0]))
            self.headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class Proxy:
    """A running proxy; the folder is its prefix."""

    folder: Path
    port: int
    behind: Reached

    def client(self, user: str | None = None) -> httpx.Client:
        """Of a user who trusts the certificate, logged in or not."""
        trusted = ssl.create_default_context(cafile=str(self.folder / "tls" / "cert.pem"))
        trusted.check_hostname = False  # it is on loopback here
        given = {"verify": trusted, "headers": {"Sec-Fetch-Site": "same-origin"}, "trust_env": False}
        client = httpx.Client(base_url=f"https://127.0.0.1:{self.port}", timeout=120, **given)
        if user:
            client.cookies.set("_token", log_in(user))
        return client


@pytest.fixture(scope="module")
def proxy(desk: Desk) -> Iterator[Proxy]:
    reached = Reached(desk.app)
    folder = Path(tempfile.mkdtemp(prefix="afschrift-proxy-"))  # not pytest's: no other account enters that
    port = unused_port()
    try:
        with served(reached, proxy_headers=True) as address:
            text = EXAMPLE.read_text(encoding="utf-8")
            for before, now in (
                ("server 127.0.0.1:8080;", f"server {address.partition('//')[2]};"),
                ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
            ):
                assert text.count(before) == 1
                text = text.replace(before, now)
            (folder / "nginx.conf").write_text(text, encoding="utf-8")
            for name in ("tls", "tmp"):
                (folder / name).mkdir()
            certify(folder / "tls")
            with started(folder):
                yield Proxy(folder, port, reached)
    finally:
        shutil.rmtree(folder)


def certify(folder: Path) -> None:
    """A self-signed certificate."""
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={HOST}"]
    made += ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(made, cwd=folder, check=True, capture_output=True)


@contextmanager
def started(folder: Path) -> Iterator[None]:
    """nginx in the foreground, as an account without rights."""
    command = ["nginx", "-p", str(folder), "-c", "nginx.conf", "-g", "daemon off;", "-e", "error.log"]
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []}
        for path in (folder, *folder.rglob("*")):
            os.chown(path, UNPRIVILEGED, UNPRIVILEGED)
    running = subprocess.Popen(command, **account, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(100):
            if (folder / "nginx.pid").exists() or running.poll() is not None:
                break
            time.sleep(0.05)
        assert running.poll() is None, running.stderr and running.stderr.read()
        for path in (folder / "tmp").iterdir():
            path.chmod(0o500)  # what it would put on the disk ends as an error
        yield
    finally:
        running.terminate()
        running.communicate(timeout=10)


def test_page_is_reached_over_tls_only(proxy: Proxy) -> None:
    with proxy.client("anna") as anna:
        page = anna.get("/afschrift/")
    assert (page.status_code, "Today" in text_of(page.text)) == (200, True)
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Server"] == "nginx"
    assert proxy.behind.seen[-1] == ("GET", "/afschrift/", "https", "127.0.0.1")
    with httpx.Client(trust_env=False) as plain:
        assert plain.get(f"http://127.0.0.1:{proxy.port}/afschrift/").status_code == 400
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        old = ssl.create_default_context(cafile=str(proxy.folder / "tls" / "cert.pem"))
        old.check_hostname = False
        old.set_ciphers("DEFAULT@SECLEVEL=0")
        with pytest.warns(DeprecationWarning):
            old.minimum_version = old.maximum_version = version
        with httpx.Client(verify=old, trust_env=False) as client, pytest.raises(httpx.ConnectError):
            client.get(f"https://127.0.0.1:{proxy.port}/afschrift/")


@pytest.mark.parametrize(
    "path", ["/afschrift/api/questions/q-000000000000/answer", "/afschrift/requests/x", "/api/v2/dags"]
)
def test_large_body_and_execution_api_do_not_pass(proxy: Proxy, path: str) -> None:
    before = len(proxy.behind.seen)
    with proxy.client() as client:
        assert client.get("/execution/health").status_code == 403  # for workers alone
        assert client.post(path, content=b"x" * 5_300_000).status_code == 413
        assert len(proxy.behind.seen) == before
        assert client.post(path, content=b"x" * 5_000_000).status_code in (401, 404, 405, 422)
        assert len(proxy.behind.seen) == before + 1


def announced(proxy: Proxy, path: str, size: int) -> str:
    """The first line of the answer to a body of which nothing but its size was sent."""
    trusted = ssl.create_default_context(cafile=str(proxy.folder / "tls" / "cert.pem"))
    with (
        socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as plain,
        trusted.wrap_socket(plain, server_hostname=HOST) as line,
    ):
        line.sendall(f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n".encode())
        return line.recv(200).decode().partition("\r\n")[0]


def test_uploaded_file_passes_without_a_copy_on_disk(proxy: Proxy, desk: Desk) -> None:
    request, question = desk.manual()
    with proxy.client("kim") as kim:
        path = f"/afschrift/questions/{question}"
        token = token_in(kim.get(path).text)
        upload = ("files", ("found.csv", b"day,text\n" + b"2026-01-01,hello\n" * 400_000, "text/csv"))
        done = kim.post(path, files=[*parts({"token": token, "choice": "given"}), upload])
        assert done.status_code == 303, text_of(done.text)
    assert " 413 " in announced(proxy, path, 2_200_000_000)
    assert desk.register.decisions.of(request)[-1].choice == "given"
    assert "denied" not in (proxy.folder / "error.log").read_text(encoding="utf-8")


def test_forwarded_headers_of_a_caller_are_not_passed_on(proxy: Proxy) -> None:
    forged = {"X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "http", "Forwarded": "for=10.1.2.3"}
    forged |= {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}
    with proxy.client("anna") as anna:
        assert anna.get("/afschrift/?note=geheim", headers=forged).status_code == 200
    assert proxy.behind.seen[-1][2:] == ("https", "127.0.0.1")
    assert not {"evil.example", "10.1.2.3", "for=10.1.2.3", "/evil"} & {*proxy.behind.headers.values()}
    assert "geheim" not in (proxy.folder / "access.log").read_text(encoding="utf-8")
