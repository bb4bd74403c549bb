"""Two warehouses with the same staff: a shop's tickets (DuckDB) and the notes of a call centre (SQLite)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import duckdb
from testbed.mini import CONTROLLER, POLICY

TICKETS = (
    (1, "Mijn buurvrouw Carla Bakker (carla@example.net, 06-87654321) was erbij.", "Zoë"),
    (2, "Ik ben Ann de Vries, ANN@example.org, 0612345678. Graag antwoord.", "zoë"),
    (3, None, None),
    (4, "Order 2012345678 van € 1.234.567,89 op 2024-11-25.", "Zoë "),
    (5, "Overmaken naar NL91 ABNA 0417 1643 00, zei Zed.", ""),
    (6, "Niets bijzonders.", "17"),
)
CALLS = ((1, "Piet Bakker neemt over. Ann weet ervan.", "Zoë", 17), (2, "Afgehandeld.", "Yılmaz", None))
STAFF = ((17, "Zed"), (18, "Piet"))

_PURPOSES = """
purposes:
  service:
    basis: A6-1-b
    title: {nl: Vragen beantwoorden, en: Answering your questions}
    retention: {period: P1Y, trigger: {nl: na uw vraag, en: after your question}}
    recipients: []
    automated_decision: false
"""
SHOP = f"""
source: shop
kind: duckdb
options: {{path: "{{shop}}"}}
{_PURPOSES}
tables:
  customer:
    subject: {{customer_id: customer_id}}
    key: [customer_id]
    names: {{columns: [first, last]}}
    purposes: [service]
    columns:
      customer_id: {{origin: assigned}}
      first: {{origin: provided, category: user.name.first}}
      last: {{origin: provided, category: user.name.last}}
      email: {{origin: provided, category: user.contact.email}}
      phone: {{origin: provided, category: user.contact.phone_number}}
  ticket:
    subject: {{customer_id: customer_id}}
    key: [id]
    purposes: [service]
    columns:
      id: {{origin: assigned}}
      customer_id: {{origin: assigned}}
      body: {{origin: provided, category: user.content.private, free_text: true}}
      agent: {{origin: assigned, about: third_party, third_party: mask}}
"""
CALLS_FILE = f"""
source: calls
kind: sqlite
options: {{path: "{{calls}}"}}
{_PURPOSES}
tables:
  call:
    subject: {{customer_id: customer_id}}
    key: [id]
    purposes: [service]
    columns:
      id: {{origin: assigned}}
      customer_id: {{origin: assigned}}
      note: {{origin: provided, category: user.content.private, free_text: true}}
      agent: {{origin: assigned, about: third_party, third_party: mask}}
      agent_no: {{origin: assigned, about: third_party, third_party: mask}}
  staff:
    personal: false
    names: {{columns: [name]}}
    columns: {{number: {{origin: not_personal}}, name: {{origin: not_personal}}}}
"""


def write(folder: Path, amend: Mapping[str, str] | None = None) -> Path:
    """Both warehouses and their inventory, whose folder is returned; `amend` replaces texts of it."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        con.execute(
            """CREATE TABLE customer (customer_id INTEGER, first VARCHAR, last VARCHAR, email VARCHAR, phone VARCHAR);
            INSERT INTO customer VALUES (1, 'Ann', 'de Vries', 'ann@example.org', '+31 6 12345678'),
              (2, 'Carla', 'Bakker', 'carla@example.net', NULL), (3, 'BOB', 'Best', NULL, NULL);
            CREATE TABLE ticket (id INTEGER, customer_id INTEGER, body VARCHAR, agent VARCHAR);"""
        )
        con.executemany("INSERT INTO ticket VALUES (?, 1, ?, ?)", TICKETS)
        con.execute("INSERT INTO ticket VALUES (7, 2, 'Ann de Vries?', 'Zoë')")
    with sqlite3.connect(folder / "calls.sqlite") as lite:
        lite.execute(
            "CREATE TABLE call (id INTEGER, customer_id INTEGER, note TEXT, agent TEXT, agent_no INTEGER)"
        )
        lite.execute("CREATE TABLE staff (number INTEGER, name TEXT)")
        lite.executemany("INSERT INTO call VALUES (?, 1, ?, ?, ?)", CALLS)
        lite.executemany("INSERT INTO staff VALUES (?, ?)", STAFF)
    lite.close()
    files = {
        "shop.yml": SHOP,
        "calls.yml": CALLS_FILE,
        "identity.yml": "person: customer_id\nkeys:\n  customer_id: {unique: yes}\n",
        "controller.yml": CONTROLLER,
        "policy.yml": POLICY,
    }
    inventory = folder / "inventory"
    inventory.mkdir()
    for name, text in files.items():
        for word, path in (("{shop}", "shop.duckdb"), ("{calls}", "calls.sqlite")):
            text = text.replace(word, str(folder / path))
        for old, new in (amend or {}).items():
            text = text.replace(old, new)
        (inventory / name).write_text(text, encoding="utf-8")
    return inventory
