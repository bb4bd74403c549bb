"""The loader tells every fault at once, with file and line."""

import json
import os
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML
from testbed.mini import SHOP, write_inventory

from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import FILES, load, schema


def faults(folder: Path) -> dict[str, int]:
    with pytest.raises(InventoryError) as caught:
        load(folder, ["duckdb", "postgres"])
    return {fault.message: fault.line for fault in caught.value.faults}


def test_a_sound_inventory_loads(tmp_path: Path) -> None:
    inventory = load(write_inventory(tmp_path))
    assert list(inventory.sources) == ["shop"]
    assert inventory.sources["shop"].tables["ticket_message"].origin.values["bot"] == "inferred"


def test_digest_follows_content_and_not_place(tmp_path: Path) -> None:
    first = load(write_inventory(tmp_path / "a"))
    second = load(write_inventory(tmp_path / "b"))
    changed = load(write_inventory(tmp_path / "c", SHOP.replace("A6-1-f", "A6-1-c")))
    assert first.digest == second.digest != changed.digest
    assert first.policy_digest == changed.policy_digest


def test_all_faults_in_one_error(tmp_path: Path) -> None:
    folder = write_inventory(tmp_path, SHOP.replace("A6-1-f", "A6-1-z").replace("user.contact.email", "nope"))
    (folder / "policy.yml").write_text("observed: {choice: true}\n")
    (folder / "identity.yml").unlink()
    with pytest.raises(InventoryError) as caught:
        load(folder)
    assert {fault.file for fault in caught.value.faults} == {"policy.yml", "identity.yml"}
    assert "afschrift inventory check" in str(caught.value)


def test_broken_yaml_and_doubled_key(tmp_path: Path) -> None:
    folder = write_inventory(tmp_path, "source: shop\ntables: [\n")
    assert any("not readable as YAML" in message for message in faults(folder))
    write_inventory(tmp_path, SHOP + "\nsource: shop\n")
    assert any("duplicate key" in message for message in faults(folder))
    assert any("no such folder" in message for message in faults(tmp_path / "nowhere"))


def test_a_table_without_a_way_to_the_person(tmp_path: Path) -> None:
    text = SHOP.replace("    subject: {customer_id: customer_id}\n    join: {list_id: wishlist.list_id}\n",
                        "    join: {list_id: wishlist.list_id}\n")  # fmt: skip
    found = faults(write_inventory(tmp_path, text))
    assert sum("no way leads" in message for message in found) == 1


def test_a_misspelt_word_does_not_hide_other_faults(tmp_path: Path) -> None:
    text = (
        SHOP.replace("unit:", "unti:")
        .replace("A6-1-f", "A6-1-z")
        .replace("{order_id: orders.order_id}", "{order_id: x.y}", 1)
    )
    found = "\n".join(faults(write_inventory(tmp_path, text)))
    assert all(words in found for words in ("not known here", "choose one of A6-1-a", "has no table x"))


def test_the_schema_accepts_what_the_loader_accepts(project_root: Path) -> None:
    kinds = {"identity.yml": "identity", "controller.yml": "controller", "policy.yml": "policy"}
    folders = (project_root / "include" / "inventory", project_root / "examples" / "chinook" / "inventory")
    for path in [p for folder in folders for p in folder.glob("*.yml")]:
        document = json.loads(
            json.dumps(YAML(typ="safe").load(path.read_text(encoding="utf-8")), default=str)
        )
        jsonschema.validate(document, schema(FILES[kinds.get(path.name, "source")]))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {"source": "x", "kind": "duckdb", "tables": {"t": {"joins": {}}}}, schema(FILES["source"])
        )


def test_a_change_of_a_file_is_read_at_once(tmp_path: Path) -> None:
    folder = write_inventory(tmp_path)
    before = load(folder)
    assert load(folder) is before, "the same files are read once a process"
    identity = folder / "identity.yml"
    stamp = identity.stat().st_mtime_ns
    identity.write_text(identity.read_text(encoding="utf-8") + "# a remark\n", encoding="utf-8")
    os.utime(identity, ns=(stamp, stamp))
    after = load(folder)
    assert after.digest != before.digest
    assert after.policy_digest == before.policy_digest
