"""The data categories that an inventory may name."""

from __future__ import annotations

from functools import cache


@cache
def fides_categories() -> frozenset[str]:
    """Data categories of the Fides taxonomy."""
    from fideslang.default_taxonomy import DEFAULT_TAXONOMY

    return frozenset(category.fides_key for category in DEFAULT_TAXONOMY.data_category)
