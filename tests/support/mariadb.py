"""A real MariaDB for tests: a server a test process on a socket of its own, a database a test."""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pymysql
from tenacity import retry, stop_after_attempt

# Debian keeps the server's program where a user's PATH does not look
PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin"
_STARTS = 60.0


def program() -> str | None:
    return shutil.which("mariadbd", path=PATH)


@dataclass(frozen=True)
class Database:
    """A database of its own, empty at first."""

    socket: str
    name: str

    def uri(self, user: str = "root") -> str:
        """Address as an Airflow connection."""
        return f"mysql://{user}@/{self.name}?unix_socket={quote(self.socket, safe='')}"

    def connect(self, user: str = "root") -> pymysql.connections.Connection:
        return pymysql.connect(
            unix_socket=self.socket, user=user, database=self.name, autocommit=True, charset="utf8mb4"
        )

    def execute(self, *statements: str) -> None:
        with self.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@dataclass(frozen=True)
class Server:
    socket: str

    def create(self, options: str = "CHARACTER SET utf8mb4") -> Database:
        """A new database; `options` as for CREATE DATABASE."""
        name = f"t{secrets.token_hex(6)}"
        Database(self.socket, "mysql").execute(f"CREATE DATABASE {name} {options}")
        return Database(self.socket, name)

    def drop(self, database: Database) -> None:
        Database(self.socket, "mysql").execute(f"DROP DATABASE {database.name}")


@contextmanager
def running(mariadbd: str, *options: str) -> Iterator[Server]:
    """A server for this process, gone afterwards; it listens on its socket alone."""
    folder = Path(tempfile.mkdtemp(prefix="mdb-"))  # short, for the socket's path
    data, socket = folder / "d", folder / "s"
    common = ["--no-defaults", f"--datadir={data}", *(["--user=root"] if os.geteuid() == 0 else [])]
    install = shutil.which("mariadb-install-db", path=PATH)
    assert install is not None
    _install([install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"], data)
    small = ["--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--skip-networking"]
    process = subprocess.Popen(
        [mariadbd, *common, f"--socket={socket}", *small, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, str(socket))
        yield Server(str(socket))
    finally:
        process.terminate()
        process.wait(timeout=60)
        shutil.rmtree(folder)


@retry(stop=stop_after_attempt(3), reraise=True)
def _install(command: list[str], data: Path) -> None:
    """Make the system tables; the bootstrap now and then breaks off where two run side by side."""
    shutil.rmtree(data, ignore_errors=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _wait(process: subprocess.Popen[bytes], socket: str) -> None:
    until = time.monotonic() + _STARTS
    while True:
        try:
            return pymysql.connect(unix_socket=socket, user="root").close()
        except pymysql.MySQLError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)
