"""A folder, or an object store: everything that `fsspec` reaches by a URL."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit, urlunsplit

from upath import UPath

from afschrift.app.extras import require_for
from afschrift.app.object_stores import look_anew, of_place, remove_versions
from afschrift.app.private_files import FOLDER_MODE, LOCAL, private_file
from afschrift.domain.counted_chunks import CountedChunks
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.files import LONGEST_LINK, Receipt, check_name, occupied
from afschrift.domain.instants import utc_now

Place = Path | UPath

_CHUNK = 1 << 20
_CONFIGURATION = (PermissionError, FileNotFoundError, NotADirectoryError, IsADirectoryError)
_NAMED = (ConfigurationError, RetriableError)
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_NO_CONDITIONS = frozenset({400, 501})
"""What stores answer that do not know `If-None-Match` where something is put."""


class FolderDestination:
    """Leaves bundles in one folder, each whole or not at all."""

    def __init__(self, name: str, url: str, options: Mapping[str, Any] | None = None) -> None:
        """Take the place.

        Args:
            name: name of the destination, as requests and errors call it.
            url: path or URL of the folder, for example `file:///srv/outbox` or `s3://bucket/outbox`.
            options: what `fsspec` needs for it, credentials included; never shown.
        """
        self.name = name
        require_for(url, f"The destination '{name}'")
        folder = UPath(url, **(options or {}))
        self._folder: Place = Path(folder.path) if folder.protocol in LOCAL else folder
        self._shown = _without_secrets(url)

    def __repr__(self) -> str:
        """Hide the options: they may hold credentials."""
        return f"FolderDestination({self.name!r})"

    def deliver(self, name: str, chunks: Iterator[bytes]) -> Receipt:
        """Write a bundle under a temporary name, and move it to its own name when it is complete.

        Delivering the same bundle again changes nothing and gives the same receipt.

        Raises:
            ConfigurationError: the name is not opaque, another file has it, or the folder is not usable.
            RetriableError: the folder is full or out of reach; no partial file is left.
        """
        check_name(name)
        target, sent = self._folder / name, CountedChunks.of(chunks)
        with self._errors():
            if isinstance(self._folder, Path):
                # Make the last folder only: a missing parent may be a share that is not mounted.
                self._folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
            else:
                look_anew(self._folder)
            there = target.exists()
        if not there:
            write = self._put if _is_s3(target) else self._write
            return write(target, sent)
        for _ in sent:
            pass
        receipt = sent.receipt(self.address(name))
        self._must_equal(receipt, target)
        return receipt

    def find(self, name: str) -> Receipt | None:
        """Read the file that has a name (see `Destination.find`)."""
        check_name(name)
        target, digest, size = self._folder / name, hashlib.sha256(), 0
        with self._errors("did not show the file", "the delivery is"):
            if not isinstance(self._folder, Path):
                look_anew(self._folder)
            try:
                with target.open("rb") as stream:
                    while read := stream.read(_CHUNK):
                        digest.update(read)
                        size += len(read)
            except FileNotFoundError:
                return None
        with contextlib.suppress(Exception):  # the copy of a try that died before it removed it
            _part(target).unlink(missing_ok=True)
        return Receipt(self.address(name), size, digest.hexdigest())

    def address(self, name: str) -> str:
        """Where a file of this name lies (see `Destination.address`)."""
        return f"{self._shown}/{name}"

    def reach(self) -> None:
        """Check that the folder answers and, on a local disk, is writable (see `Destination.reach`)."""
        with self._errors():
            if not isinstance(self._folder, Path):
                # An object store has no empty folders, so `False` is as good an answer as `True`.
                self._folder.exists()
                return
            there = self._folder if self._folder.exists() else self._folder.parent
            if not there.is_dir():
                raise FileNotFoundError
            if not os.access(there, os.W_OK | os.X_OK):
                raise PermissionError

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Open a bundle that was delivered (see `KeepsBundles.opened`)."""
        check_name(name)
        bundle = self._folder / name
        with self._errors():
            stream = bundle.open("rb") if bundle.exists() else None
        if stream is None:
            raise FileNotFoundError(name)
        with stream:
            yield stream

    def remove(self, name: str) -> bool:
        """Remove a file and its part file (see `Destination.remove`)."""
        check_name(name)
        target = self._folder / name
        with self._errors("did not remove the file", "the removal is"):
            if isinstance(self._folder, Path) and not self._folder.is_dir():
                raise FileNotFoundError  # a share that is not mounted, where the file may still be
            found = [_remove(path) for path in (_part(target), target)]
            return any(found)

    def link(self, name: str, until: datetime) -> str | None:
        """Sign an address of the store (see `Destination.link`); a folder has none."""
        check_name(name)
        seconds = int(min(until - utc_now(), LONGEST_LINK).total_seconds())
        if isinstance(self._folder, Path) or seconds <= 0:
            return None
        with self._errors("did not sign an address", "it is"), contextlib.suppress(NotImplementedError):
            path = self._folder / name
            return str(path.fs.sign(path.path, expiration=seconds))
        return None

    def _put(self, target: Any, sent: CountedChunks) -> Receipt:
        """Send a file to S3, which shows it when all of it is there, and only where none has its name."""
        with self._errors():
            sink = target.fs.open(target.path, "xb", autocommit=False)
        try:
            self._send(sent, sink)
            with self._errors():
                sink.close()
                _commit(sink, target)
        except BaseException as error:
            with contextlib.suppress(Exception):
                sink.discard()
            sink.closed = True  # its end would send the rest
            there = None
            if isinstance(error, _NAMED):
                with contextlib.suppress(*_NAMED):  # the first error is the one to report
                    there = self.find(target.name)
            if there is None:
                raise
            if there != sent.receipt(there.uri):
                raise _overtaken(target.name, self.name) from None
            return there
        with contextlib.suppress(Exception):  # the removal ends them too
            _end_uploads(target)
        return sent.receipt(self.address(target.name))

    def _write(self, target: Place, sent: CountedChunks) -> Receipt:
        # All attempts use the same name, so the next one overwrites what a killed one left behind.
        part = _part(target)
        ours: Callable[[], bool] = bool  # nothing of ours is there yet
        try:
            with self._errors():
                part.unlink(missing_ok=True)
                sink = _create(part)
            ours = _is_there(part, sink)
            try:
                self._send(sent, sink)
            finally:
                with self._errors():
                    _close(sink, part)
            with self._errors(), _expect_visible(part):
                receipt = sent.receipt(self.address(target.name))
                if not ours() and part.parent.is_dir():
                    if self.find(target.name) == receipt:
                        return receipt
                    raise _overtaken(target.name, self.name)
                if part.stat().st_size != receipt.bytes:
                    raise OSError("fewer bytes arrived than were sent")
                self._publish(part, target, receipt)
        except BaseException:
            with contextlib.suppress(Exception):  # report the first error, not that of the clean-up
                if ours():
                    part.unlink(missing_ok=True)
            raise
        return receipt

    def _send(self, sent: CountedChunks, sink: Any) -> None:
        for chunk in sent:
            with self._errors():
                sink.write(chunk)

    def _publish(self, part: Place, target: Place, receipt: Receipt) -> None:
        if target.exists():  # another try was quicker, or the store showed late what it has
            self._must_equal(receipt, target)
            part.unlink(missing_ok=True)
            return
        if not isinstance(part, Path) or not isinstance(target, Path):
            part.rename(str(target))
            return
        try:
            # A hard link, unlike a rename, never replaces a file that appeared in the meantime.
            target.hardlink_to(part)
            part.unlink(missing_ok=True)
        except FileExistsError:
            self._must_equal(receipt, target)
            part.unlink(missing_ok=True)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            part.rename(target)
        _flush_folder(target.parent)

    def _must_equal(self, receipt: Receipt, target: Place) -> None:
        if self.find(target.name) != receipt:
            raise occupied(target.name, self.name)

    @contextlib.contextmanager
    def _errors(
        self, failed: str = "did not take the bundle", retried: str = "the delivery is then"
    ) -> Iterator[None]:
        """Name the destination in errors, and never its address, which may hold a password."""
        try:
            yield
        except _CONFIGURATION as error:
            raise ConfigurationError(
                f"The destination '{self.name}' cannot be used ({type(error).__name__}).",
                remedy="check that the folder exists, that its credentials are valid, and that the "
                "software may write there.",
            ) from None
        except Exception as error:  # each store's library raises errors of its own
            if not of_place(error):
                raise
            code = error.errno if isinstance(error, OSError) else None
            reason = os.strerror(code) if code else type(error).__name__
            raise RetriableError(
                f"The destination '{self.name}' {failed} ({reason}).",
                remedy=f"free space there or bring it back; {retried} tried again.",
            ) from None


