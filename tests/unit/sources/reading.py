"""What the tests of sources share: read a table as value forms."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from afschrift.domain.decision import Action
from afschrift.domain.plan import FieldPlan
from afschrift.domain.sources import Source
from afschrift.values.forms import text_batch


def select(session: Source, table: str, columns: list[str] | None = None, where: str = "") -> str:
    """The statement that selects columns of a table exactly."""
    quote = session.dialect.quote
    wanted = [
        f"{c.expression.format(column=f't.{quote(name)}')} AS {quote(name)}"
        for name, c in session.catalogue()[table].items()
        if columns is None or name in columns
    ]
    return f"SELECT {', '.join(wanted)}\nFROM {session.dialect.relation(table)} AS t\n{where}"


def forms(session: Source, table: str, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """The rows of a table as value forms."""
    catalogue = session.catalogue()[table]
    fields = [
        FieldPlan(name, c.kind, Action.INCLUDE, (), "")
        for name, c in catalogue.items()
        if columns is None or name in columns
    ]
    batches = [text_batch(batch, fields) for batch in session.stream(select(session, table, columns))]
    return pa.Table.from_batches(batches).to_pylist() if batches else []
