"""What leads to a table is looked up once for a source, and is what looking at every table gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from afschrift.inventory.joins import hops, references, tie_columns
from afschrift.inventory.model import SourceFile
from afschrift.wiring.build_services import load_inventory


@pytest.fixture(scope="module")
def shop(project_root: Path) -> SourceFile:
    return load_inventory(project_root / "include" / "inventory").sources["shop"]


def test_the_columns_that_others_point_to_tie_a_table(shop: SourceFile) -> None:
    targets = [
        target
        for other in shop.tables.values()
        for target in [*(t for join in other.join for t in join.values()), *other.references.values()]
    ]
    assert len(targets) > 10
    for target in targets:
        table, _, column = target.rpartition(".")
        assert column in tie_columns(shop, table)
    bare = [name for name in shop.tables if all(t.rpartition(".")[0] != name for t in targets)]
    for name in bare:
        assert name not in shop.pointed_at


def test_the_tables_that_are_joined_to_one_are_found_in_their_order(shop: SourceFile) -> None:
    for parent in shop.tables:
        joined = [name for name in shop.tables if any(hop.parent == parent for hop in hops(shop, name))]
        assert list(shop.joined_to.get(parent, ())) == joined
    assert any(references(shop, name) for name in shop.joined_to)
