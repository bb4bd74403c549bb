"""The files of an inventory as bytes: read, digested, and replaced all together or not at all."""

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
"""File -> its bytes; empty for a file that does not exist or is to be removed."""


class NotWritableError(ConfigurationError):
    """The files of the inventory cannot be written from here."""

    def __init__(self, name: str, error: OSError) -> None:
        super().__init__(
            f"{name} cannot be written from here ({error.strerror}); nothing was written to it.",
            remedy="do the same where its folder can be written, or edit the files in version control: "
            "docs/datamap/review.md.",
        )


def must_be_source_name(name: str, option: str) -> None:
    """Require a valid name of a source; `option`: where it was given.

    Raises:
        ConfigurationError: it is not valid.
    """
    if not SOURCE_NAME.fullmatch(name):
        raise ConfigurationError(
            "The name of a source has small letters, digits, - and _ alone.",
            remedy=f"write it so after `{option}`, beginning with a letter.",
        )


def must_be_of_a_project(folder: Path, option: str) -> None:
    """Require that the inventory's folder is not the one of the package; `option`: how to name another one.

    Raises:
        ConfigurationError: it is.
    """
    if any(folder.resolve().is_relative_to(own) for own in (PACKAGE, SHIPPED)):
        raise ConfigurationError(
            "The inventory's folder is the one that comes with the software.",
            remedy=f"work from a project (`afschrift init FOLDER`), or say where: `{option}`.",
        )


def read_files(folder: Path) -> dict[Path, bytes]:
    return {path: read_file(path) for path in sorted(folder.glob("*.y*ml"))}


def read_whole(folder: Path) -> tuple[dict[Path, bytes], Inventory]:
    """Return the files, and the inventory of exactly these bytes.

    Raises:
        InventoryError: lists every fault.
    """
    with uncollected():
        while True:
            files, inventory = read_files(folder), load(folder)
            if read_files(folder) == files:
                return files, inventory


def digest_of(files: Files) -> str:
    """Return a SHA-256 over names and bytes of all files."""
    total = hashlib.sha256()
    for path, read in sorted((path, read) for path, read in files.items() if read):
        total.update(f"{hashlib.sha256(read).hexdigest()}  {path.name}\n".encode())
    return total.hexdigest()


def must_be(folder: Path, shown: Files) -> None:
    """Require that the files of an inventory are still those that were shown.

    Raises:
        ConfigurationError: one is changed, new or gone.
    """
    found = read_files(folder)
    for path in sorted({*found, *shown}):
        if found.get(path, b"") != shown.get(path, b""):
            raise changed_meanwhile(path)


def replace_files(folder: Path, shown: Files, new: Files) -> None:
    """Replace files: all of them, each whole, or none.

    Args:
        folder: of the inventory.
        shown: all its files as expected.
        new: the new files.

    Raises:
        ConfigurationError: a file is not as expected, even one that is not replaced: the new files were
            checked together with it. Nothing was written.
        NotWritableError: the folder is not writable.
    """
    with _alone(folder):
        must_be(folder, shown)
        # First write all of them next to the old ones: a full disk fails here, with nothing replaced yet.
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
    """Return the path of the new text; for a link, next to the file that it leads to."""
    return path.resolve().with_name(f".{path.resolve().name}.new")


def _make(path: Path, written: bytes) -> None:
    if not written:
        return
    if not path.exists() and (hand := path.with_name(path.name.replace(CONFIRMED, ".yml"))).is_symlink():
        path.symlink_to(hand.resolve().with_name(path.name))  # a layer of a linked file is linked likewise
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
    """Restore files that were replaced already, after another one could not be.

    Raises:
        ConfigurationError: one cannot be restored, so it alone has the answers.
    """
    for path, written in files.items():
        try:
            _make(path, written)
            _place(path, written)
        except OSError as error:
            raise ConfigurationError(
                f"{path.name} was written, another file was not, and this one cannot be restored "
                f"({error.strerror}).",
                remedy="compare it with version control: the trail has no record of what was written to it.",
            ) from None


def takes_files(folder: Path) -> bool:
    """Whether this process can write files in a folder."""
    return os.access(folder, os.W_OK | os.X_OK)


def changed_meanwhile(path: Path) -> ConfigurationError:
    """Return the error for a file that is not as it was shown."""
    return ConfigurationError(
        f"{path.name} was changed meanwhile, by another person or process; nothing was written.",
        remedy="begin the review again: the answers given so far are in the files.",
    )


def lines_other(before: bytes, after: bytes) -> int:
    """Return the number of lines that are changed or new."""
    return (Counter(after.splitlines()) - Counter(before.splitlines())).total()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let only one process of this machine at a time replace files of a folder."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # without locks in the file system, `must_be` alone protects against others
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


@contextmanager
def uncollected() -> Iterator[None]:
    """Turn off the garbage collector in the block: it would scan some hundred thousand nodes again and again.

    A large map is read in a third of the time, and nothing here leaves cycles.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
