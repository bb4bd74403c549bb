"""Some values of one column, which stay in memory: they are looked at, and none is kept or told."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class TextSample:
    """Up to some dozens of values of a column as text, without NULL and empty ones.

    Attributes:
        values: never shown, logged or kept; what is said of them is how many have a form.
        region: country of telephone numbers that are written without one, ISO 3166.
    """

    values: tuple[str, ...] = field(repr=False)
    region: str = "NL"

    def __repr__(self) -> str:
        """How many there are, and none of them."""
        return f"Sample({len(self.values)} values)"
