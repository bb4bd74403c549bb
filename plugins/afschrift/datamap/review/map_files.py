"""The files of an inventory as bytes: read, known by a digest, put in the place of others."""

from __future__ import annotations

import fcntl
import gc
import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from afschrift.app.project import PACKAGE, SHIPPED
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.base import CONFIRMED
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.inventory.run_in import SOURCE_NAME
from afschrift.outside.limits import read_file

Files = Mapping[Path, bytes]
"""File -> its bytes; of one that is not there, or is to go, none."""


class NotWritableError(ConfigurationError):
    """The files of the inventory cannot be written from here."""

    def __init__(self, name: str, error: OSError) -> None:
        super().__init__(
            f"{name} cannot be written from here ({error.strerror}); nothing was written to it.",
            remedy="do the same where its folder can be written, or edit the files in version control: "
            "docs/datamap/review.md.",
        )


def must_be_source_name(name: str, option: str) -> None:
    """Make sure that a source may be called so; `option` is where it was given.

    Raises:
        ConfigurationError: it may not.
    """
    if not SOURCE_NAME.fullmatch(name):
        raise ConfigurationError(
            "The name of a source has small letters, digits, - and _ alone.",
            remedy=f"write it so after `{option}`, beginning with a letter.",
        )


def must_be_of_a_project(folder: Path, option: str) -> None:
    """Make sure that the inventory's folder is not the one that comes with the software.

    Raises:
        ConfigurationError: it is; `option` names another one.
    """
    if any(folder.resolve().is_relative_to(own) for own in (PACKAGE, SHIPPED)):
        raise ConfigurationError(
            "The inventory's folder is the one that comes with the software.",
            remedy=f"work from a project (`afschrift init FOLDER`), or say where: `{option}`.",
        )


def read_files(folder: Path) -> dict[Path, bytes]:
    """All files of an inventory as they are now."""
    return {path: read_file(path) for path in sorted(folder.glob("*.y*ml"))}


def read_whole(folder: Path) -> tuple[dict[Path, bytes], Inventory]:
    """The files, and the inventory of just these bytes.

    Raises:
        InventoryError: lists every fault.
    """
    with uncollected():
        while True:
            files, inventory = read_files(folder), load(folder)
            if read_files(folder) == files:
                return files, inventory


def digest_of(files: Files) -> str:
    """SHA-256 over names and bytes of all files: other ones, and another digest, after any change."""
    total = hashlib.sha256()
    for path, read in sorted((path, read) for path, read in files.items() if read):
        total.update(f"{hashlib.sha256(read).hexdigest()}  {path.name}\n".encode())
    return total.hexdigest()


def must_be(folder: Path, shown: Files) -> None:
    """Make sure that the files of an inventory are those that were shown.

    Raises:
        ConfigurationError: one is other, new or gone.
    """
    found = read_files(folder)
    for path in sorted({*found, *shown}):
        if found.get(path, b"") != shown.get(path, b""):
            raise changed_meanwhile(path)


def replace_files(folder: Path, shown: Files, new: Files) -> None:
    """Put files in the place of others: all of them, each whole, or none.

    Args:
        folder: of the inventory.
        shown: all its files as they are expected.
        new: those that are put there.

    Raises:
        ConfigurationError: a file is not as expected any more, also one that is not replaced: what was
            checked with it may be wrong with another. Nothing was written.
        NotWritableError: the folder takes no files.
    """
    with _alone(folder):
        must_be(folder, shown)
        # what a full disk refuses shows here, with nothing in its place yet
        for path, written in new.items():
            try:
                _make(path, written)
            except OSError as error:
                _tidy(new)
                raise NotWritableError(path.name, error) from None
        placed: list[Path] = []
        for path, written in new.items():
            try:
                _place(path, written)
            except OSError as error:
                _tidy(new)
                _put_back({done: shown.get(done, b"") for done in placed})
                raise NotWritableError(path.name, error) from None
            placed.append(path)


def _beside(path: Path) -> Path:
    """Where its new text is made: of a link beside the file that it leads to, which is the one to change."""
    return path.resolve().with_name(f".{path.resolve().name}.new")


def _make(path: Path, written: bytes) -> None:
    if not written:
        return
    if not path.exists() and (hand := path.with_name(path.name.replace(CONFIRMED, ".yml"))).is_symlink():
        path.symlink_to(hand.resolve().with_name(path.name))  # what goes with a link goes where that leads
    _beside(path).write_bytes(written)
    if path.exists():
        shutil.copymode(path, _beside(path))


def _place(path: Path, written: bytes) -> None:
    if written:
        _beside(path).replace(path.resolve())
    else:
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def _tidy(files: Files) -> None:
    for path in files:
        with suppress(OSError):
            _beside(path).unlink(missing_ok=True)
            if path.is_symlink() and not path.exists():
                path.unlink()


def _put_back(files: Files) -> None:
    """Files that have their new text already, as another one cannot have its own.

    Raises:
        ConfigurationError: one cannot be put back, so that it alone has the answers.
    """
    for path, written in files.items():
        try:
            _make(path, written)
            _place(path, written)
        except OSError as error:
            raise ConfigurationError(
                f"{path.name} was written, another file was not, and this one cannot be put back "
                f"({error.strerror}).",
                remedy="compare it with version control: the trail does not tell of what was written to it.",
            ) from None


def takes_files(folder: Path) -> bool:
    """Whether this process may put files into a folder: one that is not read-only, nor others' alone."""
    return os.access(folder, os.W_OK | os.X_OK)


def changed_meanwhile(path: Path) -> ConfigurationError:
    """The error for a file that is not as it was shown."""
    return ConfigurationError(
        f"{path.name} was changed by somebody else meanwhile; nothing was written.",
        remedy="begin the review again: what was answered stands in the files.",
    )


def lines_other(before: bytes, after: bytes) -> int:
    """How many lines are other than before, or new."""
    return (Counter(after.splitlines()) - Counter(before.splitlines())).total()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one process of this machine at a time replaces files of a folder."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks: the comparison below is left
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector of cycles, which else goes through some hundred thousand nodes again and again.

    A large map is read in a third of the time; nothing here makes cycles that would stay.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
