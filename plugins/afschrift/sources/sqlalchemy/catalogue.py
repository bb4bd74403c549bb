"""Keys, comments and foreign keys of a database behind SQLAlchemy, as far as its dialect knows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Inspector

from afschrift.domain.sources import Described, ForeignKey, Structure
from afschrift.sources.catalogue import described


def read_described(inspector: Inspector, schema: str | None) -> Described:
    """Read keys and comments of all tables at once; there is no standard for numbers of rows.

    Args:
        inspector: inspector of the session.
        schema: schema of the tables; None for that of the connection.
    """
    primary = _by_table(inspector.get_multi_pk_constraint, schema)
    unique = _by_table(inspector.get_multi_unique_constraints, schema)
    columns = _by_table(inspector.get_multi_columns, schema)
    tables = _by_table(inspector.get_multi_table_comment, schema)
    found = [(table, column) for table, of_table in columns.items() for column in of_table]
    return described(
        [
            *((table, "", True, c) for table, key in primary.items() for c in key["constrained_columns"]),
            *(
                (table, number, False, column)
                for table, of_table in unique.items()
                for number, key in enumerate(of_table)
                for column in key["column_names"]
            ),
        ],
        ((table, column["name"]) for table, column in found if not column["nullable"]),
        [
            *((table, None, comment.get("text")) for table, comment in tables.items()),
            *((table, column["name"], column.get("comment")) for table, column in found),
        ],
    )


def read_structure(inspector: Inspector, schema: str | None) -> Structure:
    """Read foreign keys within the schema, and views; arguments as in `read_described`."""
    found = (
        ForeignKey(table, tuple(k["constrained_columns"]), k["referred_table"], tuple(k["referred_columns"]))
        for table, of_table in _by_table(inspector.get_multi_foreign_keys, schema).items()
        for k in of_table
        if k["referred_schema"] == schema
    )
    return Structure(tuple(found), views=tuple(sorted(inspector.get_view_names(schema))))


def _by_table(ask: Callable[[str | None], Mapping[Any, Any]], schema: str | None) -> dict[str, Any]:
    """Table -> the inspector's result; empty if the dialect does not implement it."""
    try:
        results = sorted(ask(schema).items(), key=lambda item: item[0][1])
        return {table: result for (_, table), result in results}
    except NotImplementedError:
        return {}
