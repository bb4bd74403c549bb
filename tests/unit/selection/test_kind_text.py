"""`kind: text` in the inventory overrules a column's type in the statements that read it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from testbed.mini import SCHEMA, SHOP, write_inventory
from tests.support.key_shop import AT, SQL
from tests.support.two_sessions import open_two

from afschrift.domain.decision import Action, Mask
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.load import load
from afschrift.selection.mask_tokens import salt_key
from afschrift.selection.statements import Statements

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
