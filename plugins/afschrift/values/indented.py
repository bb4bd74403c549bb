"""JSON for people too: indented by two, as `json.dumps(indent=2)` has it, which takes four times as long."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def indented(document: Any) -> bytes:
    """A document as UTF-8, with a newline at its end.

    Raises:
        msgspec.DecodeError: the document holds NaN or an infinity, which are no JSON.
    """
    return msgspec.json.format(json.dumps(document, ensure_ascii=False).encode(), indent=2) + b"\n"
