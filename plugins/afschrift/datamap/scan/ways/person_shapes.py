"""Tables of people by the forms of their values, whatever their columns are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from afschrift.datamap.scan.evidence import ENOUGH, TextSample, look
from afschrift.datamap.scan.ways.person_tables import SCORE_ENOUGH, PersonTable
from afschrift.domain.notation import count

_NAME = re.compile(r"[^\W\d_][^\W\d_'’.-]+\d{0,4}")
_FULL_NAME = re.compile(rf"{_NAME.pattern}( [^\W\d_]\.?)?( {_NAME.pattern}){{1,2}}")
_CITIZEN_NUMBER = re.compile(r"\d{3}-\d{2}-\d{4}")
_DAY = re.compile(r"((?:19|20)\d\d)-\d\d-\d\d.*")
_MOST = 0.8  # least share of a sample
_DIFFERENT = 0.5
_GENERATIONS = 15  # years between the first and the last date of birth


@dataclass(frozen=True)
class PersonShape:
    """What the forms of a table's values say of people.

    Attributes:
        because: points and what they are for.
        names: columns with names of people.
        email: column with e-mail addresses.
    """

    because: tuple[tuple[int, str], ...]
    names: tuple[str, ...]
    email: str | None

    def person(self, table: str, key: str, pointers: int) -> PersonTable | None:
        """Return the table as one of people; None: too little says so.

        Args:
            table: its name.
            key: column that tells its rows apart.
            pointers: tables of which values prove that they point to it.
        """
        found = list(self.because)
        if pointers:
            found.append((min(pointers, 3), f"{count(pointers, 'pointer')} to it by values"))
        score = sum(points for points, _ in found)
        because = "by the forms of its values: " + ", ".join(what for _, what in found)
        enough = score >= SCORE_ENOUGH
        return PersonTable(table, key, score, False, self.names, self.email, because) if enough else None


def shape_of(samples: Mapping[str, Sequence[str]]) -> PersonShape | None:
    """Return what the forms of some values of each column say of people; None: nothing."""
    forms = {name: set(_forms(values)) for name, values in samples.items() if len(values) >= ENOUGH}
    by = {form: [name for name, has in forms.items() if form in has] for form in _POINTS}
    sure = by["an e-mail address"] or by["dates of birth"] or by["a citizen number"]
    if len(by["names of people"]) < 2 or not sure:  # else a city and a state
        by["names of people"] = []
    names = by["names of people"][:2] or by["a full name"][:1]
    if by["names of people"]:
        by["a full name"] = []
    if not (names or sure):
        return None
    found = tuple((points, what) for what, points in _POINTS.items() if by[what])
    return PersonShape(found, tuple(names), next(iter(by["an e-mail address"]), None))


_POINTS = {
    "names of people": 3,
    "a full name": 2,
    "an e-mail address": 3,
    "dates of birth": 2,
    "a citizen number": 2,
    "a telephone number": 1,
}


def _forms(values: Sequence[str]) -> Iterator[str]:
    seen = look(TextSample(tuple(values)))
    different = len(set(values)) >= _DIFFERENT * len(values)
    phones = seen.share("phone") - max(seen.share("number"), seen.share("date"))
    if seen.share("email") >= _MOST:
        yield "an e-mail address"
    if seen.share("bsn") >= _MOST or seen.share("iban") >= _MOST or _share(_CITIZEN_NUMBER, values) >= _MOST:
        yield "a citizen number"
    elif phones >= _DIFFERENT or seen.share("strict phone") >= _MOST:
        yield "a telephone number"
    if different and _share(_NAME, values) >= _MOST:
        yield "names of people"
    if different and _share(_FULL_NAME, values) >= _MOST:
        yield "a full name"
    years = [int(match[1]) for value in values if (match := _DAY.fullmatch(value))]
    born = len(years) == len(values) and min(years) < 1985 and max(years) - min(years) >= _GENERATIONS
    if different and born:
        yield "dates of birth"


def _share(form: re.Pattern[str], values: Sequence[str]) -> float:
    return sum(form.fullmatch(value) is not None for value in values) / len(values)
