"""A scan proposes what rows are called that others point to: by what a name means, and by how values differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.scanned import made

from afschrift.datamap.scan.scan_source import Asked, scan_source

ROWS = 30


def tables(
    folder: Path, columns: str, values: str, *, samples: bool = True, name: str = "thing"
) -> dict[str, Any]:
    """The draft of a table to which rows of people point; `values` may say `{n}`, its number."""
    rows = ", ".join(f"({n}, {values.format(n=n)})" for n in range(ROWS))
    statements = f"""
    CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE);
    CREATE TABLE {name} (thing_id INTEGER PRIMARY KEY, {columns});
    CREATE TABLE bought (bought_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer,
      thing_id INTEGER REFERENCES {name});
    INSERT INTO customer VALUES (1, 'Ann', 'Bos', 'ann@example.org');
    INSERT INTO {name} VALUES {rows};
    INSERT INTO bought VALUES (1, 1, 1);
    """
    path = made(folder / "shop.db", statements)
    asked = Asked(
        kind="sqlite", options={"path": str(path)}, samples=samples, out=folder / "x.yml", dry_run=True
    )
    found: dict[str, Any] = yaml.safe_load(scan_source(asked, lambda _: None).text)["tables"]
    return found


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        ("code TEXT, name TEXT", "name"),
        ("omschrijving TEXT, naam TEXT", "naam"),
        ("image_name TEXT, titel TEXT", "titel"),
        ("sku TEXT, thing_name TEXT", "thing_name"),
        ("sku TEXT, thing TEXT", "thing"),
        ("sku TEXT, beschrijving TEXT", "beschrijving"),
        ("phone TEXT, company_name TEXT", "company_name"),
        ("file_name TEXT, host_name TEXT", None),
        ("sku TEXT, price INTEGER", None),
        ("sku TEXT, name INTEGER", None),
    ],
)
def test_by_what_a_name_means(columns: str, label: str | None, tmp_path: Path) -> None:
    found = tables(tmp_path, columns, "'a {n}', 'b {n}'")
    assert found["thing"].get("label") == label
    assert "label" not in found["customer"], (
        "the person's own name beside each of their numbers tells nothing"
    )
    assert "label" not in found["bought"], "nothing points to it"


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ("'{n}', 'Red {n}'", "name"),
        ("'Red {n}', 'the same'", "title"),  # few values do not distinguish rows
        ("'Red {n}', '" + "a long story " * 9 + "{n}'", "title"),
        ("'one', 'two'", None),
        ("NULL, NULL", "name"),  # no value says otherwise
    ],
)
def test_repeated_values_are_no_label(values: str, label: str | None, tmp_path: Path) -> None:
    assert tables(tmp_path, "title TEXT, name TEXT", values)["thing"].get("label") == label


def test_without_looking_at_values_the_name_decides(tmp_path: Path) -> None:
    found = tables(tmp_path, "title TEXT, name TEXT", "'one', 'two'", samples=False)
    assert found["thing"]["label"] == "name"
    assert found["thing"]["columns"]["name"]["review"] == "needed", (
        "and no answer uses it before a person looked"
    )
