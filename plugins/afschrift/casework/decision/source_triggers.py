"""Triggers that only the sources know. Each is read as one yes or no, after the identity is confirmed.

A flag keeps names of columns and keys, never a value; its question is settled like every other flag's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from afschrift.casework.decision.triggers import Trigger
from afschrift.domain.decision import Action
from afschrift.domain.instants import rfc3339
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.table import Table
from afschrift.law.person import below
from afschrift.selection.statements import Statements
from afschrift.selection.table_decision import TableDecision


def case_columns(
    inventory: Inventory, session: Source, statements: Statements, decision: TableDecision
) -> Iterator[Trigger]:
    """Columns of a table that a person decides on in each case, where they hold something.

    Tickets, recordings, answers of a machine, numbers that were assigned, invoices: their right place depends
    on their contents. Only what would leave is asked about, so the right makes the difference.
    """
    table = inventory.sources[decision.source].tables[decision.table]
    for column in decision.fields:
        if column.action not in (Action.INCLUDE, Action.MASK):
            continue
        if not is_case_column(inventory, table, column.name):
            continue
        if session.rows(statements.exists(decision.table, decision.scope, [column.name])):
            column_path = f"{decision.source}.{decision.table}.{column.name}"
            yield Trigger(
                "case_column",
                ("R18", "R32"),
                f"{column_path} is decided in each case",
                {"column": column_path},
            )


def is_case_column(inventory: Inventory, table: Table, name: str) -> bool:
    """Whether the inventory or the policy leaves a column to a person in each case."""
    column = table.columns.get(name)
    if column is None:
        return False
    of_category = below(column.category, inventory.policy.case_categories)
    return (column.review or table.review) == "case" or of_category


def changed_contact(
    source: SourceFile,
    session: Source,
    statements: Statements,
    keys: Sequence[Key],
    received_at: str,
    days: int,
) -> Iterator[Trigger]:
    """Contact keys that the source says were changed within some days before the request (R12, R70).

    The session is bound to the request's own instant again at the end.
    """
    asked = [
        (name, key, link.changed)
        for name, table in source.tables.items()
        for key, link in table.subject.items()
        if table.personal and link.changed
    ]
    if not asked:
        return
    since = datetime.fromisoformat(received_at) - timedelta(days=days)
    session.bind(keys, rfc3339(since))
    for table_name, key, column in asked:
        if session.rows(statements.changed(table_name, str(column))):
            table_path = f"{source.source}.{table_name}"
            payload = {"keys": [key], "table": table_path, "within_days": days}
            words = f"{table_path} says that {key} was changed within {days} days before"
            yield Trigger("contact_changed", ("R10", "R12", "R71"), words, payload)
    session.bind(keys, received_at)
