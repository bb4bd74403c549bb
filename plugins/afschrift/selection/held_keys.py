"""Checks in this process, independently of the warehouse, that the key in a row is one of the person's.

Each row that is read is checked again, so that a wrong comparison in SQL does not give another person's rows.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal, localcontext
from ipaddress import IPv6Address
from uuid import UUID

from afschrift.domain.keys import Key, KeyMatch, key_form
from afschrift.selection.ways import Match, Via

HeldAs = frozenset[tuple[str, KeyMatch | None]]
"""Names of keys by which rows are found, with how texts are compared; None: values are compared."""


def held_as(ways: Sequence[Match | Via]) -> HeldAs:
    """The keys of all ways of a table, also of those over joins."""
    return frozenset(_held_as(ways))


def _held_as(ways: Sequence[Match | Via]) -> Iterator[tuple[str, KeyMatch | None]]:
    for way in ways:
        if isinstance(way, Match):
            yield way.name, way.match
        else:
            yield from _held_as(way.belongs)


class HeldKeys:
    """The keys of a person, in the spellings of warehouses; call it with a text to check.

    Args:
        keys: all keys of the person.
        held: the keys to check, with how they are compared.
    """

    def __init__(self, keys: Sequence[Key], held: Collection[tuple[str, KeyMatch | None]]) -> None:
        self._forms: dict[KeyMatch, set[str]] = {}
        self._values: set[str] = set()
        for name, match in held:
            meant = [key_form(key.value) for key in keys if key.name == name]
            if match is None:
                self._values |= {spelled for value in meant for spelled in _spellings(value)}
            else:
                self._forms.setdefault(match, set()).update(key_form(value, match) for value in meant)
        for forms in self._forms.values():
            forms.discard("")

    def __call__(self, held: str) -> bool:
        """Whether a text from a row is one of the keys."""
        if any(key_form(held, match) in forms for match, forms in self._forms.items()):
            return True
        return bool(self._values) and not self._values.isdisjoint(_spellings(key_form(held)))

    def in_doubt(self, held: str) -> bool:
        """Whether a warehouse may match a text that does not match here.

        Beyond ASCII databases have different rules for lower case.
        """
        small = self._forms.get(KeyMatch.CASEFOLD, set())
        return bool(small) and not (held.isascii() and all(text.isascii() for text in small))


def alike(keys: Sequence[Key]) -> bool:
    """Whether two keys of one name may find the same row, which would then be read twice in one pass.

    Some sources bind a key in composed and in decomposed form (NFC, NFD); both have the same digits.
    """
    spelled = Counter((key.name, _loose(key.value)) for key in keys)
    twice = any(_has_digits(key.value) and not unicodedata.is_normalized("NFD", key.value) for key in keys)
    return twice or any(number > 1 for number in spelled.values())


def _has_digits(value: str) -> bool:
    return key_form(value, KeyMatch.DIGITS) != ""


def _spellings(text: str) -> tuple[str, ...]:
    """Comparable forms: without the blanks that fill a fixed width, and as a number, a UUID or an address."""
    found = [text.rstrip(" ")]
    with suppress(ArithmeticError), localcontext(prec=max(28, len(text))):  # every digit counts
        number = Decimal(text)
        if number.is_finite():
            found.append(f"number:{number.normalize()}")
    with suppress(ValueError):
        found.append(f"uuid:{UUID(text)}")
    if ":" in text:
        with suppress(ValueError):
            found.append(f"address:{IPv6Address(text)}")
    return tuple(found)


def _loose(text: str) -> str:
    """The form of the least exact comparison of any warehouse: without case, accents and outer blanks."""
    parted = unicodedata.normalize("NFKD", text.strip()).casefold().replace("ı", "i")
    plain = "".join(sign for sign in parted if not unicodedata.combining(sign))
    return _spellings(plain)[-1]
