"""A file, or a file in a file, that is inspected in memory; and the limits of an inspection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from afschrift.domain.files import ActiveKind, ActivePart

MOST_BYTES = 64_000_000
"""Bytes of one part. It is kept in memory, so that no plain text of it reaches a disk."""

_MOST_PARTS = 5_000
_MOST_IN_ALL = 256_000_000
MOST_DEPTH = 8
_RATIO, _SMALL = 100, 10_000_000
"""Bytes that one byte of the file may unpack to, if it unpacks to more than the second number in all."""
_STEP = 1 << 16

Read = Callable[[str, str], None]
"""Called with the position and content of a text."""


class ClosedError(Exception):
    """This part cannot be inspected: damaged, locked, too large, too deep, or it unpacks to too much."""


@dataclass
class Budget:
    """The limits for inspecting a file with all files in it.

    Attributes:
        size: bytes of the file itself.
        read: called with the position and content of each text; None if texts are not read.
    """

    size: int
    read: Read | None = None
    parts: int = 0
    unpacked: int = 0

    def take(self, more: int) -> None:
        """Count unpacked bytes.

        Raises:
            ClosedError: there are too many.
        """
        self.unpacked += more
        if self.unpacked > _MOST_IN_ALL or (self.unpacked > _SMALL and self.unpacked > _RATIO * self.size):
            raise ClosedError

    def read_stream(self, stream: IO[bytes], most: int = MOST_BYTES) -> bytes:
        """Read an unpacked stream to its end, and count its bytes.

        Raises:
            ClosedError: there are more than `most`, or too many in all.
        """
        content = bytearray()
        while chunk := stream.read(_STEP):
            content += chunk
            self.take(len(chunk))
            if len(content) > most:
                raise ClosedError
        return bytes(content)

    def enter(self, part: Part) -> None:
        """Count a part.

        Raises:
            ClosedError: there are too many parts, or this one is nested too deeply.
        """
        self.parts += 1
        if self.parts > _MOST_PARTS or part.depth > MOST_DEPTH or len(part.content) > MOST_BYTES:
            raise ClosedError


@dataclass(frozen=True)
class Part:
    """A file with its bytes.

    Attributes:
        content: all of it.
        ending: ending of its name, in lower case without the dot; nothing else of a name is used.
        media_type: as declared; may be empty, and may be wrong.
        position: as in `ActivePart`.
        depth: number of files around it.
        in_office: whether it is a part of an office file, whose kind and names follow from the format.
    """

    content: bytes
    ending: str = ""
    media_type: str = ""
    position: str = ""
    depth: int = 0
    in_office: bool = False

    def inner(
        self, content: bytes, ending: str = "", media_type: str = "", *, word: str = "", number: int = 0
    ) -> Part:
        """A file in this one; without `word` it has the same position."""
        position = "/".join(filter(None, (self.position, f"{word}.{number}" if word else "")))
        return Part(content, ending, media_type, position, self.depth + 1, in_office=not word)


Found = Iterator[ActiveKind | ActivePart | Part]
"""Results of a detector: kinds found in the part itself, findings with their position, and files in the part,
which are inspected next."""

Detector = Callable[[Part, Budget], Found]


def extension_of(name: str | None) -> str:
    """The ending of a name, in lower case without the dot; empty if it has none.

    Trailing blanks and dots are ignored, as Windows does.
    """
    stem, dot, last = (name or "").replace("\\", "/").rpartition("/")[2].rstrip(". \0").rpartition(".")
    return last.strip().lower() if stem and dot else ""
