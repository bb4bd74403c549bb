"""Staging on a folder or an object store: each file encrypted, and visible only when whole.

Tink encrypts by AES-256-GCM in segments of 1 MiB, under keys derived per file (HKDF). Segments are numbered
and the last one is marked, so a cut, reordered or altered file does not decrypt.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, cast

from tink import TinkError, proto_keyset_format, secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2
from upath import UPath

from afschrift.app.extras import require_for
from afschrift.app.object_stores import has_folders, look_anew, of_place
from afschrift.app.private_files import LOCAL, private_file, private_folder
from afschrift.domain.errors import ConfigurationError, RetriableError, StagedFileError
from afschrift.domain.request import is_id
from afschrift.staging.staged_file import describe_path

SEGMENT_BYTES = 1 << 20
KEY_BYTES = 32
_HEAD_BYTES = 1 + KEY_BYTES + 7
"""Its length, salt and prefix of nonces, before the first segment of Tink's format."""
_TYPE = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"


def streaming_cipher(key: bytes) -> streaming_aead.StreamingAead:
    """The cipher AES256_GCM_HKDF_1MB under a raw key of 32 bytes."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a staging key has {KEY_BYTES} bytes")
    _register()
    params = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=SEGMENT_BYTES,
        derived_key_size=KEY_BYTES,
        hkdf_hash_type=common_pb2.SHA256,
    )
    streaming_key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(params=params, key_value=key)
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.add(
        key_data=tink_pb2.KeyData(
            type_url=_TYPE,
            value=streaming_key.SerializeToString(),
            key_material_type=tink_pb2.KeyData.SYMMETRIC,
        ),
        status=tink_pb2.ENABLED,
        key_id=1,
        output_prefix_type=tink_pb2.RAW,
    )
    handle = proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return cast(streaming_aead.StreamingAead, handle.primitive(streaming_aead.StreamingAead))


@cache
def _register() -> None:
    """Register the cipher once a process: registering takes longer than all the rest."""
    streaming_aead.register()
    # Freed at once, this lets glibc keep the memory of freed segments. Else each goes back to the kernel, and
    # the faults of having it again cost as much as the cipher.
    bytes(16 * SEGMENT_BYTES)


SUFFIX = ".enc"
PART = ".part"


class EncryptedStaging:
    """Files under `root/<request>/<path>.enc`, bound to request and path: none can replace another."""

    def __init__(self, root: UPath | Path, request_id: str, key: bytes) -> None:
        """Stage below a root.

        Args:
            root: folder or object store, shared by all requests.
            request_id: opaque id; names the request's folder.
            key: 32 bytes, the request's subkey for staging.

        Raises:
            ConfigurationError: the request id is malformed.
        """
        if not is_id(request_id):
            raise ConfigurationError("Staging was opened with something that is no request id.")
        require_for(str(root), "Staging (AFSCHRIFT_STAGING)")
        self._folder = UPath(root) / request_id
        self._request = request_id
        self._cipher = streaming_cipher(key)

    def __repr__(self) -> str:
        return f"EncryptedStaging({self._folder})"

    @contextmanager
    def writer(self, path: str) -> Iterator[BinaryIO]:
        """Open for writing; when the block ends without an exception, the file appears, or replaces one.

        Raises:
            RetriableError: staging cannot be written; the partial file is removed.
            ConfigurationError: `path` leads out of the request's folder.
        """
        target = self._file(path)
        at_once = not has_folders(target.protocol)
        part = target if at_once else target.with_name(target.name + PART)
        part_file = stream = None
        try:
            with self._writing(path):
                part_file = _open_part(part)
                stream = self._cipher.new_encrypting_stream(part_file, self._bound(path))
            with self._writing(path, by_caller=True):
                yield cast(BinaryIO, stream)
            with self._writing(path):
                stream.close()
                if not at_once:
                    part.rename(target)
        except BaseException:
            if part_file is not None:
                if at_once:
                    _discard_object(part_file)
                _close_quietly(part_file, stream)
                if not at_once:
                    with suppress(Exception):
                        part.unlink(missing_ok=True)
            raise

    @contextmanager
    def reader(self, path: str) -> Iterator[StagedReader]:
        """Open for reading, decrypted, forward only. Damage is found at the end of the file at the latest.

        Raises:
            StagedFileError: the file is missing or damaged, or belongs to another request or key.
            RetriableError: the place for staging does not answer.
            ConfigurationError: `path` leads out of the request's folder.
        """
        target = self._file(path)
        try:
            source = target.open("rb")
        except FileNotFoundError:
            raise StagedFileError(self._request, path, "missing", describe_path(path).task) from None
        except Exception as error:
            if not of_place(error):
                raise
            raise self._unanswered(f"The staged file {path}", "cannot be opened", error) from None
        with source:
            with self._answering(f"The staged file {path}", "cannot be read"):
                head = source.read(_HEAD_BYTES)
                source.seek(0)
            plain = self._cipher.new_decrypting_stream(source, self._bound(path))
            raw = _Decrypting(plain, self.damaged_error(path))
            with StagedReader(raw, SEGMENT_BYTES) as stream:
                stream.file_id = head
                yield stream

    def damaged_error(self, path: str) -> StagedFileError:
        """Return the error for a file whose content was not staged by us."""
        return StagedFileError(self._request, path, "damaged", describe_path(path).task)

    def exists(self, path: str) -> bool:
        """Whether a complete file is staged.

        Raises:
            RetriableError: the place for staging does not answer.
            ConfigurationError: `path` leads out of the request's folder.
        """
        with self._answering(f"The staged file {path}", "cannot be looked for"):
            return bool(self._file(path).exists())

    def wipe(self, under: str = "") -> None:
        """Remove all staged files, partial ones too; with `under`, only those of that folder.

        Raises:
            RetriableError: the place for staging does not answer.
            ConfigurationError: `under` leads out of the request's folder.
        """
        folder = self._folder.joinpath(*_parts(under)) if under else self._folder
        with self._answering("What is staged", "cannot be removed"):
            look_anew(folder)
            if folder.exists():
                folder.fs.rm(folder.path, recursive=True)

    def remove(self, path: str) -> None:
        """Remove a staged file, if it exists.

        Raises:
            RetriableError: the place for staging does not answer.
            ConfigurationError: `path` leads out of the request's folder.
        """
        with self._answering(f"The staged file {path}", "cannot be removed"):
            self._file(path).unlink(missing_ok=True)

    def _file(self, path: str) -> UPath:
        *folders, name = _parts(path)
        look_anew(self._folder)
        return self._folder.joinpath(*folders, name + SUFFIX)

    @contextmanager
    def _answering(self, what: str, failed: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not of_place(error):
                raise
            raise self._unanswered(what, failed, error) from None

    def _unanswered(self, what: str, failed: str, error: Exception) -> RetriableError:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return RetriableError(
            f"{what} of request {self._request} {failed}: {reason}.",
            remedy="see that the place for staging answers and lets the service read and write "
            "(AFSCHRIFT_STAGING); then clear the failed task.",
        )

    @contextmanager
    def _writing(self, path: str, *, by_caller: bool = False) -> Iterator[None]:
        """Turn a failed write into our error. Within the caller's block this holds for Tink's errors only."""
        try:
            yield
        except Exception as error:
            if not isinstance(error, TinkError) and (by_caller or not of_place(error)):
                raise
            # Tink wraps a disk error in a text that holds paths of the installation.
            reason = getattr(error, "strerror", None) or "writing failed, perhaps for want of room"
            raise RetriableError(
                f"The file {path} cannot be staged at {self._folder}: {reason}.",
                remedy="see that there is room and the right to write; then clear the failed task.",
            ) from None

    def _bound(self, path: str) -> bytes:
        return f"{self._request}/{path}".encode()


class StagedReader(io.BufferedReader):
    """A staged file that is read.

    Attributes:
        file_id: what Tink drew when it was written, a salt and a prefix of nonces: no two files share it.
    """

    file_id: bytes


class _Decrypting(io.RawIOBase):
    """Reads from Tink's stream, and raises our error when that fails.

    Readers such as Arrow's pass an error on unchanged unless it is of their own kind, so ours is raised here.
    """

    def __init__(self, stream: BinaryIO, damaged_error: StagedFileError) -> None:
        self._stream = stream
        self._damaged = damaged_error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (TinkError, OSError):
            raise self._damaged from None
        buffer[: len(data)] = data
        return len(data)


def _open_part(part: UPath) -> BinaryIO:
    """Open a file for writing and make its folder; on a local disk only the service can read either.

    On an object store this is the object itself and not a temporary one: an object is not visible before it
    is complete, and renaming would cost a copy and four more calls.
    """
    if part.protocol in LOCAL:
        file = Path(part.path)
        private_folder(file.parent)
        return private_file(file)
    if has_folders(part.protocol):
        part.parent.mkdir(parents=True, exist_ok=True)
    return part.open("wb")


def _discard_object(part_file: Any) -> None:
    """Discard what was written to an object: the store shows an object as soon as its file is closed.

    Args:
        part_file: a file of fsspec, for writing.
    """
    with suppress(Exception):
        part_file.discard()
    # Else Python closes the file when it is garbage-collected, and a partial file replaces a complete one.
    part_file.closed = True


def _close_quietly(part_file: BinaryIO, stream: Any) -> None:
    """Close a file that is discarded. Errors are suppressed, since the error that led here is reported.

    Args:
        part_file: the file.
        stream: the stream that encrypts into it and closes it too; None if it could not be opened.
    """
    if stream is None:
        with suppress(Exception):
            part_file.close()
        return
    with suppress(Exception):
        stream.close()
    # Else Python closes it again when it is garbage-collected, and prints that this failed.
    with suppress(Exception):
        io.RawIOBase.close(stream.raw)


def _parts(path: str) -> list[str]:
    """Split a relative path into names, and refuse one that could lead out of the folder."""
    parts = path.split("/")
    if "\\" in path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise ConfigurationError(
            "A path for staging leads out of the request's folder.",
            remedy="see the names of sources and tables in the inventory: no `..`, no backslash, no slash.",
        )
    return parts
