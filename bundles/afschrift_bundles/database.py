"""The tables of a bundle in a DuckDB database in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from afschrift_bundles.errors import UnusableBundleError

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
        raise UnusableBundleError(
            "not_installed", "A package is missing. Install it: pip install 'afschrift-bundles[duckdb]'"
        ) from None
    connection = duckdb.connect()
    names = {resource["name"]: name for name, resource in resources.items()}
    loaded: dict[str, pa.Schema] = {}
    for name in _ordered(resources, names):
        reader = bundle.reader(name)
        schema = loaded[name] = reader.schema
        columns = [f"{_quoted(field.name)} {_type(field.type)}" for field in schema]
        columns += _keys(name, resources, names, loaded)
        source, _, table = name.partition(".")
        place = f"{_quoted(source)}.{_quoted(table)}"
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(source)}")
        connection.execute(f"CREATE TABLE {place} ({', '.join(columns)})")
        connection.register("incoming", reader)
        connection.execute(f"INSERT INTO {place} SELECT * FROM incoming")  # noqa: S608 (quoted)
        connection.unregister("incoming")
        for field in resources[name]["schema"]["fields"]:
            if title := field.get("title"):
                text = title.replace("'", "''")
                connection.execute(f"COMMENT ON COLUMN {place}.{_quoted(field['name'])} IS '{text}'")
    return connection


def _ordered(resources: dict[str, Json], names: dict[str, str]) -> list[str]:
    """Names of tables, the referred ones first; a circle is entered anywhere."""
    ordered: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name not in seen:
            seen.add(name)
            for key in resources[name]["schema"].get("foreignKeys", []):
                if other := names.get(key["reference"].get("resource", "")):
                    visit(other)
            ordered.append(name)

    for name in resources:
        visit(name)
    return ordered


def _keys(
    name: str, resources: dict[str, Json], names: dict[str, str], loaded: dict[str, pa.Schema]
) -> list[str]:
    """Constraints that DuckDB can hold: a foreign key leads to the primary key of a table loaded before."""
    schema = resources[name]["schema"]
    primary = schema.get("primaryKey", [])
    found = [f"PRIMARY KEY ({_list(primary)})"] if primary else []
    for key in schema.get("foreignKeys", []):
        reference = key["reference"]
        other = names.get(reference.get("resource", ""))
        if other is None or other == name or other not in loaded:
            continue
        theirs = reference["fields"]
        types = [loaded[name].field(field).type for field in key["fields"]]
        same = types == [loaded[other].field(field).type for field in theirs]
        if same and set(theirs) == set(resources[other]["schema"].get("primaryKey", [])):
            source, _, table = other.partition(".")
            place = f"{_quoted(source)}.{_quoted(table)}"
            found.append(f"FOREIGN KEY ({_list(key['fields'])}) REFERENCES {place} ({_list(theirs)})")
    return found


def _type(of: pa.DataType) -> str:
    if pa.types.is_decimal(of):
        return f"DECIMAL({of.precision}, {of.scale})" if of.precision <= 38 else "VARCHAR"
    if pa.types.is_timestamp(of):
        return "TIMESTAMPTZ" if of.tz else ("TIMESTAMP_NS" if of.unit == "ns" else "TIMESTAMP")
    return _TYPES[str(of)]


_TYPES = {
    "int64": "BIGINT",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
    "date32[day]": "DATE",
    "time64[us]": "TIME",
    "binary": "BLOB",
    "string": "VARCHAR",
}


def _list(names: list[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
