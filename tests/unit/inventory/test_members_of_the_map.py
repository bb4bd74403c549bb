"""Members of documents in the data map: what they are, and what none of them can be."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support import profile_shop

from afschrift.datamap.exchange.dataset import export
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.value_kind import DocumentPart
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory

MORE = "options: {path: nowhere.duckdb}"


def loaded(folder: Path, *changes: tuple[str, str]) -> Inventory:
    """The data map of the shop, with texts of it replaced."""
    written = profile_shop.write_inventory(folder / "inventory", "duckdb", MORE)
    file = written / "shop.yml"
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    return load(written)


def test_a_member_is_a_column_and_its_document_the_rest(tmp_path: Path) -> None:
    table = loaded(tmp_path).sources["shop"].tables["visit"]
    paths = [("address", "city"), ("address", "zip"), ("score",), ("a.b",)]
    assert table.parts == {
        "profile": DocumentPart("profile", named=tuple(paths)),
        "profile_city": DocumentPart("profile", paths[0]),
        "profile_zip": DocumentPart("profile", paths[1]),
        "profile_score": DocumentPart("profile", paths[2]),
        "profile_dotted": DocumentPart("profile", paths[3]),
    }


def test_a_proposal_keeps_its_path(tmp_path: Path) -> None:
    waits = ("[profile, score], origin: inferred", "[profile, score], review: needed, origin: inferred")
    column = loaded(tmp_path, waits).sources["shop"].tables["visit"].columns["profile_score"]
    assert column.proposal is not None
    assert column.path == ("profile", "score")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("path: [profile, score]", "path: [profile]", "path"),
        ("path: [profile, score]", "path: [profile, address, city]", "a member is given once"),
        ("path: [profile, score]", "path: [profile, address]", "a member is given once"),
        ("path: [profile, score]", "path: [profile_city, score]", "profile_city is a member itself"),
        ("path: [profile, score]", "path: [profile_score, score]", "profile_score is a member itself"),
        ("path: [profile, score]", 'path: [profile, "sc\\nore"]', "sign of control"),
        ("profile: {", "profile: {kind: text, ", "a text has no members"),
        ("key: [visit_id]", "key: [visit_id, profile_score]", "`key` uses it"),
        ("key: [visit_id]", "key: [visit_id, profile]", "`key` uses it"),
        (
            "join: {customer_id: customer.customer_id}",
            "join: {profile_score: customer.customer_id}",
            "`join` uses it",
        ),
        ("key: [visit_id]", "key: [visit_id]\n    names: {columns: [profile_city]}", "`names` uses it"),
        (
            "retention: {period: P1Y, trigger: {nl: na uw bezoek, en: after your visit}}",
            "retention: {period: P1Y, from: visit.profile_score}",
            "a purpose uses it",
        ),
        (
            "basis: A6-1-b",
            "basis: A6-1-a\n    consent: {table: visit, column: profile_score, value: ja, withdrawn: visit_id}",
            "a purpose uses it",
        ),
        (
            "basis: A6-1-b",
            "basis: A6-1-a\n    consent: {table: shop.visit, column: visit_id, value: ja, withdrawn: profile}",
            "a purpose uses it",
        ),
        (
            "profile: {origin: inferred,",
            "profile: {origin: inferred, source: {from: profile_city},",
            "`source` uses it",
        ),
        (
            "subject: {customer_id: customer_id}",
            "subject: {customer_id: customer_id}\n    references: {customer_id: visit.profile_score}",
            "another table uses it",
        ),
    ],
)
def test_what_no_member_can_be(tmp_path: Path, old: str, new: str, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault):
        loaded(tmp_path, (old, new))


def test_a_default_is_no_member(tmp_path: Path) -> None:
    more = ("tables:\n", "defaults: {columns: {'*_score': {path: [a, b]}}}\ntables:\n")
    with pytest.raises(ConfigurationError, match="it cannot be a default"):
        loaded(tmp_path, more)


def test_a_dataset_of_fides_leaves_members_out_and_says_so(tmp_path: Path) -> None:
    found = export(loaded(tmp_path).sources["shop"])
    assert "name: profile\n" in found.text
    assert "profile_city" not in found.text
    assert "visit.profile_city: a member of a document" in found.left_out
