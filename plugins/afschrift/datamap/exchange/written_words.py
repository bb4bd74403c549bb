"""Words of a column of the inventory, written where another tool keeps notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from afschrift.datamap.exchange.not_imported import NotImported
from afschrift.inventory.categories import fides_categories
from afschrift.inventory.column import Column

IDENTITY = "identity"
"""Names the identity key that a column holds; not a word of a column in the inventory."""

_NOT_HERE = frozenset({"review", "proposed", "decided", "mentions"})
"""Words by which a person confirms, in the inventory itself."""


def column_words(said: Mapping[str, Any], place: str, left: NotImported) -> dict[str, Any]:
    """Those words that the inventory knows, with values that it takes; the others are noted.

    Args:
        said: words as docs/inventory.md has them for a column, and `identity`.
        place: of the column, for messages.
        left: is told what is left out.
    """
    words: dict[str, Any] = {}
    for word, value in said.items():
        known = word in Column.model_fields and word not in _NOT_HERE and _fits(word, value)
        if known or (word == IDENTITY and isinstance(value, str)):
            words[word] = value
        else:
            left.note([word], place)
    return words


def _fits(word: str, value: Any) -> bool:
    try:
        Column.model_validate({word: value})
    except ValidationError:
        return False
    return word != "category" or value in fides_categories()
