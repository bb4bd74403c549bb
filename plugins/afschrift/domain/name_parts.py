"""Names of tables and columns, taken apart: words, singulars in Dutch and English, what ends in a number."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
_GLUED = re.compile(r"(.{3,}?)(id|nr|nummer|number|code)")
_PREFIXES = ("fk", "id", "dim", "fact", "tbl", "stg", "dbo")
_VOWELS = "aeou"
_IRREGULAR = {
    "leden": "lid",
    "kinderen": "kind",
    "steden": "stad",
    "people": "person",
    "children": "child",
    "staff": "employee",
}


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


NUMBERS = word_set("id nr no num number nummer key code ref uuid guid pk fk sk")
"""Words that make a name one of a key, at its end."""


@lru_cache(maxsize=200_000)
def words(name: str) -> tuple[str, ...]:
    """`CustomerID` and `customer_id` are both `customer`, `id`; `klantnummer` stays one word."""
    return tuple(word.lower() for word in _WORD.findall(name.rpartition(".")[2] or name))


@lru_cache(maxsize=200_000)
def flat(name: str) -> str:
    """The words of a name in one."""
    return "".join(words(name))


@lru_cache(maxsize=50_000)
def singulars(name: str) -> frozenset[str]:
    """What one row of a table may be called, in one word: `factuur` of `facturen`, `city` of `cities`."""
    parts = words(name)
    while len(parts) > 1 and parts[0] in _PREFIXES:
        parts = parts[1:]
    whole = "".join(parts)
    found = {whole, _IRREGULAR.get(whole, whole)}
    if whole.endswith("ies"):
        found.add(whole[:-3] + "y")
    if whole.endswith("es"):
        found.add(whole[:-2])
    if whole.endswith("s") and not whole.endswith("ss"):
        found.add(whole[:-1].removesuffix("'"))
    if whole.endswith("en"):
        stem = whole[:-2]
        found |= {stem, *_doubled(stem)}
        if len(stem) > 2 and stem[-1] == stem[-2]:
            found.add(stem[:-1])
    return frozenset(word for word in found if len(word) > 1)


@lru_cache(maxsize=50_000)
def row_names(table: str) -> frozenset[str]:
    """What one row may be called, without a prefix: of `wp_users` also `user`."""
    parts = words(table)
    return frozenset().union(*(singulars("_".join(parts[start:])) for start in range(len(parts))))


def _doubled(stem: str) -> set[str]:
    """`factur` is `factuur`, `adress` no such word: an open syllable keeps one vowel in the plural."""
    if len(stem) > 2 and stem[-2] in _VOWELS and stem[-1] not in _VOWELS and stem[-3] not in _VOWELS:
        return {stem[:-2] + stem[-2] * 2 + stem[-1]}
    return set()


@lru_cache(maxsize=200_000)
def pointed_to(column: str) -> str | None:
    """What a column that ends as a key points to, in one word: `customer` of `customer_id`, else None."""
    parts = list(words(column))
    while len(parts) > 1 and parts[0] in ("fk", "id"):
        parts = parts[1:]
    if len(parts) > 1 and parts[-1] in NUMBERS:
        return "".join(parts[:-1])
    glued = _GLUED.fullmatch(parts[-1]) if parts else None
    return "".join(parts[:-1]) + glued[1] if glued else None


def is_generic(column: str) -> bool:
    """Whether a key's name tells nothing of its table: `id`, `uuid`, `nr`."""
    parts = words(column)
    return bool(parts) and all(part in NUMBERS or part in ("row", "record", "rec") for part in parts)
