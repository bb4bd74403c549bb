"""The interface of a witness place: it keeps files for good, and may be readable from here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from afschrift.domain.errors import ConfigurationError

Files = Mapping[str, bytes]
"""Name -> content of a checkpoint and of its time stamps."""


class Witness(Protocol):
    """A place that keeps checkpoints."""

    name: str
    readable: bool
    """Whether `read` can look into it from here."""

    def send(self, files: Files) -> None:
        """Write files for good; sending the same files again changes nothing.

        Raises:
            ConfigurationError: settings are wrong, or a file with one of the names has another content.
            RetriableError: the place is out of reach.
        """

    def read(self) -> Iterator[tuple[str, bytes]]:
        """Return name and content of every checkpoint and time stamp there; errors as for `send`."""


def setting(options: Mapping[str, object], witness_name: str, name: str) -> str:
    """Read a text among the options of a place.

    Raises:
        ConfigurationError: it is missing or not a text.
    """
    value = options.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(
            f"The options of the witness place '{witness_name}' lack '{name}'.",
            remedy="docs/trail.md lists the options of each kind of place.",
        )
    return value
