"""JSON from outside, within limits."""

from __future__ import annotations

import json
from typing import Any

from afschrift.outside.limits import BYTES, DEPTH, UnreadableError, too_deep, too_long


def read_json(read: str | bytes, name: str = "", *, most: int = BYTES) -> Any:
    """The content of a text.

    Args:
        read: JSON; bytes are UTF-8, or say otherwise as JSON does.
        name: of the text, for messages.
        most: bytes or characters that are read.

    Raises:
        UnreadableError: it is no JSON, or goes beyond a limit; quotes nothing of it.
    """
    if len(read) > most:
        raise too_long(name, most)
    try:
        found = json.loads(read)
    except json.JSONDecodeError as error:
        raise UnreadableError("not readable as JSON", name=name, line=error.lineno) from None
    except UnicodeDecodeError:
        raise UnreadableError("it is not UTF-8", name=name) from None
    except ValueError:  # Python takes no number of thousands of digits
        raise UnreadableError("a number has too many digits", name=name) from None
    except RecursionError:
        raise too_deep(name) from None
    if _deeper(found):
        raise too_deep(name)
    return found


def _deeper(found: Any) -> bool:
    """Whether parts lie deeper in each other than is read, without recursion."""
    level = [found] if isinstance(found, dict | list) else []
    for _ in range(DEPTH):
        if not level:
            return False
        level = [
            part
            for of in level
            for part in (of.values() if isinstance(of, dict) else of)
            if isinstance(part, dict | list)
        ]
    return bool(level)
