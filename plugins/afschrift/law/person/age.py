"""How old somebody is on a day, and whether they ask alone at that age (R16)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from enum import StrEnum


class Minor(StrEnum):
    """Whether somebody is below the age from which they ask alone: all that is kept of it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def age_on(born: date, day: date) -> int:
    """Full years of life on a day. Who was born on 29 February grows older on 1 March of a common year.

    A year of life ends with the last hour of its last day, 28 February there (Reg. 1182/71, Art. 3(2)(c)).
    """
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def minor(values: Collection[str], *, born: bool, day: date, limit: int) -> Minor:
    """Whether the person is below an age, by what the source holds in one column.

    Args:
        values: the distinct values of the person's rows, as text; never kept.
        born: they are dates of birth as 2010-02-28, perhaps with a time after it; else ages in full years.
        day: local date on which it counts.
        limit: the age from which somebody asks alone.

    Returns:
        `YES` where one value says so, whatever others say: a child is then asked about rather than
        passed over. `UNKNOWN` where there is no value, or one does not read.
    """
    found = {_minor(value.strip(), born=born, day=day, limit=limit) for value in values}
    if Minor.YES in found:
        return Minor.YES
    return found.pop() if len(found) == 1 else Minor.UNKNOWN


def _minor(value: str, *, born: bool, day: date, limit: int) -> Minor:
    age = _age(value, day) if born else int(value) if value.isdecimal() and len(value) < 4 else None
    if age is None or not 0 <= age < 130:  # 1900-01-01 and 9999-12-31 stand for "not known"
        return Minor.UNKNOWN
    return Minor.YES if age < limit else Minor.NO


def _age(value: str, day: date) -> int | None:
    try:
        return age_on(date.fromisoformat(value[:10]), day) if value[10:11] in ("", " ", "T") else None
    except ValueError:
        return None
