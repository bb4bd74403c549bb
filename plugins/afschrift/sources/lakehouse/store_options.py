"""Options of an S3 store for each library, from those that a connection has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_NAMES = (
    ("key", "AWS_ACCESS_KEY_ID", "s3.access-key-id"),
    ("secret", "AWS_SECRET_ACCESS_KEY", "s3.secret-access-key"),
    ("token", "AWS_SESSION_TOKEN", "s3.session-token"),
    ("endpoint_url", "AWS_ENDPOINT_URL", "s3.endpoint"),
    ("region_name", "AWS_REGION", "s3.region"),
    ("anon", "AWS_SKIP_SIGNATURE", "s3.anonymous"),
)
"""Names of each option: fsspec's, that of `object_store`, that of pyiceberg."""
_OBJECT_STORE, _PYICEBERG = 1, 2


def store_options(place: str, options: Mapping[str, Any]) -> dict[str, str] | None:
    """Options of `object_store`, which deltalake reads by; None: those of the environment.

    Args:
        place: URL or path of the table.
        options: options of fsspec's store.
    """
    if not _is_s3(place):
        return None
    found = _named(options, _OBJECT_STORE)
    if found.get("AWS_ENDPOINT_URL", "").startswith("http://"):
        found["AWS_ALLOW_HTTP"] = "true"
    return found


def iceberg_options(place: str, options: Mapping[str, Any]) -> dict[str, str]:
    """Properties of pyiceberg for a store, from fsspec's options."""
    found = {name: str(value) for name, value in options.items() if isinstance(value, str | int | bool)}
    return found | (_named(options, _PYICEBERG) if _is_s3(place) else {})


def fsspec_options(place: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Options of fsspec for a store, from the properties of pyiceberg's catalogue."""
    known = {ours: properties.get(theirs) for ours, _, theirs in _NAMES if _is_s3(place)}
    found = {ours: of for ours, of in known.items() if of and str(of).lower() != "false"}
    if region := found.pop("region_name", None):
        found["client_kwargs"] = {"region_name": region}
    return found


def _is_s3(place: str) -> bool:
    return urlsplit(place).scheme in ("s3", "s3a")


def _named(options: Mapping[str, Any], library: int) -> dict[str, str]:
    given = {**(options.get("client_kwargs") or {}), **{name: of for name, of in options.items() if of}}
    known = {names[library]: given.get(names[0]) for names in _NAMES}
    return {name: "true" if of is True else str(of) for name, of in known.items() if of}
