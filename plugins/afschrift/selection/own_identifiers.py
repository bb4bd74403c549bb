"""What the person's own record says of them beside their keys: a telephone number, an account, an address.

Read once, when the plan is made, to search for (R08); it decides nothing about whose a row is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec

from afschrift.domain.decision import About
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.model import SourceFile
from afschrift.law.person.assurance import below
from afschrift.selection.statements import Statements

CATEGORIES = ("user.contact.email", "user.contact.phone_number", "user.financial.bank_account")
"""Fides categories of what tells one person from another, in any text."""

_MOST = 20  # a record with more of them is no record of one person


def own_columns(source: SourceFile, person: str) -> Iterator[tuple[str, str]]:
    """Table and column of what is the person's own, in the tables with one row a person.

    Args:
        source: as the data map has it.
        person: the key that stands for one person.
    """
    for name, table in source.tables.items():
        link = table.subject.get(person)
        one_row = link is not None and table.key == (link.column,)
        if table.personal and one_row and source.may_follow(name):
            for column, described in table.columns.items():
                if described.about is About.SUBJECT and below(described.category, CATEGORIES):
                    yield name, column


def own_identifiers(source: SourceFile, session: Source, statements: Statements, person: str) -> set[str]:
    """The values of these columns in the person's rows, on a session with the person's keys bound.

    A column without a right stops nothing here: where it is to be given, the plan asks for the right.

    Raises:
        ConfigurationError, NeedsPersonError: a column is not there, or the table may not be read.
    """
    found: set[str] = set()
    for table, column in own_columns(source, person):
        known = statements.columns(table).get(column)
        if known is not None and known.closed:
            continue
        _, statement = statements.names(table, column)
        values = {str(value) for (value,) in session.rows(statement) if value is not None}
        if known is not None and known.part and known.kind is ValueKind.JSON:
            values = set(_texts(values))
        found |= values if len(values) <= _MOST else set()
    return found


def _texts(documents: Iterable[str]) -> Iterator[str]:
    """Texts and numbers as they are searched for: without the quotes of JSON."""
    for document in documents:
        with suppress(msgspec.DecodeError):
            value = msgspec.json.decode(document)
            if isinstance(value, str):
                yield value
            elif not isinstance(value, dict | list):
                yield document