def _part(target: Place) -> Place:
    return target.with_name(f".{target.name}.part")


def _remove(path: Place) -> bool:
    """Remove a file; False: there was none."""
    if isinstance(path, Path):
        there = path.exists()
        path.unlink(missing_ok=True)
        _flush_folder(path.parent)
        return there
    look_anew(path)
    _end_uploads(path)
    there = path.exists()
    with contextlib.suppress(FileNotFoundError):
        path.fs.rm_file(path.path)  # in any case: a store may show a new file only after a while
    remove_versions(path)
    look_anew(path)
    if path.exists():
        raise OSError(errno.EBUSY, "the file is still there")
    return there


def _is_s3(path: Place) -> bool:
    return not isinstance(path, Path) and path.protocol in ("s3", "s3a")


def _commit(sink: Any, target: Any) -> None:
    """Give a file its name if none has it; where the store knows no such condition, after a look."""
    try:
        sink.commit()
    except OSError as error:
        answer = getattr(error.__cause__, "response", {}).get("ResponseMetadata", {})
        if answer.get("HTTPStatusCode") not in _NO_CONDITIONS:
            raise
        look_anew(target)
        if target.exists():
            raise FileExistsError from None
        sink.mode = "wb"
        sink.commit()


def _end_uploads(path: Any) -> None:
    """End the uploads in parts that killed tries left open: no listing shows them, and S3 keeps them.

    A log-in may lack the right to; docs/delivery.md then asks for a rule of the bucket.
    """
    if not _is_s3(path):
        return
    bucket, key, _ = path.fs.split_path(path.path)
    with contextlib.suppress(PermissionError):
        for upload in path.fs.list_multipart_uploads(bucket):
            if upload["Key"] == key:
                path.fs.abort_mpu(bucket, key, upload["UploadId"])


