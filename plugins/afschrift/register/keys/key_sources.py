"""Places other than a file that keys are read from. Whoever knows such a place offers a reader for it.

The wiring knows no Airflow, so it cannot reach Airflow's secrets backends itself: `airflow_ext` offers
the reader, and this module is light enough to be imported by whatever loads.
"""

from __future__ import annotations

from collections.abc import Callable

from afschrift.domain.errors import ConfigurationError

Reader = Callable[[str], str]
"""From the name of a place of its kind to the key document in JSON; fetches it at each call."""

_readers: dict[str, Reader] = {}


def offer(kind: str, reader: Reader) -> None:
    """Make a kind known, as it stands before the colon in `AFSCHRIFT_KEYS`."""
    _readers[kind] = reader


def reader(source: str) -> tuple[Callable[[], str], str]:
    """What fetches the keys, and what to call their place in a message.

    Args:
        source: `<kind>:<name>`.

    Raises:
        ConfigurationError: nobody offered this kind.
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
