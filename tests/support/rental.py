"""A film rental whose rows point to rows of other tables in every way that a data map can say.

Customer 1 rents; customer 2 is another person, whose address customer 1 sent a film to.
"""

from pathlib import Path

import duckdb
from tests.support import maps

HOSTILE = "</script><img src=x onerror=alert(1)>"
BACKWARDS = "\u202eTFEL\u2066 שלום"
LONG = "Zoë " * 300
NICKNAME = "Canary Nickname Quux"
"""Guessed by the shop: access tells it, portability does not."""
TEXT = maps.text("rental.yml")

RENTALS = (
    # rental, film, store, copy, rented from, returned to, sent to, taste
    (1, 10, 1, 1, 1, 2, 1, 7),
    (2, 11, 1, 2, 1, 1, 2, 7),  # sent to another person's address, which is not in the answer
    (3, 12, 2, 1, 2, None, 3, None),
    (4, 13, 2, None, None, None, None, None),  # half of a composite key
    (5, 14, 9, 9, 9, None, None, None),  # a copy and a person who are not there
    (6, 99, None, None, 1, None, None, None),  # a film that is not there
    (7, 15, None, None, None, None, None, None),
)
FILMS = (
    (10, "Academy Dinosaur", 2, "PG"),
    (11, HOSTILE, 1, "G"),
    (12, BACKWARDS, 3, "G"),
    (13, LONG, 3, "G"),
    (14, None, None, None),
    (15, " two\nlines\x00 ", 1, None),
)


def write_rental(folder: Path, text: str = TEXT) -> tuple[Path, Path]:
    """The inventory of the rental, and its database."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "rental.duckdb"
    with duckdb.connect(str(database)) as con:
        con.execute(maps.text("rental.sql"))
        con.executemany("INSERT INTO film VALUES (?, ?, ?, ?)", FILMS)
        con.executemany("INSERT INTO rental VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, NULL)", RENTALS)
        con.execute("INSERT INTO rental VALUES (50, 2, 10, 1, 1, 1, 1, 2, NULL, NULL)")
    return write_map(folder, text.replace("${RENTAL}", str(database))), database


def write_map(folder: Path, text: str = TEXT) -> Path:
    return maps.write(folder / "inventory", rental=text)
