"""Whether the key that a row holds is one of a person's, told a second time and not by the warehouse."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from decimal import Decimal, localcontext
from uuid import UUID

from afschrift.domain.keys import Key


class HeldKeys:
    """The keys of one person, as texts of warehouses may spell them.

    Args:
        keys: all of the person's.
        names: of the keys that are meant.
        casefold: of them, those that are compared without regard to capitals.
    """

    def __init__(self, keys: Sequence[Key], names: Collection[str], casefold: Collection[str]) -> None:
        meant = [key for key in keys if key.name in names]
        self._texts = {spelled for key in meant for spelled in _spellings(key.value)}
        self._small = {key.value.casefold() for key in meant if key.name in casefold}
        self._plain = all(text.isascii() for text in self._small)

    def __call__(self, held: str) -> bool:
        """Whether a text that a row holds is one of them."""
        return not self._texts.isdisjoint(_spellings(held)) or held.casefold() in self._small

    def in_doubt(self, held: str) -> bool:
        """Whether a warehouse may find a text to be one of them that is none here.

        Beyond ASCII each has small letters of its own: to one `İ` is an `i`, to another it is not.
        """
        return bool(self._small) and not (self._plain and held.isascii())


def alike(keys: Sequence[Key]) -> bool:
    """Whether two keys of one name may find the same row: then it would come twice in one pass."""
    spelled = Counter((key.name, _loose(key.value)) for key in keys)
    return any(number > 1 for number in spelled.values())


def _spellings(text: str) -> tuple[str, ...]:
    """As it is, and as a number, a UUID or a text without the spaces that fill a column of fixed width."""
    found = [text.rstrip(" ")]
    with suppress(ArithmeticError), localcontext(prec=max(28, len(text))):  # every digit counts
        number = Decimal(text)
        if number.is_finite():
            found.append(f"number:{number.normalize()}")
    with suppress(ValueError):
        found.append(f"uuid:{UUID(text)}")
    return tuple(found)


def _loose(text: str) -> str:
    """As the least exact comparison of any warehouse takes it: without capitals, accents and spaces."""
    parted = unicodedata.normalize("NFKD", text.strip()).casefold().replace("ı", "i")
    plain = "".join(sign for sign in parted if not unicodedata.combining(sign))
    return _spellings(plain)[-1]
