"""A bundle as it was handed over: six words open it, or a key of age (docs/delivery.md)."""

from __future__ import annotations

import re
import shutil
import struct
import zipfile
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from afschrift_bundles.errors import UnusableBundleError, damaged, not_installed

_IN_MEMORY = 1 << 28
"""Bytes that are decrypted into memory; a larger bundle goes to a temporary file without a name."""
_BROKEN = (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error, EOFError)


def unlocked(path: Path, words: str | None, identity: str | Path | None) -> BinaryIO:
    """Open the file of a bundle; decrypt it where it is encrypted.

    Raises:
        UnusableBundleError: words or key are missing or wrong, or a package that decrypts is not installed.
    """
    with path.open("rb") as file:
        head, needs_words = file.read(40), _is_locked_zip(file)
    if head.startswith((b"age-encryption.org/", b"-----BEGIN AGE")):
        return _with_identity(path, identity)
    # The first bytes are those of an encrypted message: RFC 9580, packets 1 and 3.
    if head.startswith(b"-----BEGIN PGP") or (head and head[0] in b"\x84\x85\x86\x8c\x8d\x8e\xc1\xc3"):
        raise _locked("An OpenPGP key opens this file. Decrypt it first: gpg -o bundle.zip -d FILE")
    return _with_words(path, words) if needs_words else path.open("rb")


def _is_locked_zip(file: BinaryIO) -> bool:
    try:
        with zipfile.ZipFile(file) as listed:
            return [member.compress_type for member in listed.infolist()] == [99]
    except _BROKEN:
        return False


def _with_words(path: Path, words: str | None) -> BinaryIO:
    if not words:
        raise _locked("Six words open this file. Give them as they were sent or read out: words='...'")
    try:
        import pyzipper
    except ImportError:
        raise not_installed("words") from None
    listed = re.findall(r"[^\W\d_]+", words.lower())
    if len(listed) != 6:
        raise _locked(f"These are {len(listed)} words; six open this file.")
    password = " ".join(listed).encode()
    into = _memory()
    try:
        with pyzipper.AESZipFile(path) as locked, locked.open(locked.namelist()[0], pwd=password) as stream:
            shutil.copyfileobj(stream, into)
    except RuntimeError:
        raise _locked("These are not the words of this file. Give all six in their order.") from None
    except (pyzipper.BadZipFile, *_BROKEN):
        # One wrong list of words in 65,536 is only found here, so that both may be the reason.
        raise damaged("its encrypted file was altered, or the words are wrong") from None
    into.seek(0)
    return into


def _with_identity(path: Path, identity: str | Path | None) -> BinaryIO:
    if not identity:
        raise _locked("A key of age opens this file. Give the file of that key: identity='key.txt'")
    try:
        import pyrage
    except ImportError:
        raise not_installed("age") from None
    into = _memory()
    try:
        lines = Path(identity).read_text(encoding="utf-8").split("\n")
        keys = [
            pyrage.x25519.Identity.from_str(line.strip()) for line in lines if line.strip("\r")[:1] not in "#"
        ]
        with path.open("rb") as file:
            pyrage.decrypt_io(file, into, keys)
    except OSError:
        raise _locked("The file of the key of age cannot be read.") from None
    except (pyrage.IdentityError, pyrage.DecryptError, UnicodeDecodeError):
        raise _locked("This key of age does not open this file, or the file was altered.") from None
    into.seek(0)
    return into


def _memory() -> BinaryIO:
    return cast(BinaryIO, SpooledTemporaryFile(_IN_MEMORY))


def _locked(message: str) -> UnusableBundleError:
    return UnusableBundleError("locked", message)
