"""A bundle on its way through a portal with TLS: put there as the step does, fetched by curl, and its pages.

    python -m bench.through_portal upload | download | crowd | page FOLDER

FOLDER is that of `bench.handing stage`. Prints JSON: seconds, CPU seconds of all processes, and the peaks in
MB of the portal's process and of ours. `bench.run --only portal` runs all of them.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import psutil

from afschrift.destinations.portal import PortalDestination
from afschrift.domain.files import Announcement
from afschrift.domain.instants import utc_now
from afschrift.encryption.portal_file import sealed_size
from afschrift.encryption.registry import encryption_of
from afschrift.encryption.secret import apart, draw_with_link
from afschrift.steps.encrypt import encrypted_chunks
from bench.handing import NAME, staging

_CALLERS, _VISITS = 20, 200
_FACTS = {"controller": "Benchmark", "contact": "", "case": "1", "right": "access", "state_of": "2026-01-01"}
_CERTIFICATE = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench"


@dataclass
class Portal:
    """A portal as a process of its own, with TLS on both listeners."""

    folder: Path
    outer: str
    inner: str
    public_key: str
    token: str
    pid: int

    @property
    def trust(self) -> str:
        return str(self.folder / "cert.pem")

    def client(self) -> httpx.Client:
        context = ssl.create_default_context(cafile=self.trust)
        return httpx.Client(base_url=self.outer, verify=context, trust_env=False, timeout=60)


@contextmanager
def running(folder: Path) -> Iterator[Portal]:
    """Start one; in the folder of an earlier one it has what that had."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    if not cert.exists():
        more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
        subprocess.run([*_CERTIFICATE.split(), *more], check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        outer, inner = (f"127.0.0.1:{unused.getsockname()[1]}" for unused in (first, second))
    (folder / "token").write_text("b" * 43)
    named = {"home": folder / "home", "outer": outer, "inner": inner, "public": f"https://{outer}"}
    named |= {"outer_cert": cert, "outer_key": key, "inner_cert": cert, "inner_key": key, "reserve": 0}
    environment = os.environ | {f"AFSCHRIFT_PORTAL_{name.upper()}": str(named[name]) for name in named}
    program = Path(sys.executable).with_name("afschrift-portal")
    init = [str(program), "init", "--token-file", str(folder / "token")]
    printed = subprocess.run(init, env=environment, check=True, capture_output=True, text=True).stdout
    process = subprocess.Popen([program, "serve"], env=environment)
    public_key = printed.partition("public key: ")[2].strip()
    portal = Portal(folder, f"https://{outer}", f"https://{inner}", public_key, "b" * 43, process.pid)
    try:
        for _ in range(200):
            with suppress(httpx.TransportError), portal.client() as client:
                client.get("/health")
                break
            time.sleep(0.05)
        yield portal
    finally:
        process.terminate()
        process.wait()


def put(portal: Portal, folder: Path, secret: str) -> None:
    """Announce the staged bundle, encrypt it and send it, as the step does."""
    place, encryption = staging(folder), encryption_of("portal")
    assert encryption is not None
    outbox = PortalDestination("outbox", portal.inner, portal.public_key, portal.token, ca=portal.trust)
    packed: dict[str, Any] = {"bytes": (folder / "plain").stat().st_size}
    packed["bundle"] = (folder / "digest").read_text()
    gate, row = SimpleNamespace(staging=place), SimpleNamespace(id="dlv", is_new=True)
    about = Announcement(sealed_size(packed["bytes"]), "en", utc_now() + timedelta(days=1), _FACTS)
    outbox.announce(NAME + ".zip", about)
    chunks = encrypted_chunks(cast(Any, gate), packed, cast(Any, row), encryption, secret)
    outbox.deliver(NAME + ".zip", chunks)


def fetch(portal: Portal, link: str, words: str, file: str) -> subprocess.Popen[bytes]:
    """Enter, and begin to fetch the file."""
    with portal.client() as client:
        key = client.post(f"/api/o/{link}", json={"code": words}).json()["key"]
    command = ["curl", "-sS", "--fail", "--noproxy", "*", "--cacert", portal.trust]
    return subprocess.Popen(
        [*command, "-H", f"Afschrift-Key: {key}", "-o", file, f"{portal.outer}/api/o/{link}/bundle"]
    )


def visit(portal: Portal, link: str, words: str) -> dict[str, Any]:
    """Milliseconds, of wall clock and of the portal's CPU, and kB of both pages with their style."""
    found: dict[str, Any] = {}
    with portal.client() as client:
        style = len(client.get("/page.css").content)
        for name in ("code", "open"):
            taken, cpu = [], _cpu(portal)
            for _ in range(_VISITS):
                began = time.perf_counter()
                answer = client.get(f"/o/{link}")
                taken.append((time.perf_counter() - began) * 1000)
            found[name] = {
                "ms": statistics.median(taken),
                "ms_99": sorted(taken)[_VISITS * 99 // 100],
                "cpu_ms": (_cpu(portal) - cpu) * 1000 / _VISITS,
                "kb": (len(answer.content) + style) / 1000,
            }
            client.post(f"/o/{link}", data={"code": words})
    return found


def measured(portal: Portal, what: Callable[[], object]) -> dict[str, Any]:
    """Do it; peaks are those of the processes since they began."""
    began, cpu = time.perf_counter(), _cpu(portal) + _own_cpu()
    what()
    seconds, cpu = time.perf_counter() - began, _cpu(portal) + _own_cpu() - cpu
    status = Path(f"/proc/{portal.pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "cpu": cpu, "portal_mb": peak / 1024, "own_mb": own / 1024}


def _cpu(portal: Portal) -> float:
    times = psutil.Process(portal.pid).cpu_times()
    return float(times.user + times.system)


def _own_cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    """Do one of them."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    secret = draw_with_link("en")
    words, link = apart(secret)
    own = folder / f"portal-{time.time_ns()}"
    own.mkdir()
    with running(own) as portal:
        found = measured(portal, lambda: put(portal, folder, secret))
        if kind == "page":
            found = visit(portal, link, words)
    if kind in ("download", "crowd"):
        with running(own) as portal:  # anew, so that its peak is that of the download
            files = [str(own / "fetched")] if kind == "download" else ["/dev/null"] * _CALLERS

            def download() -> None:
                callers = [fetch(portal, link, words, file) for file in files]
                assert [caller.wait() for caller in callers] == [0] * len(files)

            found = measured(portal, download)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
