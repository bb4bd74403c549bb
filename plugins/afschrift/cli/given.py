"""Read input of the terminal (dates, texts, files), and write documents under safe names."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import BinaryIO

import typer

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.outside.limits import too_long

TEXT_BYTES = 1_000_000


def date_(text: str, option: str) -> date:
    """Read a date of an option."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{option} {text!a} is no date.", remedy="write 2025-03-05.") from None


def text(file: Path | None) -> str | None:
    """Read a text from a file or standard input; never from a flag, which other users of the machine see."""
    if file is None:
        return None
    try:
        return content(file, "The text", TEXT_BYTES).decode().strip() or None
    except UnicodeDecodeError:
        raise ConfigurationError(
            "The text cannot be read: it is not UTF-8.", remedy="name a file, or - for standard input."
        ) from None


def content(file: Path, what: str, most: int) -> bytes:
    """Read a file, or standard input (`-`). Errors leave out its name, which may contain a person's.

    Args:
        file: that was given.
        what: description of the content for errors.
        most: bytes to read.

    Raises:
        ConfigurationError: it cannot be read, or is longer.
    """
    try:
        if str(file) == "-":
            read = sys.stdin.buffer.read(most + 1)
        else:
            with file.open("rb") as stream:
                read = stream.read(most + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{what} cannot be read: {error.strerror}.", remedy="name a file, or - for standard input."
        ) from None
    if len(read) > most:
        raise too_long(what, most)
    return read


def id_copy(said_no: bool) -> bool:
    """Ask whether a document holds a copy of an identity document (R11), unless the option says no."""
    return not said_no and typer.confirm(
        "Is this, or does it hold, a copy of an identity document (passport, identity card, driving "
        "licence, residence permit)?",
        err=True,
    )


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """Open a file to read. The error leaves out its name, which may contain a person's.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            yield stream
    except OSError as error:
        raise ConfigurationError(
            f"The file cannot be read: {error.strerror}.", remedy="check its path and permissions."
        ) from None


def empty_folder(folder: Path) -> Path:
    """Return an empty folder that only the user can read; it is made if it does not exist.

    Raises:
        ConfigurationError: it is not empty, or cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConfigurationError(
                "The folder for the documents is not empty.", remedy="name a new or empty one."
            )
    except OSError as error:
        raise ConfigurationError(
            f"The folder for the documents cannot be used: {error.strerror}.", remedy="name another one."
        ) from None
    return folder


def write(target: Path, parts: Iterable[bytes]) -> int:
    """Write a document that only its owner can read; return its bytes. It appears only once it is complete.

    Raises:
        RefusedError: the file exists.
        ConfigurationError: it cannot be written; nothing of it remains. Or an error of `parts`.
    """
    if target.exists():
        raise RefusedError("There is a file of this name already.", remedy="name a new one.")
    begun, size = target.with_name(f".{target.name}.part"), 0
    try:
        with os.fdopen(os.open(begun, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            for part in parts:
                size += stream.write(part)
        begun.rename(target)
    except BaseException as error:
        with suppress(OSError):
            begun.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ConfigurationError(
                f"The document cannot be written there: {error.strerror}.",
                remedy="name another place, with room.",
            ) from None
        raise
    return size


def harmless(text_id: str, name: str | None) -> str:
    """Return a safe file name from the document's id and the safe part of its name.

    With the id no document overwrites another one.
    """
    path = Path(name or "document.bin")
    return f"{text_id}-{_plain(path.stem)[:60]}.{_plain(path.suffix[1:]).lower()[:8]}"


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
