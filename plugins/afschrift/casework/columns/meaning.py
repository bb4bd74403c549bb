"""What the inventory says of a column or a table, for the officer who is asked; no value of a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from afschrift.domain.language import gettext, in_served
from afschrift.inventory.column import Column
from afschrift.inventory.model import Inventory
from afschrift.inventory.table import Table
from afschrift.questions.view import Line, in_words

NOT_DESCRIBED = "not described in the inventory"


def described(inventory: Inventory, path: str) -> tuple[str, Table | None, Column | None]:
    """A column by its `source.table.column`: its `source.table`, and both as far as they are described."""
    table_path, _, name = path.rpartition(".")
    source, _, table_name = table_path.partition(".")
    declared = inventory.sources.get(source)
    table = declared.tables.get(table_name) if declared is not None else None
    return table_path, table, table.columns.get(name) if table is not None else None


def column_lines(inventory: Inventory, path: str) -> list[Line]:
    """What a column is, a line each."""
    table_path, table, column = described(inventory, path)
    lines = [Line("Column", path), Line("Table", table_words(table_path, table))]
    lines.append(Line("What it holds", column_words(column)))
    if purposes := purpose_words(inventory, path):
        lines.append(Line("For", ", ".join(purposes)))
    return lines


def table_words(table_path: str, table: Table | None) -> str:
    """A table by its title."""
    return f"{in_served(table.title)} ({table_path})" if table is not None and table.title else table_path


def column_words(column: Column | None) -> str:
    """Title, meaning, origin and category of a column, in one line."""
    if column is None:
        return gettext(NOT_DESCRIBED)
    if column.proposal is not None and column.awaits:
        words, places = column_words(column.proposal), gettext(" and ").join(column.awaits)
        return gettext("{column}; not confirmed: {places}, on which it rests", column=words, places=places)
    if column.proposal is not None:
        return gettext("proposed, not confirmed: {column}", column=column_words(column.proposal))
    texts = [in_served(text) for text in (column.title, column.meaning) if text is not None]
    codes = [in_words(column.origin).lower() if column.origin is not None else gettext("no origin")]
    codes += [category_words(column.category)] if column.category else []
    codes += [gettext("about others")] if column.about != "subject" else []
    title = ": ".join(texts) or gettext("no title")
    return f"{title} ({', '.join(codes)})"


def category_words(category: str) -> str:
    """A category of the Fides taxonomy by its last part: `user.contact.email` is `Email`."""
    return in_words(category.rpartition(".")[2]).lower()


def purpose_words(inventory: Inventory, path: str) -> Sequence[str]:
    """The purposes of a column, by their titles."""
    return list(_purposes(inventory, path))


def _purposes(inventory: Inventory, path: str) -> Iterator[str]:
    _, table, column = described(inventory, path)
    declared = inventory.sources.get(path.partition(".")[0])
    if table is None or declared is None:
        return
    own = column.purposes if column is not None else None
    for name in own if own is not None else table.purposes or ():
        purpose = declared.purposes.get(name)
        yield in_served(purpose.title) if purpose is not None and purpose.title else name
