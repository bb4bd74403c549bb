"""The loader tells every fault at once, with file and line."""

import json
import os
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML
from testbed.mini import SHOP, write_inventory

from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import FILES, load, schema
from afschrift.inventory.run_in import RunIn, declared_sources
from afschrift.sources.registry import SOURCES


def faults(folder: Path) -> dict[str, int]:
    with pytest.raises(InventoryError) as caught:
        load(folder, SOURCES)
    return {fault.message: fault.line for fault in caught.value.faults}


def test_digest_follows_content_and_not_place(tmp_path: Path) -> None:
    first = load(write_inventory(tmp_path / "a"))
    second = load(write_inventory(tmp_path / "b"))
    changed = load(write_inventory(tmp_path / "c", SHOP.replace("A6-1-f", "A6-1-c")))
    assert first.digest == second.digest != changed.digest
    assert first.policy_digest == changed.policy_digest

    inventory = load(write_inventory(tmp_path))
    assert list(inventory.sources) == ["shop"]
    assert inventory.sources["shop"].tables["ticket_message"].origin.values["bot"] == "inferred"


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


FINANCE = "run_in: {queue: finance, pool: ledger_reads, pod_template_file: /opt/pods/finance.yaml}\n"
BLOCK = "run_in:\n  # behind a firewall\n\n  queue: finance\n# still of it\n  pool: ledger_reads\n"


def with_line(text: str) -> str:
    return SHOP.replace("zone: Europe/Amsterdam\n", f"zone: Europe/Amsterdam\n{text}", 1)


def test_a_source_says_where_its_tasks_run(tmp_path: Path) -> None:
    folder = write_inventory(tmp_path, with_line(FINANCE))

    expected = RunIn(queue="finance", pool="ledger_reads", pod_template_file="/opt/pods/finance.yaml")
    assert load(folder).sources["shop"].run_in == expected
    assert declared_sources(folder).read == {"shop": expected}
    write_inventory(tmp_path)  # where nothing is said
    assert load(folder).sources["shop"].run_in == RunIn()
    assert declared_sources(folder).read == {"shop": RunIn()}


@pytest.mark.parametrize(
    "text", [FINANCE, FINANCE.replace("finance", "other"), BLOCK, BLOCK.replace("\n", "\r\n")]
)
def test_a_plan_rests_on_no_queue(tmp_path: Path, text: str) -> None:
    plain = load(write_inventory(tmp_path / "plain"))
    with_run_in = load(write_inventory(tmp_path / "run_in", with_line(text)))

    assert with_run_in.sources["shop"].run_in.queue
    assert with_run_in.digest == plain.digest
    other = load(write_inventory(tmp_path / "other", with_line(text).replace("A6-1-f", "A6-1-c")))
    assert other.digest != plain.digest


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("zone:", '"run_in": {queue: finance}\nzone:', "on lines of its own"),
        ("zone:", "run_in : &at {queue: finance}\noptions: *at\nzone:", "on lines of its own"),
        ('recipients: {name: Wachtpost B.V., country: NL}', 'recipients: {name: "B\nrun_in: {queue: x}\n V", country: NL}', "on lines of its own"),
        ("zone:", "run_in: {queue: 'a,b'}\nzone:", "queue"),
        ("zone:", "run_in: {queues: a}\nzone:", "not known here"),
        ("zone:", "run_in: {pod_template_file: finance.yaml}\nzone:", "pod_template_file"),
    ],
)  # fmt: skip
def test_what_could_hide_a_change_is_a_fault(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = SHOP.replace('options: {path: "${MINI_SHOP}", threads: 1}\n', "") if "options" in new else SHOP
    folder = write_inventory(tmp_path, text.replace(old, new, 1))

    with pytest.raises(InventoryError, match="(?s)run_in.*" + words):
        load(folder)


def test_a_system_that_people_search_has_no_place(tmp_path: Path) -> None:
    folder = write_inventory(tmp_path, with_line(FINANCE))
    (folder / "paper.yml").write_text("source: paper\nkind: manual\n")

    found = declared_sources(folder)
    assert (list(found.read), found.manual) == (["shop"], ("paper",))

    with pytest.raises(ConfigurationError, match=r"No source is described.*AFSCHRIFT_INVENTORY"):
        declared_sources(tmp_path / "none")


@pytest.mark.parametrize("head", ["source:\n  shop\n", '"source": shop\n', "? source\n: shop\n"])
def test_name_inside_a_line_is_read_with_the_whole_file(tmp_path: Path, head: str) -> None:
    folder = write_inventory(tmp_path, SHOP.replace("source: shop\n", head, 1))

    assert list(declared_sources(folder).read) == list(load(folder).sources) == ["shop"]


NAMES = [f"source: {name}\n" for name in ("Web shop", "web.shop", "", "a" * 42, "[shop]")]


@pytest.mark.parametrize(
    "text",
    [
        *NAMES,
        "source:b\n",
        "source: b\nrun_in: {queue: \x01}\n",
        "source: b\nkind: \x07\n",
        "source: b\nrun_in: {queue: [}\n",
    ],
)
def test_what_cannot_be_read_is_reported_with_its_file(tmp_path: Path, text: str) -> None:
    write_inventory(tmp_path, with_line(FINANCE))
    rest = SHOP.partition("source: shop\n")[2] if text in NAMES else ""
    (tmp_path / "b.yml").write_text(text + rest, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"(?s)b\.yml.*afschrift inventory check"):
        declared_sources(tmp_path)
