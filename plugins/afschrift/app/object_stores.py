"""How object stores differ from a disk: errors of their own, buckets instead of folders, caches."""

from __future__ import annotations

from typing import Any

from afschrift.app.private_files import LOCAL

_LIBRARIES = frozenset(
    {"adlfs", "aiobotocore", "aiohttp", "azure", "botocore", "fsspec", "gcsfs", "google", "paramiko", "s3fs"}
)
"""Libraries whose errors are no `OSError`, for example botocore's when an address does not answer."""
_FLAT = frozenset({"abfs", "abfss", "adl", "az", "gcs", "gs", "s3", "s3a"})
"""Protocols of stores without folders: making a path there would make a bucket."""


def of_place(error: BaseException) -> bool:
    """Whether an error comes from where files are stored: an `OSError`, or one of a library for stores."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _LIBRARIES


def has_folders(protocol: str) -> bool:
    """Whether folders are made there before files are."""
    return protocol not in _FLAT


def look_anew(place: Any) -> None:
    """Clear a file system's cache of listings, because other workers write there too.

    Args:
        place: a `UPath`; a disk has no such cache.
    """
    if place.protocol not in LOCAL:
        place.fs.invalidate_cache()


def remove_versions(place: Any) -> None:
    """Remove what an S3 bucket with versions keeps of a file that was removed.

    Args:
        place: a `UPath`; other stores, and those that know no versions, have nothing to remove.
    """
    store = place.fs
    if not hasattr(store, "call_s3"):
        return
    bucket, key, _ = store.split_path(place.path)
    try:
        found = store.call_s3("list_object_versions", Bucket=bucket, Prefix=key)
    except NotImplementedError:
        return
    for version in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
        if version["Key"] == key and version["VersionId"] != "null":
            store.call_s3("delete_object", Bucket=bucket, Key=key, VersionId=version["VersionId"])
