"""Limits for texts from outside, and the error for a text that exceeds one or cannot be read."""

from __future__ import annotations

from pathlib import Path

from afschrift.domain.errors import ConfigurationError

BYTES = 32_000_000
"""Most bytes of a text, unless the caller gives another limit."""

DEPTH = 64
"""Deepest nesting of parts."""

PARTS = 1_000_000
"""Most values and names of a YAML text, including those that its aliases repeat."""

REPEATED = 100_000
"""Most parts that aliases (`*name`) repeat, each counted as often as it is repeated."""

_PART = 65_536
_SPLIT = "split it, or see who wrote it."


class UnreadableError(ConfigurationError, ValueError):
    """A text cannot be read, or exceeds a limit. The message quotes no value of it.

    Attributes:
        line: from 1; None: not known.
        problem: what is wrong, without the place.
    """

    def __init__(
        self, problem: str, *, name: str, line: int | None = None, remedy: str = "correct it there."
    ) -> None:
        place = f"{name}:{line}" if name and line else name or "The text" + (f", line {line}" if line else "")
        super().__init__(f"{place}: {problem}.", remedy=remedy)
        self.line, self.problem = line, problem


def too_long(name: str, most: int) -> UnreadableError:
    """The error for a text that is longer than is read."""
    return UnreadableError(f"it is longer than the {most:,} bytes that are read", name=name, remedy=_SPLIT)


def too_deep(name: str, line: int | None = None) -> UnreadableError:
    """The error for parts that lie too deep."""
    words = f"its parts lie more than {DEPTH} deep in each other"
    return UnreadableError(words, name=name, line=line, remedy="write it flatter.")


def too_many(name: str, line: int | None = None, most: int = PARTS) -> UnreadableError:
    """The error for more parts than are read."""
    words = f"it has more than the {most:,} parts that are read"
    return UnreadableError(words, name=name, line=line, remedy=_SPLIT)


def repeats_too_much(name: str, line: int) -> UnreadableError:
    """The error for aliases that make a short text a long one."""
    words = f"aliases (`*name`) repeat more than the {REPEATED:,} parts that are taken"
    return UnreadableError(words, name=name, line=line, remedy="write out what it says, without aliases.")


def read_file(path: Path, most: int = BYTES) -> bytes:
    """The content of a file.

    Raises:
        UnreadableError: it is longer than is read; names the file.
        OSError: it cannot be read.
    """
    read = bytearray()
    with path.open("rb") as stream:
        # in parts, because one read of `most` bytes would reserve that memory at once
        while len(read) <= most and (part := stream.read(_PART)):
            read += part
    if len(read) > most:
        raise too_long(str(path), most)
    return bytes(read)
