"""The command line as a person types it: real files, exit codes and what it says."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from testbed.mini import SHOP, write_database, write_inventory
from testbed.running import installation, run, store
from tests.support.command_line import CommandResult, command, in_this_process

from afschrift.domain.errors import ConfigurationError

pytestmark = pytest.mark.slow

REQUEST = {
    "message": "Ik wil graag al mijn gegevens.",
    "channel": "portal",
    "received_at": "2026-01-01T10:00:00+01:00",
    "right": ["portability", "access"],
    "keys": {"customer_id": "1"},
    "authenticated": {"by": "log-in", "level": "password + code", "at": "2026-01-01T09:59:00+01:00"},
}


class Terminal:
    """Runs `afschrift` with an installation of its own, which the environment names."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.inventory = write_inventory(folder / "inventory")
        self.run: Callable[[tuple[str, ...], str], CommandResult] = in_this_process
        for name in [name for name in os.environ if name.startswith("AFSCHRIFT_")]:
            patch.delenv(name)
        patch.setenv("AFSCHRIFT_HOME", str(folder / "home"))
        patch.setenv("AFSCHRIFT_INVENTORY", str(self.inventory))
        patch.setenv("MINI_SHOP", str(write_database(folder / "shop.duckdb")))

    def __call__(self, *words: str, stdin: str = "", code: int = 0) -> str:
        shown = self.run(words, stdin)
        assert shown.code == code, shown
        assert "Traceback" not in shown.errors
        return shown.text + shown.errors

    def submit(self, **more: object) -> list[str]:
        shown = self("submit", "-", "--start", "no", stdin=json.dumps(REQUEST | more))
        return [line for line in shown.splitlines() if line.startswith("req-")]


@pytest.fixture
def afschrift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal(tmp_path, monkeypatch)
    terminal("key", "new")
    return terminal


def test_without_keys_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(tmp_path, monkeypatch)
    terminal.run = command
    assert "afschrift key new" in terminal("requests", code=1)


def test_submit_and_look_in_processes_of_their_own(afschrift: Terminal) -> None:
    afschrift.run = command
    ids = afschrift.submit()
    assert len(ids) == 2
    assert {r["id"] for r in json.loads(afschrift("requests", "--json"))} == set(ids)
    assert "customer_id" in afschrift("request", "show", ids[0])
    assert "The trail is whole" in afschrift("audit", "verify")
    preview = afschrift("plan", ids[0], "--sql")
    assert "shop.orders: 2 rows" in preview
    assert "password_hash" in preview
    assert 'FROM "orders" AS t' in preview


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"keys": {"phone": "1"}}, "identity keys are not declared: phone"),
        ({"keys": {}}, "keys"),
        ({"keys": {"customer_id": 46}}, "put identity keys between quotes"),
        (
            {"limits": {"quote": "only orders", "tables": ["shop.order"]}},
            "name nothing that there is: shop.order",
        ),
        ({"message": ""}, "message"),
        ({"received_at": "2999-01-01T00:00:00Z"}, "lies in the future"),
        ({"received_at": "2026-01-01T10:00:00"}, "received_at"),
        ({"right": "erasure"}, "right"),
        ({"formats": ["pdf"]}, "R57"),
        ({"language": "fr"}, "not offered in this language"),
        ({"destination": "moon"}, "destination is not configured"),
        ({"recieved": 1}, "recieved"),
    ],
)
def test_a_mistake_in_a_request_stores_nothing(
    afschrift: Terminal, change: dict[str, object], words: str
) -> None:
    shown = afschrift("submit", "-", "--start", "no", stdin=json.dumps(REQUEST | change), code=1)
    assert words in shown
    assert "Ik wil graag" not in shown
    assert "No open request" in afschrift("requests")


