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
from afschrift.staging.staged_file import staged_file

SEGMENT_BYTES = 1 << 20
KEY_BYTES = 32
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
    """Once a process: it takes longer than all the rest."""
    streaming_aead.register()


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
            ConfigurationError: the request id has no id's shape.
        """
        if not is_id(request_id):
            raise ConfigurationError("Staging is asked for something that is no request id.")
        require_for(str(root), "Staging (AFSCHRIFT_STAGING)")
        self._folder = UPath(root) / request_id
        self._request = request_id
        self._cipher = streaming_cipher(key)

    def __repr__(self) -> str:
        return f"EncryptedStaging({self._folder})"

    @contextmanager
    def writer(self, path: str) -> Iterator[BinaryIO]:
        """Open for writing; the file appears when the block ends without an exception, over an older one.

        Raises:
            RetriableError: the place cannot be written; what was begun is removed.
            ConfigurationError: `path` is none below the request's folder.
        """
        target = self._file(path)
        at_once = not has_folders(target.protocol)
        part = target if at_once else target.with_name(target.name + PART)
        begun = stream = None
        try:
            with self._writing(path):
                begun = _begun(part)
                stream = self._cipher.new_encrypting_stream(begun, self._bound(path))
            with self._writing(path, by_caller=True):
                yield cast(BinaryIO, stream)
            with self._writing(path):
                stream.close()
                if not at_once:
                    part.rename(target)
        except BaseException:
            if begun is not None:
                if at_once:
                    _never_put(begun)
                _abandon(begun, stream)
                if not at_once:
                    with suppress(Exception):
                        part.unlink(missing_ok=True)
            raise

    @contextmanager
    def reader(self, path: str) -> Iterator[BinaryIO]:
        """Open for reading, decrypted, forward only. Damage shows at the latest at the end of the file.

        Raises:
            StagedFileError: the file is gone or damaged, or belongs to another request or key.
            RetriableError: the place for staging does not answer.
            ConfigurationError: `path` is none below the request's folder.
        """
        target = self._file(path)
        try:
            source = target.open("rb")
        except FileNotFoundError:
            raise StagedFileError(self._request, path, "missing", staged_file(path).task) from None
        except Exception as error:
            if not of_place(error):
                raise
            raise self._unanswered(f"The staged file {path}", "cannot be opened", error) from None
        with source:
            plain = self._cipher.new_decrypting_stream(source, self._bound(path))
            raw = _Decrypting(plain, self.damaged(path))
            with io.BufferedReader(raw, SEGMENT_BYTES) as stream:
                yield cast(BinaryIO, stream)

    def damaged(self, path: str) -> StagedFileError:
        """The error for a file whose content was not staged by us."""
        return StagedFileError(self._request, path, "damaged", staged_file(path).task)

    def exists(self, path: str) -> bool:
        """Whether a file is staged whole.

        Raises:
            RetriableError: the place for staging does not answer.
            ConfigurationError: `path` is none below the request's folder.
        """
        with self._answering(f"The staged file {path}", "cannot be looked for"):
            return bool(self._file(path).exists())

    def wipe(self, under: str = "") -> None:
        """Remove what is staged, begun files too; `under`: only that folder. Nothing there is as good.

        Raises:
            RetriableError: the place for staging does not answer.
            ConfigurationError: `under` is none below the request's folder.
        """
        folder = self._folder.joinpath(*_parts(under)) if under else self._folder
        with self._answering("What is staged", "cannot be removed"):
            look_anew(folder)
            if folder.exists():
                folder.fs.rm(folder.path, recursive=True)

    def remove(self, path: str) -> None:
        """Remove one staged file; one that is not there is as good.

        Raises:
            RetriableError: the place for staging does not answer.
            ConfigurationError: `path` is none below the request's folder.
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
        """Our words for a failed write. Within the caller's block only Tink's error is ours to explain."""
        try:
            yield
        except Exception as error:
            if not isinstance(error, TinkError) and (by_caller or not of_place(error)):
                raise
            # Tink wraps an error of the disk in a text that holds paths of the installation.
            reason = getattr(error, "strerror", None) or "writing failed, perhaps for want of room"
            raise RetriableError(
                f"The file {path} cannot be staged at {self._folder}: {reason}.",
                remedy="see that there is room and the right to write; then clear the failed task.",
            ) from None

    def _bound(self, path: str) -> bytes:
        return f"{self._request}/{path}".encode()


class _Decrypting(io.RawIOBase):
    """Reads from Tink's stream, and says in our words when that fails.

    Readers such as Arrow's catch errors of their own kind alone, so the right one is raised at the source.
    """

    def __init__(self, stream: BinaryIO, damaged: StagedFileError) -> None:
        self._stream = stream
        self._damaged = damaged

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (TinkError, OSError):
            raise self._damaged from None
        buffer[: len(data)] = data
        return len(data)


def _begun(part: UPath) -> BinaryIO:
    """A file to write, in a folder that is made for it; on a local disk both are the service's alone.

    On an object store it is the object itself: it is not visible before it is whole, and a name to be changed
    later would cost a copy and four more calls.
    """
    if part.protocol in LOCAL:
        file = Path(part.path)
        private_folder(file.parent)
        return private_file(file)
    if has_folders(part.protocol):
        part.parent.mkdir(parents=True, exist_ok=True)
    return part.open("wb")


def _never_put(begun: Any) -> None:
    """Throw away what was written to an object: the store shows one as soon as its file is closed.

    Args:
        begun: a file of fsspec, for writing.
    """
    with suppress(Exception):
        begun.discard()
    begun.closed = True  # else Python closes it as it goes, and half a file takes the place of a whole one


def _abandon(begun: BinaryIO, stream: Any) -> None:
    """Close what is thrown away; the first error is the one to tell, so a later one is not.

    Args:
        begun: the file.
        stream: that encrypts into it and closes it too; None where it could not be made.
    """
    if stream is None:
        with suppress(Exception):
            begun.close()
        return
    with suppress(Exception):
        stream.close()
    with suppress(Exception):  # else Python closes it once more as it goes, and prints that this failed
        io.RawIOBase.close(stream.raw)


def _parts(path: str) -> list[str]:
    """The names of a relative path; anything that could lead elsewhere is turned down unread."""
    parts = path.split("/")
    if "\\" in path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise ConfigurationError(
            "A path for staging leads out of the request's folder.",
            remedy="see the names of sources and tables in the inventory: no `..`, no backslash, no slash.",
        )
    return parts
