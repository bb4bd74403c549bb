"""A bundle as a ZIP file or as an unpacked folder, read without trusting a single name or size in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from afschrift.bundle.container import layout
from afschrift.bundle.container.report import BundleProblem, Flaw, problem

_CHUNK = 1 << 18


@dataclass(frozen=True)
class UnpackLimits:
    """What a verification is willing to unpack.

    Attributes:
        files: number of files.
        total: bytes of all files together.
        ratio: unpacked to packed, for what is larger than `free`; text by our own packer stays below 200.
        free: bytes up to which any ratio is harmless.
        document: bytes of one file that is read into memory.
    """

    files: int = 100_000
    total: int = 200 * 10**9
    ratio: int = 400
    free: int = 256 * 1024**2
    document: int = 64 * 1024**2


class RefusedContainerError(Exception):
    """The container is not opened any further; the problems say why."""

    def __init__(self, *problems: BundleProblem) -> None:
        super().__init__("the container was refused")
        self.problems = problems


class Container(Protocol):
    """The files of one bag.

    Attributes:
        root: name of the one folder in a ZIP file; None of a folder, whose name is its owner's affair.
        members: path below the root -> declared size.
    """

    root: str | None
    members: Mapping[str, int]

    def read(self, path: str) -> Iterator[bytes]:
        """The content of a member in chunks, never more than its declared size.

        Raises:
            RefusedContainerError: at its end at the latest, where it is not what the container says.
        """


class FolderContainer:
    """An unpacked bag. Links are never followed."""

    root: str | None = None

    def __init__(self, folder: Path, limits: UnpackLimits) -> None:
        self._folder = folder
        members: dict[str, int] = {}
        problems = list(self._list(members, limits))
        problems += check_names(members)
        self.members: Mapping[str, int] = members
        if problems:
            raise RefusedContainerError(*problems)

    def _list(self, members: dict[str, int], limits: UnpackLimits) -> Iterator[BundleProblem]:
        for parent, folders, files in os.walk(self._folder):
            for name in sorted([*folders, *files]):
                path = Path(parent, name)
                relative = path.relative_to(self._folder).as_posix()
                found = path.lstat()
                if stat.S_ISREG(found.st_mode):
                    members[relative] = found.st_size
                elif not stat.S_ISDIR(found.st_mode):
                    yield problem(Flaw.SPECIAL_FILE, relative)
            if len(members) > limits.files:
                raise RefusedContainerError(problem(Flaw.TOO_MANY_FILES))
        if sum(members.values()) > limits.total:
            yield problem(Flaw.TOO_LARGE)

    def read(self, path: str) -> Iterator[bytes]:
        """The content of a file in chunks.

        Raises:
            RefusedContainerError: it cannot be read, or has another size than when the folder was listed.
        """
        left = self.members[path]
        try:
            descriptor = os.open(self._folder / path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(descriptor, "rb") as stream:
                while chunk := stream.read(min(left, _CHUNK) or 1):
                    left -= len(chunk)
                    if left < 0:
                        break
                    yield chunk
        except OSError:
            raise RefusedContainerError(problem(Flaw.UNREADABLE, path)) from None
        if left:
            raise RefusedContainerError(problem(Flaw.CHANGED, path))


def check_names(paths: Collection[str]) -> Iterator[BundleProblem]:
    """Names that leave the folder, or that some system takes for another one."""
    for path in paths:
        if not layout.is_safe(path):
            yield problem(Flaw.UNSAFE_NAME, path)
    for path in layout.collisions(paths):
        yield problem(Flaw.COLLIDING_NAME, path)
