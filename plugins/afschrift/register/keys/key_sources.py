"""Registry of readers for keys that are not in a file.

The register must not import Airflow, so `airflow_ext` registers the reader of Airflow's secrets backends
here. This module imports next to nothing, since it is loaded wherever `airflow_ext` is.
"""

from __future__ import annotations

from collections.abc import Callable

from afschrift.domain.errors import ConfigurationError

Reader = Callable[[str], str]
"""Takes the name of a place and returns the key document in JSON; fetches it at each call."""

_readers: dict[str, Reader] = {}


def offer(kind: str, reader: Reader) -> None:
    """Register a reader; `kind` is the part of `AFSCHRIFT_KEYS` before the colon."""
    _readers[kind] = reader


def reader(source: str) -> tuple[Callable[[], str], str]:
    """A function that fetches the keys, and the name of their place in messages.

    Args:
        source: `<kind>:<name>`.

    Raises:
        ConfigurationError: no reader of this kind is registered.
    """
    kind, _, name = source.partition(":")
    if kind not in _readers or not name:
        known = ", ".join(f"{offered}:<name>" for offered in sorted(_readers))
        raise ConfigurationError(
            f"AFSCHRIFT_KEYS names no place for keys that is known here ({kind}:...).",
            remedy=f"set it to the path of a key file or to one of: {known}.",
        )
    fetch = _readers[kind]
    return lambda: fetch(name), f"{kind} {name}"