@contextlib.contextmanager
def _expect_visible(part: Place) -> Iterator[None]:
    """Treat a missing file as a retriable error: some object stores list a new file only after a while."""
    try:
        yield
    except FileNotFoundError:
        if isinstance(part, Path):
            raise
        raise OSError(errno.EAGAIN, "the written file is not visible yet") from None


def _create(part: Place) -> BinaryIO:
    """Open a new file; on a local disk only its owner may read it."""
    if isinstance(part, Path):
        return private_file(part, new=True)
    stream: BinaryIO = part.open("wb")
    return stream


def _is_there(part: Place, sink: BinaryIO) -> Callable[[], bool]:
    """Tells whether a part file is still ours: another process that delivers the same file may replace it.

    An object store shows what was closed last, so there it counts as ours.
    """
    if not isinstance(part, Path):
        return lambda: True
    own = os.fstat(sink.fileno())
    return lambda: part.exists() and os.path.samestat(own, part.stat())


def _overtaken(name: str, destination: str) -> RetriableError:
    return RetriableError(
        f"Another process is delivering {name} to the destination '{destination}'.",
        remedy="nothing: the next try takes what that one delivered.",
    )


def _close(sink: BinaryIO, part: Place) -> None:
    """Close a file; on a local disk, after its bytes have reached the disk."""
    with sink:
        if isinstance(part, Path):
            sink.flush()
            os.fsync(sink.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    if not parts.netloc:
        return url.rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
