"""Celery workers, each in mount, user and UTS namespaces of its own where the machine allows it.

In its namespace a worker has an empty file system in memory in the place where the fleet's folder is: its
home, its temporary files and the files that it was given lie there, and those of others cannot be seen.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from testbed.fleet.processes import kill_session

_APART = """
set -e
if [ "$APART" = yes ]; then hostname "$NAME"; mount -t tmpfs -o mode=0700 tmpfs "$HIDDEN"; fi
mkdir -p "$HOME" "$TMPDIR"
cd "$HOME"
tar -x
exec "$@" </dev/null
"""

_NAMESPACES = ("unshare", "-m", "-u") if os.geteuid() == 0 else ("unshare", "-Ur", "-m", "-u")
"""Root needs no user namespace, and would lose in it the right to what belongs to other accounts."""

GRACE_SECONDS = 60


def can_be_apart() -> bool:
    """Whether a process may have namespaces of its own here."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        [*_NAMESPACES, "sh", "-c", "hostname probe && mount -t tmpfs tmpfs /mnt"],
        capture_output=True,
        check=False,
    )
    return tried.returncode == 0


@dataclass
class Worker:
    """A Celery worker.

    Attributes:
        name: which is also its host's name.
        fleet: folder that it must not see; its home is a folder below, and so is the log of what it prints.
        apart: in namespaces of its own, or only with a home of its own.
        variables: its environment.
        files: what it is given, by path below its home.
        queues: from which it takes tasks.
    """

    name: str
    fleet: Path
    apart: bool
    variables: Mapping[str, str]
    files: Mapping[str, bytes]
    slots: int = 4
    queues: Sequence[str] = ("default",)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def home(self) -> Path:
        """Its home, as it is called there."""
        return self.fleet / self.name

    @property
    def log(self) -> Path:
        """What it printed, outside of what it sees."""
        return self.fleet / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """Of its first process."""
        assert self._process is not None
        return self._process.pid

    @property
    def ready(self) -> bool:
        """Whether it takes tasks."""
        return f"{self.name} ready." in self.log.read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start it; what it was given is there before it begins."""
        celery = [sys.executable, "-m", "airflow", "celery", "worker", "--skip-serve-logs"]
        celery += ["--celery-hostname", self.name, "--concurrency", str(self.slots)]
        celery += ["--queues", ",".join(self.queues)]
        command = ["sh", "-c", _APART, "sh", *celery]
        if self.apart:
            command = [*_NAMESPACES, *command]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        assert self._process.stdin is not None
        with self._process.stdin as given:
            given.write(_packed(self.files))

    def _environment(self) -> dict[str, str]:
        own = {
            "NAME": self.name,
            "APART": "yes" if self.apart else "no",
            "HIDDEN": str(self.fleet),
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "AIRFLOW_HOME": str(self.home / "airflow"),
            "AFSCHRIFT_HOME": str(self.home),
        }
        return {**self.variables, **own}

    def kill(self) -> None:
        """SIGKILL to it and all its children, as where its machine is lost."""
        assert self._process is not None
        kill_session(self.pid)
        self._process.wait(GRACE_SECONDS)
        self._process = None

    def retire(self) -> None:
        """Ask it to end what it works on and take nothing more; `end` waits for that."""
        os.kill(self.pid, signal.SIGTERM)

    @property
    def retired(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is None or self._process.poll() is not None

    def end(self) -> None:
        """End it, whatever it works on."""
        if self._process is not None:
            self.kill()


def _packed(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
