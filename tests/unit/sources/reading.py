"""What the tests of sources share: files of a lake, and a table read as value forms."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tests.support.two_sessions import open_two

from afschrift.domain.decision import Action
from afschrift.domain.plan import FieldPlan
from afschrift.domain.sources import ColumnType, Source
from afschrift.values.forms import text_batch


def lake_of(root: object, *ignored: str, **options: object) -> Source:
    """A lake, with patterns of the map for files of its table `t`."""
    return open_two("w", "parquet", {"root": str(root), **options}, ignored={"t": ignored})


def laid(path: Path, **columns: Any) -> Path:
    """A file of a lake, written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def select(
    session: Source, table: str, columns: list[str] | None = None, where: str = "", *, as_text: bool = False
) -> str:
    return statement(session, table, chosen(session, table, columns, as_text=as_text), where)


def chosen(
    session: Source, table: str, columns: list[str] | None = None, *, as_text: bool = False
) -> dict[str, ColumnType]:
    """Columns of a table as its types have them, or as `kind: text` in the inventory does."""
    catalogue = session.catalogue()[table]
    return {
        name: column.as_text() if as_text else column
        for name, column in catalogue.items()
        if columns is None or name in columns
    }


def statement(session: Source, table: str, columns: Mapping[str, ColumnType], where: str = "") -> str:
    quote = session.dialect.quote
    wanted = [
        f"{column.expression.format(column=f't.{quote(name)}')} AS {quote(name)}"
        for name, column in columns.items()
    ]
    return f"SELECT {', '.join(wanted)}\nFROM {session.dialect.relation(table)} AS t\n{where}"


def forms(
    session: Source, table: str, columns: list[str] | None = None, *, as_text: bool = False
) -> list[dict[str, Any]]:
    read = chosen(session, table, columns, as_text=as_text)
    fields = [FieldPlan(name, column.kind, Action.INCLUDE, (), "") for name, column in read.items()]
    stream = session.stream(statement(session, table, read))
    batches = [text_batch(batch, fields) for batch in stream]
    return pa.Table.from_batches(batches).to_pylist() if batches else []
