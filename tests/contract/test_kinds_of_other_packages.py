"""Kinds that another package brings by the entry point `afschrift.sources`, and what a kind does without."""

import json
import sqlite3
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from testbed.running import drive, installation, members, store
from tests.support import maps

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key, KeyMatch
from afschrift.sources import registry
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.options import Opening
from afschrift.sources.read_session import ReadSession, missing
from afschrift.sources.registry import SOURCES, Adapter, open_source
from afschrift.sources.sqlite.source import Sqlite
from afschrift.sources.text_rows import text_batch

ADAPTER = Adapter("afschrift.sources.sqlite.source", "Sqlite")
BROUGHT = {
    "brought": f"{__name__}:ADAPTER",
    "no_module": "afschrift_nowhere:ADAPTER",
    "no_name": f"{__name__}:NOWHERE",
    "no_adapter": f"{__name__}:BROUGHT",
    "lite": "afschrift_lite:LITE",
    "postgres": f"{__name__}:ADAPTER",  # a name of ours, which no package can take over
}


@pytest.fixture(autouse=True)
def _brought(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    registry._brought.cache_clear()
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [EntryPoint(*each, group) for each in BROUGHT.items()]
    )
    yield
    registry._brought.cache_clear()


def test_a_kind_of_another_package_is_opened_as_ours_are() -> None:
    assert "brought" in SOURCES and "nowhere" not in SOURCES
    assert list(SOURCES).count("postgres") == 1 and len(SOURCES) == len(list(SOURCES))
    assert SOURCES["postgres"] is not ADAPTER
    assert type(open_source("w", "brought", {"path": "x"})).__name__ == "Sqlite"


@pytest.mark.parametrize("kind", ["no_module", "no_name", "no_adapter"])
def test_a_kind_that_cannot_be_loaded_names_its_entry_point(kind: str) -> None:
    with pytest.raises(ConfigurationError, match=f"(?s)kind {kind} of package.*{BROUGHT[kind]}"):
        open_source("w", kind, {})


def test_a_text_key_stored_in_its_normal_form_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`lite` cannot ask for the normal form of a text."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "examples" / "source")
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE customer (customer_id INTEGER, code TEXT, name TEXT)")
        file.execute("INSERT INTO customer VALUES (1, 'C-1', 'Ann'), (2, 'C-2', 'Bob')")
        file.execute("CREATE TABLE thing (id INTEGER, code TEXT, good TEXT)")
        file.execute("INSERT INTO thing VALUES (10, 'C-1', 'fine'), (11, 'C-2', 'other'), (12, 'c-1', 'no')")
    file.close()
    stored = "code: {column: code, normal: {by: shop, on: 2026-11-29, why: one form}}"
    shop = maps.text("damaged.yml", kind="lite", place=f"options: {{path: {path}}}", columns="")
    customer, thing = shop.split("  thing:")
    customer = customer.replace("customer_id: customer_id}", f"customer_id: customer_id, {stored}}}")
    customer = customer.replace("name: {", "code: {origin: assigned}, name: {")
    thing = thing.replace("customer_id: customer_id}", f"{stored}}}").replace("customer_id: {", "code: {")
    shop = f"{customer}  thing:{thing}"
    identity = "person: customer_id\nkeys: {customer_id: {unique: yes}, code: {unique: yes}}\n"
    inventory = maps.write(tmp_path / "inventory", identity=identity, shop=shop)
    services = installation(tmp_path / "home", inventory)
    request = store(services, {"customer_id": "1"}, "portability", formats=["json"])
    given = members(drive(services, request))
    assert [row["good"] for row in json.loads(given["data/shop/thing.json"])] == ["fine"]


class OneText(Sqlite):
    """Its keys are one bound text, as where a session may make no table."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        names = ("person", "name", "value", "is_current")
        columns = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in names)
        self.dialect.keys = f"(SELECT {columns} FROM json_each(?))"

    bind = ReadSession.bind
    rows = ReadSession.rows

    def stream(self, statement: str) -> Iterator[Any]:
        cursor = self.connection.execute(statement, self.key_values(statement))
        names = [column[0] for column in cursor.description]
        yield text_batch(self.name, names, cursor.fetchall())


def test_keys_are_one_bound_text_as_often_as_a_statement_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    sqlite3.connect(path).close()
    with OneText(Opening("w", {"path": str(path)})) as session:
        keys = session.dialect.keys
        assert session.rows(f"SELECT count(*) FROM {keys} AS k") == [(0,)]
        session.bind([Key("owner", "3"), Key("owner", "' OR 1=1 --")], "2026-01-01T00:00:00Z")
        twice = f"SELECT k.value FROM {keys} AS k JOIN {keys} AS o ON o.value = k.value ORDER BY 1"
        assert session.rows(twice) == [("' OR 1=1 --",), ("3",)]
        assert session.rows("SELECT 1") == [(1,)]


class Plain(StandardDialect):
    """Its database has no SQL for the normal form of a text."""

    name = "plain"

    def is_text(self, native: str) -> bool:
        return True

    def text_bytes(self, column: str, native: str) -> str:
        return column


def test_a_key_as_text_without_a_normal_form_is_refused_unless_it_is_stored_so() -> None:
    assert Plain().holds_key("t.c", "TEXT", normal=True) == "t.c = k.value AND t.c = k.value"
    for match, normal in ((KeyMatch.EXACT, False), (KeyMatch.EMAIL, True)):
        with pytest.raises(ConfigurationError, match="say `normal` at the key"):
            Plain().holds_key("t.c", "TEXT", match, normal=normal)


@pytest.mark.parametrize(
    ("kind", "options", "lacks"),
    [
        ("duckdb", {"path": "x"}, 1),
        ("mysql", {}, 0),
        ("parquet", {"root": "x"}, 1),
        ("postgres", {}, 0),
        ("sqlite", {"path": "x"}, 1),
        ("sqlalchemy", {"driver": "mysql+pymysql"}, 5),
    ],
)
def test_what_a_kind_does_without_is_said_before_it_is_opened(
    kind: str, options: dict[str, str], lacks: int
) -> None:
    words = missing(open_source("w", kind, options))
    assert len(words) == lacks, words
    assert sum("`sessions` is refused" in each for each in words) == min(lacks, 1)
    assert sum("`afschrift plan` does not say" in each for each in words) == (lacks > 1)
