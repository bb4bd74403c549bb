"""How much of a text from outside is read, and the error for one that is more, or that does not read."""

from __future__ import annotations

from pathlib import Path

from afschrift.domain.errors import ConfigurationError

BYTES = 32_000_000
"""Of one text; who calls may say otherwise."""

DEPTH = 64
"""Parts within each other."""

PARTS = 1_000_000
"""Values and names of one YAML text, those that its aliases repeat among them."""

REPEATED = 100_000
"""Parts that aliases (`*name`) repeat, each as often as it is repeated."""

_PART = 65_536
_SPLIT = "split it, or see who wrote it."


class UnreadableError(ConfigurationError, ValueError):
    """A text does not read, or goes beyond a limit. The message quotes no value of it.

    Attributes:
        line: from 1; None: not known.
        problem: what is wrong, without the place.
    """

    def __init__(
        self, problem: str, *, name: str, line: int | None = None, remedy: str = "mend it there."
    ) -> None:
        place = (name or "The text") + (f", line {line}" if line else "")
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
        # by parts: a read of the most that is taken would reserve as much at once
        while len(read) <= most and (part := stream.read(_PART)):
            read += part
    if len(read) > most:
        raise too_long(str(path), most)
    return bytes(read)
