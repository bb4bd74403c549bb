"""A portal as a process of its own, and Afschrift's side of it as the format describes it."""

import hashlib
import os
import secrets
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import zipfile
from base64 import b32encode
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.support.authority import Authority

PROGRAM = str(Path(sys.executable).with_name("afschrift-portal"))
CODE = "anker brood cello dorp emmer fiets"
CHUNK = 256 * 1024
FACTS = {
    "controller": "Webwinkel Zonnebloem B.V.",
    "contact": "privacy@zonnebloem.example, 020 555 01 23",
    "case": "z-2026-0042",
    "right": "access",
    "state_of": "2026-11-30",
    "part": "",
    "verify": "sha256:4f1c 22aa 9b03 7e51",
}
INDEX = b"<!doctype html><html lang='nl'><title>Overzicht</title><h1>Overzicht</h1><p>kanarie-in-het-overzicht</p><script>document.title='gelopen'</script>"


def bundle(canary: str = "kanarie-7731", size: int = 700_000) -> bytes:
    """A ZIP file with the pages that can be read, and rows that do not compress."""
    raw = BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("afschrift-x/index.html", INDEX)
        made.writestr("afschrift-x/data/orders.bin", canary.encode() + secrets.token_bytes(size))
        made.writestr("afschrift-x/data/information.html", INDEX.replace(b"Overzicht", b"Informatie"))
    return raw.getvalue()


@dataclass
class Sealed:
    """A file as Afschrift writes it, and what opens it."""

    plain: bytes
    code: str = CODE
    raw_link: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    delivery: str = field(default_factory=lambda: secrets.token_hex(32))
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    nonce: bytes = field(default_factory=lambda: secrets.token_bytes(12))

    def __post_init__(self) -> None:
        magic = b"afschrift-portal-1\n"
        link_hash = hashlib.sha256(b"afschrift-portal link\0" + self.raw_link).digest()
        kek = hashlib.scrypt(
            self.code.encode(), salt=self.salt + self.raw_link, n=2**15, r=8, p=1, dklen=32, maxmem=2**26
        )
        wrapped = AESGCM(kek).encrypt(self.nonce, self.key, magic + link_hash + self.salt)
        head = magic + link_hash + self.salt + self.nonce + wrapped + len(self.plain).to_bytes(8)
        pieces = [self.plain[at : at + CHUNK] for at in range(0, len(self.plain), CHUNK)] or [b""]
        cipher = AESGCM(self.key)
        body = b"".join(
            cipher.encrypt(bytes(7) + number.to_bytes(4) + bytes([number == len(pieces) - 1]), piece, None)
            for number, piece in enumerate(pieces)
        )
        self.content = head.ljust(256, b"\0") + body

    @property
    def link(self) -> str:
        return b32encode(self.raw_link).decode().rstrip("=").lower()

    def announced(self, days: float = 7, **changes: Any) -> dict[str, Any]:
        until = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        row = {"name": "afschrift-z-2026-0042.zip", "bytes": len(self.content), "language": "nl"}
        return row | {"expires_at": until, "facts": FACTS} | changes

    def upload(self, offset: int = 0) -> dict[str, str]:
        """The headers of an upload that ends the file."""
        return {"Upload-Offset": str(offset), "Upload-Digest": hashlib.sha256(self.content).hexdigest()}


class Portal:
    """A running portal with TLS on both listeners."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.home = folder / "home"
        self.log = folder / "portal.log"
        Authority(folder).issue("portal")
        self._root = folder / "root.pem"
        ports = unused_ports()
        self.outer, self.inner = (f"https://127.0.0.1:{port}" for port in ports)
        if settings.get("outer_cert") == "":
            self.outer = self.outer.replace("https", "http")
        named = {"home": str(self.home), "outer": f"127.0.0.1:{ports[0]}", "inner": f"127.0.0.1:{ports[1]}"}
        for name in ("outer", "inner"):
            named |= {f"{name}_cert": str(folder / "portal.pem"), f"{name}_key": str(folder / "portal.key")}
        named |= {"public": self.outer, "reserve": "0"} | settings
        self.environment = {f"AFSCHRIFT_PORTAL_{name.upper()}": value for name, value in named.items()}
        printed = dict(line.split(": ") for line in self.command("init").stdout.splitlines())
        self.token, self.public_key = printed["token"], printed["public key"]
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [PROGRAM, *arguments]
        environment = os.environ | self.environment
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def start(self) -> "Portal":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve"], env=os.environ | self.environment, stdout=log, stderr=log
            )
        for _ in range(200):
            try:
                with self.client() as client:
                    if client.get("/health").status_code == 204:
                        return self
            except httpx.TransportError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(20)
            self.process = None

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self._root))

    def client(self, inner: bool = False) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"} if inner else {}
        address = self.inner if inner else self.outer
        return httpx.Client(base_url=address, verify=self.trust, trust_env=False, headers=headers, timeout=60)

    def put(self, sealed: Sealed, **changes: Any) -> Sealed:
        """Put a file as Afschrift does."""
        with self.client(inner=True) as client:
            path = f"/deliveries/{sealed.delivery}"
            assert client.put(path, json=sealed.announced(**changes)).status_code in (200, 201)
            sent = client.patch(f"{path}/content", content=sealed.content, headers=sealed.upload())
            assert sent.json()["state"] == "ready", sent.text
        return sealed

    def open(self, sealed: Sealed, client: httpx.Client) -> dict[str, str]:
        """The headers by which the delivery is fetched over REST."""
        answer = client.post(f"/api/o/{sealed.link}", json={"code": sealed.code})
        assert answer.status_code == 200, answer.text
        return {"Afschrift-Key": answer.json()["key"]}

    def whole(self) -> dict[str, bytes]:
        """The encrypted files that are ready, by their names."""
        with closing(sqlite3.connect(self.home / "portal.db")) as base:
            rows = base.execute("SELECT name, key FROM delivery WHERE state = 'ready'").fetchall()
        return {name: (self.home / "files" / key).read_bytes() for name, key in rows}

    def fetch(self, words: str, link: str) -> bytes:
        """The bundle, as the person fetches it."""
        with self.client() as client:
            key = client.post(f"/api/o/{link}", json={"code": words}).json()["key"]
            return client.get(f"/api/o/{link}/bundle", headers={"Afschrift-Key": key}).content

    def kinds(self, delivery: str, count: int = 0) -> list[str]:
        """Kinds of the receipts of a delivery."""
        return [row["kind"] for row in self.receipts(delivery, count)]

    def receipts(self, sealed: Sealed | str, count: int = 0) -> list[dict[str, Any]]:
        """Receipts of a delivery; so many are waited for: one is written after the last byte was sent."""
        key = sealed if isinstance(sealed, str) else sealed.delivery
        with self.client(inner=True) as client:
            for _ in range(100):
                found = [row for row in client.get("/receipts").json() if row["delivery"] == key]
                if len(found) >= count:
                    break
                time.sleep(0.05)
        return found


def unused_ports(count: int = 2) -> list[int]:
    with ExitStack() as taken:
        sockets = [taken.enter_context(socket.socket()) for _ in range(count)]
        for unused in sockets:
            unused.bind(("127.0.0.1", 0))
        return [unused.getsockname()[1] for unused in sockets]


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Portal]:
    portal = Portal(folder, **settings)
    try:
        yield portal.start()
    finally:
        portal.stop(signal.SIGKILL)
