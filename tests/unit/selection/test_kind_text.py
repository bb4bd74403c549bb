"""`kind: text` in the inventory overrules a column's type in the statements that read it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from testbed.mini import SCHEMA, SHOP, write_inventory
from tests.support import profile_shop
from tests.support.key_shop import AT, SQL
from tests.support.two_sessions import open_two

from afschrift.domain.decision import Action, Mask
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.domain.plan import FieldPlan
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.load import load
from afschrift.inventory.model import SourceFile
from afschrift.selection.map_entries import of_entries
from afschrift.selection.mask_tokens import salt_key
from afschrift.selection.statements import Statements
from afschrift.sources.duckdb.dialect import DuckDialect

TYPED = "ordered_at: {origin: observed}"
CREATED = [statement.split(";")[0] for statement in SCHEMA.split("CREATE")[1:]]
TABLES = (
    *(f"CREATE{made}".replace("ordered_at TIMESTAMP", "ordered_at DATETIME") for made in CREATED),
    "INSERT INTO customer (customer_id) VALUES (1)",
    "INSERT INTO orders VALUES (10, 1, 1706745600), (11, 1, '2024-10-27 02:30:00Z')",
)


def read(folder: Path, kind: str, action: Action) -> list[str]:
    """What a plan's statement gives for two times of which neither is one of DATETIME's form."""
    shop = SHOP.replace(TYPED, f"ordered_at: {{origin: observed{kind}}}")
    inventory = load(write_inventory(folder / "inventory", shop))
    with closing(sqlite3.connect(folder / "shop.sqlite")) as con:
        for statement in TABLES:
            con.execute(statement)
        con.commit()
    field = FieldPlan("ordered_at", ValueKind.TEXT, action, (), "", mask=Mask.TOKEN)
    with open_two("shop", "sqlite", {"path": str(folder / "shop.sqlite")}) as session:
        session.bind([Key("customer_id", "1"), salt_key("salt")], AT)
        catalogue = session.catalogue()
        found = Statements(SQL, inventory.sources["shop"], inventory.identity, session.dialect, catalogue)
        batches = list(session.stream(found.extract("orders", [field], None)))
        assert list(session.stream(found.span("orders", "ordered_at")[1]))
    return [row["ordered_at"] for batch in batches for row in batch.to_pylist()]


def test_values_are_read_and_tokens_made_as_stored(tmp_path: Path) -> None:
    for action in (Action.INCLUDE, Action.MASK):
        (folder := tmp_path / action).mkdir()
        found = read(folder, ", kind: text", action)
        assert len(set(found)) == 2
        assert action is Action.MASK or found == ["1706745600", "2024-10-27 02:30:00Z"]


@pytest.mark.parametrize("action", [Action.INCLUDE, Action.MASK])
def test_without_it_the_column_is_named_with_the_remedy(tmp_path: Path, action: Action) -> None:
    with pytest.raises(ConfigurationError, match=r"shop\.orders\.ordered_at .*`kind: text`"):
        read(tmp_path, "", action)


NUMBER = ColumnType("INTEGER", ValueKind.INTEGER, "{column}")
DOCUMENT = ColumnType("JSON", ValueKind.JSON, "CAST({column} AS VARCHAR)")
MEMBERS = ["profile_city", "profile_zip", "profile_score", "profile_dotted"]


@pytest.fixture
def shop(tmp_path: Path) -> SourceFile:
    written = profile_shop.write_inventory(tmp_path / "inventory", "duckdb", "options: {path: none.duckdb}")
    return load(written).sources["shop"]


def test_members_follow_their_document(shop: SourceFile) -> None:
    catalogue = {"visit": {"visit_id": NUMBER, "profile": DOCUMENT, "last": NUMBER}}
    found = of_entries(shop, catalogue, DuckDialect())["visit"]
    assert list(found) == ["visit_id", "profile", *MEMBERS, "last"]
    assert all(found[name].part and found[name].value for name in ("profile", *MEMBERS))
    assert of_entries(shop, {"visit": found}, DuckDialect())["visit"] == found

    catalogue = {"visit": {"profile": DOCUMENT, "profile_city": NUMBER}}
    with pytest.raises(ConfigurationError, match="give the member another name"):
        of_entries(shop, catalogue, DuckDialect())

    assert list(of_entries(shop, {"visit": {"visit_id": NUMBER}}, DuckDialect())["visit"]) == ["visit_id"]

    document = ColumnType("JSON", ValueKind.JSON, "{column}", closed=True)
    found = of_entries(shop, {"visit": {"profile": document}}, DuckDialect())["visit"]
    assert all(found[name].closed for name in MEMBERS)


@pytest.mark.parametrize("type_", [NUMBER, ColumnType("VARCHAR", ValueKind.TEXT, "{column}")])
def test_column_without_documents_has_no_members(shop: SourceFile, type_: ColumnType) -> None:
    found = of_entries(shop, {"visit": {"profile": type_}}, DuckDialect())["visit"]
    assert all(found[name].kind is None and "kind: json" in found[name].remedy for name in MEMBERS)
