"""Tables of Delta Lake and Iceberg where companies have them: in an S3 store, by catalogues of SQL and REST."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from testbed import sail, small
from testbed.fleet import installation as fleet
from testbed.fleet import servers
from testbed.running import installation, members, run, store
from tests.support.command_line import command
from tests.support.iceberg_rest import rest_catalogue

from afschrift.domain.errors import RetriableError
from afschrift.sources.registry import open_source

s3fs = pytest.importorskip("s3fs", reason="of the extra `s3`")
pytestmark = [pytest.mark.server, pytest.mark.nightly]

TYPES = {"INTEGER": "BIGINT", "VARCHAR": "STRING", "TIMESTAMP": "TIMESTAMP_NTZ"}
MERGE_ON_READ = {f"write.{kind}.mode": "merge-on-read" for kind in ("delete", "update", "merge")}
TOKEN = "a-token-of-the-catalogue"
FORMATS = {
    "delta": ({"delta.enableDeletionVectors": "true"}, "deletion_vector_", ""),
    "positions": ({**MERGE_ON_READ, "format-version": "2"}, "data/delete-", "PARTITIONED BY (customer_id)"),
    "vectors": ({**MERGE_ON_READ, "format-version": "3"}, ".puffin", "PARTITIONED BY (customer_id)"),
}
"""Format of a table -> its properties, what names files of deletes, partitions."""


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The shop with an order that was deleted, in each format; `store`: the address of S3; `disk`: a folder."""
    folder = tmp_path_factory.mktemp("s3")
    with servers.s3(folder) as server, pytest.MonkeyPatch.context() as patch:
        given = fleet.aws(server.port)
        for name, value in {**given, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1"}.items():
            patch.setenv(name, value)
        s3fs.S3FileSystem(skip_instance_cache=True).mkdir("lake")
        database = small.write_database(folder / "shop.sqlite")
        with sail.spark() as spark:
            for name in FORMATS:
                for at, root in enumerate((f"s3://lake/{name}", f"{folder}/{name}")):
                    write_shop(spark, database, root, name, f"{name}_{at}")
        patch.undo()  # from here on only connections say where the store is
        yield {
            "store": given["AWS_ENDPOINT_URL"],
            "secret": given["AWS_SECRET_ACCESS_KEY"],
            "disk": str(folder),
        }
    s3fs.S3FileSystem.clear_instance_cache()


def write_shop(spark: Callable[[str], Any], database: Path, root: str, name: str, space: str) -> None:
    options, _, partitions = FORMATS[name]
    properties = ", ".join(f"'{key}' = '{value}'" for key, value in options.items())
    using = "delta" if name == "delta" else "iceberg"
    spark(f"CREATE DATABASE {space}")
    with closing(sqlite3.connect(database)) as con:
        for (table,) in con.execute("SELECT name FROM sqlite_master").fetchall():
            columns = con.execute(f"PRAGMA table_info({table})").fetchall()
            spelled = ", ".join(f"{of[1]} {TYPES[of[2]]}" for of in columns)
            parts = partitions if table == "orders" else ""
            spark(
                f"CREATE TABLE {space}.{table} ({spelled}) USING {using} {parts} LOCATION '{root}/{table}' "
                f"TBLPROPERTIES ({properties})"
            )
            rows = con.execute(f"SELECT * FROM {table}").fetchall()
            if table == "orders":
                rows += [(13, 1, "2024-02-02 10:00:00"), (14, 1, None)]
            literals = ", ".join("(" + ", ".join(map(literal, row, columns)) + ")" for row in rows)
            spark(f"INSERT INTO {space}.{table} VALUES {literals}")
    gone = f"MERGE INTO {space}.orders AS t USING (SELECT {{}} AS id) AS s ON t.order_id = s.id WHEN MATCHED THEN DELETE"
    for order in (13, 14):
        spark(gone.format(order))


def literal(value: Any, column: tuple[Any, ...]) -> str:
    if value is None:
        return "NULL"
    text = repr(value)
    return f"CAST({text} AS TIMESTAMP_NTZ)" if column[2] == "TIMESTAMP" else text


def store_of(lakes: dict[str, str], names: str) -> dict[str, str]:
    """The store as a connection names it: for fsspec or for pyiceberg."""
    words = {
        "fsspec": ("key", "secret", "endpoint_url"),
        "pyiceberg": ("s3.access-key-id", "s3.secret-access-key", "s3.endpoint"),
    }
    return dict(zip(words[names], ("afschrift", lakes["secret"], lakes["store"]), strict=True))


def catalogue_of(lakes: dict[str, str], name: str, root: str, folder: Path) -> SqlCatalog:
    """A catalogue of tables that are there."""
    given = store_of(lakes, "pyiceberg") if root.startswith("s3:") else {}
    made = SqlCatalog("c", uri=f"sqlite:///{folder}/catalogue.sqlite", warehouse=root, **given)
    made.create_namespace("shop")
    for table in ("customer", "orders", "ticket", "ticket_message"):
        place = f"{root}/{table}/metadata"
        version = read(lakes, f"{place}/version-hint.text").decode().strip()
        names = [
            f"{place}/v{version}.metadata.json",
            f"{place}/{version}.metadata.json",
            f"{place}/{version}",
        ]
        made.register_table(("shop", table), next(of for of in names if there(lakes, of)))
    return made


def fs_of(lakes: dict[str, str], place: str) -> Any:
    import fsspec

    return fsspec.filesystem(
        urlsplit(place).scheme or "file",
        **(store_of(lakes, "fsspec") if place.startswith("s3:") else {}),
    )


def read(lakes: dict[str, str], place: str) -> bytes:
    return bytes(fs_of(lakes, place).cat(place))


def there(lakes: dict[str, str], place: str) -> bool:
    return bool(fs_of(lakes, place).exists(place))


PLACES = [
    ("store", "delta", ""),
    ("store", "vectors", ""),
    ("store", "vectors", "sql"),
    ("store", "positions", "rest"),
    ("disk", "positions", "sql"),
    ("disk", "vectors", "rest"),
]


@contextmanager
def reached(
    lakes: dict[str, str], place: tuple[str, str, str], folder: Path
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Kind, options and the extra of the connection of a source."""
    where, name, catalogue = place
    root = f"s3://lake/{name}" if where == "store" else f"{lakes['disk']}/{name}"
    kind = "delta" if name == "delta" else "iceberg"
    if not catalogue:
        yield kind, json.dumps({"root": root}), store_of(lakes, "fsspec")
        return
    with ExitStack() as stack:
        behind = catalogue_of(lakes, name, root, folder)
        uri = f"sqlite:///{folder}/catalogue.sqlite"
        extra = {"uri": uri, "name": "c", **(store_of(lakes, "pyiceberg") if where == "store" else {})}
        if catalogue == "rest":
            extra |= {"uri": stack.enter_context(rest_catalogue(behind, TOKEN)), "token": TOKEN}
        yield kind, json.dumps({"root": root, "catalogue": catalogue, "namespace": "shop"}), extra


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_a_request_gets_the_rows_that_deletes_left(
    place: tuple[str, str, str], lakes: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = small.write_database(tmp_path / "shop.sqlite")
    monkeypatch.setenv("MINI_SHOP", str(plain))
    expected = data_of(tmp_path / "plain", small.write_inventory(tmp_path / "maps"))
    at = f"s3://lake/{place[1]}/orders" if place[0] == "store" else f"{lakes['disk']}/{place[1]}/orders"
    assert any(FORMATS[place[1]][1] in path for path in fs_of(lakes, at).find(at))
    with reached(lakes, place, tmp_path) as (kind, options, extra):
        monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps({"conn_type": "aws", "extra": extra}))
        text = small.SHOP.replace("kind: sqlite", f"kind: {kind}\nconnection: lake")
        inventory = small.write_inventory(
            tmp_path / "inventory", text.replace('{path: "${MINI_SHOP}"}', options)
        )
        assert data_of(tmp_path / "home", inventory) == expected
        monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(inventory))
        done = command(("inventory", "check", "--live", "--fail-on", "error"))
        assert done.code == 0, done.text + done.errors
        if place[0] == "store" and not place[2]:
            report = command(("source", "test", "shop", "--write-schema", "scratch"))
            assert report.code == 0, report.text + report.errors
            assert not fs_of(lakes, at).find("lake/scratch") + fs_of(lakes, at).find(
                f"lake/{place[1]}/scratch"
            )


def data_of(home: Path, inventory: Path) -> dict[str, bytes]:
    """The payload of a request."""
    services = installation(home, inventory)
    found = members(run(services, store(services, {"customer_id": "1"})))
    masked = partial(re.sub, rb"\[masked \w+\]", b"[masked]")  # each installation has its own key of masks
    return {name: masked(content) for name, content in found.items() if name.startswith("data/shop/")}


@pytest.mark.parametrize("wrong", ["token", "server"])
def test_a_catalogue_that_refuses_or_is_away_is_named_without_its_token(
    wrong: str, lakes: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reached(lakes, ("disk", "vectors", "rest"), tmp_path) as (kind, options, extra):
        extra["token" if wrong == "token" else "uri"] = "secret" if wrong == "token" else "http://127.0.0.1:1"
        monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps({"conn_type": "aws", "extra": extra}))
        with (
            pytest.raises(RetriableError, match="The catalogue of source w cannot be read") as error,
            open_source("w", kind, json.loads(options), connection="lake"),
        ):
            pass
    assert "secret" not in str(error.value)
