"""`afschrift source test` on every kind that it can write to, and on the tables that there are."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from testbed.mini import write_database, write_inventory
from tests.support.command_line import run_command
from tests.support.log_lakes import LOGGED
from tests.support.nightly import nightly_after
from tests.support.warehouses import SERVERS, database_of

KINDS = ("sqlite", "duckdb", "mysql", "postgres", *LOGGED)


@pytest.fixture(params=nightly_after(1, KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def scratch(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Path, str]]:
    """A folder with the file of a source `w`, and a schema of it in which nothing is."""
    with database_of(kind, request) as database:
        place = f"options: {{path: '{tmp_path / 'none.db'}'}}"
        schema = str(tmp_path / "scratch.db")
        if kind in LOGGED:
            place, schema = f"options: {{root: '{tmp_path}'}}", "scratch"
        if kind in SERVERS:
            monkeypatch.setenv("AIRFLOW_CONN_W", database.uri() if kind == "mysql" else database.libpq)
            place, schema = "connection: w", "scratch"
        if kind == "postgres":
            database.execute("CREATE SCHEMA scratch")
        if kind == "mysql":
            schema = database.name
        inventory = write_inventory(tmp_path / "inventory")
        (inventory / "shop.yml").unlink()
        (inventory / "w.yml").write_text(
            f"source: w\nkind: {kind}\n{place}\nunlisted: ignore\ntables: {{}}\n"
        )
        yield inventory, schema


def test_a_report_of_the_types_and_the_contract(scratch: tuple[Path, str], kind: str) -> None:
    inventory, schema = scratch
    page = run_command("source", "test", "w", "--write-schema", schema, "--folder", inventory)
    assert f"kind `{kind}`" in page and "| `n` |" in page
    assert "| one snapshot is read | " in page and "| a statement is cancelled | within" in page
    assert "**" not in page
    again = run_command("source", "test", "w", "--write-schema", schema, "--folder", inventory)
    assert "**" not in again  # so nothing was left behind
    assert kind not in LOGGED or not (inventory.parent / schema).exists()
    if kind == "iceberg":
        with (inventory / "w.yml").open("a") as file:
            file.write("connection: w\n")
        text = (inventory / "w.yml").read_text().replace("{root:", "{catalogue: sql, root:")
        (inventory / "w.yml").write_text(text)
        refused = run_command("source", "test", "w", "--write-schema", schema, "--folder", inventory, code=1)
        assert "without its `catalogue`" in refused


def test_tables_that_there_are_are_read_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = write_database(tmp_path / "shop.duckdb")
    monkeypatch.setenv("MINI_SHOP", str(shop))
    before = shop.read_bytes()
    inventory = write_inventory(tmp_path / "inventory")
    page = run_command("source", "test", "shop", "--folder", inventory)
    assert "| `orders` | " in page and "| read |" in page
    assert shop.read_bytes() == before
    missing = run_command("source", "test", "shpo", "--folder", inventory, code=1)
    assert "There is no source shpo." in missing and "shop" in missing
