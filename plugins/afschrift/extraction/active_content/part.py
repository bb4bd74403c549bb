"""A file, or a file in a file, that is looked into in memory; and how much may be looked at in all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from afschrift.domain.files import ActiveKind, ActivePart

MOST_BYTES = 64_000_000
"""Bytes of one part; it is held in memory, so that nothing of it touches a disk in clear."""

_MOST_PARTS = 5_000
_MOST_IN_ALL = 256_000_000
_MOST_DEPTH = 8
_RATIO, _SMALL = 100, 10_000_000
"""Bytes that one byte of the file may become, where it unpacks to more than the second number."""
_STEP = 1 << 16

Read = Callable[[str, str], None]
"""Takes a text in a file: its position, and the text."""


class ClosedError(Exception):
    """This part cannot be looked into: damaged, locked, too large, too deep, or unpacked to too much."""


@dataclass
class Budget:
    """What of one file may still be looked at, with all that is in it.

    Attributes:
        size: bytes of the file itself.
        read: is given each text in it, with its position; None: the texts are not read.
    """

    size: int
    read: Read | None = None
    parts: int = 0
    unpacked: int = 0

    def take(self, more: int) -> None:
        """Count bytes that were unpacked.

        Raises:
            ClosedError: it is too much by now.
        """
        self.unpacked += more
        if self.unpacked > _MOST_IN_ALL or (self.unpacked > _SMALL and self.unpacked > _RATIO * self.size):
            raise ClosedError

    def read_stream(self, stream: IO[bytes], most: int = MOST_BYTES) -> bytes:
        """All bytes of an unpacked stream, counted while they come.

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
        """Count a part that is looked into.

        Raises:
            ClosedError: there are too many, or it lies too deep.
        """
        self.parts += 1
        if self.parts > _MOST_PARTS or part.depth > _MOST_DEPTH or len(part.content) > MOST_BYTES:
            raise ClosedError


@dataclass(frozen=True)
class Part:
    """One file with its bytes.

    Attributes:
        content: all of it.
        ending: of its name, in small letters without the dot; nothing else of a name is used.
        media_type: as declared; may be empty, and may be nonsense.
        position: as of `ActivePart`.
        depth: how many files it lies in.
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
        """A file in this one; without a word it keeps this one's position."""
        position = "/".join(filter(None, (self.position, f"{word}.{number}" if word else "")))
        return Part(content, ending, media_type, position, self.depth + 1, in_office=not word)


Found = Iterator[ActiveKind | ActivePart | Part]
"""What a detector comes upon: kinds of the part itself or with their place, and the files in it, which are
looked at next."""

Detector = Callable[[Part, Budget], Found]


def extension_of(name: str | None) -> str:
    """The ending of a name, in small letters without the dot; empty where it has none.

    Blanks and dots behind it count for nothing, as they do for Windows.
    """
    stem, dot, last = (name or "").replace("\\", "/").rpartition("/")[2].rstrip(". \0").rpartition(".")
    return last.strip().lower() if stem and dot else ""
