"""Options of an S3 store for libraries that are not fsspec, from those of fsspec in the connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_NAMES = {"key": "AWS_ACCESS_KEY_ID", "secret": "AWS_SECRET_ACCESS_KEY", "token": "AWS_SESSION_TOKEN"}


def store_options(place: str, options: Mapping[str, Any]) -> dict[str, str] | None:
    """Options of `object_store`, which deltalake reads by; None: those of the environment.

    Args:
        place: URL or path of the table.
        options: options of fsspec's store.
    """
    if urlsplit(place).scheme not in ("s3", "s3a"):
        return None
    client = dict(options.get("client_kwargs") or {})
    found = {theirs: str(options[name]) for name, theirs in _NAMES.items() if options.get(name)}
    endpoint = options.get("endpoint_url") or client.get("endpoint_url")
    if endpoint:
        found["AWS_ENDPOINT_URL"] = str(endpoint)
        found["AWS_ALLOW_HTTP"] = str(str(endpoint).startswith("http://")).lower()
    if client.get("region_name"):
        found["AWS_REGION"] = str(client["region_name"])
    if options.get("anon"):
        found["AWS_SKIP_SIGNATURE"] = "true"
    return found


_ICEBERG = {"key": "s3.access-key-id", "secret": "s3.secret-access-key", "token": "s3.session-token"}


def iceberg_options(place: str, options: Mapping[str, Any]) -> dict[str, str]:
    """Properties of pyiceberg: those of a catalogue as they are, and of a store from fsspec's options."""
    found = {name: str(value) for name, value in options.items() if isinstance(value, str | int | bool)}
    if urlsplit(place).scheme in ("s3", "s3a"):
        client = dict(options.get("client_kwargs") or {})
        found |= {theirs: str(options[name]) for name, theirs in _ICEBERG.items() if options.get(name)}
        endpoint = options.get("endpoint_url") or client.get("endpoint_url")
        found |= {"s3.endpoint": str(endpoint)} if endpoint else {}
        found |= {"s3.region": str(client["region_name"])} if client.get("region_name") else {}
    return found
