"""The kinds of encryption. To add one, write a file and add a line here; destinations can then name it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Protocol

from afschrift.domain.errors import ConfigurationError
from afschrift.encryption.aes_zip import AesZip, is_locked
from afschrift.encryption.age import Age
from afschrift.encryption.openpgp import OpenPgp
from afschrift.encryption.portal_file import Portal


class Encryption(Protocol):
    """Makes the file that leaves, from a bundle; memory stays flat.

    Attributes:
        code: as the options of a destination name it.
        libraries: modules that are imported at the first use.
        suffix: of the file's name, after that of the request.
        uses_secret: it is opened by words that we draw; otherwise by the private half of the recipient's key.
        has_link: the link at which it is fetched is drawn with the words, and opens it with them.
    """

    code: str
    libraries: tuple[str, ...]
    suffix: str
    uses_secret: bool
    has_link: bool

    def encrypt(self, bundle: BinaryIO, size: int, sink: BinaryIO, key: str, file_id: bytes = b"") -> None:
        """Encrypt a bundle.

        Args:
            bundle: read to its end.
            size: its bytes.
            sink: what is written to; it stays open.
            key: the words, or the recipient's public key.
            file_id: what no bundle of other content shares, for an encryption that makes the same bytes at
                each try.

        Raises:
            RefusedError: the key cannot be used; the message says why and never holds the key.
        """

    def check_key(self, key: str) -> None:
        """Refuse a key that cannot be used: of another form, expired, revoked.

        Raises:
            RefusedError: with what is wrong with it.
        """


ENCRYPTIONS: Mapping[str, Encryption] = {kind.code: kind for kind in (AesZip(), Age(), OpenPgp())}
"""Those that the options of a destination may name."""
OF_A_KIND: Mapping[str, Encryption] = {kind.code: kind for kind in (Portal(),)}
"""Those that belong to the kind of destination of that name."""


def is_encrypted(path: Path) -> bool:
    """Whether a file is an encrypted bundle, by its content or, of a key's, by its name."""
    if path.is_dir():
        return False
    if any(path.name.endswith(kind.suffix) for kind in ENCRYPTIONS.values() if not kind.uses_secret):
        return True
    with path.open("rb") as file:
        return is_locked(file)


def opens_by_words(code: str) -> bool:
    """Whether words that we drew open what was encrypted so."""
    found = encryption_of(code)
    return found is not None and found.uses_secret


def encryption_of(code: str) -> Encryption | None:
    """The encryption of a destination; None: it is open by decision.

    Raises:
        ConfigurationError: there is no such kind.
    """
    if code == "none":
        return None
    found = ENCRYPTIONS.get(code) or OF_A_KIND.get(code)
    if found is None:
        raise ConfigurationError(
            "This encryption is not known.", remedy=f"choose one of {', '.join(ENCRYPTIONS)}, none."
        )
    return found
