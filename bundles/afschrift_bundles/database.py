"""The tables of a bundle in a DuckDB database in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from afschrift_bundles.errors import not_installed

if TYPE_CHECKING:
    import duckdb

    from afschrift_bundles.bundle import Bundle

Json = dict[str, Any]


def load(bundle: Bundle, resources: dict[str, Json]) -> duckdb.DuckDBPyConnection:
    """Load every table, those first to which others refer.

    Args:
        bundle: which reads the rows.
        resources: of each table, by its name.
    """
    try:
        import duckdb
    except ImportError:
        raise not_installed("duckdb") from None
    connection = duckdb.connect()
    names = {resource["name"]: name for name, resource in resources.items()}
    loaded: dict[str, pa.Schema] = {}
    for name in _ordered(resources, names):
        reader = bundle.reader(name)
        schema = loaded[name] = pa.schema([(f.name, _held(f.type)) for f in reader.schema])
        connection.register("incoming", schema.empty_table())
        columns = [
            f"{_quoted(n)} {type_}" for n, type_, *_ in connection.execute("DESCRIBE incoming").fetchall()
        ]
        keys = _keys(name, resources, names, loaded)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_place(name)[0]}")
        place = ".".join(_place(name))
        connection.execute(f"CREATE TABLE {place} ({', '.join(columns + keys)})")
        batches = (batch.cast(schema) for batch in reader)
        connection.register("incoming", pa.RecordBatchReader.from_batches(schema, batches))
        connection.execute(f"INSERT INTO {place} SELECT * FROM incoming")  # noqa: S608 (quoted)
        connection.execute(f"COMMENT ON TABLE {place} IS {_text(resources[name].get('title', ''))}")
        for field in resources[name]["schema"]["fields"]:
            title = _text(field.get("title", ""))
            connection.execute(f"COMMENT ON COLUMN {place}.{_quoted(field['name'])} IS {title}")
    connection.unregister("incoming")
    return connection


def _held(type_: pa.DataType) -> pa.DataType:
    """Text for a decimal that DuckDB has no type for."""
    return pa.string() if pa.types.is_decimal256(type_) else type_


def _ordered(resources: dict[str, Json], names: dict[str, str]) -> list[str]:
    """Names of tables, the referred ones first; a circle is entered anywhere."""
    ordered: dict[str, None] = {}
    entered: set[str] = set()

    def visit(name: str) -> None:
        if name not in entered:
            entered.add(name)
            for other in _references(resources[name], names):
                visit(other)
            ordered[name] = None

    for name in resources:
        visit(name)
    return list(ordered)


def _references(resource: Json, names: dict[str, str]) -> dict[str, list[Json]]:
    """Foreign keys by the table that they lead to; a key within a table or to a part has none."""
    found: dict[str, list[Json]] = {}
    for key in resource["schema"].get("foreignKeys", []):
        if other := names.get(key["reference"].get("resource", "")):
            found.setdefault(other, []).append(key)
    return found


def _keys(
    name: str, resources: dict[str, Json], names: dict[str, str], loaded: dict[str, pa.Schema]
) -> list[str]:
    """Constraints that DuckDB can hold: a foreign key leads to the primary key of a table loaded before."""
    primary = resources[name]["schema"].get("primaryKey", [])
    found = [f"PRIMARY KEY ({_list(primary)})"] if primary else []
    for other, keys in _references(resources[name], names).items():
        for key in keys if other in loaded and other != name else ():
            theirs = key["reference"]["fields"]
            pairs = zip(key["fields"], theirs, strict=True)
            same = all(loaded[name].field(a).type == loaded[other].field(b).type for a, b in pairs)
            if same and theirs == resources[other]["schema"].get("primaryKey", []):
                place = ".".join(_place(other))
                found.append(f"FOREIGN KEY ({_list(key['fields'])}) REFERENCES {place} ({_list(theirs)})")
    return found


def _place(name: str) -> tuple[str, str]:
    source, _, table = name.partition(".")
    return _quoted(source), _quoted(table)


def _list(names: list[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(title: str) -> str:
    return "'" + title.replace("'", "''") + "'"
