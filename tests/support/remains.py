"""What is in a register on SQLite, for those who look for what remains of a request."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

Rows = Mapping[str, list[dict[str, Any]]]


def rows_of(register: Path) -> Rows:
    """Table -> its rows."""
    with closing(sqlite3.connect(register)) as db:
        db.row_factory = sqlite3.Row
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [dict(row) for row in db.execute(f'SELECT * FROM "{name}"')] for name in names}
