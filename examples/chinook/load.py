"""Load Chinook's PostgreSQL script into a DuckDB file.

    python examples/chinook/load.py --sql Chinook_PostgreSql.sql --into chinook.duckdb

DuckDB reads most of this script unchanged. Left out: creating and connecting to a PostgreSQL database, and
foreign keys added afterwards.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb

KEPT = (duckdb.StatementType.CREATE, duckdb.StatementType.INSERT)

# An invoice line knows its track by number alone; this gives the person the titles.
PURCHASED_TRACK = """
CREATE VIEW purchased_track AS
SELECT line.invoice_line_id, track.name AS track, album.title AS album, artist.name AS artist
FROM invoice_line AS line
JOIN track USING (track_id)
LEFT JOIN album ON album.album_id = track.album_id
LEFT JOIN artist ON artist.artist_id = album.artist_id
"""


def load(sql: Path, into: Path) -> dict[str, int]:
    """Make the database file.

    Args:
        sql: Chinook's script for PostgreSQL.
        into: the file to make; it appears when it is whole.

    Returns:
        Rows by table.

    Raises:
        SystemExit: the script is not there or not Chinook's, or the file is there already.
    """
    if into.exists():
        sys.exit(f"{into} is there already: remove it first, or give another name.")
    try:
        script = sql.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{sql} cannot be read: {error}")
    _, create, rest = script.partition("CREATE TABLE")
    into.parent.mkdir(parents=True, exist_ok=True)
    unfinished = into.with_name(f"{into.name}.part")
    unfinished.unlink(missing_ok=True)
    try:
        counts = _fill(unfinished, create + rest)
    except duckdb.Error as error:
        sys.exit(f"{sql} is not the script that this loader knows, Chinook 1.4.5 for PostgreSQL: {error}")
    unfinished.rename(into)
    return counts


def _fill(database: Path, script: str) -> dict[str, int]:
    with duckdb.connect(str(database)) as con:
        con.begin()
        for statement in con.extract_statements(script):
            if statement.type in KEPT:
                con.execute(statement)
        con.execute(PURCHASED_TRACK)
        con.commit()
        rows = con.execute("SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY table_name")
        return dict(rows.fetchall())


def main() -> None:
    """Read the arguments, load, and say what was loaded."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sql", type=Path, required=True, help="Chinook_PostgreSql.sql")
    arguments.add_argument("--into", type=Path, required=True, help="the DuckDB file to make")
    given = arguments.parse_args()
    for table, rows in load(given.sql, given.into).items():
        sys.stdout.write(f"{table:<15} {rows:>6} rows\n")


if __name__ == "__main__":
    main()
