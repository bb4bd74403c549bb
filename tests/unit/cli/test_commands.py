"""The command line as a person types it: real files, exit codes and what it says."""

import json
from pathlib import Path

import duckdb
import pytest
from testbed import mini
from testbed.running import run, store
from testbed.small import SHOP
from tests.support.command_line import SECRET, command, in_this_process, run_command, submit

from afschrift.encryption.aes_zip import AesZip
from afschrift.encryption.secret import draw
from afschrift.services import Services

pytestmark = pytest.mark.slow


def test_without_keys_it_says_what_to_do(home: Path) -> None:
    done = command(("requests",))
    assert (done.code, "afschrift key new" in done.errors, "Traceback" in done.errors) == (1, True, False)


def test_submit_and_look(services: Services) -> None:
    ids = submit().requests
    assert len(ids) == 2
    assert {row["id"] for row in json.loads(command(("requests", "--json")).text)} == set(ids)
    assert "customer_id" in run_command("request", "show", ids[0])
    assert "The trail is whole" in run_command("audit", "verify")
    preview = run_command("plan", ids[0], "--sql")
    assert "shop.orders: 2 rows" in preview
    assert "password_hash" in preview
    assert 'FROM "orders" AS t' in preview


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"keys": {"phone": "1"}}, "identity.yml declares no such key: use customer_id, email"),
        ({"keys": {}}, "keys"),
        ({"keys": {"customer_id": 46}}, "put identity keys between quotes"),
        ({"limits": {"quote": "x", "tables": ["shop.order"]}}, "name nothing that there is: shop.order"),
        ({"message": ""}, "message"),
        ({"received_at": "2999-01-01T00:00:00Z"}, "lies in the future"),
        ({"received_at": "2026-01-01T10:00:00"}, "received_at"),
        ({"right": "erasure"}, "right"),
        ({"formats": ["pdf"], "right": "portability"}, "R57"),
        ({"language": "fr"}, "not offered in this language"),
        ({"destination": "moon"}, "destination is not configured"),
        ({"colour": 1}, "line 1: this key is not known here: take it out"),
    ],
)
def test_a_mistake_in_a_request_stores_nothing(
    services: Services, change: dict[str, object], words: str
) -> None:
    done = submit(**change)
    assert (done.code, words in done.errors, SECRET in done.errors) == (1, True, False), done
    assert services.register.requests.all() == []


