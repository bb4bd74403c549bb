"""Days, moments, letters and words as somebody gives them at the terminal."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path

from afschrift.domain.errors import ConfigurationError
from afschrift.law.clock.sending import Sending
from afschrift.outside.limits import too_long

TEXT_BYTES = 1_000_000


def sending(on: str | None, channel: str | None, proof: str | None) -> Sending | None:
    """That a letter left: day, channel and proof, all three or none."""
    if on is None and channel is None and proof is None:
        return None
    day = date_(on, "--sent-on")
    if day is None or channel is None or proof is None:
        raise ConfigurationError(
            "That a letter was sent takes the day, the channel and the proof.",
            remedy="give all three, or none and record them later: `afschrift request sent`.",
        )
    return Sending(day, channel, proof)


def date_(text: str | None, option: str) -> date | None:
    """A day as it was typed."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{option} {text!a} is no date.", remedy="write 2025-03-05.") from None


def instant(text: str) -> datetime:
    """A moment with its offset, as it was typed."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ConfigurationError(
            "--received-at is no instant.", remedy="write date, time and offset: 2026-11-20T09:30:00+01:00."
        )
    return found


def text(file: Path | None) -> str | None:
    """Words from a file or standard input; never from a flag, which others on the machine see."""
    if file is None:
        return None
    try:
        return content(file, "The text", TEXT_BYTES).decode().strip() or None
    except UnicodeDecodeError:
        raise ConfigurationError(
            "The text cannot be read: it is not UTF-8.", remedy="name a file, or - for standard input."
        ) from None


def content(file: Path, what: str, most: int) -> bytes:
    """The bytes of a file, or of standard input (`-`); errors leave out its name, which may name a person.

    Args:
        file: that was given.
        what: it holds, as errors call it.
        most: bytes that are read.

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
