"""Divides what a page may weigh over its tables."""

from __future__ import annotations

from collections.abc import Sequence


def shares(needs: Sequence[int], budget: int) -> list[int]:
    """A share for each need: small ones in full, and the large ones the same.

    >>> shares([5, 100, 40], 90)
    [5, 45, 40]
    """
    given = [0] * len(needs)
    left = budget
    for place, number in enumerate(sorted(range(len(needs)), key=needs.__getitem__)):
        given[number] = min(needs[number], max(left, 0) // (len(needs) - place))
        left -= given[number]
    return given


def fitting(sizes: Sequence[int], share: int, *, least: int = 0) -> int:
    """How many of the first items fit into a share; `least` of them in any case."""
    taken = 0
    for number, size in enumerate(sizes):
        taken += size
        if taken > share:
            return max(number, min(least, len(sizes)))
    return len(sizes)
