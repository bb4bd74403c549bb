"""Files and folders that only the service's account can read, whatever the umask of its process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

LOCAL = frozenset({"", "file", "local"})
"""Protocols of `fsspec` that mean a disk of this machine."""
FOLDER_MODE = 0o700
FILE_MODE = 0o600
UMASK = 0o077
"""Umask for our own processes, so that files written by libraries are private too."""


def open_to_others(status: os.stat_result) -> bool:
    """Whether a file with secrets may be read by accounts that it is not for.

    A read right of a group that this account is in counts as its own: Kubernetes mounts secrets as root's,
    mode 0440, with the pod's `fsGroup`.
    """
    of_group = 0o030 if status.st_gid in {os.getegid(), *os.getgroups()} else 0o070
    return bool(status.st_mode & (of_group | 0o007))


def private_folder(folder: Path) -> None:
    """Make a folder and its parents where they are missing.

    Raises:
        OSError: it cannot be made, or a file is there.
    """
    if not folder.parent.exists():
        private_folder(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def private_file(path: Path, *, new: bool = False, append: bool = False) -> BinaryIO:
    """Open a file for writing; a new file is private, an existing one keeps its mode.

    Args:
        path: of the file; its folder is there.
        new: no file may be there.
        append: write after the present content instead of replacing it.

    Raises:
        FileExistsError: `new`, and one is there.
        OSError: it cannot be opened.
    """
    over = os.O_EXCL if new else os.O_APPEND if append else os.O_TRUNC
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | over, FILE_MODE), "wb")
