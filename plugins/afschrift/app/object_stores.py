"""What object stores do otherwise than a disk: errors of their own, buckets instead of folders, memories."""

from __future__ import annotations

from typing import Any

from afschrift.app.private_files import LOCAL

_LIBRARIES = frozenset(
    {"adlfs", "aiobotocore", "aiohttp", "azure", "botocore", "fsspec", "gcsfs", "google", "paramiko", "s3fs"}
)
"""Their errors are none of the system's, for example botocore's where an address does not answer."""
_FLAT = frozenset({"abfs", "abfss", "adl", "az", "gcs", "gs", "s3", "s3a"})
"""Protocols of stores without folders: to make a path there is to make a bucket, where its name is wrong."""


def of_place(error: BaseException) -> bool:
    """Whether an error is of the place where files are: the system's, or of the library that reaches it."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _LIBRARIES


def has_folders(protocol: str) -> bool:
    """Whether folders are made there before files are."""
    return protocol not in _FLAT


def look_anew(place: Any) -> None:
    """Forget what a file system remembers of listings: other workers write there too.

    Args:
        place: a `UPath`; of a disk nothing is remembered.
    """
    if place.protocol not in LOCAL:
        place.fs.invalidate_cache()
