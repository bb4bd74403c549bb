"""Filter output to a terminal: characters that could control it are printed as escapes.

Texts of requests and data come from strangers, and control sequences could change what an officer sees.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

import typer

# Control characters, those that change the direction of writing or are invisible, and lone surrogates
_STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]|\r(?!\n)"
)
_own_colours = False


def guard() -> None:
    """Filter standard output and error from now on; repeated calls change nothing.

    The streams themselves are patched, so that a holder of one, such as a log handler, is filtered too.
    """
    for stream in (sys.stdout, sys.stderr):
        if "write" not in vars(stream):
            with suppress(AttributeError):  # a stream without settable attributes is no terminal's
                setattr(stream, "write", _door(stream))  # noqa: B010  (mypy: a method)


def _door(stream: TextIO) -> Callable[[str], int]:
    send = stream.write

    def write(text: str) -> int:
        send(text if _own_colours else visible(text))
        return len(text)

    return write


def visible(text: str) -> str:
    """Return the text with a JSON escape for each character that could control a terminal."""
    return _STEERING.sub(_escaped, text)


def one_line(text: str) -> str:
    """Return a name or value on one line, so that it cannot look like further output."""
    return visible(text).replace("\r", "\\r").replace("\n", "\\n")


def styled(text: str, **style: Any) -> None:
    """Print a line in our own colours, the only control sequences that pass the filter."""
    global _own_colours
    _own_colours = True
    try:
        typer.secho(visible(text), **style)
    finally:
        _own_colours = False


def _escaped(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number < 0x10000:
        return f"\\u{number:04x}"
    high, low = divmod(number - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
