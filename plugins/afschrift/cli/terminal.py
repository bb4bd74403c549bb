"""The door through which text leaves for a terminal: what could steer it is shown and not sent."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

import typer

# Controls of both sets, what turns the direction of writing or shows nothing, and halves of a pair
_STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]|\r(?!\n)"
)
_own_colours = False


def guard() -> None:
    """From now on standard output and error show what could steer the terminal; once a stream.

    The streams themselves are changed, so that whoever holds one already, such as a log, goes through here.
    """
    for stream in (sys.stdout, sys.stderr):
        if "write" not in vars(stream):
            with suppress(AttributeError):  # a stream that takes no other method is none of a terminal
                setattr(stream, "write", _door(stream))  # noqa: B010  (mypy: a method)


def _door(stream: TextIO) -> Callable[[str], int]:
    send = stream.write

    def write(text: str) -> int:
        send(text if _own_colours else visible(text))
        return len(text)

    return write


def visible(text: str) -> str:
    """The text with an escape of JSON for each sign that could steer a terminal."""
    return _STEERING.sub(_escaped, text)


def one_line(text: str) -> str:
    """A name or value that must not look like further lines."""
    return visible(text).replace("\r", "\\r").replace("\n", "\\n")


def styled(text: str, **style: Any) -> None:
    """A line in colours of our own, which are all that may pass."""
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
