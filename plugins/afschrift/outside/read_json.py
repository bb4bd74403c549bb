"""JSON from outside, within limits."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json

from afschrift.outside.limits import BYTES, DEPTH, UnreadableError, too_deep, too_long, too_many

_AT = re.compile(r" at line (\d+) column \d+$")


def read_json(read: str | bytes, name: str = "", *, most: int = BYTES, parts: int | None = None) -> Any:
    """The content of a text.

    Args:
        read: JSON; bytes are UTF-8.
        name: of the text, for messages.
        most: bytes or characters that are read.
        parts: values that are taken; None: as many as there are.

    Raises:
        UnreadableError: it is no JSON, or goes beyond a limit; quotes nothing of it.
    """
    if len(read) > most:
        raise too_long(name, most)
    try:  # in Rust, so that deep nesting cannot exhaust Python's stack, not even that of a finalizer
        found = from_json(read)
    except ValueError as error:
        raise _fault(str(error), name) from None
    _must_fit(found, name, parts)
    return found


def _must_fit(found: Any, name: str, most: int | None) -> None:
    """Check depth and number of parts, level by level without recursion."""
    level, parts = [found] if isinstance(found, dict | list) else [], 1
    for _ in range(DEPTH):
        parts += sum(map(len, level))
        if most is not None and parts > most:
            raise too_many(name, most=most)
        level = [
            part
            for of in level
            for part in (of.values() if isinstance(of, dict) else of)
            if isinstance(part, dict | list)
        ]
        if not level:
            return
    raise too_deep(name)


def _fault(problem: str, name: str) -> UnreadableError:
    at = _AT.search(problem)
    line = int(at[1]) if at else None
    if "recursion limit" in problem:
        return too_deep(name, line)
    words = "a number has too many digits" if "number out of range" in problem else "not readable as JSON"
    return UnreadableError(words, name=name, line=line)
