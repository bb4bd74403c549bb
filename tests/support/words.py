"""Texts that people see and from tables of the product: titles, roles, states and other codes."""

from collections.abc import Iterator


def table_words() -> Iterator[str]:
    """English texts that pages translate when they show them."""
    yield from ()
