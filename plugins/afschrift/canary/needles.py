"""Looks for planted values where none may stand: a log, what tasks hand on, the register, a file's name."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

LEAST = 8
"""Characters of a value that is looked for: a shorter one stands somewhere by chance."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\d\d:\d\d(:\d\d.*)?")


def telling(value: str) -> bool:
    """Whether a value can be nothing but the one planted: long enough, and no day or time."""
    return len(value) >= LEAST and _MOMENT.fullmatch(value) is None


def forms(value: str) -> dict[str, bytes]:
    """The bytes that give a value away: what every text around it leaves unchanged."""
    plain = value.encode()
    found = {
        "utf-8": plain,
        "lower case": value.lower().encode(),
        "upper case": value.upper().encode(),
        "utf-16-le": value.encode("utf-16-le"),
        "utf-16-be": value.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "url": "".join(f"%{byte:02X}" for byte in plain).encode(),
        "utf-16 in JSON": "\\u0000".join(value).encode(),
        "utf-16 in a repr": "\\x00".join(value).encode(),
        "url, lower case": "".join(f"%{byte:02x}" for byte in plain).encode(),
    }
    for before in range(3):
        # Of the characters at both ends, some bits belong to the neighbours.
        first, last = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        encoded = base64.b64encode(b"\0" * before + plain)
        found[f"base64, {before} before"] = encoded[first:last]
        found[f"base64 for URLs, {before} before"] = encoded.translate(bytes.maketrans(b"+/", b"-_"))[
            first:last
        ]
    return found


def _texts_in(value: str) -> Iterator[str]:
    """A value; of a JSON document the texts in it, which a log may write with other signs around them."""
    if not value.startswith(("{", "[")):
        yield value
        return
    try:
        left: list[Any] = [json.loads(value)]
    except ValueError:
        yield value
        return
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left += one.values()
        elif isinstance(one, list):
            left += one
        elif isinstance(one, str):
            yield one


class Needles:
    """The values of a canary that are looked for, in every form that gives them away."""

    def __init__(self, values: Iterable[str], known: Collection[bytes] = ()) -> None:
        """Choose among values.

        Args:
            values: that were planted.
            known: texts that everybody may see, such as the files of the data map: what stands there is no
                needle, a code for example.
        """
        parts = dict.fromkeys(part for value in values for part in _texts_in(value))
        told = [one for one in parts if telling(one)]
        self._values = [one for one in told if not any(one.encode() in text for text in known)]
        self._forms = [tuple(dict.fromkeys(forms(one).values())) for one in self._values]

    def __contains__(self, value: object) -> bool:
        return value in self._values

    def __len__(self) -> int:
        return len(self._values)

    def in_(self, *contents: bytes) -> int:
        """How many of the values stand in some contents, in whatever form."""
        return sum(any(form in one for form in of for one in contents) for of in self._forms)
