"""The line of an event: `trail #14 plan_frozen: 31 tables ... [6d1f0c2a9b3e]`.

The number finds the event in the trail, and the last part is the beginning of its header's digest: it binds
the line to that event of that register, so a trail that is written anew has other lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afschrift.audit.sentences import sentence
from afschrift.domain.event import Header

START = "trail #"
_MARK = 12
_FORM = re.compile(rf"{START}(\d{{1,18}}) ([a-z_]{{1,80}}): (.+?) \[([0-9a-f]{{{_MARK}}})\]", re.ASCII)


@dataclass(frozen=True)
class LogLine:
    """What a line says: number and type of the event, the sentence, and the mark of its header."""

    seq: int
    type: str
    text: str
    mark: str


def line(header: Header, payload: Mapping[str, Any] | None) -> str:
    """The line of an event; `payload`: None where it was erased."""
    return f"{START}{header.seq} {header.type}: {sentence(header, payload)} [{mark(header)}]"


def mark(header: Header) -> str:
    """The beginning of a header's digest."""
    return header.digest()[:_MARK]


def parse(text: str) -> LogLine | None:
    """What a text says that begins with a line, whatever a log adds behind it; None: it has not the form."""
    found = _FORM.match(text)
    return None if found is None else LogLine(int(found[1]), found[2], found[3], found[4])