def test_the_organisation_of_the_example_takes_requests_in_a_demo_alone(
    afschrift: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = afschrift.inventory / "controller.yml"
    controller.write_text(controller.read_text() + "example: true\n")
    assert "take `example: true` out" in afschrift("inventory", "check")
    shown = afschrift("submit", "-", "--start", "no", stdin=json.dumps(REQUEST), code=1)
    assert "still describes the organisation of the example" in shown
    assert "No open request" in afschrift("requests")
    monkeypatch.setenv("AFSCHRIFT_DEMO", "1")
    assert len(afschrift.submit()) == 2


def test_submit_what_is_no_yaml_or_not_there(afschrift: Terminal) -> None:
    assert "line 1" in afschrift("submit", "-", "--start", "no", stdin="a: [", code=1)
    assert "cannot be read" in afschrift("submit", "nowhere.yml", code=1)


def test_identity_question_and_answer(afschrift: Terminal) -> None:
    request = afschrift.submit(authenticated=None, right="access")[0]
    assert "is not confirmed at the level" in afschrift("plan", request, code=1)
    afschrift("request", "confirm-identity", request, "--method", "call_back", "--level", "substantial")
    assert "shop.customer: 1 row " in afschrift("plan", request)


def test_unknown_ids(afschrift: Terminal) -> None:
    for words in (("plan", "req-000000000000"), ("request", "show", "../../etc/passwd")):
        assert "knows no request" in afschrift(*words, code=1)
    assert "question" in afschrift("answer", "q-000000000000", "--choice", "x", stdin="\n", code=1)


def test_inventory_commands(afschrift: Terminal) -> None:
    assert "is sound" in afschrift("inventory", "check", "--live", "--fail-on", "error")
    explained = afschrift("inventory", "explain", "customer.score", "--right", "portability")
    assert "EXCLUDE" in explained
    assert "R18" in explained
    assert "INCLUDE" in afschrift("inventory", "explain", "shop.customer.score", "--right", "access")
    assert "Several columns" not in afschrift("inventory", "explain", "beat.bpm")
    assert "decides in each case" not in explained
    shop = SHOP.replace("ordered_at: {origin: observed}", "ordered_at: {origin: observed, review: case}")
    write_inventory(afschrift.inventory, shop)
    assert "decides in each case" in afschrift("inventory", "explain", "orders.ordered_at")
    assert "no column customer.nope" in afschrift("inventory", "explain", "customer.nope", code=1)
    assert json.loads(afschrift("inventory", "schema"))["title"] == "SourceFile"
    assert "information sheet" not in afschrift("inventory", "check")
    write_inventory(afschrift.inventory, SHOP.replace("period: P2Y", "period: as long as necessary"))
    output = afschrift("inventory", "check")
    assert "purposes.account.retention of source shop: “as long as necessary” is no period" in output
    write_inventory(afschrift.inventory, SHOP.replace("A6-1-f", "A6-1-z"))
    assert "shop.yml:21" in afschrift("inventory", "check", code=1)


def test_check_says_how_much_is_classified_and_what_is_left(afschrift: Terminal) -> None:
    shown = afschrift("inventory", "check", "--live", "--fail-on", "error")
    assert "of personal tables, 100 %." in shown
    write_inventory(
        afschrift.inventory, SHOP.replace("      name: {origin: provided}\n", "      name: {}\n", 1)
    )
    shown = afschrift("inventory", "check", "--live", "--fail-on", "error")
    assert ", 98 %." in shown
    assert "shop.customer.name has no `origin`" in shown
    assert "98 % of them classified" in shown


def test_check_and_explain_mark_proposals(afschrift: Terminal) -> None:
    proposed = "origin: provided, review: needed, proposed: {confidence: 0.9, because: the name}"
    text = SHOP.replace("      name: {origin: provided}\n", f"      name: {{{proposed}}}\n", 1)
    text = text.replace("    personal: false\n", "    personal: false\n    review: needed\n")
    write_inventory(afschrift.inventory, text)
    shown = afschrift("inventory", "check")
    assert "shop.customer.name is proposed and not confirmed (`review: needed`)" in shown
    assert "shop.sku is proposed as a copy or not personal, and not confirmed" in shown
    shown = afschrift("inventory", "explain", "customer.name")
    assert "portability (Art. 20): ASK" in shown
    assert "proposed  origin provided (confidence 0.90: the name); not confirmed" in shown
    assert "every request stops there" in afschrift("inventory", "explain", "sku.title", code=1)


def test_check_has_one_line_for_columns_with_one_reason(afschrift: Terminal) -> None:
    """Of a draft with default purposes: no line a column, and none for purposes that the defaults give."""
    draft = """\
source: shop
kind: duckdb
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
    write_inventory(afschrift.inventory, draft)
    shown = afschrift("inventory", "check").splitlines()
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


def test_explain_says_which_word_a_default_gave(afschrift: Terminal) -> None:
    text = SHOP.replace("      name: {origin: provided}\n", "", 1).replace(
        "    purposes: [account]\n", "    purposes: [account]\n    confirmed: [name]\n", 1
    )
    defaults = "defaults:\n  columns:\n    n?me: {origin: provided, category: user.name}\ntables:\n"
    write_inventory(afschrift.inventory, text.replace("tables:\n", defaults, 1))
    shown = afschrift("inventory", "explain", "customer.name")
    assert "INCLUDE" in shown
    assert "  default   category, origin by defaults.columns.n?me" in shown
    assert "defaults.purposes" not in shown
    text = text.replace("    purposes: [account]\n    confirmed", "    confirmed", 1)
    write_inventory(
        afschrift.inventory, text.replace("tables:\n", f"{defaults[:-8]}  purposes: [account]\ntables:\n", 1)
    )
    shown = afschrift("inventory", "explain", "customer.name")
    assert "  purpose   account (A6-1-b)" in shown
    assert "  default   purposes by defaults.purposes" in shown


def test_check_is_content_once_its_own_advice_was_followed(afschrift: Terminal) -> None:
    with duckdb.connect(os.environ["MINI_SHOP"]) as con:
        con.execute("ALTER TABLE customer ADD COLUMN spot UNION(n INTEGER, t VARCHAR)")
        con.execute("CREATE TABLE scratch (x INTEGER)")
    text = SHOP.replace(
        "      name: {origin: provided}\n", "      name: {origin: provided}\n      spot: {}\n", 1
    )
    write_inventory(afschrift.inventory, text)
    shown = afschrift("inventory", "check", "--live", code=1)
    assert "which is not known (shop.yml:" in shown
    assert "What to do: give it `kind: text`." in shown
    assert "shop.scratch is in the source, but not in the inventory: every request stops there" in shown
    text = text.replace("spot: {}", "spot: {origin: provided, kind: text}")
    write_inventory(afschrift.inventory, text.replace("kind: duckdb", "kind: duckdb\nunlisted: ignore"))
    shown = afschrift("inventory", "check", "--live", "--fail-on", "error")
    assert "shop: not read, by `unlisted: ignore`: scratch" in shown


@pytest.mark.parametrize("fault", ["deleted rows", "other types"])
def test_lake_with_differing_files_is_reported_by_each_command(
    afschrift: Terminal, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    lake = afschrift.folder / "lake"
    with duckdb.connect(os.environ["MINI_SHOP"], read_only=True) as con:
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            (lake / table).mkdir(parents=True)
            con.execute(f"COPY {table} TO '{lake / table / '1.parquet'}' (FORMAT parquet)")
    monkeypatch.setenv("MINI_SHOP", str(lake))
    write_inventory(
        afschrift.inventory, SHOP.replace("kind: duckdb", "kind: parquet").replace("{path:", "{root:")
    )
    request = afschrift.submit()[0]
    afschrift("inventory", "check", "--live", "--fail-on", "error")
    afschrift("plan", request)
    if fault == "deleted rows":
        (lake / "orders/_delta_log").mkdir()
        (lake / "orders/_delta_log/00000000000000000000.json").write_text("{}")
        words = "The folder orders of source shop is a table of Delta Lake"
    else:
        orders = {"order_id": [10], "customer_id": ["0001"], "ordered_at": [None]}
        pq.write_table(pa.table(orders), lake / "orders/2.parquet")
        words = "The files of shop.orders do not agree on column customer_id"
    assert words in afschrift("inventory", "check", "--live", code=1)
    assert words in afschrift("plan", request, code=1)
    services = installation(afschrift.folder / "home", afschrift.inventory)
    with pytest.raises(ConfigurationError, match=words):
        run(services, store(services, {"customer_id": "1"}))


def test_verify_exit_codes(afschrift: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    afschrift.run = command
    services = installation(afschrift.folder / "home", afschrift.inventory)
    bundle = run(services, store(services, {"customer_id": "1"}))
    assert "which is trusted" in afschrift("verify", str(bundle))
    other = afschrift.folder / "other.pem"
    pem = afschrift("key", "public").split("\n", 1)[1]
    other.write_text(pem)
    afschrift("verify", str(bundle), "--key", str(other))
    (afschrift.folder / "stranger").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        stranger = Terminal(afschrift.folder / "stranger", patch)
        stranger.run = command
        assert "NOT among the trusted keys" in stranger("verify", str(bundle), code=3)
    broken = afschrift.folder / "broken.zip"
    content = bytearray(bundle.read_bytes())
    middle = len(content) // 2
    # One byte alone could be the time in a header of the ZIP file, which says nothing.
    content[middle : middle + 64] = bytes(64)
    broken.write_bytes(content)
    assert "REFUSED" in afschrift("verify", str(broken), code=1)
    into = afschrift.folder / "deep" / "unpacked"
    afschrift("unpack", str(bundle), str(into))
    assert (into / "index.html").exists()


def test_help_everywhere(afschrift: Terminal) -> None:
    for words in (
        (),
        ("submit",),
        ("inventory",),
        ("inventory", "explain"),
        ("key",),
        ("audit",),
        ("request",),
    ):
        assert "Usage" in afschrift(*words, "--help")
