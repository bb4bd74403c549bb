"""Tables of DuckDB, written as tables of formats that have a log."""

from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import write_deltalake

LOGGED = ("delta",)
_AS_TEXT = ("ENUM", "UUID", "JSON", "TIME", "INTERVAL", "BIT", "HUGEINT", "UBIGINT")
"""What Delta Lake has no type for, except timestamps."""


def read(con: duckdb.DuckDBPyConnection, table: str) -> pa.Table:
    """A table in types that these formats have."""
    named = con.execute(f"DESCRIBE {table}").fetchall()
    columns = []
    for name, native, *_ in named:
        quoted = '"' + name.replace('"', '""') + '"'
        as_text = native.startswith(_AS_TEXT) and not native.startswith("TIMESTAMP")
        columns.append(f"CAST({quoted} AS VARCHAR) AS {quoted}" if as_text else quoted)
    return con.sql(f"SELECT {', '.join(columns)} FROM {table}").to_arrow_table()


def write_lake(con: duckdb.DuckDBPyConnection, lake: Path, kind: str) -> None:
    """Write each table of a database as a folder of a lake, or anew."""
    for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
        rows = read(con, '"' + table.replace('"', '""') + '"')
        write_deltalake(str(lake / table), rows, mode="overwrite", schema_mode="overwrite")
