"""A source is a class in a folder: with a line in the registry, and nothing else, its tables can be asked for."""

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import yaml
from testbed.mini import SHOP, write_database, write_inventory
from testbed.running import installation, run, store
from tests.airflow_support import AirflowEnv
from tests.support.warehouses import MANY, fill_duckdb

from afschrift.datamap.scan.scan_source import Asked, scan_source
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.inventory.model import Inventory
from afschrift.services import Services
from afschrift.sources.duckdb.session import DuckSession
from afschrift.sources.options import Opening, required
from afschrift.sources.registry import SOURCES, Adapter, open_source
from afschrift.testing.source_contract import AT, SourceToTest, keys_are_bound


class ExportedFolder(DuckSession):
    """`kind: exported`. Options: `folder`."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening, "folder")
        self._folder = required(self.name, opening.options, "folder")

    def connect(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect(":memory:")
        con.execute(f"IMPORT DATABASE {self.dialect.literal(self._folder)}")
        return con


EXPORTED = Adapter(__name__, "ExportedFolder", connections=("exported_shop",), port=9494)


@pytest.fixture(autouse=True)
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, "exported", EXPORTED)


def exported(database: Path) -> Path:
    folder = database.with_suffix(".exported")
    with duckdb.connect(str(database), read_only=True) as con:
        con.execute(f"EXPORT DATABASE '{folder}' (FORMAT parquet)")
    return folder


def shop(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str = SHOP) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(folder.parent / "shop.duckdb"))
    write_inventory(folder / "inventory")
    (folder / "inventory" / "shop.yml").write_text(text, encoding="utf-8")
    return installation(folder / "home", folder / "inventory")


def data(services: Services) -> dict[str, bytes]:
    """The files of tables in the answer to a request, with one token for all masks: it is the request's own."""
    with zipfile.ZipFile(run(services, store(services, {"customer_id": "1"}))) as archive:
        names = (name for name in archive.namelist() if "/data/shop/" in name)
        return {
            name.partition("/")[2]: re.sub(rb"\[masked \w+\]", b"[masked]", archive.read(name))
            for name in names
        }


def test_a_request_reads_it_as_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = exported(write_database(tmp_path / "shop.duckdb"))
    before = 'kind: duckdb\noptions: {path: "${MINI_SHOP}", threads: 1}'
    after = f"kind: exported\noptions: {{folder: '{folder}', threads: 1}}"
    assert before in SHOP

    of_export = data(shop(tmp_path / "a", monkeypatch, SHOP.replace(before, after)))

    assert "data/shop/orders.csv" in of_export
    assert of_export == data(shop(tmp_path / "b", monkeypatch))


def test_a_new_source_binds_keys(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as con:
        fill_duckdb(con, set())
    folder = exported(tmp_path / "w.duckdb")
    of = SourceToTest(lambda: open_source("w", "exported", {"folder": str(folder)}), MANY)
    assert keys_are_bound(of)
    with of.open() as session:
        session.bind([Key("owner", "3")], AT)
        assert session.rows("SELECT value FROM afschrift_key") == [("3",)]


def test_a_scan_takes_it_by_the_type_of_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = exported(write_database(tmp_path / "shop.duckdb"))
    monkeypatch.setenv("AIRFLOW_CONN_OLD_SHOP", "exported-shop://")
    monkeypatch.chdir(tmp_path)
    asked = Asked(
        "old_shop", options={"folder": str(folder)}, persons=["customer"], samples=False, dry_run=True
    )

    drafted = yaml.safe_load(scan_source(asked, lambda _: None).text)

    assert (drafted["kind"], drafted["connection"]) == ("exported", "old_shop")
    assert "orders" in drafted["tables"]


def test_lineage_names_its_tables_by_host_and_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, airflow_env: AirflowEnv
) -> None:
    from afschrift.airflow_ext.outside.lineage import table
    from afschrift.airflow_ext.outside.metrics import Pass

    write_database(tmp_path / "shop.duckdb")
    found = shop(tmp_path / "a", monkeypatch).inventory
    of_kind = found.sources["shop"].model_copy(update={"kind": "exported", "connection": "old_shop"})
    inventory: Inventory = found.model_copy(update={"sources": {"shop": of_kind}})
    done = Pass(inventory, {"old_shop": ("host", None, "db")})
    assert table(done, "shop", "orders") == ("exported://host:9494", "db.orders")


def test_an_extra_that_it_needs_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, "exported", replace(EXPORTED, extra="mysql"))
    monkeypatch.setattr("afschrift.app.extras.installed", lambda _: False)
    with pytest.raises(ConfigurationError, match=r"kind exported needs a library.*\n?.*afschrift\[mysql\]"):
        open_source("w", "exported", {"folder": "x"})
