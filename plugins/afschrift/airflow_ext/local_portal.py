"""A portal on loopback for `afschrift up` and the demo: a program of its own, as the destination `portal`."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from afschrift.app.private_files import private_file, private_folder
from afschrift.domain.errors import RetriableError

OPTIONS = "AFSCHRIFT_DESTINATION_PORTAL_OPTIONS"
_PORTS = {"public": 8600, "url": 8601}
_SECONDS = 20


@contextmanager
def local_portal(home: Path) -> Iterator[str | None]:
    """Run a portal while the context is open.

    Args:
        home: of the installation; the portal's is a folder in it.

    Yields:
        Where people reach it. None: the program is not installed, or the destination `portal` is configured.

    Raises:
        RetriableError: it does not start.
    """
    program = Path(sys.executable).with_name("afschrift-portal")
    if not program.exists() or os.environ.get(OPTIONS):
        yield None
        return
    folder = home / "portal"
    private_folder(folder)
    token, log = folder / "token", folder / "portal.log"
    if not token.exists():
        _write(token, secrets.token_urlsafe(32))
    file = folder / "options.json"
    before = (
        json.loads(file.read_text("utf-8")) if file.exists() else {}
    )  # links and deliveries name its ports
    ports = [urlsplit(before.get(name, "")).port or port for name, port in _PORTS.items()]
    outer, inner = (f"127.0.0.1:{_free(port)}" for port in ports)
    given = {"HOME": str(folder), "OUTER": outer, "INNER": inner, "PUBLIC": f"http://{outer}"}
    env = os.environ | {f"AFSCHRIFT_PORTAL_{name}": value for name, value in given.items()}
    with log.open("ab") as sink:
        printed = subprocess.run(  # noqa: S603  (our own program and words)
            [program, "init", "--token-file", token],
            env=env,
            stdout=subprocess.PIPE,
            stderr=sink,
            check=False,
        )
        process = subprocess.Popen(  # noqa: S603
            [program, "serve"], env=env, stdin=subprocess.DEVNULL, stderr=sink, start_new_session=True
        )
    try:
        _wait_until_ready(process, f"http://{outer}/health", log)
        options = {"kind": "portal", "url": f"http://{inner}", "public": f"http://{outer}"}
        key = printed.stdout.decode().partition("public key: ")[2].strip()
        _write(file, json.dumps({**options, "key": key, "token": token.read_text("ascii")}))
        os.environ[OPTIONS] = str(file)
        yield f"http://{outer}"
    finally:
        os.environ.pop(OPTIONS, None)
        process.terminate()
        process.wait(_SECONDS)


def _write(path: Path, text: str) -> None:
    with private_file(path) as file:
        file.write(text.encode())


def _free(port: int) -> int:
    """This port, or another one where it is taken."""
    for wanted in (port, 0):
        with suppress(OSError), socket.create_server(("127.0.0.1", wanted)) as found:
            return int(found.getsockname()[1])
    return port


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(httpx.HTTPError):
            if httpx.get(address, trust_env=False).is_success:
                return
        time.sleep(0.1)
    raise RetriableError("The portal did not start.", remedy=f"see {log}, and start again.")
