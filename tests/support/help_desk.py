"""Two warehouses with the same staff: a shop's tickets (DuckDB) and the notes of a call centre (SQLite)."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import duckdb
from tests.support import maps

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
PERSON = "person: customer_id\nkeys:\n  customer_id: {unique: yes}\n"


def write(folder: Path, amend: Mapping[str, str] | None = None) -> Path:
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
    sources = {
        "shop": maps.text("help_desk_shop.yml", shop=folder / "shop.duckdb"),
        "calls": maps.text("help_desk_calls.yml", calls=folder / "calls.sqlite"),
    }
    inventory = maps.write(folder / "inventory", identity=PERSON, **sources)
    for file in inventory.iterdir() if amend else ():
        text = file.read_text(encoding="utf-8")
        for old, new in (amend or {}).items():
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
    return inventory
