"""age, to the public key of a recipient (https://age-encryption.org/v1).

Its pass phrases are not offered: the library holds the whole file in memory for them.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from afschrift.domain.errors import RefusedError
from afschrift.domain.language import gettext


class Age:
    """For a recipient with a key of age, or of SSH."""

    code = "age"
    libraries: tuple[str, ...] = ("pyrage",)
    suffix = ".zip.age"
    uses_secret = False
    has_link = False

    def encrypt(self, bundle: BinaryIO, size: int, sink: BinaryIO, key: str, file_id: bytes = b"") -> None:
        import pyrage

        files = _SourceAndSink(bundle, sink)
        try:
            pyrage.encrypt_io(files, files, [_recipient(key)])
        except pyrage.EncryptError:
            raise files.error from None

    def check_key(self, key: str) -> None:
        _recipient(key)


class _SourceAndSink:
    """Reads from one file and writes to another; keeps their error, of which the library passes on a text."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self.error: Exception = OSError("age ended early")
        self._source, self._sink = source, sink

    def read(self, size: int = -1) -> bytes:
        try:
            return self._source.read(size)
        except Exception as error:
            self.error = error
            raise

    def write(self, chunk: bytes) -> int:
        try:
            return self._sink.write(chunk)
        except Exception as error:
            self.error = error
            raise

    def flush(self) -> None:
        """Do nothing: the sink is closed by its owner."""


def _recipient(key: str) -> Any:
    import pyrage

    kind = pyrage.ssh if key.startswith("ssh-") else pyrage.x25519
    try:
        return kind.Recipient.from_str(key.strip())
    except pyrage.RecipientError:
        raise RefusedError(
            gettext("This is no public key of age."),
            remedy=gettext("ask for the line that begins with age1, or with ssh-ed25519 or ssh-rsa."),
        ) from None
