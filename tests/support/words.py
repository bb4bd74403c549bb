"""Texts that people see and from tables of the product: titles, roles, states and other codes."""

from collections.abc import Iterator

from afschrift.casework.actions.actions import ACTIONS
from afschrift.law.destruction import REASONS, Destroying


def table_words() -> Iterator[str]:
    """English texts that pages translate when they show them."""
    yield from action_words()
    yield from (reason.title for reason in REASONS.values() if Destroying.SHRED in reason.of)


def action_words() -> Iterator[str]:
    """Titles, help and fields of the actions."""
    for action in ACTIONS:
        yield from (action.title, action.help)
        for field in action.fields().values():
            yield from filter(None, (field["title"], field.get("description")))
