"""Fides' own example, a public sample database: the person of its tests comes out as it expects."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from testbed import postgres as pg
from testbed.mini import CONTROLLER, POLICY
from testbed.running import installation, run, store
from tests.support.command_line import in_this_process

from afschrift.datamap.review.written_files import lines
from afschrift.outside.read_yaml import read_yaml

PURPOSE = {
    "basis": "A6-1-b",
    "title": {"nl": "Je bestelling leveren", "en": "Delivering your order"},
    "retention": {"period": "P2Y", "trigger": {"nl": "na je bestelling", "en": "after your order"}},
    "recipients": [],
}


NOT_IN_THE_DATASET = {
    "orders": ["payment_card_id"],
    "order_item": ["item_no"],
    "product": ["description", "url"],
}


def confirmed(file: Path) -> None:
    """What a data engineer does after an import: ways and columns looked at, with the purpose each serves."""
    source: dict[str, Any] = json.loads(json.dumps(read_yaml(file.read_text(encoding="utf-8")), default=str))
    source |= {"purposes": {"sale": PURPOSE}, "unlisted": "ignore", "zone": "Europe/Amsterdam"}
    for table, columns in NOT_IN_THE_DATASET.items():
        source["tables"][table]["columns"] |= {column: {} for column in columns}
    for table in source["tables"].values():
        table.pop("ways", None)
        if table.get("personal") is not False:
            table["purposes"] = ["sale"]
        for column in table["columns"].values():
            if column.pop("review", None):
                column.pop("proposed", None)
                column.setdefault("origin", "observed")
            column.setdefault("origin", "observed")
    file.write_text("\n".join(lines(source, ())) + "\n", encoding="utf-8")


def as_text(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True)


def given(bundle: Path) -> dict[str, list[dict[str, Any]]]:
    """Table -> its rows; a table with several entries has those of all."""
    found: dict[str, list[dict[str, Any]]] = {}
    with zipfile.ZipFile(bundle) as archive:
        for name in archive.namelist():
            if re.fullmatch(r"[^/]+/data/shop/\w+\.json", name):
                table = Path(name).stem.partition("_by_")[0]
                found.setdefault(table, []).extend(json.loads(archive.read(name)))
    return found


def test_the_person_comes_out_as_fides_expects(
    shared_data: Path,
    new_postgres: Callable[..., pg.Database],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = shared_data / "fides"
    if not folder.is_dir():
        pytest.skip("no example of Fides in ../shared/data beside this clone")
    database = new_postgres()
    with psycopg.connect(database.libpq, autocommit=True) as connection:
        connection.execute((folder / "postgres_sample.sql").read_text(encoding="utf-8"))  # type: ignore[arg-type]
    monkeypatch.setenv("AIRFLOW_CONN_FIDES", database.libpq)
    inventory = tmp_path / "inventory"
    inventory.mkdir()
    for name, text in {
        "controller.yml": CONTROLLER,
        "policy.yml": POLICY,
        "identity.yml": "person: email\nkeys:\n  email: {unique: over_time}\n",
    }.items():
        (inventory / name).write_text(text, encoding="utf-8")
    words = ("inventory", "import", "fides", str(folder / "postgres_example_test_dataset.yml"))
    into = ("--source", "shop", "--kind", "postgres", "--connection", "fides", "--folder", str(inventory))
    result = in_this_process((*words, *into))
    assert result.code == 0, result
    before = (inventory / "shop.yml").read_bytes()
    assert in_this_process((*words, *into)).code == 0
    assert (inventory / "shop.yml").read_bytes() == before
    confirmed(inventory / "shop.yml")

    services = installation(tmp_path / "home", inventory)
    cases = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["cases"]
    bundle = given(run(services, store(services, {"email": "customer-1@example.com"}, language="en")))
    for case in cases:
        assert case["identity"] == {"email": "customer-1@example.com"}
        for place, rows in case["asserted"].items():
            if ":" in place:
                table = place.partition(":")[2]
                found = [{column: row[column] for column in rows[0]} for row in bundle[table]]
                assert sorted(map(as_text, found)) == sorted(map(as_text, rows)), place
    assert len(bundle["orders"]) == 3 and len(bundle["login"]) == 6
    assert "employee" not in bundle