def test_the_organisation_of_the_example_takes_requests_in_a_demo_alone(
    services: Services, inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (inventory / "controller.yml").open("a") as file:
        file.write("example: true\n")
    checked = run_command("inventory", "check")
    assert "take `example: true` out" in checked
    assert "a child asks alone" not in checked
    controller = (inventory / "controller.yml").read_text()
    (inventory / "controller.yml").write_text(controller.replace("country: NL", "country: BE"))
    assert "a child asks alone is not settled for BE: 16" in run_command("inventory", "check")
    assert "still describes the organisation of the example" in submit().errors
    assert services.register.requests.all() == []
    monkeypatch.setenv("AFSCHRIFT_DEMO", "1")
    assert len(submit().requests) == 2


def test_what_is_not_there_is_named(services: Services) -> None:
    assert "input:1: not" in run_command("submit", "-", "--start", "no", stdin="a: [", code=1)
    assert "cannot be read" in run_command("submit", "nowhere.yml", code=1)
    for words in (("plan", "req-000000000000"), ("request", "show", "../../etc/passwd")):
        assert "knows no request" in run_command(*words, code=1)
    assert "question" in run_command("answer", "q-000000000000", "--choice", "x", stdin="\n", code=1)


def test_inventory_commands(inventory: Path) -> None:
    explain = ("inventory", "explain")
    explained = run_command(*explain, "customer.score", "--right", "portability")
    assert "EXCLUDE" in explained
    assert "R18" in explained
    assert "decides in each case" not in explained
    assert "INCLUDE" in run_command(*explain, "shop.customer.score", "--right", "access")
    assert "no column customer.nope" in run_command(*explain, "customer.nope", code=1)
    assert json.loads(run_command("inventory", "schema"))["title"] == "SourceFile"
    assert "information sheet" not in run_command("inventory", "check")
    shop = SHOP.replace("ordered_at: {origin: observed}", "ordered_at: {origin: observed, review: case}")
    mini.write_inventory(inventory, shop.replace("{period: P40Y, from: orders.ordered_at}", "long"))
    assert "decides in each case" in run_command(*explain, "orders.ordered_at")
    checked = run_command("inventory", "check")
    assert "purposes.account.retention of source shop: “long” is no period" in checked
    mini.write_inventory(inventory, SHOP.replace("A6-1-b", "A6-1-z"))
    assert "shop.yml:8" in run_command("inventory", "check", code=1)


def test_check_says_how_much_is_classified_and_what_is_left(inventory: Path) -> None:
    assert "of personal tables, 100 %." in run_command("inventory", "check", "--live")
    text = SHOP.replace("name: {origin: provided}", "name: {}", 1)
    mini.write_inventory(inventory, text)
    shown = run_command("inventory", "check", "--live", "--fail-on", "error")
    assert ", 93 %." in shown
    assert "shop.customer.name has no `origin`" in shown
    assert "93 % of them classified" in shown


def test_check_and_explain_mark_proposals(inventory: Path) -> None:
    proposed = "origin: provided, review: needed, proposed: {confidence: 0.9, because: the name}"
    text = SHOP.replace("name: {origin: provided}", f"name: {{{proposed}}}", 1)
    sku = "  sku: {personal: false, review: needed, columns: {title: {}}}\n"
    mini.write_inventory(inventory, text + sku)
    shown = run_command("inventory", "check")
    assert "shop.customer.name is proposed and not confirmed (`review: needed`)" in shown
    assert "shop.sku is proposed as a copy or not personal, and not confirmed" in shown
    shown = run_command("inventory", "explain", "customer.name")
    assert "portability (Art. 20): ASK" in shown
    assert "proposed  origin provided (confidence 0.90: the name); not confirmed" in shown
    assert "every request stops there" in run_command("inventory", "explain", "sku.title", code=1)


def test_check_has_one_line_for_columns_with_one_reason(inventory: Path) -> None:
    """Of a draft with default purposes: no line a column, and none for purposes that the defaults give."""
    draft = """\
source: shop
kind: sqlite
options: {path: "${MINI_SHOP}"}
purposes:
  sale: {basis: A6-1-b, title: {nl: Verkoop, en: Sale}, retention: P2Y, recipients: []}
defaults: {columns: {"*_at": {origin: observed, purposes: [sale]}, "name": {purposes: [sale]}}}
tables:
  shop.person: # a table of another schema
    subject: {customer_id: customer_id}
    purposes: [sale]
    columns: {customer_id: {review: needed, origin: assigned}, name: {review: needed}, score: {}, rank: {}, at: {origin: observed}}
  visit:
    subject: {customer_id: customer_id}
    columns: {customer_id: {review: needed, origin: assigned, purposes: [sale]}, seen_at: {}, left_at: {}, name: {}}
  remark:
    subject: {customer_id: customer_id}
    columns: {customer_id: {review: needed, origin: assigned}, name: {review: needed}}
"""
    mini.write_inventory(inventory, draft)
    shown = run_command("inventory", "check").splitlines()
    asks = [line.strip() for line in shown if "asks" in line]
    wait = "proposed and not confirmed (`review: needed`); a request that reads one asks"
    assert asks == [
        f"shop.shop.person: 2 columns are {wait}: customer_id, name",
        "shop.shop.person: 2 columns have no `origin`; a request that reads one asks: score, rank",
        "shop.shop.person.at is confirmed, but not shop.shop.person.customer_id, on which it "
        "rests: a request that reads it asks",
        f"shop.visit: 4 columns are {wait}: customer_id, seen_at, left_at, name",
        f"shop.remark: 2 columns are {wait}: customer_id, name",
    ]
    assert [line.strip() for line in shown if "purposes of source" in line] == [
        "tables.remark.purposes of source shop: is missing"
    ], "what a default gives is not missing; `customer_id` of `remark` has none"


def test_explain_says_which_word_a_default_gave(inventory: Path) -> None:
    text = SHOP.replace("      name: {origin: provided}\n", "", 1).replace(
        "    purposes: [account]\n", "    purposes: [account]\n    confirmed: [name]\n", 1
    )
    defaults = "defaults:\n  columns:\n    n?me: {origin: provided, category: user.name}\n"
    mini.write_inventory(inventory, text.replace("tables:\n", f"{defaults}tables:\n", 1))
    shown = run_command("inventory", "explain", "customer.name")
    assert "INCLUDE" in shown
    assert "  default   category, origin by defaults.columns.n?me" in shown
    assert "defaults.purposes" not in shown
    text = text.replace("    purposes: [account]\n    confirmed", "    confirmed", 1)
    of_all = f"{defaults}  purposes: [account]\ntables:\n"
    mini.write_inventory(inventory, text.replace("tables:\n", of_all, 1))
    shown = run_command("inventory", "explain", "customer.name")
    assert "  purpose   account (A6-1-b)" in shown
    assert "  default   purposes by defaults.purposes" in shown


def test_check_is_content_once_its_own_advice_was_followed(
    inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINI_SHOP", str(tmp_path / "shop.duckdb"))
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("CREATE TABLE customer (id INTEGER, spot UNION(n INTEGER, t VARCHAR))")
        con.execute("CREATE TABLE scratch (x INTEGER)")
    columns = "{id: {origin: assigned}, spot: {}}"
    table = (
        f"  customer: {{subject: {{customer_id: id}}, key: [id], purposes: [account], columns: {columns}}}\n"
    )
    text = SHOP.partition("  customer:\n")[0].replace(", from: orders.ordered_at", "") + table
    text = text.replace("sqlite", "duckdb")
    mini.write_inventory(inventory, text)
    shown = run_command("inventory", "check", "--live", code=1)
    assert "which is not known (shop.yml:" in shown
    assert "What to do: give it `kind: text`." in shown
    assert "shop.scratch is in the source, but not in the inventory: every request stops there" in shown
    text = text.replace("spot: {}", "spot: {origin: provided, kind: text}")
    mini.write_inventory(inventory, text.replace("kind: duckdb", "kind: duckdb\nunlisted: ignore"))
    shown = run_command("inventory", "check", "--live", "--fail-on", "error")
    assert "shop: not read, by `unlisted: ignore`: scratch" in shown


def test_verify_exit_codes(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = run(services, store(services, {"customer_id": "1"}))
    assert "which is trusted" in run_command("verify", bundle)
    other = tmp_path / "other.pem"
    other.write_text(run_command("key", "public").split("\n", 1)[1])
    run_command("verify", bundle, "--key", other)
    run_command("unpack", bundle, tmp_path / "deep" / "unpacked")
    assert (tmp_path / "deep" / "unpacked" / "index.html").exists()
    broken = tmp_path / "broken.zip"
    content = bytearray(bundle.read_bytes())
    middle = len(content) // 2
    # One byte alone could be the time in a header of the ZIP file, which says nothing.
    content[middle : middle + 64] = bytes(64)
    broken.write_bytes(content)
    assert "REFUSED" in run_command("verify", broken, code=1)
    words = draw("nl")
    locked = tmp_path / "locked.zip"
    with bundle.open("rb") as source, locked.open("wb") as sink:
        AesZip().encrypt(source, bundle.stat().st_size, sink, words)
    wrong = in_this_process(("bundle", "open", str(locked)), stdin=f"{draw('nl')}\n")
    assert (wrong.code, "not the words of this file" in wrong.errors) == (1, True)
    assert not (tmp_path / "locked").exists()
    opened = in_this_process(("bundle", "open", str(locked)), stdin=f"{words.replace(' ', '- ').title()}\n")
    assert opened.text.split()[-1] == str(tmp_path / "locked" / "index.html")
    assert (tmp_path / "locked" / "index.html").exists()
    plain = in_this_process(("bundle", "open", str(bundle)), stdin="\n")
    assert "`afschrift unpack` opens a bundle" in plain.errors
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "stranger"))
    run_command("key", "new")
    assert "NOT among the trusted keys" in run_command("verify", bundle, code=3)
