"""Parts of documents in the catalogue: members, rights, and equal names."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support import profile_shop

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.load import load
from afschrift.inventory.model import SourceFile
from afschrift.selection.map_entries import of_entries
from afschrift.sources.duckdb.dialect import DuckDialect

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


@pytest.mark.parametrize("type_", [NUMBER, ColumnType("VARCHAR", ValueKind.TEXT, "{column}")])
def test_column_without_documents_has_no_members(shop: SourceFile, type_: ColumnType) -> None:
    found = of_entries(shop, {"visit": {"profile": type_}}, DuckDialect())["visit"]
    assert all(found[name].kind is None and "kind: json" in found[name].remedy for name in MEMBERS)


def test_a_member_with_the_name_of_a_column_is_refused(shop: SourceFile) -> None:
    catalogue = {"visit": {"profile": DOCUMENT, "profile_city": NUMBER}}
    with pytest.raises(ConfigurationError, match="give the member another name"):
        of_entries(shop, catalogue, DuckDialect())


def test_a_document_that_is_gone_takes_its_members_along(shop: SourceFile) -> None:
    assert list(of_entries(shop, {"visit": {"visit_id": NUMBER}}, DuckDialect())["visit"]) == ["visit_id"]


def test_an_account_without_the_right_has_none_to_the_members(shop: SourceFile) -> None:
    document = ColumnType("JSON", ValueKind.JSON, "{column}", closed=True)
    found = of_entries(shop, {"visit": {"profile": document}}, DuckDialect())["visit"]
    assert all(found[name].closed for name in MEMBERS)
