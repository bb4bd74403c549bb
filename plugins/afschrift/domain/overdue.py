"""Rows that should have been removed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Overdue:
    """Rows of a table that are held after the period of every purpose that they serve (R75).

    Attributes:
        rows: how many of those that are given.
        oldest: the day from which the first of their periods ran, ISO 8601. Personal data: stays in staging.
    """

    rows: int
    oldest: str
