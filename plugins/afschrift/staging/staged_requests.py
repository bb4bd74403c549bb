"""The place for staging: which requests have files there, and removing them without a key, for the sweep."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upath import UPath

from afschrift.app.object_stores import look_anew, of_place
from afschrift.app.options import read_options
from afschrift.app.private_files import LOCAL, private_folder
from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.files import StagedRequest
from afschrift.domain.request import is_id


def staged_requests(root: UPath | Path) -> tuple[StagedRequest, ...]:
    """List the requests that have staged files, the longest untouched first; other folders are skipped.

    Raises:
        RetriableError: the place does not answer or cannot be read.
    """
    found = []
    base = UPath(root)
    with _usable():
        look_anew(base)
        folders = [f for f in base.iterdir() if _of_request(f.name)] if base.exists() else []
    for folder in folders:
        staged = _staged_request(folder)
        if staged is not None:
            found.append(staged)
    return tuple(sorted(found, key=lambda h: h.touched))


def destroy(root: UPath | Path, request_id: str) -> StagedRequest | None:
    """Remove everything staged for a request. Return what it was, or None if there was nothing.

    Raises:
        RetriableError: something could not be removed.
    """
    folder = UPath(root) / request_id
    if not _of_request(request_id):
        return None
    with _usable():
        look_anew(folder)
        if not folder.exists():
            return None
    was = _staged_request(folder)
    try:
        with _usable():
            folder.fs.rm(folder.path, recursive=True)
    except FileNotFoundError:  # removed by another process meanwhile
        return None
    return was


def probe(root: UPath | Path) -> None:
    """Write one byte into the staging root, and remove it again.

    Raises:
        RetriableError: the place does not answer, is full, or cannot be written.
    """
    base = UPath(root)
    file = base / f".probe-{secrets.token_hex(8)}"
    try:
        with _usable():
            if base.protocol in LOCAL:
                private_folder(Path(base.path))
            file.write_bytes(b"x")
            file.unlink()
    except FileNotFoundError as error:
        raise _unusable(error) from None


def _of_request(name: str) -> bool:
    return name.startswith("req-") and is_id(name)


def _staged_request(folder: UPath) -> StagedRequest | None:
    """Sum up a request's folder; a run may add and remove files meanwhile."""
    times, size = [], 0
    try:
        with _usable():
            for file in folder.rglob("*"):
                if file.is_file():
                    # The file system's own call: `stat` has no time on some object stores.
                    times.append(file.fs.modified(file.path))
                    size += file.stat().st_size
    except FileNotFoundError:  # a run is changing it: the next sweep looks again
        return None
    return StagedRequest(folder.name, max(times), size) if times else None


@contextmanager
def _usable() -> Iterator[None]:
    """Turn errors of the place into ours; the caller decides what a missing file means."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        if not of_place(error):
            raise
        raise _unusable(error) from None


def _unusable(error: Exception) -> RetriableError:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return RetriableError(
        f"The place for staging cannot be used: {reason}.",
        remedy="see that it is there and that the service may read and write it (AFSCHRIFT_STAGING).",
    )


def staging_root(settings: Settings) -> UPath:
    """Open the place with its credentials.

    Raises:
        ConfigurationError: its options cannot be read, or do not fit its address.
    """
    if settings.staging_options is None:
        return UPath(settings.staging)
    options = read_options(
        settings.staging_options, "staging (AFSCHRIFT_STAGING_OPTIONS)", "docs/operator/settings.md"
    )
    try:
        root: UPath = UPath(settings.staging, **options)
    except (ImportError, TypeError, ValueError) as error:  # its text may quote an option
        raise ConfigurationError(
            f"The place for staging cannot be used with its options ({type(error).__name__}).",
            remedy="correct AFSCHRIFT_STAGING and AFSCHRIFT_STAGING_OPTIONS; an object store needs its "
            "library (s3fs, gcsfs).",
        ) from None
    return root
