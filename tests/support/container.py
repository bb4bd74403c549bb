"""A process as a container would run it, without an engine: namespaces, a read-only root, another account."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ACCOUNT = (50_000, 0)
_NAMESPACES = ("unshare", "--mount", "--net", "--uts", "--ipc", "--pid", "--fork")
_INSIDE = """
set -eu
mount --make-rprivate /
ip link set lo up
"$PYTHON" -c "$RELAY" "$SOCKET" &
mount -t tmpfs -o mode=0755 tmpfs "$NEW"
mkdir -p "$NEW/tmp" "$NEW/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$NEW/tmp" # first: a clone may lie below
mount -t tmpfs -o mode=1777 tmpfs "$NEW/dev/shm"
cp -a /bin /lib /lib64 /sbin "$NEW/" 2>/dev/null || :
bind() { # SOURCE TARGET OPTIONS
  if [ -d "$1" ]; then mkdir -p "$NEW$2"; else mkdir -p "$NEW${2%/*}"; : > "$NEW$2"; fi
  mount --bind "$1" "$NEW$2"
  mount -o "remount,bind,$3" "$NEW$2"
}
for place in /usr /etc $READ; do bind "$place" "$place" ro; done
for place in /dev/null /dev/urandom /dev/random; do bind "$place" "$place" rw; done
printf '127.0.0.1 localhost postgres\\n' > "$NEW/hosts"
printf 'root:x:0:0::/:/bin/sh\\nairflow:x:50000:0::/tmp:/bin/sh\\n' > "$NEW/passwd"
mount --bind "$NEW/hosts" "$NEW/etc/hosts"
mount --bind "$NEW/passwd" "$NEW/etc/passwd"
bind "$IMAGE" /opt/afschrift ro
for secret in $SECRETS; do bind "$FOLDER/$secret" "/run/secrets/$secret" ro; done
mkdir -p "$NEW/opt/airflow" "$NEW/proc"
: > "$NEW/opt/airflow/airflow.cfg"
for place in $WRITTEN; do bind "${place%:*}" "${place#*:}" rw; done
mount -t proc proc "$NEW/proc"
mount -o remount,ro "$NEW"
hostname container
cd "$NEW"
exec chroot "$NEW" setpriv --reuid 50000 --regid 0 --clear-groups --no-new-privs --bounding-set=-all \\
  --inh-caps=-all env -i "$@"
"""
_RELAY = """
import asyncio, sys

async def one_way(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()

async def joined(reader, writer):
    other_reader, other_writer = await asyncio.open_unix_connection(sys.argv[1])
    await asyncio.gather(one_way(reader, other_writer), one_way(other_reader, writer), return_exceptions=True)

async def main():
    async with await asyncio.start_server(joined, "127.0.0.1", 5432) as server:
        await server.serve_forever()

asyncio.run(main())
"""
"""The one way out of the network of a container: to the server's socket, under the name `postgres`."""


def require_containers() -> None:
    """Skip where no process may have namespaces and another account; in CI that is a failure."""
    needed = ("unshare", "ip", "setpriv", "chroot")
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [name for name in needed if shutil.which(name, path=path) is None]
    reason = f"not installed: {', '.join(missing)}" if missing else ""
    if not missing and os.geteuid():
        reason = "only root makes namespaces with another account in them"
    elif not missing:
        tried = subprocess.run([*_NAMESPACES, "true"], capture_output=True, text=True, check=False)
        reason = tried.stderr.strip() if tried.returncode else ""
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)


@dataclass(frozen=True)
class Containers:
    """Runs commands, each in a container of its own.

    Attributes:
        folder: for mount points.
        image: what lies in /opt/afschrift.
        secrets: folder of all secrets, of which each container gets some.
        socket: of the PostgreSQL server.
        read: paths that can be read as they are: Python and this clone.
        written: folders, as `host:container`, beside /tmp.
    """

    folder: Path
    image: Path
    secrets: Path
    socket: Path
    read: Sequence[Path]
    written: Sequence[str]

    def run(
        self, command: Sequence[str], secrets: Sequence[str], env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, with some of the secrets and nothing of this process's environment."""
        new = self.folder / "root"
        new.mkdir(exist_ok=True)
        variables = {
            "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin",
            "NEW": str(new),
            "PYTHON": sys.executable,
            "RELAY": _RELAY,
            "SOCKET": str(self.socket),
            "READ": " ".join(map(str, self.read)),
            "IMAGE": str(self.image),
            "FOLDER": str(self.secrets),
            "SECRETS": " ".join(secrets),
            "WRITTEN": " ".join(self.written),
        }
        given = [f"{name}={value}" for name, value in env.items()]
        return subprocess.run(
            [*_NAMESPACES, "--kill-child", "sh", "-c", _INSIDE, "sh", *given, *command],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
